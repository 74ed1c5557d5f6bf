"""Editor of a curve whose points are dragged with the mouse or moved with the arrow keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QPointF, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF

from .kernel_curves import Line
from .line_plot import LinePlot

#: Distance from the mouse at which a point is grabbed, in pixels.
_NEAR = 12
_TOP = 1.5
#: Least distance of neighbouring points, as a share of the axis.
_APART = 0.005

Points = tuple[tuple[float, float], ...]


class CurveEditor(LinePlot):
    """A target gain over frequency; points are shares of the highest frequency, and gains."""

    #: A point was moved, added or removed.
    moved = Signal()

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        super().__init__()
        self._points = list(points)
        self._held: int | None = None
        self.chosen = 0
        self.highest, self.reached = 0.5, ()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip("Drag the points. Double click: a new point. Del: take the chosen one away. Arrow keys move it")
        self.limits = (0.0, 0.5, 0.0, _TOP)

    @property
    def points(self) -> Points:
        return tuple(self._points)

    @points.setter
    def points(self, points: Sequence[tuple[float, float]]) -> None:
        self._points = [(float(f), float(gain)) for f, gain in points]
        self.chosen = min(self.chosen, len(self._points) - 1)
        self.update()

    def show_reached(self, lines: Sequence[Line], highest: float, label: str) -> None:
        """Draw the response of a kernel under the curve, for frequencies up to `highest`."""
        self.highest = highest
        self.show_lines([Line(line.name, line.x, line.y) for line in lines], label, "gain")
        self.limits = (0.0, highest, min(0.0, self.limits[2]), max(_TOP, self.limits[3]))

    def where(self, index: int) -> QPointF:
        """The pixel of a point."""
        share, gain = self._points[index]
        return self.place(share * self.highest, gain)

    def draw_more(self, painter: QPainter) -> None:
        ink = self.palette().color(self.foregroundRole())
        painter.setPen(QPen(ink, 1.5, Qt.PenStyle.DotLine))
        places = [self.where(i) for i in range(len(self._points))]
        painter.drawPolyline(QPolygonF(places))
        painter.setPen(QPen(ink, 1.5))
        for i, place in enumerate(places):
            painter.setBrush(ink if i == self.chosen and self.hasFocus() else QColor(128, 128, 128))
            painter.drawEllipse(place, 5, 5)

    def _nearest(self, place: QPointF) -> int | None:
        distances = [(self.where(i) - place).manhattanLength() for i in range(len(self._points))]
        best = int(np.argmin(distances))
        return best if distances[best] <= _NEAR else None

    def _move(self, share: float, gain: float) -> None:
        """Move the chosen point; it stays between its neighbours, and the first and the last keep their frequency."""
        i, last = self.chosen, len(self._points) - 1
        low = self._points[i - 1][0] + _APART if i else 0.0
        high = self._points[i + 1][0] - _APART if 0 < i < last else 1.0 if i else 0.0
        self._points[i] = (float(np.clip(share, 1.0 if i == last else low, high)), float(np.clip(gain, 0, _TOP)))
        self.update()
        self.moved.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._held = self._nearest(event.position())
        if self._held is not None:
            self.chosen = self._held
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            f, gain = self.point(event.position())
            self._move(f / self.highest, gain)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Add a point, unless there is one near."""
        f, gain = self.point(event.position())
        share = f / self.highest
        if self._nearest(event.position()) is None and 0 < share < 1:
            self.chosen = next(i for i, (other, _) in enumerate(self._points) if other > share)
            self._points.insert(self.chosen, (share, gain))
            self._move(share, gain)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys move the chosen point, Page Up and Down choose another one, Del removes it."""
        share, gain = self._points[self.chosen]
        steps = {
            Qt.Key.Key_Left: (-0.02, 0.0),
            Qt.Key.Key_Right: (0.02, 0.0),
            Qt.Key.Key_Up: (0.0, 0.05),
            Qt.Key.Key_Down: (0.0, -0.05),
        }
        other = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
        key = Qt.Key(event.key())
        if key in steps:
            self._move(share + steps[key][0], gain + steps[key][1])
        elif key in other:
            self.chosen = (self.chosen + other[key]) % len(self._points)
            self.update()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and 0 < self.chosen < len(self._points) - 1:
            del self._points[self.chosen]
            self.update()
            self.moved.emit()
        else:
            super().keyPressEvent(event)
