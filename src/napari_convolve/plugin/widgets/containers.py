"""Boxes of widgets without margins: below each other, beside each other, with labels, folded away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from magicgui.widgets import Container, PushButton, Widget
from qtpy.QtWidgets import QLabel, QWidget

#: The label that sets the width of the column of labels.
_WIDEST = "outside the image ····"


class Column(Container[Widget]):
    """Widgets below each other; the base of the parts of panels."""

    def __init__(self, *widgets: Widget, **options: Any) -> None:
        super().__init__(widgets=widgets, **{"labels": False, **options})
        self.margins = (0, 0, 0, 0)


# Boxes without a class of their own stay plain containers: presets name what is in them by the type of the box.


def column(widgets: Sequence[Widget] = (), **options: Any) -> Container[Widget]:
    """Widgets below each other."""
    box: Container[Widget] = Container(widgets=widgets, **{"labels": False, **options})
    box.margins = (0, 0, 0, 0)
    return box


def beside(*widgets: Widget) -> Container[Widget]:
    """Widgets beside each other."""
    return column(widgets, layout="horizontal")


def holding(widget: QWidget) -> Container[Widget]:
    """One of Qt's own widgets as a row of a panel."""
    box = column()
    box.native.layout().addWidget(widget)
    return box


def rows(*fields: Widget) -> Container[Widget]:
    """Fields below each other, labels beside them; in all such boxes the fields begin at the same place."""
    box = column(fields, labels=True)
    layout = box.native.layout()
    for row in (layout.itemAt(i).widget() for i in range(layout.count())):
        first = row.layout().itemAt(0).widget() if row.layout() is not None else None
        if isinstance(first, QLabel):
            first.setMinimumWidth(first.fontMetrics().horizontalAdvance(_WIDEST))
    return box


def button(text: str, action: Callable[..., object], tooltip: str = "") -> PushButton:
    """A button that may be narrower than its text."""
    made = PushButton(text=text, tooltip=tooltip)
    made.native.setMinimumWidth(0)
    made.changed.connect(action)
    return made


class Fold(Column):
    """Widgets that a button shows and hides."""

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
