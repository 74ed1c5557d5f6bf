"""The scrolled body of a panel."""

from __future__ import annotations

from collections.abc import Sequence

from magicgui.widgets import Container, Widget
from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy


def column(widgets: Sequence[Widget]) -> Container[Widget]:
    """Widgets below each other."""
    box: Container[Widget] = Container(widgets=widgets, labels=False)
    box.margins = (0, 0, 0, 0)
    return box


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
