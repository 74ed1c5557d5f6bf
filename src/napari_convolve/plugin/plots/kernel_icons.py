"""Icons of the kernels of the catalogue, and small pictures of kernels side by side."""

from __future__ import annotations

from functools import cache

import numpy as np
from qtpy.QtCore import QSize
from qtpy.QtGui import QIcon, QImage, QPainter, QPaintEvent, QPixmap
from qtpy.QtWidgets import QComboBox

from ...kernels import KERNELS
from .kernel_image import colours_of, kernel_plane
from .pictures import HeightForWidth, image_of

_SIZE = 20
#: Value of parameters without a default.
_FEW = 3
_SIDE, _GAP = 34, 4


def add_icons(box: QComboBox) -> None:
    """Add an icon to each entry whose value is the name of a kernel."""
    box.setIconSize(QSize(_SIZE, _SIZE))
    for row in range(box.count()):
        name = box.itemData(row)
        if isinstance(name, str) and name in KERNELS:
            box.setItemIcon(row, icon(name))


@cache
def icon(name: str) -> QIcon:
    """Icon of a kernel with default parameters; empty if it cannot be made from these."""
    design = KERNELS.get(name)
    needed = [p.name for p in design.signature.parameters.values() if p.default is p.empty]
    try:
        kernel = design(**dict.fromkeys(needed, "1 2 1; 2 4 2; 1 2 1" if name == "custom" else _FEW))
    except (TypeError, ValueError):
        return QIcon()
    plane = kernel_plane(kernel)[0]
    colours = colours_of(np.pad(plane, 1) if plane.size == 1 else plane)  # a frame around a single weight
    height = _SIZE if len(colours) > 1 else _SIZE // 3
    return QIcon(QPixmap.fromImage(image_of(colours).scaled(_SIZE, height)))


class KernelPictures(HeightForWidth):
    """Pictures of kernels side by side; red is positive, blue negative."""

    def __init__(self) -> None:
        super().__init__(height=_SIDE + _GAP)
        self._images: list[QImage] = []

    def show_planes(self, planes: list[np.ndarray]) -> None:
        self._images = [image_of(colours_of(plane)) for plane in planes]
        self.setVisible(bool(planes))
        self.update_height()
        self.update()

    @property
    def count(self) -> int:
        return len(self._images)

    def _per_row(self) -> int:
        return max(int(self.width() + _GAP) // (_SIDE + _GAP), 1)

    def height_needed(self) -> int:
        return -(-max(self.count, 1) // self._per_row()) * (_SIDE + _GAP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, per_row = QPainter(self), self._per_row()
        for number, image in enumerate(self._images):
            line, place = divmod(number, per_row)
            scaled = image.scaled(_SIDE, _SIDE if image.height() > 1 else _SIDE // 3)
            painter.drawImage(place * (_SIDE + _GAP), line * (_SIDE + _GAP), scaled)
        painter.end()
