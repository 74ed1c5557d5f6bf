"""A slider that moves a spin box, and follows it."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSlider

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
