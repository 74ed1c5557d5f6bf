"""Combo boxes that shorten long texts in the middle, and sliders for spin boxes."""

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
    """Event filter that draws a combo box with its text elided in the middle and puts the whole text in the tooltip.

    Qt itself cuts off the end without a sign of it.
    """

    def __init__(self, box: QComboBox) -> None:
        super().__init__(box)
        box.installEventFilter(self)

    def eventFilter(self, box: QObject | None, event: QEvent | None) -> bool:
        if not isinstance(box, QComboBox) or event is None:
            return False
        if event.type() == QEvent.Type.Paint:
            option = _option(box)
            option.currentText = elided_text(box)
            painter = QStylePainter(box)
            painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
            painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
            painter.end()
            return True
        is_tooltip = isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip
        if is_tooltip and elided_text(box) != box.currentText():
            QToolTip.showText(event.globalPos(), "\n".join(filter(None, (box.currentText(), box.toolTip()))), box)
            return True
        return False


def elided_text(box: QComboBox) -> str:
    """The current text, shortened in the middle to the width of the box."""
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


#: Length of a slider whose spin box has no limit, in steps.
_STEPS = 100
#: Larger limits count as none.
_NO_LIMIT = 1e6


def slider_for(box: QDoubleSpinBox) -> QSlider:
    """A slider over the range of a spin box; the box still accepts numbers beyond the slider where it has no limit."""
    step, low, high = box.singleStep(), box.minimum(), box.maximum()
    low = -_STEPS * step if low < -_NO_LIMIT else low
    high = low + _STEPS * step if high > _NO_LIMIT else high
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
