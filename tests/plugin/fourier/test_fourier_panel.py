"""The Fourier panel in a real window: reading, drawing and applying filters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

import napari_convolve as nc

STEP = (0.5, 0.25)
Y, X = (a * s for a, s in zip(np.mgrid[:96, :128], STEP, strict=True))
WAVE = 0.3 * np.cos(2 * np.pi * (0.25 * Y + 0.5 * X) + np.radians(60))


def canvas_point(viewer: Any, world: Any) -> QPoint:
    """Where a place of the world is on the canvas."""
    native = viewer.window._qt_viewer.canvas.native
    zoom, centre = viewer.scene.camera.zoom, np.asarray(viewer.scene.camera.center)[-2:]
    y, x = (np.asarray(world) - centre) * zoom
    return QPoint(round(float(native.width() / 2 + x)), round(float(native.height() / 2 + y)))


def at(panel: Any, frequency: tuple[float, float]) -> np.ndarray:
    """The world's place of a frequency."""
    return np.asarray(panel.group.place.middle) + panel.group.place.factor * np.asarray(frequency)


@pytest.fixture
def opened(viewer: Any, open_panel: Callable[[str], Any], hands: SimpleNamespace, qtbot: Any) -> Callable[..., Any]:
    def make(image: np.ndarray, **options: Any) -> Any:
        viewer.add_image(image, name="image", **options)
        panel = open_panel("Fourier")
        hands.click(panel.form.spectrum)
        qtbot.waitUntil(lambda: panel.group.ready)
        QApplication.processEvents()
        return panel

    return make


@pytest.fixture
def read(viewer: Any, hands: SimpleNamespace, qtbot: Any) -> Callable[..., str]:
    """Point at a frequency until the panel reads something of it."""

    def pointed(panel: Any, frequency: tuple[float, float], words: str) -> str:
        def found() -> bool:  # where it is may still change while the window settles
            hands.move(viewer.window._qt_viewer.canvas.native, canvas_point(viewer, at(panel, frequency)))
            return words in panel.form.reading.value

        qtbot.waitUntil(found)
        return str(panel.form.reading.value)

    return pointed


def panel_plane(viewer: Any) -> int:
    """The plane on screen."""
    return int(viewer.dims.current_step[0])


def drag(viewer: Any, hands: SimpleNamespace, start: QPoint, end: QPoint) -> None:
    native = viewer.window._qt_viewer.canvas.native
    hands.move(native, start)
    QTest.qWait(50)
    QTest.mousePress(native, Qt.MouseButton.LeftButton, pos=start)
    for share in (0.2, 0.5, 0.8, 1.0):
        hands.move(native, start + (end - start) * share, Qt.MouseButton.LeftButton)
        QTest.qWait(30)
    QTest.mouseRelease(native, Qt.MouseButton.LeftButton, pos=end)
    QTest.qWait(30)


def test_the_mouse_reads_a_wave(viewer: Any, opened: Callable[..., Any], read: Callable[..., str]) -> None:
    panel = opened(WAVE + 2, scale=STEP, units=("um", "um"))
    spectrum = viewer.layers["image · spectrum"]
    np.testing.assert_allclose(spectrum.scale, (1 / 48, 1 / 32))
    np.testing.assert_allclose(spectrum.translate, (-1.0, -2.0))
    text = read(panel, (0.25, 0.5), "amplitude")
    assert "amplitude 0.3 ·" in text
    assert f"period {1 / np.hypot(0.25, 0.5):.4g} µm" in text
    assert "(y 0.25, x 0.5)" in text and "phase 60°" in text
    assert f"direction {np.degrees(np.arctan2(0.25, 0.5)):.3g}°" in text
    read(panel, (0.0, 0.0), "mean 2")


