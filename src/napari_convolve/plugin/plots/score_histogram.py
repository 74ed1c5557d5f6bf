"""How many places score how high, what chance would give, and a threshold to drag."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy

from .axes import Axes

#: Bars of features, bars below the threshold, chance, the threshold.
_HIT, _REST, _CHANCE, _HANDLE = "#e07b39", "#8a8f99", "#3b94d9", "#2ba583"
_BINS = 50
#: How near the mouse must be to take hold of the threshold, in pixels.
_NEAR = 12


class ScorePlot(Axes):
    """A histogram of scores from 0 to 1 on a logarithmic scale; the threshold is moved with the mouse."""

    #: While the threshold is dragged, and when it is let go.
    moved, released = Signal(float), Signal(float)

    def __init__(self) -> None:
        super().__init__(height=170)
        self.x_label = "score"
        self.counts: NDArray[np.float64] = np.zeros(_BINS)
        self.chance: NDArray[np.float64] = np.zeros(_BINS)
        self.threshold = 0.7
        self._held = False
        self.setMouseTracking(True)
        self.setToolTip("Drag the green line: what lies right of it is a hit")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_scores(self, scores: NDArray[np.float64], null: Any) -> None:
        """Draw other scores, and how many of each chance gives by `null` (None: not known)."""
        edges = np.linspace(0, 1, _BINS + 1)
        self.counts = np.histogram(scores, edges)[0].astype(float)
        self.chance = np.zeros(_BINS)
        if null is not None:
            expected = -np.diff(null.expected(edges))
            self.chance = np.where(edges[:-1] >= null.level, expected, 0.0)
        self.update()

    def show_threshold(self, threshold: float) -> None:
        """Put the threshold elsewhere."""
        self.threshold = threshold
        self.update()

    # --- places ----------------------------------------------------------------------------------------------------

    def x_of(self, score: float) -> float:
        """The pixel of a score."""
        return float(self.frame.left() + np.clip(score, 0, 1) * self.frame.width())

    def score_at(self, x: float) -> float:
        """The score at a pixel, to three digits."""
        return round(float(np.clip((x - self.frame.left()) / self.frame.width(), 0, 1)), 3)

    @property
    def _decades(self) -> int:
        return math.ceil(math.log10(max(float(self.counts.max()), 10.0)))

    def _y_of(self, count: float) -> float:
        """From 0.5, below which nothing is drawn, to the power of ten above the highest bar."""
        share = math.log10(2 * max(count, 0.5)) / math.log10(2 * 10.0**self._decades)
        return float(self.frame.bottom() - min(share, 1.0) * self.frame.height())

    # --- the mouse -------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.counts.any():
            self._held = True
            self._move(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._move(event)
        near = self._held or abs(event.pos().x() - self.x_of(self.threshold)) < _NEAR
        self.setCursor(Qt.CursorShape.SplitHCursor if near else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._move(event)
            self._held = False
            self.released.emit(self.threshold)

    def _move(self, event: QMouseEvent) -> None:
        self.show_threshold(self.score_at(event.pos().x()))
        self.moved.emit(self.threshold)

    # --- drawing ---------------------------------------------------------------------------------------------------

    def draw(self, painter: QPainter) -> None:
        columns = ((self.x_of(step / 5), f"{step / 5:g}") for step in range(6))
        lines = ((self._y_of(10.0**power), f"{10**power}") for power in range(self._decades + 1))
        self.draw_axes(painter, columns, lines)
        self._draw_bars(painter)
        self._draw_chance(painter)
        here = self.x_of(self.threshold)
        painter.setPen(QPen(QColor(_HANDLE), 3))
        painter.drawLine(QPointF(here, self.frame.top()), QPointF(here, self.frame.bottom()))

    def _draw_bars(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        for number in np.flatnonzero(self.counts):
            left, right = self.x_of(number / _BINS), self.x_of((number + 1) / _BINS)
            top = self._y_of(float(self.counts[number]))
            cut = min(max(self.x_of(self.threshold), left), right)
            for start, stop, colour in ((left, cut, _REST), (cut, right, _HIT)):
                painter.fillRect(QRectF(start, top, stop - start, self.frame.bottom() - top), QColor(colour))

    def _draw_chance(self, painter: QPainter) -> None:
        known = np.flatnonzero(self.chance >= 0.5)
        if known.size:
            points = [QPointF(self.x_of((n + 0.5) / _BINS), self._y_of(float(self.chance[n]))) for n in known]
            painter.setPen(QPen(QColor(_CHANCE), 2))
            painter.drawPolyline(QPolygonF(points))
        if self.chance.any():  # in the row of the axis label, where nothing is drawn over
            painter.setPen(QColor(_CHANCE))
            box = self.label_row(painter).adjusted(0, 0, -12, 0)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "by chance")
