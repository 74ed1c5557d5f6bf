"""Picture of a kernel: coloured cells, with their values if there is room."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QLineF, QPoint, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from ...kernels import Kernel
from .pictures import image_of

#: Colours of the most negative value, zero, and the most positive one.
_COLD, _ZERO, _WARM = np.array([[48, 96, 190], [245, 245, 245], [200, 60, 40]], dtype=float)
_HEIGHT = 290
#: Text of a value that is not 0 but would be written so.
_TINY = "≈0"
#: Smallest legible font size, in pixels.
_SMALLEST = 9


class KernelPicture(QWidget):
    """Draws a 1-D or 2-D kernel, or the plane of the centre of a 3-D one; blue is negative, red positive."""

    def __init__(self) -> None:
        super().__init__()
        self._values: NDArray[np.float64] = np.zeros((0, 0))
        self._center = (0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(_HEIGHT, _HEIGHT)

    def show_kernel(self, kernel: Kernel | None) -> None:
        if kernel is None:
            self._values = np.zeros((0, 0))
        else:
            self._values, self._center = kernel_plane(kernel)
        self.update()

    @property
    def texts(self) -> list[list[str]] | None:
        """The values as written into the cells; None without room for them."""
        return self._fitted()[0]

    def _fitted(self) -> tuple[list[list[str]] | None, QFont]:
        """The values with the most digits, in the largest font, that fit into the cells."""
        font = QFont(self.font())
        room = self._cell() - 4 if self._values.size else 0.0
        for digits, size in ((4, 13), (3, 13), (3, 11), (2, 11), (2, _SMALLEST)):
            font.setPixelSize(size)
            metrics = QFontMetricsF(font)
            if metrics.height() > room:
                continue
            texts = [[_number(value, digits) for value in row] for row in self._values]
            if max(metrics.horizontalAdvance(text) for row in texts for text in row) <= room:
                return texts, font
        return None, font

    def _cell(self) -> float:
        rows, columns = self._values.shape
        return float(min(self.width() / columns, self.height() / rows))

    def _origin(self) -> tuple[float, float]:
        rows, columns = self._values.shape
        cell = self._cell()
        return (self.width() - columns * cell) / 2, (self.height() - rows * cell) / 2

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._values.size:
            return
        painter, cell, (left, top) = QPainter(self), self._cell(), self._origin()
        rows, columns = self._values.shape
        colours = colours_of(self._values)
        painter.drawImage(QRectF(left, top, columns * cell, rows * cell), image_of(colours))
        painter.setPen(QPen(QColor(128, 128, 128, 90), 1))
        if cell >= 6:
            painter.drawLines(
                [QLineF(left, top + i * cell, left + columns * cell, top + i * cell) for i in range(rows + 1)]
                + [QLineF(left + j * cell, top, left + j * cell, top + rows * cell) for j in range(columns + 1)]
            )
        texts, font = self._fitted()
        painter.setFont(font)
        for i, row in enumerate(texts or []):
            for j, text in enumerate(row):
                dark = colours[i, j] @ (0.3, 0.6, 0.1) < 140
                painter.setPen(QColor("gray" if text == _TINY else "white" if dark else "black"))
                painter.drawText(
                    QRectF(left + j * cell, top + i * cell, cell, cell), Qt.AlignmentFlag.AlignCenter, text
                )
        i, j = self._center
        painter.setPen(QPen(QColor("black"), max(1.0, cell / 24)))
        painter.drawRect(QRectF(left + j * cell, top + i * cell, cell, cell))
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Show the value below the mouse as a tooltip."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._values.size:
            QToolTip.showText(event.globalPos(), self.text_at(event.pos()), self)
            return True
        return bool(super().event(event))

    def text_at(self, place: QPoint) -> str:
        """Index and value of the cell at a pixel; empty outside the cells."""
        left, top = self._origin()
        row, column = int((place.y() - top) // self._cell()), int((place.x() - left) // self._cell())
        if not (0 <= row < self._values.shape[0] and 0 <= column < self._values.shape[1]):
            return ""
        return f"row {row}, column {column}: {self._values[row, column]:.6g}"


def kernel_plane(kernel: Kernel) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The plane of the last two axes through the centre, absolute values if complex, and the centre in it."""
    plane = np.abs(kernel.values) if kernel.values.dtype.kind == "c" else kernel.values
    plane = plane[kernel.center[:-2]]
    return np.atleast_2d(np.asarray(plane, dtype=float)), (
        kernel.center[-2] if kernel.ndim > 1 else 0,
        kernel.center[-1],
    )


def colours_of(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """RGB colours on a scale that is symmetric about 0."""
    share = np.clip(values / (np.abs(values).max() or 1.0), -1, 1)[..., None]
    mixed = _ZERO + np.abs(share) * (np.where(share < 0, _COLD, _WARM) - _ZERO)
    return np.asarray(mixed.round(), dtype=np.uint8)


def _number(value: float, digits: int) -> str:
    """A value with so many digits, without the zero before the decimal point."""
    if value and abs(value) < 0.5 * 10.0**-digits:
        return _TINY
    text = f"{value:.{digits}f}" if abs(value) < 1 else f"{value:.{digits}g}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("0.", ".", 1) if abs(value) < 1 and value else text
