"""The plan is shown before Run is pressed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.plugin.operation import plan_line as _plan_line


def line(panel: Any, qtbot: Any) -> str:
    qtbot.wait(20)
    qtbot.waitUntil(lambda: not panel.plan_line.busy, timeout=20000)
    return str(panel.run_bar.plan_note.value)


@pytest.mark.parametrize("name", ["Convolve", "Deconvolve", "Feature Maps"])
def test_method_backend_tiles_time_and_memory(viewer, open_panel, hands, qtbot, name: str) -> None:
    image = np.random.default_rng(0).random((70, 80)).astype("f4")
    viewer.add_image(image, name="a")
    panel = open_panel(name)
    said = line(panel, qtbot)
    operation = {"Convolve": "convolve", "Deconvolve": "wiener", "Feature Maps": "feature_maps"}[name]
    weights = nc.kernels.bank("edges") if name == "Feature Maps" else nc.kernels.gaussian(sigma=1)
    plan = nc.plan(image, weights, operation=operation)
    tiles = " × ".join(map(str, plan.tiles))
    assert said.startswith(f"Run: {plan.method} on the CPU, tiles {tiles}, about ") and "of working memory" in said
    panel.settings["max_memory"].value = "no number"
    panel.settings["max_memory"].emit_changed()  # what the end of typing does
    assert line(panel, qtbot) == "", "what is wrong is said when Run is pressed"


def test_the_line_follows_the_settings(viewer, open_panel, hands, qtbot) -> None:
    viewer.add_image(np.zeros((70, 80), "f4"), contrast_limits=(0, 1))
    panel = open_panel("Convolve")
    panel.settings["method"].value = "fft"
    assert line(panel, qtbot).startswith("Run: fft on the CPU")
    panel.settings["method"].value = "separable"
    assert line(panel, qtbot).startswith("Run: separable on the CPU")


def test_what_will_not_fit_is_said(viewer, open_panel, qtbot, monkeypatch) -> None:
    backend = type("Small", (), {"free_bytes": lambda self: 1000})()
    monkeypatch.setattr(_plan_line, "get_backend", lambda name: backend)
    viewer.add_image(np.zeros((70, 80), "f4"), contrast_limits=(0, 1))
    assert "⚠ It will not fit" in line(open_panel("Convolve"), qtbot)
