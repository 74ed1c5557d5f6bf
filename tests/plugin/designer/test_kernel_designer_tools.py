"""The Designer's tools: combining, undo, drawn responses, cut-outs, copying as Python."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

import napari_convolve as nc
from napari_convolve.plugin.kernel_input.kernel_python import expression

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def designer(viewer, open_panel):
    return open_panel("Kernel Designer")


def run_copied(designer, hands) -> nc.Kernel:
    """The kernel that the copied program makes."""
    hands.click(designer.buttons["Copy Python"])
    names: dict[str, object] = {}
    exec(QApplication.clipboard().text(), names)
    kernel = names["kernel"]
    assert isinstance(kernel, nc.Kernel)
    return kernel


@pytest.mark.parametrize(
    "way, expected",
    [
        ("this + kept", lambda this, kept: this + kept),
        ("this − kept", lambda this, kept: this - kept),
        ("kept − this", lambda this, kept: kept - this),
        ("this @ kept, one after the other", lambda this, kept: this @ kept),
    ],
)
def test_combine_with_a_kept_kernel(designer, hands, way, expected) -> None:
    fold = designer.combine_fold
    hands.click(fold.button)
    hands.pick(designer.kernel.kind, "sobel")
    hands.click(designer.combine.keep)
    assert designer.combine.about.value == "Kept: sobel, 3 × 3"
    hands.pick(designer.kernel.kind, "gaussian")
    hands.write(designer.kernel.form["sigma"], "0.5")
    hands.pick(designer.combine.way, way)
    hands.write(designer.combine.factor, "2")
    made = expected(nc.kernels.gaussian(sigma=0.5), nc.kernels.sobel()) * 2
    np.testing.assert_array_equal(designer.present.values, made.values)
    assert designer.present.center == made.center
    assert run_copied(designer, hands) == made


def test_kernels_that_do_not_combine_are_a_sentence(designer, hands) -> None:
    hands.click(designer.combine_fold.button)
    hands.click(designer.combine.keep)
    hands.pick(designer.combine.way, "this + kept")
    hands.pick(designer.view, "3-D")
    assert designer.message.value == "kernels of 3 and 2 dimensions do not combine"
    assert not designer.buttons["Save …"].enabled


def test_undo_and_redo(viewer, designer, hands, qtbot) -> None:
    window = viewer.window._qt_window
    window.activateWindow()  # only the active window has shortcuts
    qtbot.waitUntil(window.isActiveWindow)
    designer._later.setInterval(10**6)  # steps as this test says, however slow the machine
    first = designer.present
    hands.pick(designer.kernel.kind, "gabor")
    hands.write(designer.kernel.form["wavelength"], "5")
    second = designer.present
    designer._later.timeout.emit()  # the pause after a step
    hands.pick(designer.view, "3-D")
    hands.pick(designer.kernel.kind, "box")
    hands.click(designer.normalize)
    third = designer.present
    hands.click(designer.buttons["Undo"])
    assert designer.present == second and designer.kernel.form["wavelength"].value == 5
    QTest.keyClick(designer.kernel.kind.native, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert designer.present == first
    hands.click(designer.buttons["Undo"])  # nothing before
    assert designer.present == first
    for expected in (second, third):
        keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(designer.kernel.kind.native, Qt.Key.Key_Z, keys)
        assert designer.present == expected


def drag(curve, index: int, share: float, gain: float) -> None:
    """Drag a point of the curve."""
    start, end = curve.where(index), curve.place(share * curve.highest, gain)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(curve, left, pos=start.toPoint())
    for step in (0.5, 1.0):
        place = start + (end - start) * step
        event = QMouseEvent(QEvent.Type.MouseMove, place, QPointF(curve.mapToGlobal(place.toPoint())), left, left, none)
        QApplication.sendEvent(curve, event)
    QTest.mouseRelease(curve, left, pos=end.toPoint())


def test_a_response_is_drawn(designer, hands) -> None:
    hands.pick(designer.kernel.kind, "drawn response")
    curve = designer.drawn.curve
    assert "differ by" in designer.drawn.error.value
    drag(curve, 2, 0.8, 0.4)
    share, gain = curve.points[2]
    assert share == pytest.approx(curve.points[3][0] - 0.005) and gain == pytest.approx(0.4, abs=0.02)
    wanted = ([f * 0.5 for f, _ in curve.points], [g for _, g in curve.points])
    expected = nc.kernel_from_response(tuple(wanted), 15, window=None, ndim=2)
    np.testing.assert_allclose(designer.present.values, expected.values, atol=1e-15)
    assert f"{expected.parameters['max_error']:.2g} at most" in designer.drawn.error.value
    assert run_copied(designer, hands) == designer.present
    hands.pick(designer.drawn.preset, "notch")
    assert nc.frequency_response(designer.present).at(0.0, 0.22).real < 0.2


def test_points_come_and_go_by_mouse_and_keys(designer, hands) -> None:
    hands.pick(designer.kernel.kind, "drawn response")
    curve = designer.drawn.curve
    before = curve.points
    QTest.mouseDClick(curve, Qt.MouseButton.LeftButton, pos=curve.place(0.05, 0.6).toPoint())
    assert len(curve.points) == len(before) + 1 and curve.points[1] == (
        pytest.approx(0.1, abs=0.02),
        pytest.approx(0.6, abs=0.02),
    )
    curve.setFocus()
    QTest.keyClick(curve, Qt.Key.Key_Up)
    assert curve.points[1][1] == pytest.approx(0.65, abs=0.02)
    QTest.keyClick(curve, Qt.Key.Key_Delete)
    assert curve.points == before
    QTest.keyClick(curve, Qt.Key.Key_PageUp)
    QTest.keyClick(curve, Qt.Key.Key_Right)
    assert curve.points == before, "the first point stays at frequency zero"
    QTest.keyClick(curve, Qt.Key.Key_Delete)
    assert curve.points == before, "the ends stay"


def test_a_response_in_cycles_per_micrometre(viewer, designer, hands) -> None:
    viewer.add_image(np.zeros((8, 8)), name="image", scale=(0.25, 0.25), units=("um", "um"))
    hands.pick(designer.pixels, "image")
    hands.pick(designer.kernel.kind, "drawn response")
    assert designer.drawn.curve.highest == 2.0 and designer.drawn.curve.x_label == "frequency (cycles/µm)"
    assert designer.present.units == "um" and designer.present.spacing == (0.25, 0.25)


def test_a_kernel_is_cut_out_of_a_layer(viewer, designer, hands, stack) -> None:
    viewer.add_image(stack, name="stack", scale=(2, 0.5, 0.5), units=("um",) * 3, axis_labels=("z", "y", "x"))
    viewer.dims.set_point(0, 4.0)
    hands.pick(designer.kernel.kind, "part of an image")
    assert "Draw a rectangle" in designer.message.value
    hands.click(designer.cut_out.draw)
    shapes = designer.cut_out.shapes.value
    assert shapes.mode == "add_rectangle"
    corners = np.array([(2, 2, 3), (2, 2, 9), (2, 8, 9), (2, 8, 3)], dtype=float)
    shapes.add_rectangles(corners)
    made = designer.present
    np.testing.assert_array_equal(made.values, stack[2, 2:9, 3:10])
    assert made.spacing == (0.5, 0.5) and made.units == "um" and made.center == (3, 3)
    shapes.data = [corners + np.array([0, 1, 1])]  # moved
    np.testing.assert_array_equal(designer.present.values, stack[2, 3:10, 4:11])
    assert designer.message.value.startswith("7 × 7")
    hands.pick(designer.view, "3-D")
    np.testing.assert_array_equal(designer.present.values, stack[0:5, 3:10, 4:11])
    assert run_copied(designer, hands) == designer.present


@pytest.mark.parametrize(
    "kernel",
    [
        nc.kernels.gaussian(sigma=(1.0, 2.0), spacing=(0.5, 1.0)),
        nc.kernels.sobel(axis=-2, ndim=3),
        nc.kernels.gabor(),
        nc.Kernel([[1, 2j]], center=(0, 0), spacing=0.1, units="um"),
        nc.Kernel(nc.kernels.gaussian(sigma=1.0), spacing=0.5, units="um", name="gaussian", parameters={"sigma": 1.0}),
        nc.Kernel([1, 2, 1], name="gaussian", parameters={"sigma": 3.0}),
        nc.Kernel([1, 2, 1], name="gaussian", parameters={"nothing": 3.0}),
    ],
)
def test_python_makes_an_equal_kernel(kernel) -> None:
    assert eval(expression(kernel), {"nc": nc}) == kernel


def test_undo_after_what_makes_no_kernel(designer, hands, qtbot) -> None:
    """A step that waits to be remembered is not lost, nor skipped, by nonsense that is typed after it."""
    hands.pick(designer.kernel.kind, "gabor")
    fold = designer.kernel.form._list[-1]
    hands.click(fold.button)
    hands.write(designer.kernel.form["sigma"], "2.5")
    good = designer.present
    hands.write(designer.kernel.form["sigma"], "wide")
    assert designer.message.value == "sigma: 'wide' is not a number"
    qtbot.waitUntil(lambda: not designer._later.isActive())  # the pause after the step passes
    assert designer.buttons["Undo"].enabled
    hands.click(designer.buttons["Undo"])
    assert designer.present == good and designer.kernel.form["sigma"].value == 2.5


def test_undo_can_be_pressed_when_there_is_something_to_undo(designer, hands) -> None:
    designer._later.setInterval(10**6)
    assert not designer.buttons["Undo"].enabled
    first = designer.present
    hands.pick(designer.kernel.kind, "box")
    assert designer.buttons["Undo"].enabled
    hands.click(designer.buttons["Undo"])
    assert designer.present == first and not designer.buttons["Undo"].enabled
