"""Containers without margins: columns, rows, labelled fields, collapsible sections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from magicgui.widgets import Container, PushButton, Widget
from qtpy.QtWidgets import QLabel, QWidget

#: The longest usual label: it sets the width of the column of labels.
_WIDEST = "outside the image ····"


class Column(Container[Widget]):
    """Widgets in a column; base class of the parts of panels."""

    def __init__(self, *widgets: Widget, **options: Any) -> None:
        super().__init__(widgets=widgets, **{"labels": False, **options})
        self.margins = (0, 0, 0, 0)


# These stay plain containers: presets name a field by the class names of the containers around it.


def column(widgets: Sequence[Widget] = (), **options: Any) -> Container[Widget]:
    box: Container[Widget] = Container(widgets=widgets, **{"labels": False, **options})
    box.margins = (0, 0, 0, 0)
    return box


def beside(*widgets: Widget) -> Container[Widget]:
    return column(widgets, layout="horizontal")


def holding(widget: QWidget) -> Container[Widget]:
    """A Qt widget as a row of a panel."""
    box = column()
    box.native.layout().addWidget(widget)
    return box


def rows(*fields: Widget) -> Container[Widget]:
    """Labelled fields in a column; the fields of all such columns are aligned."""
    box = column(fields, labels=True)
    layout = box.native.layout()
    for row in (layout.itemAt(i).widget() for i in range(layout.count())):
        first = row.layout().itemAt(0).widget() if row.layout() is not None else None
        if isinstance(first, QLabel):
            first.setMinimumWidth(first.fontMetrics().horizontalAdvance(_WIDEST))
    return box


def button(text: str, action: Callable[..., object], tooltip: str = "") -> PushButton:
    """A button that a narrow panel may make narrower than its text."""
    made = PushButton(text=text, tooltip=tooltip)
    made.native.setMinimumWidth(0)
    made.changed.connect(action)
    return made


class Fold(Column):
    """A collapsible section: a button that shows and hides its content."""

    def __init__(self, title: str, content: Widget) -> None:
        self._title, self._content = title, content
        self.button = PushButton(text="")
        self.button.native.setStyleSheet("text-align: left; background: transparent; padding: 2px 4px;")
        super().__init__(self.button, content)
        self.open(False)
        self.button.changed.connect(lambda: self.open(not self.is_open))

    def open(self, is_open: bool = True) -> None:
        """Show or hide the content."""
        self.is_open = is_open
        self._content.visible = is_open
        self.button.text = f"{'▾' if is_open else '▸'}  {self._title}"
