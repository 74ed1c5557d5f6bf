"""Fields that magicgui lacks, each a container with a `value` around Qt's own widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from magicgui.types import Separator
from magicgui.widgets import ComboBox, Container
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from .elided_combo import Elided, slider_for

#: The value of an entry that is the name of the group below it.
HEADING = object()
#: Beyond any parameter that makes sense, and still short to write.
_HUGE = 1e9


class Field(Container[Any]):
    """A container that is one value."""

    def __init__(self, *widgets: QWidget, **options: Any) -> None:
        super().__init__(layout="horizontal", labels=False, **options)
        self.margins = (0, 0, 0, 0)
        for widget in widgets:
            self.native.layout().addWidget(widget)

    def tell(self, *_: object) -> None:
        """Say that the value may have changed. A method, not a lambda: Qt would keep a lambda, and so the field."""
        self.changed.emit(self)

    @property
    def value(self) -> Any:
        """What the field says now."""
        raise NotImplementedError


class _ShortSpinBox(QDoubleSpinBox):
    """A spin box that keeps six decimals and shows those that are not 0."""

    def textFromValue(self, value: float) -> str:
        return f"{value:.10g}"


class NumberField(Field):
    """A number with steps; keeps what is typed to six decimals."""

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
        box.valueChanged.connect(self.tell)

    @property
    def value(self) -> float:
        self._box.interpretText()  # also what is typed but not yet confirmed
        return float(self._box.value())

    @value.setter
    def value(self, value: float) -> None:
        self._box.setValue(float(value))

    @property
    def box(self) -> QDoubleSpinBox:
        """Qt's own widget."""
        return self._box


class LengthsField(Field):
    """One number for all axes, or one for each; a button with the axes' names switches."""

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
        if limits.get("slider"):  # these take the width
            self._column.addWidget(self._each, 0, Qt.AlignmentFlag.AlignRight)
        else:
            self.native.layout().addWidget(self._each, 0, Qt.AlignmentFlag.AlignTop)
        self._axes = tuple(axes)
        self._grow()
        self.value = value

    def _grow(self) -> None:
        """As many boxes as axes; those that are there keep their values."""
        while len(self._boxes) < len(self._axes):
            box = NumberField(self._boxes[0].value if self._boxes else 1.0, **self._limits)
            box.changed.connect(self.tell)
            self._column.insertWidget(len(self._boxes), box.native)
            self._boxes.append(box)
        self._each.setVisible(len(self._axes) > 1)
        self._show()

    def _show(self) -> None:
        apart = self.apart
        for i, box in enumerate(self._boxes):
            box.native.setVisible(i == 0 or (apart and i < len(self._axes)))
            box.box.setPrefix(f"{self._axes[i]} " if apart and i < len(self._axes) else "")
        self.tell()

    @property
    def apart(self) -> bool:
        """Whether each axis has its own value."""
        return bool(self._each.isChecked() and len(self._axes) > 1)

    def set_axes(self, names: Sequence[str]) -> None:
        """Offer one value for each of these axes."""
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
    """A line of text that is read as a value when it is asked for; an empty one means `empty`."""

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
        self._edit.editingFinished.connect(self.tell)

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
    """Rows of numbers, typed or pasted from a spreadsheet."""

    def __init__(self, value: str = "", **options: Any) -> None:
        self._edit = QPlainTextEdit()
        self._edit.setPlaceholderText("one row per line: type it, or paste cells of a spreadsheet")
        self._edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._edit.setTabChangesFocus(True)
        self._edit.setStyleSheet("border: 1px solid gray;")
        self._edit.setFixedHeight(7 * self._edit.fontMetrics().lineSpacing())
        super().__init__(self._edit, **options)
        self.value = value
        self._edit.textChanged.connect(self.tell)

    @property
    def value(self) -> str:
        return str(self._edit.toPlainText())

    @value.setter
    def value(self, value: str) -> None:
        self._edit.setPlainText(value)


def number(text: str) -> float:
    """Read one number.

    Examples
    --------
    >>> number("0.5")
    0.5
    """
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def whole(text: str) -> int:
    """Read one integer."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def numbers(text: str) -> Any:
    """Read one number, or several separated by commas or spaces.

    Examples
    --------
    >>> numbers("3"), numbers("1, 2.5")
    (3, (1, 2.5))
    """
    found = [whole(part) if part.lstrip("+-").isdigit() else number(part) for part in text.replace(",", " ").split()]
    return found[0] if len(found) == 1 and "," not in text else tuple(found)


class Choice(ComboBox):
    """A combo box whose entries are replaced as a whole; it may be narrower than its longest entry.

    Parameters
    ----------
    entries
        Text and value of each entry, None for a line between groups; a text with the value `HEADING` cannot be chosen.
    value
        What is chosen at first; the first entry by default.
    least
        Width in letters that it never falls below.
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
        """Replace the entries; what was chosen stays chosen if it is still there."""
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
        """Say so also when the entry that stands for nothing is chosen, about which magicgui is silent."""
        self.changed.emit(value)

    def restore(self, value: Any) -> None:
        """Choose what was chosen before, if it is still offered."""
        if value in self.choices:
            self.value = value

    def reset_choices(self, *_: Any) -> None:
        """Nothing: magicgui would put the first entries back."""
