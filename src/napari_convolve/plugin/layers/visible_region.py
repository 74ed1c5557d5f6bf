"""What is seen of a layer: the level that napari shows, the visible plane, and the field of view on it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...recipes import Bounds
from .added import displayed

#: More samples than this are no preview.
_MOST = 1 << 25


@dataclass(frozen=True)
class Seen:
    """A part of one level of a layer.

    Attributes
    ----------
    level : int
        0 is the full resolution.
    factors : tuple of float
        Samples of the full resolution for one of the level, along each axis.
    field : tuple of (int, int)
        Half-open ranges of indices at that level; colours are not counted.
    """

    level: int
    factors: tuple[float, ...]
    field: Bounds

    @property
    def coarse(self) -> str:
        """What a person is told of the level; empty at full resolution."""
        times = max(self.factors)
        return f"at level {self.level}, {times:g}× coarser, with the kernel made smaller" if self.level else ""


def seen(viewer: Any, layer: Any) -> Seen:
    """What the viewer shows of an image layer now.

    Raises
    ------
    ValueError
        When that is nothing, or too much.
    """
    level = int(layer.data_level) if layer.multiscale else 0
    shape = (layer.data[level] if layer.multiscale else layer.data).shape[: layer.ndim]
    factors = tuple(float(f) for f in layer.downsample_factors[level]) if layer.multiscale else (1.0,) * layer.ndim
    spare = viewer.dims.ndim - layer.ndim
    point = np.asarray(layer.world_to_data(np.asarray(viewer.dims.point)[spare:]), dtype=float) / factors
    shown = displayed(viewer, layer.ndim)
    ranges = [(i, i + 1) for i in np.round(point).astype(int).tolist()]
    corners = _corners(viewer, layer, spare) if viewer.dims.ndisplay == 2 and len(shown) == 2 else None
    for axis in shown:
        low, high = 0, shape[axis]
        if corners is not None:
            ends = corners[:, axis] / factors[axis]
            low, high = max(0, int(np.floor(ends.min()))), min(high, int(np.ceil(ends.max())) + 1)
        ranges[axis] = (low, high)
    if any(not 0 <= low < high <= n for (low, high), n in zip(ranges, shape, strict=True)):
        raise ValueError("nothing of the image is seen")
    if np.prod([high - low for low, high in ranges], dtype=float) > _MOST:
        raise ValueError("too much is seen at once for a preview: show a plane, or zoom in")
    return Seen(level, factors, tuple((int(a), int(b)) for a, b in ranges))


def _corners(viewer: Any, layer: Any, spare: int) -> np.ndarray | None:
    """The corners of the canvas in the layer's samples; None where there is no canvas to look at."""
    camera, size = viewer.scene.camera, np.asarray(viewer.canvas.size, dtype=float)
    if viewer.canvas.grid.enabled or not (size > 1).all() or camera.zoom <= 0:
        return None
    half = size / camera.zoom / 2
    found = []
    for signs in itertools.product((-1, 1), repeat=2):
        world = np.asarray(viewer.dims.point, dtype=float)
        world[list(viewer.dims.displayed)] = np.asarray(camera.center[-2:]) + np.asarray(signs) * half
        found.append(layer.world_to_data(world[spare:]))
    return np.asarray(found, dtype=float)


def level_factors(factors: Sequence[float], axes: Sequence[int]) -> tuple[float, ...]:
    """The factors along some axes."""
    return tuple(factors[axis] for axis in axes)
