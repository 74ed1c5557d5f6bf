"""The Designer's views: profile, response, report, noise, sliders, pictures of the catalogue."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QSlider, QStyle, QStyleOptionComboBox

import napari_convolve as nc
from napari_convolve.kernels import KERNELS

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def designer(viewer, open_panel):
    return open_panel("Kernel Designer")


@pytest.fixture
def tab(designer):
    """Click on a tab by its title."""

    def click(title: str) -> None:
        bar = designer.views.tabBar()
        row = next(i for i in range(bar.count()) if bar.tabText(i) == title)
        QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(row).center())
        assert designer.views.currentIndex() == row

    return click


def micrometres(viewer, designer, hands) -> None:
    """A Gaussian of 1 µm between planes 0.5 µm apart and 0.4 µm within planes of pixels of 0.2 µm."""
    viewer.add_image(
        np.zeros((4, 5, 6)), name="stack", scale=(0.5, 0.2, 0.2), units=("um",) * 3, axis_labels=("z", "y", "x")
    )
    hands.pick(designer.view, "3-D")
    hands.pick(designer.pixels, "stack")
    hands.pick(designer.kernel.unit, "µm")
    hands.click(designer.kernel.form["sigma"]._each)
    for box, text in zip(designer.kernel.form["sigma"]._boxes, ("1", "0.4", "0.4"), strict=True):
        hands.write(box, text)


def test_profile_in_the_unit_of_the_image(viewer, designer, hands, tab) -> None:
    micrometres(viewer, designer, hands)
    tab("Profile")
    plot = designer.views.profile
    along_z, in_plane = plot.lines
    assert (along_z.name, in_plane.name) == ("z", "y, x")
    assert plot.x_label == "distance from the centre (µm)"
    np.testing.assert_allclose(along_z.x, np.arange(-8, 9) * 0.5)
    # ratio of the weights 1 µm off and at the centre, of a Gaussian of 1 µm
    np.testing.assert_allclose(along_z.y[10] / along_z.y[8], np.exp(-0.5), rtol=1e-12)


def test_response_and_cutoffs_in_cycles_per_micrometre(viewer, designer, hands, tab) -> None:
    micrometres(viewer, designer, hands)
    tab("Response")
    plot = designer.views.response
    assert [line.name for line in plot.lines] == ["z", "y, x"] and plot.x_label == "frequency (cycles/µm)"
    # a continuous Gaussian: exp(-2 (pi f sigma)^2)
    along_z, in_plane = plot.lines
    for line, sigma in ((along_z, 1.0), (in_plane, 0.4)):
        np.testing.assert_allclose(line.y, np.exp(-2 * (np.pi * line.x * sigma) ** 2), atol=2e-3)
        half = np.sqrt(np.log(2) / 2) / (np.pi * sigma)
        assert line.marks == (pytest.approx(half, rel=2e-3),)
    assert designer.views.cutoffs.text().endswith("cycles/µm") and "−6 dB at z 0.187" in designer.views.cutoffs.text()


def test_report_and_noise_follow(designer, hands, tab) -> None:
    tab("Report")
    hands.pick(designer.kernel.kind, "box")
    shown = designer.views.report.texts
    assert shown["sum"] == "1" and shown["centre of mass"] == "0 x 0 px from the centre"
    assert shown["support"] == "3 x 3 px, 9 weights"
    assert designer.noise.value == "Noise: 3 times weaker"
    hands.pick(designer.kernel.kind, "identity")
    assert designer.noise.value == "Noise: as strong as before"
    hands.pick(designer.kernel.kind, "custom")
    assert designer.views.report.texts == {} and not designer.noise.visible


def test_a_complex_kernel(viewer, designer, hands, tab, tmp_path) -> None:
    wave = nc.Kernel(np.exp(2j * np.pi * 0.25 * np.arange(-8, 9)) * np.hanning(17), name="wave")
    wave.save(tmp_path / "wave.json")
    hands.pick(designer.view, "1-D")
    hands.pick(designer.kernel.kind, "from a file")
    hands.write(designer.kernel.file, str(tmp_path / "wave.json"))
    tab("Response")
    (line,) = designer.views.response.lines
    assert line.x[0] == -0.5 and line.x[np.argmax(line.y)] == pytest.approx(0.25)  # one side alone
    hands.click(designer.buttons["Add as layer"])
    assert "no complex layers" in designer.message.value and not viewer.layers


def test_a_kernel_of_one_dimension_becomes_a_layer_and_comes_back(viewer, designer, hands) -> None:
    hands.pick(designer.view, "1-D")
    made = designer.present
    hands.click(designer.buttons["Add as layer"])
    assert viewer.layers["gaussian"].data.shape == (1, 9)
    hands.pick(designer.kernel.kind, "from a layer")
    assert designer.present == made


def test_a_slider_moves_everything(designer, hands, tab) -> None:
    tab("Response")
    sigma = designer.kernel.form["sigma"]
    slider = sigma.native.findChild(QSlider)
    before = designer.views.response.lines[0].marks[0]
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert sigma.value == pytest.approx(1.1)
    assert designer.views.response.lines[0].marks[0] == pytest.approx(before / 1.1, rel=1e-2)
    handle = QPoint(slider.width() // 2, slider.height() // 2)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=handle)
    assert sigma.value > 1.1
    hands.write(sigma, "25")  # beyond the slider
    assert sigma.value == 25 and slider.value() == slider.maximum()


def test_every_kernel_of_the_catalogue_has_a_picture(designer) -> None:
    box = designer.kernel.kind.native
    names = [box.itemData(i) for i in range(box.count()) if box.itemData(i) in KERNELS.names()]
    assert sorted(names) == sorted(KERNELS.names())
    texts = [box.itemText(i) for i in range(box.count())]
    assert {"LoG (spots, edges)", "Savitzky-Golay", "gaussian derivative"} <= set(texts)
    assert texts[texts.index("custom matrix") + 1] == "from a layer", "with the others that are nobody's catalogue"
    pictures = {name: box.itemIcon(box.findData(name)).pixmap(20).toImage() for name in names}
    assert not any(picture.isNull() for picture in pictures.values())
    assert pictures["sobel"] != pictures["gaussian"]
    one = pictures["identity"]
    assert one.pixelColor(10, 10).red() > one.pixelColor(10, 10).blue() + 50, "its weight is in the middle"
    assert one.pixelColor(2, 2).blue() > 200 and one.pixelColor(18, 10).blue() > 200


def test_what_is_nearly_zero_is_not_written_as_zero(designer, hands) -> None:
    hands.pick(designer.kernel.kind, "custom")
    hands.write(designer.kernel.form["values"], "1e-9 0 1")
    assert designer.views.picture.texts == [["≈0", "0", "1"]]


def test_names_of_kernels_are_not_cut(viewer, designer) -> None:
    dock = designer.native.parent()
    viewer.window._qt_window.resizeDocks([dock], [350], Qt.Orientation.Horizontal)
    box = designer.kernel.kind.native
    for row in range(box.count()):
        if isinstance(box.itemData(row), str):
            box.setCurrentIndex(row)
            QApplication.processEvents()
            option = QStyleOptionComboBox()
            box.initStyleOption(option)
            part = QStyle.SubControl.SC_ComboBoxEditField
            room = box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, box).width()
            picture = 0 if box.itemIcon(row).isNull() else box.iconSize().width() + 4
            assert dock.width() == 350
            assert box.fontMetrics().horizontalAdvance(box.itemText(row)) + picture <= room, box.itemText(row)
