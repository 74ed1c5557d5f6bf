"""Draw stacks side by side in one PNG: maximum projections above, one plane below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..bigdata.files import Labeled, write

ZOOM, GAP, CAPTION, PICTURE_MARGIN = 4, 12, 26, 34
#: Points at most this many planes away from the shown plane are marked.
_NEAR = 2
_BACKGROUND, _INK, _MARK = (24, 24, 27), (235, 235, 235), (255, 176, 0)


@dataclass(frozen=True)
class StackPanel:
    """A stack (z, y, x), its caption, and points to mark."""

    caption: str
    stack: NDArray[Any]
    points: NDArray[np.intp] | None = None


def save_picture(path: Path, panels: Sequence[StackPanel]) -> None:
    """Draw the panels in a row and write them as PNG."""
    depth, height, width = panels[0].stack.shape
    plane = _fullest_plane(panels, depth)
    size = (width * ZOOM, height * ZOOM)
    step_x, step_y = size[0] + GAP, size[1] + GAP
    canvas = Image.new("RGB", (PICTURE_MARGIN + len(panels) * step_x, CAPTION + 2 * step_y), _BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(15)
    for row, label in enumerate(("brightest along z", f"plane z = {plane}")):
        strip = Image.new("L", (size[1], PICTURE_MARGIN))
        ImageDraw.Draw(strip).text((size[1] // 2, PICTURE_MARGIN // 2), label, 235, font, anchor="mm")
        canvas.paste(_INK, (0, CAPTION + row * step_y), strip.rotate(90, expand=True))
    for column, panel in enumerate(panels):
        left = PICTURE_MARGIN + column * step_x
        draw.text((left + size[0] // 2, CAPTION // 2), panel.caption, _INK, font, anchor="mm")
        for row, view in enumerate((panel.stack.max(axis=0), panel.stack[plane])):
            low, high = np.percentile(view, (1, 99.8))
            grey = np.clip((view - low) / (high - low), 0, 1) * 255
            top = CAPTION + row * step_y
            canvas.paste(Image.fromarray(grey.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC), (left, top))
            for z, y, x in [] if panel.points is None else panel.points:
                if row == 0 or abs(z - plane) <= _NEAR:
                    centre = (left + (x + 0.5) * ZOOM, top + (y + 0.5) * ZOOM)
                    draw.circle(centre, 6 if row else 4, outline=_MARK, width=2)
    write(path, Labeled(np.asarray(canvas), ("y", "x", "s")), overwrite=True)


def _fullest_plane(panels: Sequence[StackPanel], depth: int) -> int:
    """The plane with the most points near it; the middle one when there are none."""
    counts = np.zeros(depth)
    for panel in panels:
        if panel.points is not None:
            for z in panel.points[:, 0]:
                counts[max(z - _NEAR, 0) : z + _NEAR + 1] += 1
    return int(counts.argmax()) if counts.any() else depth // 2