@pytest.mark.panel
def test_a_dragged_disc_is_seen_live_and_the_stack_equals_filter_spectrum(
    viewer: Any, opened: Callable[..., Any], hands: SimpleNamespace, qtbot: Any
) -> None:
    rng = np.random.default_rng(0)
    stack = np.stack([10 + WAVE + 0.01 * rng.normal(size=WAVE.shape) for _ in range(3)]).astype("f4")
    panel = opened(stack, scale=(1, *STEP), units=("um", "um", "um"))
    hands.click(panel.form.shapes["Disc"])
    shapes = viewer.layers["image · filter shapes"]
    step = panel.group.place.step
    middle = step * np.mean(shapes.data[0], axis=0)
    qtbot.waitUntil(lambda: "image · filtered (live)" in viewer.layers)
    live = viewer.layers["image · filtered (live)"]
    assert live.data.std() > 0.15, "the wave is still there"
    drag(viewer, hands, canvas_point(viewer, at(panel, middle)), canvas_point(viewer, at(panel, (0.25, 0.5))))
    np.testing.assert_allclose(step * np.mean(shapes.data[0], axis=0), (0.25, 0.5), atol=0.03)
    qtbot.waitUntil(lambda: live.data.std() < 0.1)
    assert hands.run(panel).startswith("filter spectrum · ")
    found = viewer.layers["image · filtered"].data
    expected = nc.filter_spectrum(stack, panel.drawn(), axes=(1, 2), spacing=STEP)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == stack.shape and found.std() < 0.1
    qtbot.waitUntil(lambda: panel.picture.exact)
    np.testing.assert_allclose(live.data, expected[panel_plane(viewer)], atol=1e-5 * stack.max())
    assert "exact" in panel.form.state.value


def test_what_is_drawn_is_seen_where_it_acts_too(viewer: Any, opened: Callable[..., Any], hands: Any) -> None:
    """The filter takes out the opposite of every frequency as well: the spectrum of what is filtered says so."""
    rng = np.random.default_rng(0)
    image = rng.normal(size=(48, 32))
    panel = opened(image)
    hands.click(panel.form.shapes["Disc"])
    hands.pick(panel.form.does, "lets through")
    hands.click(panel.form.shapes["Wedge"])
    shapes, mirror = viewer.layers["image · filter shapes"], viewer.layers["image · acts here too"]
    assert viewer.layers.selection.active == shapes and viewer.layers.index(mirror) < viewer.layers.index(shapes)
    assert mirror.opacity < 0.5 and not mirror.editable and mirror.shape_type == shapes.shape_type
    for drawn, opposite in zip(shapes.data, mirror.data, strict=True):
        np.testing.assert_allclose(opposite, -drawn)
    np.testing.assert_array_equal(mirror.edge_color, shapes.edge_color)
    start = canvas_point(viewer, at(panel, panel.group.place.step * shapes.data[1].mean(axis=0)))
    drag(viewer, hands, start, canvas_point(viewer, at(panel, (-0.2, -0.2))))
    np.testing.assert_allclose(mirror.data[1], -shapes.data[1])
    shapes.selected_data = {0}
    shapes.remove_selected()
    assert len(mirror.data) == 1
    gain = np.abs(np.fft.fft2(nc.filter_spectrum(image, panel.drawn(), edges="periodic")) / np.fft.fft2(image))
    middle = panel.group.place.step * mirror.data[0].mean(axis=0)
    bins = tuple(round(float(f) * n) % n for f, n in zip(middle, image.shape, strict=True))
    assert gain[bins] > 0.9 and np.median(gain) < 0.1


def test_stripes_are_marked_and_a_deleted_mark_stays_out(
    viewer: Any, opened: Callable[..., Any], hands: SimpleNamespace, qtbot: Any
) -> None:
    y, x = np.mgrid[:200, :220]
    disk = 50.0 * (np.hypot(y - 90, x - 100) < 40)
    image = disk + 6 * np.cos(2 * np.pi * 0.21 * x) + 5 * np.cos(2 * np.pi * (0.3 * y + 0.1 * x))
    panel = opened(image)
    hands.click(panel.form.find)
    assert "2 waves found" in hands.wait(panel)
    marks = viewer.layers["image · notches"]
    assert len(marks.data) == 4 and len(panel.drawn().regions) == 2
    native = viewer.window._qt_viewer.canvas.native
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=canvas_point(viewer, at(panel, (0.0, 0.21))))
    qtbot.waitUntil(lambda: len(marks.selected_data) == 1)
    QTest.keyClick(native, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: len(panel.drawn().regions) == 1)
    assert len(marks.data) == 3


