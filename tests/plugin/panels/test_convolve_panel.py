"""The Convolve panel in a real window."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QLabel, QPushButton
from scipy import ndimage

PLACE = {"scale": (2, 0.5, 0.5), "translate": (10, -3, 4), "units": ("um",) * 3, "axis_labels": ("z", "y", "x")}


@pytest.mark.panel
def test_a_person_smooths_a_stack(viewer, open_panel, hands, stack) -> None:
    viewer.add_image(stack, name="nuclei", colormap="green", **PLACE)
    panel = open_panel("Convolve")
    hands.write(panel.kernel.form["sigma"], "1.25")
    said = hands.run(panel)
    assert said.startswith("convolve · "), said
    result = viewer.layers["nuclei · gaussian"]
    expected = ndimage.gaussian_filter(stack.astype(float), (0, 1.25, 1.25))
    np.testing.assert_allclose(result.data, expected, rtol=1e-4)
    assert result.data.dtype == np.float32
    for key in ("scale", "translate", "units", "axis_labels"):
        np.testing.assert_array_equal(getattr(result, key), getattr(viewer.layers["nuclei"], key))
    assert result.colormap.name == "green"
    np.testing.assert_array_equal(viewer.layers["nuclei"].data, stack)


def test_correlation_does_not_flip_the_kernel(viewer, open_panel, hands) -> None:
    image = np.random.default_rng(0).random((12, 13)).astype("f4")
    viewer.add_image(image, name="a")
    panel = open_panel("Convolve")
    hands.pick(panel.kernel.kind, "custom")
    hands.write(panel.kernel.form["values"], "0 0 1; 0 2 3; 0 0 0; 0 1 0")
    weights = np.array([[0, 0, 1], [0, 2, 3], [0, 0, 0], [0, 1, 0]], dtype=float)
    hands.click(panel.settings._list[-1].button)
    hands.pick(panel.settings["shape"], "valid")
    hands.run(panel)
    hands.click(panel.correlate)
    assert hands.run(panel).startswith("correlate · ")
    for layer, reference in zip(viewer.layers[1:], (ndimage.convolve, ndimage.correlate), strict=True):
        expected = reference(image.astype(float), weights)
        first = np.round(layer.translate).astype(int)
        rows, columns = (slice(f, f + n) for f, n in zip(first, layer.data.shape, strict=True))
        np.testing.assert_allclose(layer.data, expected[rows, columns], atol=1e-5)


def test_labels_choose_what_counts(viewer, open_panel, hands) -> None:
    image = np.full((9, 9), 5.0)
    image[4, 4] = 1e6
    viewer.add_image(image, name="a")
    viewer.add_labels((image < 100).astype(int), name="good")
    panel = open_panel("Convolve")
    hands.click(panel.settings._list[-1].button)
    hands.pick(panel.mask, "good")
    hands.run(panel)
    np.testing.assert_allclose(viewer.layers["a · gaussian"].data, 5.0)
    viewer.add_labels(np.ones((4, 4), int), name="small")
    hands.pick(panel.mask, "small")
    assert "(4, 4) does not fit" in hands.run(panel)


def test_every_kernel_fits_into_350_pixels_without_cut_text(viewer, open_panel, qtbot) -> None:
    viewer.add_image(np.ones((4, 9, 9)), scale=(2, 1, 1), units=("um",) * 3, axis_labels=("z", "y", "x"))
    panel = open_panel("Convolve")
    dock = panel.native.parent()
    viewer.window._qt_window.resizeDocks([dock], [350], Qt.Orientation.Horizontal)
    for kind in panel.kernel.kind.choices:
        panel.kernel.kind.value = kind
        for button in panel.native.findChildren(QPushButton):
            if button.text().startswith("▸") and button.isVisible():
                button.click()
        qtbot.wait(10)
        assert panel.native.minimumSizeHint().width() <= 350 and dock.width() == 350, kind
        texts = [*panel.native.findChildren(QLabel), *panel.native.findChildren(QAbstractButton)]
        shown = [w for w in texts if w.isVisible() and w.text() and not (isinstance(w, QLabel) and w.wordWrap())]
        assert [w.text() for w in shown if w.sizeHint().width() > w.width() + 2] == [], kind
