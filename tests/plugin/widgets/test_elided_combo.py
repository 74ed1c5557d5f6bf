"""Names of layers that are longer than their combo box."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QHelpEvent
from qtpy.QtWidgets import QApplication, QComboBox, QToolTip

from napari_convolve.plugin.widgets.elided_combo import elided_text

LONG = "2024-03-11 embryo 7 · channel 2 of the second position · gaussian · deconvolved"


def drawn(box: QComboBox) -> np.ndarray:
    """Its pixels."""
    picture = box.grab().toImage().convertToFormat(box.grab().toImage().Format.Format_RGB32)
    bits = picture.constBits()
    bits.setsize(picture.sizeInBytes()) if hasattr(bits, "setsize") else None
    return np.frombuffer(bits, np.uint8).reshape(picture.height(), picture.width(), 4).copy()


@pytest.mark.parametrize("name", ["Convolve", "Deconvolve", "Fourier", "Feature Maps"])
def test_a_long_name_is_cut_in_the_middle_and_told_whole(viewer, open_panel, qtbot, name: str) -> None:
    viewer.add_image(np.ones((20, 20)), name=LONG)
    panel = open_panel(name)
    dock = next(d for d in viewer.window._qt_window.findChildren(type(panel.native.parent())) if d.isVisible())
    viewer.window._qt_window.resizeDocks([dock], [350], Qt.Orientation.Horizontal)
    image = getattr(panel, "image", None) or panel.form.image
    box: QComboBox = image.native
    qtbot.waitUntil(lambda: box.width() < box.fontMetrics().horizontalAdvance(LONG))
    begin, end = elided_text(box).split("…")
    assert begin and end and LONG.startswith(begin) and LONG.endswith(end)
    place = QPoint(5, 5)
    QApplication.sendEvent(box, QHelpEvent(QEvent.Type.ToolTip, place, box.mapToGlobal(place)))
    assert QToolTip.text().startswith(f"{LONG}\n") and box.toolTip() in QToolTip.text()


def test_what_is_drawn_is_cut_and_short_names_are_as_they_were(qtbot) -> None:
    from napari_convolve.plugin.widgets.fields import Choice

    choice, plain = Choice([(LONG, 1), ("short", 2)]), QComboBox()
    plain.addItems([LONG, "short"])
    for box in (choice.native, plain):
        qtbot.addWidget(box)
        box.resize(160, 28)
        box.setCurrentIndex(1)
    np.testing.assert_array_equal(drawn(choice.native), drawn(plain))
    plain.setItemText(0, elided_text(choice.native))
    choice.native.setCurrentIndex(0)
    plain.setItemText(0, elided_text(choice.native))
    plain.setCurrentIndex(0)
    assert "…" in plain.currentText()
    np.testing.assert_array_equal(drawn(choice.native), drawn(plain))
