"""The Inspector under the mouse: the shown window gives the result at every position."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

import napari_convolve as nc
from napari_convolve.boundary import MODES
from napari_convolve.plugin.inspector.canvas_marks import OUTLINE, RESULT
from napari_convolve.plugin.inspector.patch_grids import cell_texts
from napari_convolve.plugin.inspector.walk import walk_around

pytestmark = pytest.mark.usefixtures("at_once")

RNG = np.random.default_rng(40)


@pytest.fixture
def hover(viewer: Any, hands: Any, qtbot: Any) -> Any:
    """Move the mouse over the canvas, to a place of the plane that is seen."""

    def move(y: float, x: float) -> None:
        canvas = viewer.window._qt_viewer.canvas.native

        def there() -> bool:
            camera = viewer.scene.camera
            middle = np.array([canvas.height(), canvas.width()]) / 2
            at = middle + (np.array([y, x]) - np.array(camera.center)[-2:]) * camera.zoom
            hands.move(canvas, QPoint(round(at[1]), round(at[0])))
            return bool(np.abs(np.array(viewer.cursor.position)[-2:] - (y, x)).max() <= 2 / camera.zoom)

        qtbot.waitUntil(there, timeout=5000)

    return move


def set_up(viewer: Any, open_panel: Any, image: np.ndarray, qtbot: Any, **layer: Any) -> Any:
    viewer.add_image(image, name="a", **layer)
    panel = open_panel("Inspector")
    viewer.reset_view()
    qtbot.wait(50)
    return panel


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_the_sum_is_the_value_of_the_result(viewer, open_panel, qtbot, ndim: int, operation: str) -> None:
    """Half a thousand random places for each, all rules, odd and even kernels."""
    image = RNG.normal(size=(6, 14, 13))
    panel = set_up(viewer, open_panel, image, qtbot)
    panel.view.value = next(v for v in panel.view.choices if v.ndim == ndim and v.label[1:3] == "-D")
    panel.settings["operation"].value = operation
    panel.detach()  # no outline: faster
    for boundary in MODES.names():
        panel.settings["boundary"].value = boundary
        for shape in ((3, 3, 3), (2, 4, 5)):
            kernel = nc.Kernel(RNG.normal(size=shape[-ndim:]))
            panel._kernel = kernel
            axes = tuple(range(3 - ndim, 3))
            result = getattr(nc, operation)(image, kernel, axes=axes, boundary=boundary)
            for _ in range(51):
                place = tuple(int(i) for i in RNG.integers(0, image.shape))
                panel._look(place)
                assert panel.patch.sum == pytest.approx(result[place], abs=1e-12)
                assert panel.place == place


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_the_sum_with_colours_masks_missing_samples_and_origins(viewer, open_panel, qtbot, hands, operation) -> None:
    """Half a thousand random places for each, all rules, odd and even kernels."""
    image = RNG.normal(size=(14, 13, 3))
    image[RNG.random(image.shape) < 0.05] = np.nan
    labels = RNG.integers(0, 4, (14, 13))
    panel = set_up(viewer, open_panel, image, qtbot, rgb=True)
    viewer.add_labels(labels, name="counts")
    panel.settings["operation"].value = operation
    hands.click(panel.settings[-1].button)
    panel.detach()  # no outline: faster
    for boundary in MODES.names():
        panel.settings["boundary"].value = boundary
        for shape, origin, masked, nan in (((3, 3), (0, 1), True, "omit"), ((2, 4), (-1, 1), False, "omit")):
            hands.write(panel.settings["origin"], str(origin)[1:-1])
            panel.settings["nan"].value = nan
            panel.reader.mask.native.setCurrentIndex(int(masked))
            assert panel.reader.mask.value is (viewer.layers["counts"] if masked else None)
            kernel = nc.Kernel(RNG.normal(size=shape))
            panel._kernel = kernel
            given = {"axes": (0, 1), "boundary": boundary, "origin": origin, "nan": nan}
            mask = labels[..., None] != 0 if masked else None
            result = getattr(nc, operation)(image, kernel, mask=mask, **given)
            for _ in range(51):
                y, x, colour = (int(i) for i in RNG.integers(0, image.shape))
                panel.reader.colour.value = colour
                panel._kernel = kernel
                panel._look((y, x))
                assert panel.patch.sum == pytest.approx(result[y, x, colour], abs=1e-12, nan_ok=True)
                if np.isfinite(panel.patch.sum):
                    assert panel.patch.products.sum() == pytest.approx(panel.patch.sum, abs=1e-12)


def test_samples_that_are_left_out_are_crossed_out(viewer, open_panel, hover, qtbot, hands) -> None:
    image = RNG.normal(size=(30, 40))
    image[12, 21] = np.nan
    panel = set_up(viewer, open_panel, image, qtbot)
    hover(12, 20)
    assert np.isnan(panel.patch.sum) and "More options ▸ NaN ▸ omit" in panel.legend.value
    hands.click(panel.settings[-1].button)
    hands.pick(panel.settings["nan"], "omit")
    assert panel.legend.value.startswith("Crossed out: 1 of 9 is left out")
    assert panel.patch.sum == pytest.approx(nc.convolve(image, nc.kernels.sobel(), nan="omit")[12, 20])
    middle = panel.grids._boxes()[0].center()
    wide = panel.grids._boxes()[0].width() / 3
    assert panel.grids.text_at(middle.x() + wide, middle.y()).startswith("nan × 0 = 0, left out")
    hands.click(panel.frequency.wanted)
    assert "no single kernel" in panel.frequency.verdict.value
    hands.pick(panel.settings["nan"], "propagate")
    hover(20, 30)
    qtbot.waitUntil(lambda: "NaN or infinite" in panel.frequency.verdict.value, timeout=5000)
    viewer.add_labels(np.ones((3, 3), int), name="small")
    hands.pick(panel.reader.mask, "small")
    assert "3 × 3 labels" in panel.message.value


def test_each_colour_of_an_rgb_layer(viewer, open_panel, hover, qtbot, hands) -> None:
    image = RNG.integers(0, 255, (20, 30, 3)).astype("u1")
    panel = set_up(viewer, open_panel, image, qtbot, rgb=True)
    expected = nc.convolve(image, nc.kernels.sobel(), axes=(0, 1))
    hover(5, 6)
    for number, name in enumerate(("red", "green", "blue")):
        hands.pick(panel.reader.colour, name)
        assert panel.patch.sum == pytest.approx(expected[5, 6, number], abs=1e-2)
    panel.player.step.native.click()
    assert viewer.layers[RESULT].data.ndim == 2 and np.isfinite(viewer.layers[RESULT].data).sum() == 1
    viewer.add_image(image[..., 0].copy(), name="grey")
    panel.image.value = viewer.layers["grey"]
    assert not panel.reader.colour.visible


@pytest.mark.panel
def test_it_follows_the_mouse(viewer, open_panel, hover, qtbot, hands) -> None:
    image = RNG.integers(0, 4096, (30, 40)).astype("u2")
    panel = set_up(viewer, open_panel, image, qtbot)
    assert panel.message.value.startswith("Move the mouse") and panel.patch is None
    hover(12, 20)
    assert panel.place == (12, 20)
    expected = nc.convolve(image, nc.kernels.sobel())
    assert panel.patch.sum == pytest.approx(expected[12, 20], abs=1e-5 * 4096 * 8)
    assert f"{panel.patch.sum:.6g} = the result at y 12, x 20" in panel.total.value
    assert not panel.legend.visible
    outline = viewer.layers[OUTLINE]
    corners = np.array([outline.data_to_world(corner) for corner in outline.data[0]])
    np.testing.assert_allclose([corners.min(0), corners.max(0)], [[10.5, 18.5], [13.5, 21.5]])
    assert viewer.layers.selection.active == viewer.layers["a"], "the selection stays"
    hover(0, 22)
    assert panel.place == (0, 22)
    assert "3 of 9 samples lie outside the image; “reflect” supplies them" in panel.legend.value
    corners = np.array([outline.data_to_world(corner) for corner in outline.data[0]])
    np.testing.assert_allclose(corners.min(0), [-1.5, 20.5])
    assert viewer.layers[OUTLINE] is outline, "it is moved, not made again"
    hands.click(panel.hold)
    hover(20, 20)
    assert panel.place == (0, 22)
    hands.click(panel.hold)
    hover(21, 20)
    assert panel.place == (21, 20)


def test_arrow_keys_move_a_place_that_is_held(viewer, open_panel, hover, qtbot, hands) -> None:
    panel = set_up(viewer, open_panel, RNG.normal(size=(4, 30, 40)), qtbot)
    viewer.dims.set_current_step(0, 2)
    hover(1, 20)
    hands.click(panel.hold)
    QTest.mouseClick(panel.grids, Qt.MouseButton.LeftButton, pos=QPoint(20, 40))
    keys = Qt.Key
    for key, place in (
        (keys.Key_Up, (2, 0, 20)),
        (keys.Key_Up, (2, 0, 20)),
        (keys.Key_Right, (2, 0, 21)),
        (keys.Key_Down, (2, 1, 21)),
        (keys.Key_Left, (2, 1, 20)),
    ):
        QTest.keyClick(panel.grids, key)
        assert panel.place == place and panel.patch.index == place[1:]
    panel.stride.value = 3
    QTest.keyClick(panel.grids, keys.Key_Down)
    assert panel.place == (2, 3, 18)


def test_the_switch_shows_the_flip(viewer, open_panel, hover, qtbot, hands) -> None:
    panel = set_up(viewer, open_panel, RNG.normal(size=(30, 40)), qtbot)
    hover(12, 20)
    assert panel.grids._grids[1].title == "× kernel, flipped"
    assert panel.grids.texts(1)[0] == ["−1", "0", "1"]
    hands.pick(panel.settings["operation"], "correlate")
    assert panel.place == (12, 20), "the same place"
    assert panel.grids._grids[1].title == "× kernel, as it is"
    assert panel.grids.texts(1)[0] == ["1", "0", "−1"]
    box = panel.grids._boxes()[0]
    told = panel.grids.text_at(box.left() + 3, box.top() + 3)
    first = panel.patch.values[0, 0]
    assert told == f"{first:.6g} × 1 = {first:.6g}"


def test_layers_that_are_scaled_moved_and_turned(viewer, open_panel, hover, qtbot) -> None:
    image = RNG.normal(size=(5, 30, 40))
    panel = set_up(viewer, open_panel, image, qtbot, scale=(2, 0.5, 0.25), translate=(4, 100, -7), rotate=0)
    viewer.dims.set_point(0, 4 + 3 * 2)
    hover(100 + 0.5 * 11, -7 + 0.25 * 6)
    assert panel.place == (3, 11, 6)
    assert panel.patch.sum == pytest.approx(nc.convolve(image, nc.kernels.sobel())[3, 11, 6], abs=1e-12)
    corners = np.array([viewer.layers[OUTLINE].data_to_world(c) for c in viewer.layers[OUTLINE].data[0]])
    low, high = viewer.layers["a"].data_to_world((3, 9.5, 4.5)), viewer.layers["a"].data_to_world((3, 12.5, 7.5))
    np.testing.assert_allclose([corners.min(0), corners.max(0)], [low, high])


def test_a_volume_by_slices(viewer, open_panel, hover, qtbot) -> None:
    image = RNG.normal(size=(9, 30, 40))
    panel = set_up(viewer, open_panel, image, qtbot)
    panel.view.value = next(v for v in panel.view.choices if v.label.startswith("3-D"))
    hover(12, 20)
    assert panel.plane.visible and (panel.plane.value, panel.plane.max) == (1, 2)
    expected = nc.convolve(image, nc.kernels.sobel(ndim=3))[panel.place]
    assert panel.patch.sum == pytest.approx(expected, abs=1e-12)
    shares = []
    for plane in range(3):
        panel.plane.value = plane
        np.testing.assert_array_equal(panel.grids._grids[0].values, panel.patch.values[plane])
        assert "of which" in panel.total.value
        shares.append(panel.patch.products[plane].sum())
    assert sum(shares) == pytest.approx(expected)


def test_play_pause_and_step(viewer, open_panel, hover, qtbot, hands) -> None:
    image = RNG.normal(size=(9, 12))
    panel = set_up(viewer, open_panel, image, qtbot)
    panel.stride.value = 2
    expected = nc.convolve(image, nc.kernels.sobel())[::2, ::2]
    hands.click(panel.player.step)
    result = viewer.layers[RESULT]
    assert result.data.shape == (5, 6) and np.isfinite(result.data).sum() == 1
    assert tuple(result.scale) == (2, 2) and panel.place == (0, 0)
    panel.player.speed.value = 40
    hands.click(panel.player.play)
    assert panel.player.play.text == "Pause"
    qtbot.waitUntil(lambda: np.isfinite(result.data).sum() > 4, timeout=10000)
    before = panel.place
    hover(1, 1)
    hands.click(panel.player.play)
    assert panel.player.play.text == "Play" and panel.place != (0, 0) and before is not None
    done = int(np.isfinite(result.data).sum())
    qtbot.wait(80)
    assert np.isfinite(result.data).sum() == done, "paused"
    hands.click(panel.player.play)
    qtbot.waitUntil(lambda: not panel.player.running, timeout=20000)
    np.testing.assert_allclose(result.data, expected, atol=1e-5)
    low, high = result.contrast_limits
    assert low == pytest.approx(expected.min(), abs=1e-5) and high == pytest.approx(expected.max(), abs=1e-5)
    panel.stride.value = 1
    assert RESULT not in viewer.layers, "it was of another stride"
    hands.click(panel.player.play)
    viewer.layers.remove(viewer.layers[RESULT])
    qtbot.waitUntil(lambda: not panel.player.running, timeout=5000)


def test_a_walk_stays_inside() -> None:
    for _ in range(200):
        shape = tuple(int(n) for n in RNG.integers(1, 60, 3))
        stride = int(RNG.integers(1, 5))
        place = tuple(int(RNG.integers(0, n)) for n in shape)
        walk = walk_around(place, shape, (1, 2), stride)
        places = np.array([walk.place(i) for i in range(walk.length)])
        assert (places >= 0).all() and (places < shape).all() and (places[:, 0] == place[0]).all()
        assert not (places[:, 1:] % stride).any() and len(np.unique(places, axis=0)) == len(places)


def test_the_same_thing_in_frequency(viewer, open_panel, hover, qtbot, hands) -> None:
    panel = set_up(viewer, open_panel, RNG.normal(size=(30, 40)), qtbot)
    hover(12, 20)
    hands.click(panel.frequency.wanted)
    titles = ["image", "⊛ kernel", "= result", "transform", "× transform", "= product"]
    assert panel.frequency.pictures.titles == titles and panel.frequency.pictures.isVisible()
    first = panel.frequency.verdict.value
    assert first.startswith("Of the 30 × 40 samples around: by transforms") and "e-1" in first
    hover(20, 11)
    qtbot.waitUntil(lambda: panel.frequency.verdict.value != first)
    assert f"directly {panel.patch.sum:.6g}" in panel.frequency.verdict.value
    hands.click(panel.frequency.wanted)
    assert not panel.frequency.pictures.isVisible()


def test_it_lets_go_when_it_is_hidden(viewer, open_panel, hover, qtbot) -> None:
    panel = set_up(viewer, open_panel, RNG.normal(size=(30, 40)), qtbot)
    callbacks = viewer.mouse_move_callbacks
    assert len(callbacks) == 1
    hover(12, 20)
    panel.player.toggle()
    dock = panel.native.parent()
    dock.hide()
    assert callbacks == [] and OUTLINE not in viewer.layers and not panel.player.running
    QTest.mouseMove(viewer.window._qt_viewer.canvas.native, QPoint(200, 200))
    qtbot.wait(50)
    assert OUTLINE not in viewer.layers
    dock.show()
    qtbot.waitUntil(lambda: len(callbacks) == 1)
    hover(14, 20)
    assert panel.place == (14, 20) and OUTLINE in viewer.layers
    viewer.window.remove_dock_widget(panel.native)
    assert callbacks == []


def test_what_it_cannot_show_it_says(viewer, open_panel, hover, qtbot, hands) -> None:
    panel = open_panel("Inspector")
    assert panel.message.value.startswith("Open an image first")
    panel.player.toggle()
    viewer.add_image(RNG.random((20, 30)), name="grey")
    viewer.reset_view()
    hover(7, 8)
    assert panel.place == (7, 8)
    hands.pick(panel.kernel.kind, "gabor")
    panel.kernel.form["analytic"].value = True
    assert "complex" in panel.message.value and panel.patch is None
    hands.pick(panel.kernel.kind, "custom")
    hands.write(panel.kernel.form["values"], "1 2; 3 x")
    assert "'x' is not a number" in panel.message.value
    hands.write(panel.kernel.form["values"], "1 2; 3 4")
    assert panel.patch is not None and panel.patch.weights.tolist() == [[4, 3], [2, 1]]
    viewer.dims.ndisplay = 3
    panel._look((3, 4))
    assert panel.patch.index == (3, 4)


def test_lazy_layers_and_new_data(viewer, open_panel, qtbot) -> None:
    da = pytest.importorskip("dask.array")
    image = RNG.random((4, 20, 30))
    panel = set_up(viewer, open_panel, da.from_array(image, chunks=(1, 20, 30)), qtbot)
    panel._look((2, 5, 6))
    assert panel.patch.sum == pytest.approx(nc.convolve(image, nc.kernels.sobel())[2, 5, 6])
    read = panel.reader._kept[2]
    panel._look((2, 5, 7))
    assert panel.reader._kept[2] is read
    viewer.layers["a"].data = np.ones((4, 20, 30))
    panel._look((2, 5, 6))
    assert panel.patch.sum == 0


def test_large_kernels_are_cells_without_numbers(viewer, open_panel, hover, qtbot) -> None:
    panel = set_up(viewer, open_panel, RNG.normal(size=(60, 70)), qtbot)
    panel.kernel.kind.value = "gaussian"
    panel.kernel.form["sigma"].value = 3
    hover(12, 20)
    assert panel.patch.values.shape == (25, 25) and not panel.grids.has_numbers
    panel.grids.grab()
    box = panel.grids._boxes()[2]
    assert " × " in panel.grids.text_at(box.left() + 5, box.bottom() - 5)
    assert panel.native.minimumSizeHint().width() < 350
    panel.help.native.click()
    assert [w for w in QApplication.topLevelWidgets() if w.windowTitle() == "Help"]
    for window in QApplication.topLevelWidgets():
        if window.windowTitle() == "Help":
            window.close()
    assert panel.native.testAttribute(Qt.WidgetAttribute.WA_WState_Created)


@pytest.mark.parametrize(
    ("values", "digits", "texts"),
    [
        ([1e7, 0, -3], 3, ["1.00e7", "0", "−3.00e0"]),
        ([np.inf, -np.inf, 5], 3, ["∞", "−∞", "5"]),
        ([0.5, 0.25, 1e-8], 2, [".50", ".25", "~0"]),
        ([12.345, -0.5, 0], 3, ["12.3", "−.5", "0"]),
    ],
)
def test_numbers(values: list[float], digits: int, texts: list[str]) -> None:
    assert cell_texts(np.array([values]), digits) == [texts]
