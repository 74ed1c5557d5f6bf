"""Before and after: the image over its result."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest


def over(viewer: Any) -> Any:
    return next((layer for layer in viewer.layers if layer.name.startswith("before · ")), None)


def test_split_and_blink(viewer, open_panel, hands, qtbot) -> None:
    image = np.random.default_rng(0).random((3, 40, 50)).astype("f4")
    layer = viewer.add_image(image, name="a", scale=(1, 2, 2))
    panel = open_panel("Convolve")
    hands.run(panel)
    viewer.reset_view()
    qtbot.wait(200)
    hands.pick(panel.compare.kind, "image left, result right")
    assert over(viewer) == viewer.layers[-1] and over(viewer).data.base is not None, "a view, no copy"
    assert over(viewer).data.shape[:2] == (3, 40) and 20 <= over(viewer).data.shape[2] <= 30
    panel.compare.line.native.setFocus()
    QTest.keyClick(panel.compare.line.native, Qt.Key.Key_Home)
    panel.compare.line.value = 10
    assert over(viewer).data.shape[2] < 15
    np.testing.assert_array_equal(over(viewer).scale, layer.scale)
    hands.run(panel)
    assert over(viewer) == viewer.layers[-1], "on top of what is added later"
    hands.pick(panel.compare.kind, "blinking with the image")
    np.testing.assert_array_equal(over(viewer).data, image)
    shown = over(viewer).visible
    qtbot.waitUntil(lambda: over(viewer).visible != shown, timeout=5000)
    assert [choice.name for choice in panel.image.choices] == ["a", "a · gaussian", "a · gaussian [1]"]
    hands.pick(panel.compare.kind, "result only")
    assert over(viewer) is None


def test_results_around_zero_show_their_sign(viewer, open_panel, hands) -> None:
    image = np.random.default_rng(0).random((40, 50)).astype("f4") * 100
    viewer.add_image(image, name="a", colormap="green")
    panel = open_panel("Convolve")
    hands.run(panel)
    smooth = viewer.layers["a · gaussian"]
    assert smooth.colormap.name == "green"
    hands.pick(panel.kernel.kind, "LoG (spots, edges)")
    hands.run(panel)
    edges = viewer.layers["a · log"]
    low, high = edges.contrast_limits
    assert low == -high and edges.colormap.name == "signed"
    np.testing.assert_allclose(edges.colormap.map(np.array([0.5]))[0, :3], 0, atol=0.02)  # zero is black


def test_closing_takes_it_away(viewer, open_panel, hands) -> None:
    viewer.add_image(np.ones((5, 6)), name="a")
    panel = open_panel("Convolve")
    hands.pick(panel.compare.kind, "blinking with the image")
    assert over(viewer) is not None
    viewer.window.remove_dock_widget(panel.native)
    assert over(viewer) is None
