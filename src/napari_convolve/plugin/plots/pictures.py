"""Pictures made of arrays, and widgets whose height follows their width."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QSize
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QSizePolicy, QWidget


def image_of(samples: NDArray[np.uint8]) -> QImage:
    """A picture of shades of grey (2-D) or of colours (a last axis of 3), with memory of its own."""
    rows, columns = samples.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if samples.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(samples.tobytes(), columns, rows, samples.size // rows, kind).copy()


def middle_plane(values: NDArray[Any]) -> NDArray[Any]:
    """The middle plane of a volume; a sequence as one row."""
    while values.ndim > 2:
        values = values[len(values) // 2]
    return np.atleast_2d(values)


class Fitted(QWidget):
    """Base of widgets that are as wide as the panel, and as high as their content needs at this width."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self._height = height
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def needed(self) -> int:
        """The height for the present width."""
        raise NotImplementedError

    def measure(self) -> None:
        """Ask the layout for another height, and only when it is another one: it may answer with another width."""
        height = self.needed()
        if height != self._height:
            self._height = height
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As high as the content needs."""
        return QSize(300, self._height)

    def minimumSizeHint(self) -> QSize:
        """Never wider than a panel."""
        return QSize(200, self._height)

    def resizeEvent(self, event: object) -> None:
        """Another width may need another height."""
        self.measure()
