"""The Kernel Designer in a real window: choose, type, paste, look, keep."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog

import napari_convolve as nc
from napari_convolve.plugin.designer.presets import KERNEL_PRESETS
from napari_convolve.plugin.plots.kernel_image import KernelPicture

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def designer(viewer, open_panel):
    return open_panel("Kernel Designer")


@pytest.mark.panel
def test_parameters_change_the_picture(designer, hands) -> None:
    hands.write(designer.kernel.form["sigma"], "0.5")
    assert designer.message.value == "5 × 5 · sum 1 · centre 2, 2"
    assert designer.views.picture.texts[2][2] == ".6187"
    hands.pick(designer.view, "3-D")
    assert designer.message.value == "5 × 5 × 5 · sum 1 · centre 2, 2, 2 · shown: plane 2"
    hands.pick(designer.kernel.kind, "sobel")
    hands.pick(designer.kernel.form["axis"], "z")
    assert designer.present == nc.kernels.sobel(axis=-3, ndim=3)


def test_presets_of_the_readings(designer, hands) -> None:
    expected = {
        "impulse": nc.kernels.identity(),
        "weighted moving": nc.kernels.binomial(size=5, ndim=1),
        "diffusion": nc.kernels.diffusion(D=1, t=4),
        "chances: one die": nc.kernels.box(size=6, ndim=1),
        "chances: a meas": nc.kernels.gaussian(sigma=3),
        "a word": nc.Kernel(np.eye(3)),
        "feature map": nc.kernels.sobel(),
    }
    assert len(expected) == len(KERNEL_PRESETS)
    for label, kernel in expected.items():
        hands.pick(designer.presets.choice, label)
        np.testing.assert_array_equal(np.squeeze(designer.present.values), np.squeeze(kernel.values))
        assert designer.presets.about.visible and designer.presets.choice.value.text in designer.presets.about.value
    hands.pick(designer.kernel.kind, "gaussian")
    assert designer.presets.choice.value is None and not designer.presets.about.visible
    hands.pick(designer.presets.choice, "chances: one die")
    hands.click(designer.combine_fold.button)
    hands.click(designer.combine.keep)
    hands.pick(designer.combine.way, "this @ kept")
    np.testing.assert_allclose(designer.present.values * 36, [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1])


def test_one_sigma_per_axis_in_the_unit_of_an_image(viewer, designer, hands) -> None:
    viewer.add_image(
        np.zeros((4, 5, 6)), name="stack", scale=(2, 0.5, 0.5), units=("um",) * 3, axis_labels=("z", "y", "x")
    )
    hands.pick(designer.view, "3-D")
    hands.pick(designer.pixels, "stack")
    hands.pick(designer.kernel.unit, "µm")
    hands.click(designer.kernel.form["sigma"]._each)
    hands.write(designer.kernel.form["sigma"]._boxes[0], "4")
    made = designer.present
    expected = nc.kernels.gaussian(sigma=(4, 1, 1), spacing=(2, 0.5, 0.5))
    assert made.units == "um" and made.spacing == (2, 0.5, 0.5)
    np.testing.assert_array_equal(made.values, expected.values)
    hands.click(designer.buttons["Add as layer"])
    layer = viewer.layers["gaussian"]
    assert layer.units == viewer.layers["stack"].units
    np.testing.assert_array_equal(layer.scale, (2, 0.5, 0.5))


def test_a_matrix_is_pasted_from_a_spreadsheet(designer, hands) -> None:
    hands.pick(designer.kernel.kind, "custom")
    assert "needs at least one number" in designer.message.value and not designer.buttons["Add as layer"].enabled
    QApplication.clipboard().setText("1\t2\t1\r\n2\t4\t2\r\n1\t2\t1\r\n")
    edit = designer.kernel.form["values"]._edit
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    hands.click(designer.normalize)
    assert designer.message.value == "3 × 3 · sum 1 · centre 1, 1"
    assert designer.views.picture.texts == [
        [".0625", ".125", ".0625"],
        [".125", ".25", ".125"],
        [".0625", ".125", ".0625"],
    ]


def test_typed_nonsense_is_a_sentence_and_runs_nothing(designer, hands, tmp_path) -> None:
    hands.pick(designer.kernel.kind, "custom")
    for text in (f"__import__('os').system('touch {tmp_path}/PWNED')", "9**9**9", "1 2; 3"):
        hands.write(designer.kernel.form["values"], text)
        assert designer.message.value.startswith("row ") and not designer.buttons["Save …"].enabled
        assert designer.views.picture.texts is None
    assert not list(tmp_path.iterdir())


def test_the_numbers_of_a_kernel_can_be_edited(designer, hands) -> None:
    hands.pick(designer.kernel.kind, "laplacian")
    hands.click(designer.buttons["Edit the numbers"])
    assert designer.kernel.kind.value == "custom"
    assert designer.kernel.form["values"].value == "0 1 0\n1 -4 1\n0 1 0\n"
    np.testing.assert_array_equal(designer.present.values, nc.kernels.laplacian().values)


def test_a_kernel_as_layer_serves_the_other_panels(viewer, designer, open_panel, hands) -> None:
    viewer.add_image(np.eye(9), name="image")
    hands.pick(designer.kernel.kind, "sobel")
    hands.click(designer.buttons["Add as layer"])
    panel = open_panel("Convolve")
    hands.pick(panel.image, "image")
    hands.pick(panel.kernel.kind, "from a layer")
    assert panel.kernel.layer.value.name == "sobel"  # kernels come first
    assert panel.kernel.kernel() == nc.kernels.sobel()
    viewer.layers["sobel"].data[0, 0] = 7  # what a person sees is what is used
    assert panel.kernel.kernel().values[0, 0] == 7


@pytest.mark.parametrize("name", ["k.json", "k.txt"])
def test_save_and_load(designer, hands, tmp_path: Path, monkeypatch, name: str) -> None:
    path = str(tmp_path / name)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (path, ""))
    hands.pick(designer.kernel.kind, "laplacian")
    hands.click(designer.buttons["Save …"])
    assert designer.message.value == f"Saved as {name}."
    hands.pick(designer.kernel.kind, "from a file")
    assert designer.message.value == "choose the file of the kernel first"
    hands.write(designer.kernel.file, path)
    np.testing.assert_array_equal(designer.present.values, nc.kernels.laplacian().values)


def test_what_a_file_cannot_hold_is_said(designer, hands, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "k.txt"), ""))
    hands.pick(designer.view, "3-D")
    hands.click(designer.buttons["Save …"])
    assert "one or two dimensions" in designer.message.value and not list(tmp_path.iterdir())
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: ("", ""))
    hands.click(designer.buttons["Save …"])  # closed without a choice
    assert not list(tmp_path.iterdir())


def test_help_opens_and_closes(designer, hands, qtbot) -> None:
    hands.click(designer.buttons["Help"])
    (dialog,) = [w for w in QApplication.topLevelWidgets() if w.windowTitle() == "Help"]
    qtbot.waitUntil(dialog.isVisible)
    dialog.close()
    qtbot.wait(50)
    assert not [w for w in QApplication.topLevelWidgets() if w.windowTitle() == "Help"]


def test_large_kernels_are_a_picture_whose_numbers_show_under_the_mouse(qtbot) -> None:
    picture = KernelPicture()
    qtbot.addWidget(picture)
    picture.resize(300, 290)
    picture.show_kernel(nc.kernels.gaussian(sigma=8))
    assert picture.texts is None
    value = nc.kernels.gaussian(sigma=8).values[32, 32]
    assert picture.text_at(QPoint(150, 145)) == f"row 32, column 32: {value:.6g}"
    assert picture.text_at(QPoint(1, 1)) == ""
    colours = picture.grab().toImage()
    middle, corner = colours.pixelColor(150, 145), colours.pixelColor(20, 20)
    assert middle.red() > middle.blue() + 50 and abs(corner.red() - corner.blue()) < 5
    picture.show_kernel(-1 * nc.kernels.gaussian(sigma=8))
    middle = picture.grab().toImage().pixelColor(150, 145)
    assert middle.blue() > middle.red() + 50
