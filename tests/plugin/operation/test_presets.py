"""Presets: the settings of a panel saved to a file and loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_convolve.plugin.operation import presets as _presets


def test_round_trip(viewer, open_panel, hands, tmp_path: Path) -> None:
    viewer.add_image(np.zeros((4, 9, 9)), name="a", axis_labels=("z", "y", "x"))
    first = open_panel("Convolve")
    hands.pick(first.kernel.kind, "box")
    hands.pick(first.kernel.kind, "gabor")
    first.kernel.form["wavelength"].value = 7.5
    first.view.value = next(view for view in first.view.choices if view.ndim == 2)
    first.settings["boundary"].value = "constant"
    first.settings["cval"].value = 3
    first.correlate.value = True
    path = tmp_path / "settings.json"
    _presets.save_preset(path, "convolve", first.body)
    second = open_panel("Convolve")
    _presets.load_preset(path, "convolve", second.body)
    assert _presets.values_of(second.body) == _presets.values_of(first.body)
    assert second.kernel.kernel() == first.kernel.kernel() and second.operation_now() == "correlate"
    assert second.settings.arguments() == first.settings.arguments()


@pytest.mark.parametrize("name", ["Deconvolve", "Detect Features"])
def test_other_panels(viewer, open_panel, tmp_path: Path, name: str) -> None:
    viewer.add_image(np.zeros((9, 9)), name="a")
    panel = open_panel(name)
    before = _presets.values_of(panel.body)
    _presets.save_preset(tmp_path / "a.json", panel.operation, panel.body)
    _presets.load_preset(tmp_path / "a.json", panel.operation, panel.body)
    assert _presets.values_of(panel.body) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "other"}, "no preset"),
        ({"version": 2, "napari-convolve": "9.1"}, "written by 9.1"),
        ({"panel": "wiener"}, "not of 'convolve'"),
        ({"values": 3}, "no values"),
        ({"values": {"nothing": 1}}, "unknown 'nothing'"),
        ({"values": {"Container1/act on": "5-D"}}, "not one of the choices"),
    ],
)
def test_what_does_not_fit_is_said_and_changes_nothing(
    viewer, open_panel, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    viewer.add_image(np.zeros((9, 9)), name="a")
    panel = open_panel("Convolve")
    path = tmp_path / "a.json"
    _presets.save_preset(path, "convolve", panel.body)
    data = json.loads(path.read_text())
    if isinstance(change.get("values"), dict) and "Container1/act on" in change["values"]:
        key = next(key for key in data["values"] if key.endswith("act on"))
        change = {"values": {key: "5-D"}}
    path.write_text(json.dumps(data | change))
    before = _presets.values_of(panel.body)
    with pytest.raises(ValueError, match=said):
        _presets.load_preset(path, "convolve", panel.body)
    assert _presets.values_of(panel.body) == before


@pytest.mark.parametrize("text", ["", "[", '{"format": 1', "[" * 100_000, "\x00", '{"a": NaN}'])
def test_a_broken_file_is_a_sentence(viewer, open_panel, tmp_path: Path, text: str) -> None:
    panel = open_panel("Convolve")
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError):
        _presets.load_preset(tmp_path / "a.json", "convolve", panel.body)
