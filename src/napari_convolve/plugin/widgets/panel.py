"""Base class of all panels: a scrolling body above widgets that stay visible."""

from __future__ import annotations

from typing import Any, ClassVar

from magicgui.widgets import Container, Widget
from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy

from .help_dialog import show_help


class Panel(Container[Widget]):
    """A dock widget of napari."""

    #: How to use the panel, in Markdown.
    guide: ClassVar[str]

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(labels=False)
        self._viewer = napari_viewer
        self.native_parent_changed.connect(self._moved)

    def lay_out(self, body: Container[Widget], *below: Widget) -> None:
        """Fill the panel: `body` scrolls, the widgets below it stay visible."""
        self.body = body
        self.extend(below)
        self.native.layout().insertWidget(0, Scroll(body))

    def reset_choices(self, *_: Any) -> None:
        """Update the choices of layers; napari calls this."""
        super().reset_choices()
        self.body.reset_choices()

    def help_text(self) -> str:
        return self.guide

    def show_help(self) -> None:
        show_help(self.native, self.help_text())

    def closed(self) -> None:
        """Stop computations and disconnect from the viewer: the panel was taken out of the window."""

    def _moved(self, parent: object = None) -> None:
        if self.native.parent() is None:
            self.closed()


class Scroll(QScrollArea):
    """A scroll area as high as its content if there is room; it never scrolls sideways."""

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
        """Adapt the size when fields are shown or hidden."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.setMinimumWidth(self._least_width())
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for another height: wrapped texts depend on the width."""
        super().resizeEvent(event)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """The least width, and the height of the content at the present width."""
        layout, width = self._content.layout(), self.viewport().width()
        height = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()
        return QSize(self._least_width(), height + self.height() - self.viewport().height())

    def _least_width(self) -> int:
        return int(self._content.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width())
