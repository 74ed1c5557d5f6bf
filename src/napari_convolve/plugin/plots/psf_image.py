"""Picture of a PSF: the plane in focus beside the plane along the optical axis."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from ...kernels import Kernel
from .pictures import image_of

_HEIGHT, _LABEL, _GAP = 150, 18, 10


class PsfPicture(QWidget):
    """Draws xy and xz through the centre, as the square root of the intensity, which shows the rings."""

    def __init__(self) -> None:
        super().__init__()
        self.planes: list[tuple[str, np.ndarray, float, tuple[int, int]]] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(2 * _HEIGHT, _HEIGHT + _LABEL)

    def show_kernel(self, kernel: Kernel | None) -> None:
        self.planes = [] if kernel is None else psf_planes(kernel)
        self.setVisible(bool(self.planes))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the planes side by side, to scale, with a cross at the centre."""
        painter = QPainter(self)
        room = (self.width() - _GAP) / 2
        for number, (name, values, ratio, center) in enumerate(self.planes):
            rows, columns = values.shape
            step = min(room / columns, _HEIGHT / (rows * ratio))
            wide, high = columns * step, rows * step * ratio
            left, top = number * (room + _GAP), float(_LABEL)
            painter.setPen(self.palette().color(self.foregroundRole()))
            painter.drawText(QRectF(left, 0, room, _LABEL), Qt.AlignmentFlag.AlignLeft, name)
            grey = (255 * np.sqrt(np.clip(values / (values.max() or 1), 0, 1))).astype(np.uint8)
            painter.drawImage(QRectF(left, top, wide, high), image_of(grey))
            painter.setPen(QPen(QColor(240, 180, 0, 170), 1))
            x, y = left + (center[1] + 0.5) * step, top + (center[0] + 0.5) * step * ratio
            for dx, dy in ((5, 0), (0, 5)):
                painter.drawLine(int(x - 3 * dx), int(y - 3 * dy), int(x - dx), int(y - dy))
                painter.drawLine(int(x + dx), int(y + dy), int(x + 3 * dx), int(y + 3 * dy))
        painter.end()


def psf_planes(kernel: Kernel) -> list[tuple[str, np.ndarray, float, tuple[int, int]]]:
    """Name, values, aspect ratio of the pixels (height / width) and centre of each plane."""
    if kernel.ndim < 2 or kernel.values.dtype.kind == "c":
        return []
    steps, center = kernel.spacing or (1.0,) * kernel.ndim, kernel.center
    flat = kernel.values[center[:-2]]
    found = [("in focus (xy)", flat, steps[-2] / steps[-1], (center[-2], center[-1]))]
    if kernel.ndim >= 3 and kernel.shape[-3] > 1:
        along = kernel.values[center[:-3]][:, center[-2]]
        found.append(("along the axis (xz)", along, steps[-3] / steps[-1], (center[-3], center[-1])))
    return found
