"""Grids with the numbers of one window of a convolution: samples, weights, products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QRectF, Qt
from qtpy.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from qtpy.QtWidgets import QToolTip

from ...ops.inspection.patch import Patch
from ..plots.pictures import HeightForWidth

#: Colours of the outline of the window, and of the weights on a dark and on a light background.
YELLOW, RED, DARK_RED = "#ffd400", "#ff6b5e", "#c2200f"
#: Most columns of grids that are side by side (else below each other), and of grids with numbers.
_BESIDE, _READABLE = 4, 11
_TITLE, _GAP, _SMALLEST = 20, 8, 9
#: Steps down and to the right for each arrow key.
_ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


@dataclass(frozen=True, eq=False)
class Grid:
    """A plane of numbers with a title."""

    title: str
    values: NDArray[np.float64]
    red: bool = False


class PatchGrids(HeightForWidth):
    """Draws the grids of a patch, or of one slice of a patch with three axes.

    Samples that the boundary rule supplied are hatched among the samples and the products; samples that are left out
    are crossed out everywhere. After a click, the arrow keys call `move` with steps down and to the right.
    """

    def __init__(self, move: Callable[[int, int], None] = lambda down, right: None) -> None:
        super().__init__(height=110)
        self._move = move
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._patch: Patch | None = None
        self._grids: list[Grid] = []
        self._supplied = self._missing = np.zeros((0, 0), bool)
        self._slice = 0

    def show_patch(self, patch: Patch | None, plane: int, flipped: bool) -> None:
        self._patch, self._slice = patch, plane
        if patch is None:
            self._grids = []
        else:
            kernel = "× kernel, flipped" if flipped else "× kernel, as it is"
            named = (
                ("image", patch.values, False),
                (kernel, patch.weights, True),
                ("= products", patch.products, False),
            )
            self._grids = [Grid(name, self._plane(values), red) for name, values, red in named]
            self._supplied, self._missing = self._plane(patch.supplied), self._plane(~patch.valid)
        self.update_height()
        self.update()

    def _plane(self, values: NDArray[Any]) -> NDArray[Any]:
        if values.ndim == 1:
            return values[None, :]
        return values if values.ndim == 2 else values[min(self._slice, len(values) - 1)]

    @property
    def _columns(self) -> int:
        return self._grids[0].values.shape[1] if self._grids else 1

    @property
    def _beside(self) -> bool:
        return self._columns <= _BESIDE

    @property
    def has_numbers(self) -> bool:
        """Whether there is room for the numbers; otherwise only tooltips show them."""
        return self._columns <= _READABLE

    def _cell(self, width: float) -> tuple[float, float]:
        """Width and height of a cell."""
        if not self._grids:
            return 1.0, 1.0
        rows = self._grids[0].values.shape[0]
        across = (width - 2 * _GAP - 4) / 3 if self._beside else width - 4
        wide = across / self._columns
        if not self.has_numbers:
            wide = min(wide, 150 / max(rows, self._columns))
            return wide, wide
        return wide, min(wide, 30.0 if self._columns <= 7 else 22.0)

    def _boxes(self) -> list[QRectF]:
        """The areas of the grids, without their titles."""
        wide, high = self._cell(self.width())
        found, left, top = [], 1.0, float(_TITLE)
        small = not self.has_numbers
        for grid in self._grids:
            rows, columns = grid.values.shape
            box = QRectF(left, top, wide * columns, high * rows)
            found.append(box)
            if self._beside or (small and box.right() + _GAP + box.width() <= self.width()):
                left = box.right() + _GAP
            else:
                left, top = 1.0, box.bottom() + _TITLE + 2
        return found

    def height_needed(self) -> int:
        return int(max((box.bottom() for box in self._boxes()), default=110)) + 3

    def texts(self, number: int) -> list[list[str]]:
        return self._fitted(number)[1]

    def _fitted(self, number: int) -> tuple[QFont, list[list[str]]]:
        """The largest font and the most digits for which the numbers of a grid fit."""
        wide, _ = self._cell(self.width())
        values = self._grids[number].values
        font = QFont(self.font())
        texts: list[list[str]] = []
        for digits, size in ((4, 12), (3, 12), (3, 10), (2, 10), (2, _SMALLEST)):
            font.setPixelSize(size)
            metrics, texts = QFontMetricsF(font), cell_texts(values, digits)
            longest = max((text for row in texts for text in row), key=len)
            if metrics.horizontalAdvance(longest) <= wide - 3:
                break
        return font, texts

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        text = self.palette().color(QPalette.ColorRole.WindowText)
        dark = text.lightness() > 128
        for number, (grid, box) in enumerate(zip(self._grids, self._boxes(), strict=True)):
            painter.setPen(text)
            painter.setFont(self.font())
            title = QRectF(box.left(), box.top() - _TITLE, max(box.width(), 100.0), _TITLE)
            painter.drawText(title, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, grid.title)
            self._draw(painter, number, box, QColor(RED if dark else DARK_RED) if grid.red else text)
        painter.end()

    def _draw(self, painter: QPainter, number: int, box: QRectF, colour: QColor) -> None:
        grid = self._grids[number]
        rows, columns = grid.values.shape
        wide, high = box.width() / columns, box.height() / rows
        size = float(np.nanmax(np.abs(grid.values), initial=0.0)) or 1.0
        shade = QColor(RED) if grid.red else QColor(128, 160, 200)
        font, texts = self._fitted(number) if self.has_numbers else (self.font(), [])
        painter.setFont(font)
        for i, row in enumerate(grid.values):
            for j, value in enumerate(row):
                cell = QRectF(box.left() + j * wide, box.top() + i * high, wide, high)
                strength = abs(value) / size if np.isfinite(value) else 0.0
                shade.setAlpha(int((90 if self.has_numbers else 230) * strength))
                painter.fillRect(cell, shade)
                if not grid.red and self._supplied[i, j]:
                    painter.fillRect(cell, QBrush(QColor(90, 150, 255, 170), Qt.BrushStyle.BDiagPattern))
                if texts:
                    painter.setPen(colour)
                    painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, texts[i][j])
                if self._missing[i, j]:
                    painter.setPen(colour)
                    painter.drawLine(cell.topLeft(), cell.bottomRight())
                    painter.drawLine(cell.topRight(), cell.bottomLeft())
        painter.setPen(QPen(QColor(128, 128, 128, 120), 1))
        if wide >= 5:
            for i in range(1, rows):
                y = box.top() + i * high
                painter.drawLine(int(box.left()), int(y), int(box.right()), int(y))
            for j in range(1, columns):
                x = box.left() + j * wide
                painter.drawLine(int(x), int(box.top()), int(x), int(box.bottom()))
        painter.setPen(QPen(QColor(YELLOW if number == 0 else "gray"), 2 if number == 0 else 1))
        painter.drawRect(box)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ARROWS and self._grids:
            self._move(*_ARROWS[event.key()])
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Show the exact numbers below the mouse as a tooltip."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._grids:
            QToolTip.showText(event.globalPos(), self.text_at(event.pos().x(), event.pos().y()), self)
            return True
        return bool(super().event(event))

    def text_at(self, x: float, y: float) -> str:
        """Sample, weight and product of the cell at a pixel."""
        for box in self._boxes():
            if box.contains(x, y):
                rows, columns = self._grids[0].values.shape
                i = min(int((y - box.top()) / box.height() * rows), rows - 1)
                j = min(int((x - box.left()) / box.width() * columns), columns - 1)
                sample, weight, product = (f"{grid.values[i, j]:.6g}" for grid in self._grids)
                rule = ", supplied by the boundary rule" if self._supplied[i, j] else ""
                left_out = ", left out" if self._missing[i, j] else ""
                return f"{sample} × {weight} = {product}{rule}{left_out}"
        return ""


def cell_texts(values: NDArray[np.float64], digits: int) -> list[list[str]]:
    """Short texts of numbers with the same decimals; ``~0`` for what is rounded to 0.

    Examples
    --------
    >>> cell_texts(np.array([[0.1234, -2.0, 0.0, 1e-9]]), 3)
    [['.12', '−2.00', '0', '~0']]
    >>> cell_texts(np.array([[1234.0, -2.0, np.nan]]), 3), cell_texts(np.array([[2.5e-9, 1e-9]]), 2)
    ([['1234', '−2', 'NaN']], [['2.5e−9', '1.0e−9']])
    """
    finite = values[np.isfinite(values)]
    size = float(np.abs(finite).max(initial=0.0))
    whole = bool((finite == np.round(finite)).all())
    decimals = 0 if whole or not size else int(np.clip(digits - 1 - np.floor(np.log10(size)), 0, 6))
    tiny = size >= 1e6 or 0 < size < 1e-3

    def one(value: float) -> str:
        if not np.isfinite(value):
            return "NaN" if np.isnan(value) else ("∞" if value > 0 else "−∞")
        if value == 0:
            return "0"
        text = f"{value:.{digits - 1}e}".replace("e-0", "e-").replace("e+0", "e") if tiny else f"{value:.{decimals}f}"
        if not tiny and float(text) == 0:
            return "~0"
        sign, text = ("−", text[1:]) if text.startswith("-") else ("", text)
        return sign + (text[1:] if text.startswith("0.") else text).replace("-", "−")

    return [[one(float(value)) for value in row] for row in values]
