"""Form fields that magicgui lacks: containers of Qt widgets with a `value`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from magicgui.types import Separator
from magicgui.widgets import ComboBox, Container
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from .elided_combo import Elided, slider_for

#: Value of an entry of a `Choice` that is the heading of the entries below it.
HEADING = object()
#: Limit of numbers without limits: Qt needs one.
_HUGE = 1e9


class Field(Container[Any]):
    """A container of Qt widgets that has a value, as a widget of magicgui has."""

    def __init__(self, *widgets: QWidget, **options: Any) -> None:
        super().__init__(layout="horizontal", labels=False, **options)
        self.margins = (0, 0, 0, 0)
        for widget in widgets:
            self.native.layout().addWidget(widget)

    def emit_changed(self, *_: object) -> None:
        """Emit `changed`. A method, since Qt would keep a lambda, and with it the field, alive."""
        self.changed.emit(self)

    @property
    def value(self) -> Any:
        raise NotImplementedError


class _ShortSpinBox(QDoubleSpinBox):
    """A spin box of six decimals that shows no trailing zeros."""

    def textFromValue(self, value: float) -> str:
        return f"{value:.10g}"


class NumberField(Field):
    """A number of up to six decimals, with steps and perhaps a slider."""

    def __init__(
        self,
        value: float = 0.0,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        step: float | None = None,
        slider: bool = False,
        **options: Any,
    ) -> None:
        self._box = box = _ShortSpinBox()
        box.setDecimals(6)
        box.setRange(-_HUGE if minimum is None else minimum, _HUGE if maximum is None else maximum)
        box.setSingleStep(step or 0.1)
        box.setKeyboardTracking(False)
        box.setValue(value)
        super().__init__(box, *([slider_for(box)] if slider else []), **options)
        box.valueChanged.connect(self.emit_changed)

    @property
    def value(self) -> float:
        self._box.interpretText()  # a typed number that is not confirmed yet counts
        return float(self._box.value())

    @value.setter
    def value(self, value: float) -> None:
        self._box.setValue(float(value))

    @property
    def box(self) -> QDoubleSpinBox:
        return self._box


class LengthsField(Field):
    """One number for all axes, or one per axis; a button switches."""

    def __init__(self, value: Any = 1.0, *, axes: Sequence[str] = ("y", "x"), **limits: Any) -> None:
        names = {key: limits.pop(key) for key in ("name", "label", "tooltip") if key in limits}
        super().__init__(**names)
        self._limits = limits
        self._boxes: list[NumberField] = []
        self._each = QPushButton("per axis")
        self._each.setCheckable(True)
        self._each.setToolTip("One value for all axes, or one for each")
        self._each.toggled.connect(self._show)
        self._column = QVBoxLayout()
        self.native.layout().addLayout(self._column, 1)
        if limits.get("slider"):  # sliders take the whole width
            self._column.addWidget(self._each, 0, Qt.AlignmentFlag.AlignRight)
        else:
            self.native.layout().addWidget(self._each, 0, Qt.AlignmentFlag.AlignTop)
        self._axes = tuple(axes)
        self._grow()
        self.value = value

    def _grow(self) -> None:
        """Add the boxes that are missing for the axes; existing ones keep their values."""
        while len(self._boxes) < len(self._axes):
            box = NumberField(self._boxes[0].value if self._boxes else 1.0, **self._limits)
            box.changed.connect(self.emit_changed)
            self._column.insertWidget(len(self._boxes), box.native)
            self._boxes.append(box)
        self._each.setVisible(len(self._axes) > 1)
        self._show()

    def _show(self) -> None:
        apart = self.apart
        for i, box in enumerate(self._boxes):
            box.native.setVisible(i == 0 or (apart and i < len(self._axes)))
            box.box.setPrefix(f"{self._axes[i]} " if apart and i < len(self._axes) else "")
        self.emit_changed()

    @property
    def apart(self) -> bool:
        """Whether each axis has its own value."""
        return bool(self._each.isChecked() and len(self._axes) > 1)

    def set_axes(self, names: Sequence[str]) -> None:
        self._axes = tuple(names)
        self._grow()

    @property
    def value(self) -> float | tuple[float, ...]:
        if self.apart:
            return tuple(box.value for box in self._boxes[: len(self._axes)])
        return self._boxes[0].value

    @value.setter
    def value(self, value: float | Sequence[float]) -> None:
        numbers = list(value) if isinstance(value, Sequence) else [value] * len(self._boxes)
        for box, number in zip(self._boxes, numbers, strict=False):
            box.value = number
        self._each.setChecked(isinstance(value, Sequence))


class TextField(Field):
    """A line of text, parsed by `read` when its value is asked for; the value of an empty one is `empty`."""

    def __init__(
        self,
        read: Callable[[str], Any],
        value: Any = None,
        *,
        empty: Any = None,
        hint: str = "automatic",
        **options: Any,
    ) -> None:
        self._read, self._empty, self._edit = read, empty, QLineEdit()
        self._edit.setPlaceholderText(hint)
        super().__init__(self._edit, **options)
        self.value = value
        self._edit.editingFinished.connect(self.emit_changed)

    @property
    def value(self) -> Any:
        text = self._edit.text().strip()
        if not text:
            return self._empty
        try:
            return self._read(text)
        except ValueError as error:
            raise ValueError(f"{self.label}: {error}") from error

    @value.setter
    def value(self, value: Any) -> None:
        several = isinstance(value, Sequence) and not isinstance(value, str)
        self._edit.setText(
            "" if value is None or value == self._empty else ", ".join(map(str, value)) if several else str(value)
        )


class MatrixField(Field):
    """A matrix as text, typed or pasted from a spreadsheet."""

    def __init__(self, value: str = "", **options: Any) -> None:
        self._edit = QPlainTextEdit()
        self._edit.setPlaceholderText("one row per line: type it, or paste cells of a spreadsheet")
        self._edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._edit.setTabChangesFocus(True)
        self._edit.setStyleSheet("border: 1px solid gray;")
        self._edit.setFixedHeight(7 * self._edit.fontMetrics().lineSpacing())
        super().__init__(self._edit, **options)
        self.value = value
        self._edit.textChanged.connect(self.emit_changed)

    @property
    def value(self) -> str:
        return str(self._edit.toPlainText())

    @value.setter
    def value(self, value: str) -> None:
        self._edit.setPlainText(value)


def number(text: str) -> float:
    """Parse one number."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def whole(text: str) -> int:
    """Parse one integer."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def numbers(text: str) -> Any:
    """Parse one number, or several separated by commas or spaces.

    Examples
    --------
    >>> numbers("3"), numbers("1, 2.5")
    (3, (1, 2.5))
    """
    found = [whole(part) if part.lstrip("+-").isdigit() else number(part) for part in text.replace(",", " ").split()]
    return found[0] if len(found) == 1 and "," not in text else tuple(found)


class Choice(ComboBox):
    """A combo box whose entries can be replaced; it may be narrower than its longest entry.

    `entries` are pairs of text and value, None for a separator; an entry with the value `HEADING` cannot be chosen.
    The width does not fall below `least` letters.
    """

    def __init__(
        self, entries: Iterable[tuple[str, Any] | None] = (), value: Any = None, *, least: int = 8, **options: Any
    ) -> None:
        super().__init__(choices=(), **options)
        box: QComboBox = self.native
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(least)
        box.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)
        Elided(box)
        self.offer(entries)
        if value is not None:
            self.value = value

    def offer(self, entries: Iterable[tuple[str, Any] | None]) -> None:
        """Replace the entries; the chosen value stays chosen if it is still offered."""
        box: QComboBox = self.native
        before = self.value if box.count() else None
        with self.changed.blocked():
            box.clear()
            for entry in entries:
                if entry is not None and entry[1] is HEADING:
                    box.addItem(entry[0], Separator)
                    box.model().item(box.count() - 1).setEnabled(False)
                elif entry is None:
                    box.insertSeparator(box.count())
                    box.setItemData(box.count() - 1, Separator)
                else:
                    box.addItem(*entry)
            self._widget._mgui_set_value(before)
            if box.currentIndex() < 0 and box.count():
                box.setCurrentIndex(0)
        if self.value is not before:
            self.changed.emit(self.value)

    def _on_value_change(self, value: Any = None) -> None:
        """Emit `changed` for the value None too, for which magicgui does not."""
        self.changed.emit(value)

    def restore(self, value: Any) -> None:
        """Choose a value, if it is offered."""
        if value in self.choices:
            self.value = value

    def reset_choices(self, *_: Any) -> None:
        """Keep the entries: magicgui would restore the first ones."""
