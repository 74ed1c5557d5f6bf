"""When a widget is seen, and Qt's own widgets among magicgui's."""

from __future__ import annotations

from collections.abc import Callable

from magicgui.widgets import Container, Widget
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QWidget


class Visibility(QObject):
    """Calls back when a widget is shown and hidden: closing a dock hides its panel and says nothing else."""

    def __init__(self, widget: QWidget, shown: Callable[[], None], hidden: Callable[[], None]) -> None:
        super().__init__(widget)
        self._shown, self._hidden = shown, hidden
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass the news on."""
        if event.type() == QEvent.Type.Show:
            self._shown()
        elif event.type() == QEvent.Type.Hide:
            self._hidden()
        return bool(super().eventFilter(watched, event))


def holding(widget: QWidget) -> Container[Widget]:
    """One of Qt's own widgets as a row of a panel."""
    box: Container[Widget] = Container(labels=False)
    box.margins = (0, 0, 0, 0)
    box.native.layout().addWidget(widget)
    return box