def test_pass_a_ring_keep_the_filter_and_make_a_kernel(
    viewer: Any, opened: Callable[..., Any], hands: SimpleNamespace, qtbot: Any
) -> None:
    panel = opened(WAVE + 2)
    hands.pick(panel.form.does, "lets through")
    hands.click(panel.form.shapes["Ring"])
    region = panel.drawn().regions[0]
    assert region.kind == "ring" and not region.block
    gains = panel.drawn()
    assert gains(np.array([0.25]), np.array([0.0])) == pytest.approx(1)
    assert gains(np.array([0.05]), np.array([0.0])) == pytest.approx(0)
    assert gains(np.array([0.0]), np.array([0.0])) == 1
    hands.pick(panel.form.does, "takes out")
    assert panel.drawn().regions[0].block, "the selected shape changes"
    panel.keep_filter()
    kept = viewer.layers["image · filter"]
    assert kept.metadata["fourier_filter"] == panel.drawn() and not kept.visible
    panel.make_kernel()
    assert hands.wait(panel).startswith("Kernel of 31 x 31 added")
    kernel = viewer.layers["image · kernel"].metadata["kernel"]
    expected = nc.kernel_from_response(panel.drawn(), 31, ndim=2)
    np.testing.assert_array_equal(kernel.values, expected.values)
    viewer.layers.selection.active = viewer.layers["image · filter shapes"]
    viewer.layers["image · filter shapes"].remove_selected()
    panel.form.reset_choices()
    panel.form.saved.value = kept
    assert hands.run(panel).startswith("filter spectrum · ")
    np.testing.assert_array_equal(
        viewer.layers["image · filtered"].data, nc.filter_spectrum(WAVE + 2, kept.metadata["fourier_filter"])
    )


def test_what_is_missing_is_said(
    viewer: Any, open_panel: Callable[[str], Any], hands: SimpleNamespace, qtbot: Any
) -> None:
    panel = open_panel("Fourier")
    assert not panel.form.spectrum.enabled
    panel.show_spectrum()
    assert "Open an image" in panel.run_bar.message.value
    viewer.add_image(WAVE, name="image")
    panel.run()
    assert "Show spectrum" in panel.run_bar.message.value
    hands.click(panel.form.spectrum)
    qtbot.waitUntil(lambda: panel.group.ready)
    panel.run()
    assert "Draw a shape" in panel.run_bar.message.value
    viewer.layers.remove("image · spectrum")
    panel.run()
    assert "Show spectrum" in panel.run_bar.message.value


def test_the_slider_is_followed_and_colours_are_kept(viewer: Any, opened: Callable[..., Any], qtbot: Any) -> None:
    stack = np.stack([WAVE, np.zeros_like(WAVE) + 5])
    panel = opened(stack)
    viewer.dims.set_current_step(0, 0)
    qtbot.waitUntil(lambda: abs(panel.group.plane.values.mean()) < 0.01)
    viewer.dims.set_current_step(0, 1)
    qtbot.waitUntil(lambda: panel.group.plane.values.mean() > 4)
    assert viewer.layers["image · spectrum"].data.shape == WAVE.shape


def test_between_the_bins_the_wave_is_read_not_the_bin(opened: Callable[..., Any], read: Callable[..., str]) -> None:
    f = (0.2631, 0.5117)  # 12.63 and 16.37 bins
    image = 100 + 0.3 * np.cos(2 * np.pi * (f[0] * Y + f[1] * X) + np.radians(60))
    panel = opened(image, scale=STEP, units=("um", "um"))
    for sign in (1, -1):
        text = read(panel, (sign * f[0], sign * f[1]), "peak, between samples")
        assert "amplitude 0.3 ·" in text
        assert f"(y {sign * f[0]:.4g}, x {sign * f[1]:.4g})" in text and f"phase {sign * 60}°" in text
        read(panel, (0.7, 0.1), "this sample of")


