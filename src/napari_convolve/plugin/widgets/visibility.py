"""Callbacks for a widget that is shown or hidden."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QWidget


class Visibility(QObject):
    """Event filter that calls back when a widget is shown or hidden, the only sign that a dock was closed."""

    def __init__(self, widget: QWidget, shown: Callable[[], None], hidden: Callable[[], None]) -> None:
        super().__init__(widget)
        self._shown, self._hidden = shown, hidden
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self._shown()
        elif event.type() == QEvent.Type.Hide:
            self._hidden()
        return bool(super().eventFilter(watched, event))
