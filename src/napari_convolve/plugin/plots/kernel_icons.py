"""Small pictures of the kernels of the catalogue, drawn from their values."""

from __future__ import annotations

from functools import cache

import numpy as np
from qtpy.QtCore import QSize
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QComboBox

from ...kernels import KERNELS
from .kernel_image import colours_of, plane_of

_SIZE = 20
_FEW = 3


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
    rows, columns, _ = colours.shape
    image = QImage(colours.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    # 1-D kernels become a band, all others fill the square
    height = _SIZE if rows > 1 else _SIZE // 3
    return QIcon(QPixmap.fromImage(image.scaled(_SIZE, height)))