def test_the_result_knows_how_it_was_made(
    viewer: Any, opened: Callable[..., Any], hands: SimpleNamespace, command: Callable[..., str], tmp_path: Path
) -> None:
    stack = np.stack([10 + WAVE, 5 - WAVE]).astype("f4")
    panel = opened(stack, scale=(1, *STEP), units=("um", "um", "um"))
    for kind in ("Disc", "Ring", "Wedge", "Box"):
        hands.click(panel.form.shapes[kind])
    hands.run(panel)
    first = viewer.layers["image · filtered"]
    hands.click(panel.form._list[-1].button)
    hands.click(panel.form.copy)
    script: dict[str, Any] = {"__name__": "script"}
    exec(QApplication.clipboard().text(), script)
    assert script["process"](stack).tobytes() == first.data.tobytes()
    hands.pick(panel.form.image, first.name)
    hands.click(panel.form.shapes["Disc"])
    QTest.qWait(10)
    hands.wait(panel)
    QTest.qWait(200)
    hands.run(panel)
    for layer, count in ((first, 1), (viewer.layers["image · filtered · filtered"], 2)):
        recipe = layer.metadata["recipe"]
        assert len(recipe) == count and recipe.steps[-1].operation == "filter_spectrum"
        read = nc.Recipe.from_json(recipe.to_json())
        assert read == recipe and read.run(stack).tobytes() == layer.data.tobytes()
        exec(recipe.to_python(), script)
        assert script["process"](stack).tobytes() == layer.data.tobytes()
    recipe.to_json(tmp_path / "filter.json")
    np.save(tmp_path / "in.npy", stack)
    command("napari-convolve", "run", "filter.json", "in.npy", "out.npy", "--quiet")
    assert np.load(tmp_path / "out.npy").tobytes() == layer.data.tobytes()


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_stay_colours(viewer: Any, opened: Callable[..., Any], hands: SimpleNamespace, channels: int) -> None:
    image = np.random.default_rng(3).integers(0, 256, (60, 70, channels)).astype("u1")
    panel = opened(image, rgb=True)
    hands.click(panel.form.shapes["Disc"])
    hands.run(panel)
    found = viewer.layers["image · filtered"]
    assert found.rgb and found.data.dtype == "u1"
    expected = nc.filter_spectrum(image[..., :3], panel.drawn(), axes=(0, 1), dtype="u1")
    np.testing.assert_array_equal(found.data[..., :3], expected)
    if channels == 4:
        np.testing.assert_array_equal(found.data[..., 3], image[..., 3])
        assert "recipe" not in found.metadata
    else:
        assert found.metadata["recipe"].run(image).tobytes() == found.data.tobytes()


def test_a_turned_layer_and_another_image(
    viewer: Any, opened: Callable[..., Any], hands: SimpleNamespace, read: Callable[..., str], qtbot: Any
) -> None:
    other = (WAVE[:, ::-1] + 3).copy()
    viewer.add_image(other, name="other", scale=STEP, units=("um", "um"))
    panel = opened(WAVE + 2, scale=STEP, units=("um", "um"), rotate=30, translate=(7, -5))
    hands.pick(panel.form.image, "image")
    hands.click(panel.form.spectrum)
    qtbot.waitUntil(lambda: panel.group.ready)
    hands.click(panel.form.shapes["Box"])
    read(panel, (0.25, 0.5), "amplitude 0.3 ·")
    qtbot.waitUntil(lambda: "image · filtered (live)" in viewer.layers)
    live, image = viewer.layers["image · filtered (live)"], viewer.layers["image"]
    np.testing.assert_allclose(live.extent.world, image.extent.world)
    hands.click(panel.form._list[-1].button)
    hands.pick(panel.form.target, "other")
    hands.run(panel)
    found = viewer.layers["other · filtered"]
    np.testing.assert_array_equal(found.data, nc.filter_spectrum(other, panel.drawn(), spacing=STEP))
    np.testing.assert_allclose(found.extent.world, viewer.layers["other"].extent.world)
