"""The visible region of a layer: resolution level, plane and field of view."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...recipes import Bounds
from .added import displayed

#: Most samples of a preview.
_MOST = 1 << 25


@dataclass(frozen=True)
class VisibleRegion:
    """A region of one resolution level of a layer."""

    level: int  # 0 is the full resolution
    factors: tuple[float, ...]  # samples of the full resolution per sample of the level, along each axis
    field: Bounds  # half-open index ranges at that level, without the axis of colours

    @property
    def coarse(self) -> str:
        """A note on a coarser level; empty at full resolution."""
        times = max(self.factors)
        return f"at level {self.level}, {times:g}× coarser, with the kernel made smaller" if self.level else ""


def visible_region(viewer: Any, layer: Any) -> VisibleRegion:
    """The region of an image layer that the viewer shows; ValueError if it is empty or too large."""
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
    return VisibleRegion(level, factors, tuple((int(a), int(b)) for a, b in ranges))


def _corners(viewer: Any, layer: Any, spare: int) -> np.ndarray | None:
    """The corners of the canvas in samples of the layer; None in grid mode, or if the canvas has no size."""
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
    return tuple(factors[axis] for axis in axes)
