"""Texts in panels use the terms of microscopy; names of the Python interface are shown as well."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pytest
from magicgui.widgets import Container
from npe2 import PluginManifest
from qtpy.QtWidgets import QComboBox

import napari_convolve as nc

NAMES = [
    widget.display_name
    for widget in PluginManifest.from_file(files("napari_convolve") / "napari.yaml").contributions.widgets
]
#: Values of options that say nothing to who does not program.
INTERNAL = {"biggs-andrews", "numpy", "cupy", "auto", "moisan", "raise", "clip", "extend", "overlap-save"}


def entries(panel: Container) -> list[str]:
    """All that its combo boxes offer, shown or not."""
    boxes = panel.native.findChildren(QComboBox)
    return [box.itemText(i) for box in boxes for i in range(box.count())]


@pytest.mark.parametrize("name", NAMES)
def test_no_combo_box_offers_a_bare_internal_word(viewer, open_panel, name: str) -> None:
    viewer.add_image(np.random.default_rng(0).random((3, 20, 20)), name="a")
    found = entries(open_panel(name))
    assert found and not INTERNAL & set(found)
    assert [text for text in found if re.search(r"[a-z]_[a-z]", text)] == []


def test_richardson_lucy_is_chosen_and_told_in_words(viewer, open_panel, hands) -> None:
    viewer.add_image(np.random.default_rng(0).random((24, 26)).astype("f4"), name="a")
    panel = open_panel("Deconvolve")
    hands.pick(panel.settings.method, "Richardson-Lucy")
    hands.write(panel.settings["iterations"], "7")
    hands.pick(panel.settings["acceleration"], "fast (Biggs-Andrews)")
    assert panel.settings["acceleration"].value == "biggs-andrews"
    said = hands.run(panel)
    assert said.startswith("Richardson-Lucy · ") and "stopped: all 7 iterations done" in said


def test_the_noise_of_wiener_is_told_in_words(viewer, open_panel, hands) -> None:
    viewer.add_image(np.random.default_rng(0).random((24, 26)).astype("f4"), name="a")
    said = hands.run(open_panel("Deconvolve"))
    assert "noise to signal (nsr " in said and "root mean square, in the image's units" in said
    assert not re.search(r"predicted|[a-z]_[a-z]", said)


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"iterations": 3, "stop": "by the caller"}, "stopped after 3 iterations: as asked for"),
        ({"iterations": 9, "stop": "the residual (2) is down to the noise (3)"}, "stopped after 9 iterations: the re"),
        ({"accepted": 4, "rejected": 1}, "4 beads averaged · 1 left out"),
        ({"flux_ratio": 0.987, "chi_square": 1.5}, "light kept 98.7% · residual 1.5 times the noise (chi square)"),
        ({"something_new": 2.0}, "something new 2"),
    ],
)
def test_figures_of_a_report_are_words(details, words) -> None:
    assert words in str(nc.Report("richardson_lucy", None, 1.0, details=details))
