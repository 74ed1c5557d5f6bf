"""A slider dragged with the preview of a large stack: no computation for outdated values, the last preview is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QSlider, QStyle, QStyleOptionSlider

import napari_convolve as nc
from napari_convolve.plugin.jobs.latest import Latest
from napari_convolve.plugin.widgets.layer_choice import PREVIEW


def handle_of(slider: QSlider) -> QPoint:
    options = QStyleOptionSlider()
    slider.initStyleOption(options)
    parts = QStyle.ComplexControl.CC_Slider, QStyle.SubControl.SC_SliderHandle
    return slider.style().subControlRect(parts[0], options, parts[1], slider).center()


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
    latest, real = panel.live._latest, Latest._ended
    begun: list[float] = []
    shown: list[float] = []
    made, done = latest._make, latest._done

    def watched() -> Any:
        call = made()
        begun.append(box.value())
        return call

    def told(outcome: Any) -> None:
        shown.append(outcome.value[0].arguments[0].make().parameters["sigma"])
        done(outcome)

    def ended(this: Latest, job: Any) -> None:
        passed, before = this is latest and this._waiting, len(shown)
        real(this, job)
        if passed and len(shown) > before:
            assert job.seconds <= latest._frame, "a picture of values that passed, after its frame"

    monkeypatch.setattr(latest, "_make", watched)
    monkeypatch.setattr(latest, "_done", told)
    monkeypatch.setattr(Latest, "_ended", ended)
    hands.click(panel.run_bar.preview)
    qtbot.waitUntil(lambda: not panel.live.busy, timeout=20000)
    slider = panel.kernel.form["sigma"].native.findChild(QSlider)
    place = handle_of(slider)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=place)
    values = [box.value()]
    for step in range(1, 41):
        right = round((slider.width() - 1 - place.x()) * step / 40)
        hands.move(slider, place + QPoint(right, 0), Qt.MouseButton.LeftButton)
        values.append(box.value())
        QApplication.processEvents()
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=place + QPoint(right, 0))
    qtbot.waitUntil(lambda: not panel.live.busy, timeout=20000)
    assert len(set(values)) > 20 and values == sorted(values) and values[-1] == 10, "the hand moved"
    assert len(begun) <= 41 and set(begun) <= set(values)
    assert begun[-1] == shown[-1] == 10
    rest = iter(begun)
    assert all(value in rest for value in shown), "each picture is of a value that was there when it began, in order"
    (layer,) = [layer for layer in viewer.layers if PREVIEW in layer.metadata]
    assert layer.data.shape == (1, 2048, 2048) and round(layer.translate[0]) == 15
    whole = nc.convolve(plane, nc.kernels.gaussian(sigma=10))
    assert np.abs(layer.data[0] - whole).max() <= 1e-5 * whole.max()
    assert "exact" in panel.run_bar.preview_note.value
    print(f"{len(begun)} jobs and {len(shown)} pictures for {len(set(values))} values")
