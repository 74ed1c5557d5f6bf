"""A line plot that is drawn in a millisecond."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from .axes import PlotAxes
from .kernel_curves import Line

#: Legible on dark and on light themes, and distinguishable with red-green blindness.
LINE_COLOURS = ("#e07b39", "#3b94d9", "#2ba583", "#b06fc4")
#: Most points of a line that get dots.
_MOST_DOTS = 41


class LinePlot(PlotAxes):
    """Lines over one another, with a legend."""

    def __init__(self) -> None:
        super().__init__(height=190)
        self.lines: tuple[Line, ...] = ()
        self.dots = False
        self.limits = (0.0, 1.0, 0.0, 1.0)

    def show_lines(self, lines: Sequence[Line], x_label: str, y_label: str = "", *, dots: bool = False) -> None:
        """Draw lines, with limits that enclose them and y = 0."""
        self.lines, self.x_label, self.y_label, self.dots = tuple(lines), x_label, y_label, dots
        if lines:
            x = np.concatenate([line.x for line in lines])
            y = np.concatenate([line.y for line in lines])
            low, high = min(0.0, float(y.min())), max(0.0, float(y.max()))
            room = 0.06 * ((high - low) or 1.0)
            left, right = float(x.min()), float(x.max())
            self.limits = (left, right if right > left else left + 1, low - (room if low < 0 else 0), high + room)
        self.update()

    # --- places ----------------------------------------------------------------------------------------------------

    def place(self, x: float, y: float) -> QPointF:
        frame, (left, right, low, high) = self.frame, self.limits
        return QPointF(
            frame.left() + (x - left) / (right - left) * frame.width(),
            frame.bottom() - (y - low) / (high - low) * frame.height(),
        )

    def point(self, place: QPointF) -> tuple[float, float]:
        frame, (left, right, low, high) = self.frame, self.limits
        x = left + (place.x() - frame.left()) / frame.width() * (right - left)
        return x, low + (frame.bottom() - place.y()) / frame.height() * (high - low)

    # --- drawing ---------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        frame, (left, right, low, high) = self.frame, self.limits
        columns = ticks(left, right, max(2, int(frame.width() / 60)))
        lines = ticks(low, high, max(2, int(frame.height() / 36)))
        self.draw_axes(
            painter,
            ((self.place(x, 0).x(), f"{x:.6g}") for x in columns),
            ((self.place(0, y).y(), f"{y:.4g}") for y in lines),
        )
        painter.setClipRect(frame.adjusted(-4, -4, 4, 4))
        for line, colour in zip(self.lines, LINE_COLOURS, strict=False):
            self._draw_line(painter, line, QColor(colour))
        painter.setClipping(False)
        self._draw_legend(painter)
        self.draw_more(painter)

    def draw_more(self, painter: QPainter) -> None:
        """Draw on top of the lines; for subclasses."""

    def _draw_line(self, painter: QPainter, line: Line, colour: QColor) -> None:
        points = [self.place(x, y) for x, y in zip(line.x, line.y, strict=True)]
        painter.setPen(QPen(colour, 2))
        painter.drawPolyline(QPolygonF(points))
        if self.dots and len(points) <= _MOST_DOTS:
            painter.setBrush(colour)
            for point in points:
                painter.drawEllipse(point, 3, 3)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.5, Qt.PenStyle.DashLine))
        for x in line.marks:
            here = self.place(x, 0).x()
            painter.drawLine(QPointF(here, self.frame.top()), QPointF(here, self.frame.bottom()))

    def _draw_legend(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(painter.font())
        named = [line.name for line in self.lines if line.name]
        width = max((metrics.horizontalAdvance(name) for name in named), default=0.0)
        for row, (name, colour) in enumerate(zip(named, LINE_COLOURS, strict=False)):
            top = self.frame.top() + 4 + row * metrics.height()
            painter.setPen(QColor(colour))
            box = QRectF(self.frame.right() - width - 6, top, width + 1, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, name)


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` round numbers (steps of 1, 2 or 5) in a closed interval.

    Examples
    --------
    >>> ticks(0, 1, 5), ticks(-3.2, 3.2, 4)
    ([0.0, 0.5, 1.0], [-2.0, 0.0, 2.0])
    """
    least = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(s * power for s in (1, 2, 5, 10, 20) if (high + 1e-9 * least - low) // (s * power) + 1 <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) + 0.0 for i in range(first, last + 1)]
