"""A slider dragged under the preview of a large stack: nothing begins for a stale value, the last one is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtWidgets import QApplication, QSlider

import napari_convolve as nc
from napari_convolve.plugin._layer_choice import PREVIEW


def test_sigma_from_1_to_10_in_40_steps(viewer, open_panel, hands, qtbot, monkeypatch) -> None:
    plane = np.random.default_rng(0).integers(0, 4096, (2048, 2048)).astype("u2")
    stack = np.broadcast_to(plane, (30, 2048, 2048))  # the memory of one plane; napari and the panel see thirty
    viewer.add_image(stack, name="stack", contrast_limits=(0, 4096))
    viewer.dims.set_current_step(0, 15)
    panel = open_panel("Convolve")
    box = panel.kernel.form["sigma"]._boxes[0].box
    box.setValue(1.0)
    qtbot.wait(50)
    viewer.reset_view()
    qtbot.wait(200)
    begun: list[tuple[float, float]] = []
    made = panel.live._latest._make

    def watched() -> Any:
        call = made()
        begun.append((call.args[0].arguments[0].parameters["sigma"], box.value()))
        return call

    monkeypatch.setattr(panel.live._latest, "_make", watched)
    hands.click(panel.foot.preview)
    qtbot.waitUntil(lambda: not panel.live.busy, timeout=20000)
    slider = panel.kernel.form["sigma"].native.findChild(QSlider)
    start, end = slider.value(), slider.maximum()
    for step in range(1, 41):
        slider.setValue(round(start + (end - start) * step / 40))  # what a mouse that drags it does
        QApplication.processEvents()
    qtbot.waitUntil(lambda: not panel.live.busy, timeout=20000)
    assert len(begun) <= 41 and all(of == at for of, at in begun), "a job began for a value that had passed"
    assert begun[-1] == (10.0, 10.0)
    (shown,) = [layer for layer in viewer.layers if PREVIEW in layer.metadata]
    assert shown.data.shape == (1, 2048, 2048) and round(shown.translate[0]) == 15
    whole = nc.convolve(plane, nc.kernels.gaussian(sigma=10))
    assert np.abs(shown.data[0] - whole).max() <= 1e-5 * whole.max()
    assert "exact" in panel.foot.preview_note.value
    print(f"{len(begun)} jobs for 41 values")
