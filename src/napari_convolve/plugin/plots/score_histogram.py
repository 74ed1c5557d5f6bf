"""Histogram of detection scores with the null distribution and a threshold that can be dragged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy

from .axes import PlotAxes

#: Colours: bars above the threshold, bars below it, expected counts by chance, the threshold.
_HIT, _REST, _NULL, _HANDLE = "#e07b39", "#8a8f99", "#3b94d9", "#2ba583"
_BINS = 50
#: Distance from the mouse at which the cursor shows that the threshold can be dragged, in pixels.
_NEAR = 12


class ScorePlot(PlotAxes):
    """A histogram of scores from 0 to 1 with logarithmic counts; the threshold is moved with the mouse."""

    #: Emitted with the threshold while it is dragged, and when it is released.
    moved, released = Signal(float), Signal(float)

    def __init__(self) -> None:
        super().__init__(height=170)
        self.x_label = "score"
        self.counts: NDArray[np.float64] = np.zeros(_BINS)
        self.expected: NDArray[np.float64] = np.zeros(_BINS)
        self.threshold = 0.7
        self._held = False
        self.setMouseTracking(True)
        self.setToolTip("Drag the green line: what lies right of it is a hit")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_scores(self, scores: NDArray[np.float64], null: Any) -> None:
        """Draw scores, and the counts that the null distribution `null` expects, if it is known."""
        edges = np.linspace(0, 1, _BINS + 1)
        self.counts = np.histogram(scores, edges)[0].astype(float)
        self.expected = np.zeros(_BINS)
        if null is not None:
            expected = -np.diff(null.expected(edges))
            self.expected = np.where(edges[:-1] >= null.level, expected, 0.0)
        self.update()

    def show_threshold(self, threshold: float) -> None:
        self.threshold = threshold
        self.update()

    # --- places ----------------------------------------------------------------------------------------------------

    def x_of(self, score: float) -> float:
        return float(self.frame.left() + np.clip(score, 0, 1) * self.frame.width())

    def score_at(self, x: float) -> float:
        """The score at a pixel, to three digits."""
        return round(float(np.clip((x - self.frame.left()) / self.frame.width(), 0, 1)), 3)

    @property
    def _decades(self) -> int:
        return math.ceil(math.log10(max(float(self.counts.max()), 10.0)))

    def _y_of(self, count: float) -> float:
        """Pixel of a count; the axis is from 0.5 to the power of ten above the highest bar."""
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
        self._draw_expected(painter)
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

    def _draw_expected(self, painter: QPainter) -> None:
        known = np.flatnonzero(self.expected >= 0.5)
        if known.size:
            points = [QPointF(self.x_of((n + 0.5) / _BINS), self._y_of(float(self.expected[n]))) for n in known]
            painter.setPen(QPen(QColor(_NULL), 2))
            painter.drawPolyline(QPolygonF(points))
        if self.expected.any():  # in the row of the axis label, where no bar is
            painter.setPen(QColor(_NULL))
            box = self.label_row(painter).adjusted(0, 0, -12, 0)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "by chance")
