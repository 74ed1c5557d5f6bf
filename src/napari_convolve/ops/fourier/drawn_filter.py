"""Filters drawn in the frequency plane: discs, rings and polygons that pass or block, with soft edges.

A drawn filter is a function of the frequencies, as `filter_spectrum` and `kernel_from_response` accept. Every shape
also applies to the negative frequencies, since each wave of a real image has both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Shapes of a region.
KINDS = ("ellipse", "ring", "polygon")


@dataclass(frozen=True)
class Region:
    """A shape in the plane of two frequencies.

    Attributes
    ----------
    kind : {"ellipse", "ring", "polygon"}
    corners : tuple of tuple of float
        Cycles per unit along the two axes: the corners of a polygon in their order, or of the box (a parallelogram)
        around an ellipse or ring.
    block : bool
        Whether frequencies inside are blocked; otherwise they pass.
    inner : float
        Size of a ring's hole, relative to the ring.
    """

    kind: str
    corners: tuple[tuple[float, float], ...]
    block: bool = True
    inner: float = 0.6

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r} is not one of {', '.join(map(repr, KINDS))}")
        if not isinstance(self.corners, tuple) or not all(map(_is_corner, self.corners)) or len(self.corners) < 3:
            raise ValueError(f"corners={str(self.corners)[:80]} must be a tuple of at least 3 pairs of finite numbers")
        if not isinstance(self.block, bool):
            raise TypeError(f"block={self.block!r} must be True or False")
        if isinstance(self.inner, bool) or not isinstance(self.inner, int | float):
            raise TypeError(f"inner={self.inner!r} must be a number")
        if self.kind != "polygon" and len(self.corners) != 4:
            raise ValueError(f"corners of an {self.kind} must be the 4 of its box, not {len(self.corners)}")
        if not 0 <= self.inner < 1:
            raise ValueError(f"inner={self.inner!r} must be at least 0 and less than 1")

    @classmethod
    def disc(cls, at: Sequence[float], radius: float | Sequence[float], *, block: bool = True) -> Region:
        """A disc around a frequency, or an ellipse with a radius along each axis (cycles per unit)."""
        y, x = at
        ry, rx = (radius, radius) if isinstance(radius, int | float) else radius
        return cls("ellipse", ((y - ry, x - rx), (y - ry, x + rx), (y + ry, x + rx), (y + ry, x - rx)), block)

    def inside(self, first: np.ndarray, second: np.ndarray, soft: float) -> np.ndarray:
        """1 inside, 0 outside, with a transition of width `soft` around the rim; for frequencies that broadcast."""
        corners = np.asarray(self.corners, dtype=np.float64)
        depth = _polygon_depth(corners, first, second) if self.kind == "polygon" else self._depth(first, second)
        if soft > 0:
            return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(depth / soft + 0.5, 0.0, 1.0)))
        return np.asarray(depth >= 0, dtype=np.float64)

    def _depth(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Approximate distance to the rim of an ellipse or a ring, positive inside."""
        corners = np.asarray(self.corners, dtype=np.float64)
        middle = corners.mean(axis=0)
        sides = np.stack([corners[1] - corners[0], corners[3] - corners[0]], axis=1) / 2
        if abs(float(np.linalg.det(sides))) < 1e-300:
            return np.full(np.broadcast_shapes(first.shape, second.shape), -np.inf)
        turned = np.linalg.inv(sides)
        u, v = first - middle[0], second - middle[1]
        a, b = turned[0, 0] * u + turned[0, 1] * v, turned[1, 0] * u + turned[1, 1] * v
        radius = np.sqrt(a * a + b * b)
        size = math.sqrt(abs(float(np.linalg.det(sides))))  # exact for circles
        depth = (1 - radius) * size
        return np.asarray(depth if self.kind == "ellipse" else np.minimum(depth, (radius - self.inner) * size))


def _is_corner(corner: object) -> bool:
    return (
        isinstance(corner, tuple)
        and len(corner) == 2
        and all(isinstance(f, int | float) and not isinstance(f, bool) and math.isfinite(f) for f in corner)
    )


