"""Axes of a plot with ticks and labels, drawn with QPainter in the colours of napari's theme."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

_LETTERS = 12


class PlotAxes(QWidget):
    """Base class of plots, which override `draw`; docks squash widgets without a minimum height."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self.x_label, self.y_label = "", ""
        self.setMinimumHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(290, self.minimumHeight())

    @property
    def frame(self) -> QRectF:
        """The area of the data, in pixels of the widget."""
        top = 22 if self.y_label else 8
        return QRectF(46, top, max(self.width() - 58.0, 1.0), max(self.height() - 40.0 - top, 1.0))

    def draw(self, painter: QPainter) -> None:
        """Draw the plot."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(_LETTERS)
        painter.setFont(font)
        self.draw(painter)
        painter.end()

    def draw_axes(
        self, painter: QPainter, columns: Iterable[tuple[float, str]], lines: Iterable[tuple[float, str]]
    ) -> None:
        """Draw grid and labels; `columns` and `lines` are pixel and text of each tick along x and along y."""
        frame, ink = self.frame, self.palette().color(self.foregroundRole())
        faint = QColor(ink)
        faint.setAlpha(45)
        height = QFontMetricsF(painter.font()).height()
        for x, text in columns:
            painter.setPen(QPen(faint, 1))
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
            painter.setPen(ink)
            painter.drawText(QRectF(x - 30, frame.bottom() + 3, 60, height), Qt.AlignmentFlag.AlignHCenter, text)
        for y, text in lines:
            painter.setPen(QPen(ink if text == "0" else faint, 1))
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            painter.setPen(ink)
            box = QRectF(0, y - height / 2, frame.left() - 5, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        painter.drawText(self.label_row(painter), Qt.AlignmentFlag.AlignCenter, self.x_label)
        painter.drawText(QRectF(4, 1, self.width(), height), Qt.AlignmentFlag.AlignLeft, self.y_label)

    def label_row(self, painter: QPainter) -> QRectF:
        """The area of the label of the horizontal axis."""
        height = QFontMetricsF(painter.font()).height()
        return QRectF(0, self.height() - height - 2, self.width(), height)
