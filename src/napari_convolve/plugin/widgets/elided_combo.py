"""Long texts in combo boxes: their beginning and end are seen, and the mouse brings all of it."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSignalBlocker, Qt
from qtpy.QtGui import QHelpEvent
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QSlider,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolTip,
)

#: Pixels between an icon and its text.
_GAP = 4


class Elided(QObject):
    """Draws a combo box with its text cut in the middle; where it is cut, the tooltip begins with the whole text.

    Qt itself cuts off the end and does not say so. The box keeps this filter as long as it lives.
    """

    def __init__(self, box: QComboBox) -> None:
        super().__init__(box)
        box.installEventFilter(self)

    def eventFilter(self, box: QObject | None, event: QEvent | None) -> bool:
        """Draw the box, and tell its text, in Qt's place."""
        if not isinstance(box, QComboBox) or event is None:
            return False
        if event.type() == QEvent.Type.Paint:
            option = _option(box)
            option.currentText = shown(box)
            painter = QStylePainter(box)
            painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
            painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
            painter.end()
            return True
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and shown(box) != box.currentText():
            QToolTip.showText(event.globalPos(), "\n".join(filter(None, (box.currentText(), box.toolTip()))), box)
            return True
        return False


def shown(box: QComboBox) -> str:
    """What of the current text has room."""
    option = _option(box)
    field = box.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, box
    )
    icon = 0 if option.currentIcon.isNull() else option.iconSize.width() + _GAP
    text: str = box.fontMetrics().elidedText(box.currentText(), Qt.TextElideMode.ElideMiddle, field.width() - icon)
    return text


def _option(box: QComboBox) -> QStyleOptionComboBox:
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    return option


#: A range without an end goes this many steps from its beginning.
_STEPS = 100
#: Limits as large as this are none.
_NONE = 1e6


def slider_for(box: QDoubleSpinBox) -> QSlider:
    """A slider in steps of the box, over its range; the box still takes numbers beyond an end that is open."""
    step, low, high = box.singleStep(), box.minimum(), box.maximum()
    low = -_STEPS * step if low < -_NONE else low
    high = low + _STEPS * step if high > _NONE else high
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, round((high - low) / step))
    slider.setMinimumWidth(30)
    slider.setToolTip(f"{low:g} to {high:g}; other numbers can be typed")

    def follow(value: float) -> None:
        with QSignalBlocker(slider):
            slider.setValue(round((value - low) / step))

    follow(box.value())
    box.valueChanged.connect(follow)
    slider.valueChanged.connect(lambda at: box.setValue(low + at * step))
    box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    box.setFixedWidth(box.fontMetrics().horizontalAdvance("x -000.00") + 8)
    return slider
