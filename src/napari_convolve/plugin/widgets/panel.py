"""The frame of every panel: a body that scrolls, and below it what stays in sight."""

from __future__ import annotations

from typing import Any, ClassVar

from magicgui.widgets import Container, Widget
from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy

from .help_dialog import show_help


class Panel(Container[Widget]):
    """A dock widget of napari, made with the viewer it belongs to."""

    #: What a person does, step by step, in Markdown.
    guide: ClassVar[str]

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(labels=False)
        self._viewer = napari_viewer
        self.native_parent_changed.connect(self._moved)

    def lay_out(self, body: Container[Widget], *below: Widget) -> None:
        """Put in what scrolls, and what stays in sight below it."""
        self.body = body
        self.extend(below)
        self.native.layout().insertWidget(0, Scroll(body))

    def reset_choices(self, *_: Any) -> None:
        """Follow the layers of the viewer; napari calls it."""
        super().reset_choices()
        self.body.reset_choices()

    def help_text(self) -> str:
        """The help of the panel, in Markdown."""
        return self.guide

    def show_help(self) -> None:
        """Open a window that says what to do."""
        show_help(self.native, self.help_text())

    def closed(self) -> None:
        """Stop what runs and give back the viewer: the panel has been taken out of the window."""

    def _moved(self, parent: object = None) -> None:
        if self.native.parent() is None:
            self.closed()


class Scroll(QScrollArea):
    """As high as its content when there is room; otherwise it scrolls up and down, never sideways."""

    def __init__(self, content: Container[Widget]) -> None:
        super().__init__()
        self._content = content.native
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setWidget(self._content)
        self._content.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow fields that are shown and hidden."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.setMinimumWidth(self._least_width())
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrapped texts need another height at another width."""
        super().resizeEvent(event)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """No wider than it must be, and as high as the content at the present width."""
        layout, width = self._content.layout(), self.viewport().width()
        height = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()
        return QSize(self._least_width(), height + self.height() - self.viewport().height())

    def _least_width(self) -> int:
        return int(self._content.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width())
