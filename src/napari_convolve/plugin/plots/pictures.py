"""Images of arrays for Qt, and widgets whose height depends on their width."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSize
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QSizePolicy, QWidget


def image_of(samples: NDArray[np.uint8]) -> QImage:
    """A grey image (2-D samples) or an RGB image (a last axis of 3), with memory of its own."""
    rows, columns = samples.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if samples.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(samples.tobytes(), columns, rows, samples.size // rows, kind).copy()


def middle_plane(values: NDArray[Any]) -> NDArray[Any]:
    """The middle plane of a volume; 1-D values as one row."""
    while values.ndim > 2:
        values = values[len(values) // 2]
    return np.atleast_2d(values)


class HeightForWidth(QWidget):
    """Base class of widgets as wide as the panel and as high as their content needs at that width."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self._height = height
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def height_needed(self) -> int:
        """Height for the present width, in pixels."""
        raise NotImplementedError

    def update_height(self) -> None:
        """Ask the layout for another height, only if it has changed: the layout may change the width in turn."""
        height = self.height_needed()
        if height != self._height:
            self._height = height
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(300, self._height)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self._height)

    def resizeEvent(self, event: object) -> None:
        self.update_height()