def _polygon_depth(corners: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Distance to the rim of a polygon, positive inside (even-odd rule)."""
    shape = np.broadcast_shapes(first.shape, second.shape)
    nearest, inside = np.full(shape, np.inf), np.zeros(shape, bool)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        side = end - start
        length = float(side @ side)
        if length == 0:
            continue
        u, v = first - start[0], second - start[1]
        along = np.clip((u * side[0] + v * side[1]) / length, 0.0, 1.0)
        nearest = np.minimum(nearest, (u - along * side[0]) ** 2 + (v - along * side[1]) ** 2)
        if side[0] != 0:
            crosses = (start[0] > first) != (end[0] > first)
            inside ^= crosses & (second < start[1] + (first - start[0]) * side[1] / side[0])
    return np.asarray(np.where(inside, 1.0, -1.0) * np.sqrt(nearest))


@dataclass(frozen=True)
class DrawnFilter:
    """A gain for each frequency of a plane, defined by shapes.

    Attributes
    ----------
    regions : tuple of Region
        A frequency passes if it is in any region that passes (or there is none) and in no region that blocks.
    soft : float
        Width of the edges, in cycles per unit: the gain rises as a raised cosine.
    keep_mean : bool
        Whether the mean of the image is kept, independently of the regions.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> box = ((-0.05, 0.15), (-0.05, 0.25), (0.05, 0.25), (0.05, 0.15))
    >>> stripes = np.cos(2 * np.pi * 0.2 * np.mgrid[:50, :50][1])
    >>> left = nc.filter_spectrum(stripes, DrawnFilter((Region("polygon", box),)), edges="periodic")
    >>> float(np.abs(left).max().round(6))
    0.0
    """

    regions: tuple[Region, ...] = ()
    soft: float = 0.0
    keep_mean: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.regions, tuple) or not all(isinstance(region, Region) for region in self.regions):
            raise TypeError(f"regions={str(self.regions)[:80]} must be a tuple of Region")
        if not isinstance(self.keep_mean, bool):
            raise TypeError(f"keep_mean={self.keep_mean!r} must be True or False")
        if isinstance(self.soft, bool) or not isinstance(self.soft, int | float):
            raise TypeError(f"soft={self.soft!r} must be a number")
        if not 0 <= self.soft < math.inf:
            raise ValueError(f"soft={self.soft!r} must be at least 0 and finite")

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The gain at frequencies in cycles per unit that broadcast against each other."""
        lines = [np.unique(f) for f in (first, second)]
        gains = self.on(*lines)
        places = [np.searchsorted(line, f) for line, f in zip(lines, (first, second), strict=True)]
        return np.asarray(gains[tuple(np.broadcast_arrays(*places))])

    def on(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The gain on the grid of two lines of rising frequencies."""
        shape = (len(first), len(second))
        passed = None if all(region.block for region in self.regions) else np.zeros(shape)
        kept = np.ones(shape)
        for region in self.regions:
            for sign in (1, -1):
                flipped = tuple((sign * y, sign * x) for y, x in region.corners)
                here = Region(region.kind, flipped, region.block, region.inner)
                key = self._box(flipped, (first, second))
                part = here.inside(first[key[0], None], second[None, key[1]], self.soft)
                if region.block:
                    kept[key] = np.minimum(kept[key], 1 - part)
                elif passed is not None:
                    passed[key] = np.maximum(passed[key], part)
        gains = kept if passed is None else passed * kept
        if self.keep_mean:
            gains[np.ix_(first == 0, second == 0)] = 1.0
        return gains

    def _box(self, corners: Sequence[Sequence[float]], lines: tuple[np.ndarray, np.ndarray]) -> tuple[slice, slice]:
        """Index of the bounding box of a shape and its soft edge."""
        array, margin = np.asarray(corners, dtype=np.float64), self.soft / 2
        first, second = (
            slice(
                int(np.searchsorted(line, array[:, axis].min() - margin)),
                int(np.searchsorted(line, array[:, axis].max() + margin, side="right")),
            )
            for axis, line in enumerate(lines)
        )
        return first, second
