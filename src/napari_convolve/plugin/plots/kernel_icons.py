"""Small pictures of kernels, drawn from their values: as icons of the catalogue, and side by side."""

from __future__ import annotations

from functools import cache

import numpy as np
from qtpy.QtCore import QSize
from qtpy.QtGui import QIcon, QImage, QPainter, QPaintEvent, QPixmap
from qtpy.QtWidgets import QComboBox

from ...kernels import KERNELS
from .kernel_image import colours_of, plane_of
from .pictures import Fitted, image_of

_SIZE = 20
_FEW = 3
_SIDE, _GAP = 34, 4


def add_icons(box: QComboBox) -> None:
    """Put a picture before every entry whose value is the name of a kernel."""
    box.setIconSize(QSize(_SIZE, _SIZE))
    for row in range(box.count()):
        name = box.itemData(row)
        if isinstance(name, str) and name in KERNELS:
            box.setItemIcon(row, icon(name))


@cache
def icon(name: str) -> QIcon:
    """The kernel with its default parameters, and a few pixels for lengths that have none; empty if that is not it."""
    design = KERNELS.get(name)
    needed = [p.name for p in design.signature.parameters.values() if p.default is p.empty]
    try:
        kernel = design(**dict.fromkeys(needed, "1 2 1; 2 4 2; 1 2 1" if name == "custom" else _FEW))
    except (TypeError, ValueError):
        return QIcon()
    plane = plane_of(kernel)[0]
    colours = colours_of(np.pad(plane, 1) if plane.size == 1 else plane)  # a single weight stands in the middle
    # 1-D kernels become a band, all others fill the square
    height = _SIZE if len(colours) > 1 else _SIZE // 3
    return QIcon(QPixmap.fromImage(image_of(colours).scaled(_SIZE, height)))


class KernelPictures(Fitted):
    """Kernels side by side: red is positive, blue negative."""

    def __init__(self) -> None:
        super().__init__(height=_SIDE + _GAP)
        self._images: list[QImage] = []

    def show_planes(self, planes: list[np.ndarray]) -> None:
        """Draw kernels, or none."""
        self._images = [image_of(colours_of(plane)) for plane in planes]
        self.setVisible(bool(planes))
        self.measure()
        self.update()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._images)

    def _across(self) -> int:
        return max(int(self.width() + _GAP) // (_SIDE + _GAP), 1)

    def needed(self) -> int:
        return -(-max(self.count, 1) // self._across()) * (_SIDE + _GAP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, across = QPainter(self), self._across()
        for number, image in enumerate(self._images):
            line, place = divmod(number, across)
            scaled = image.scaled(_SIDE, _SIDE if image.height() > 1 else _SIDE // 3)
            painter.drawImage(place * (_SIDE + _GAP), line * (_SIDE + _GAP), scaled)
        painter.end()
