"""The pixel grid of a kernel: dimensions, lengths in pixels, coordinates, directions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import ceil, cos, hypot, radians, sin
from typing import Any

import numpy as np

from ._values import Values, as_spacing, guard

MAX_NDIM = 4
FAR = 2**40  # more pixels than any kernel may have: lengths are limited to it so that they fit an integer


def dimensions(ndim: int, **given: Any) -> int:
    """Return the number of axes: the common length of the sequences in `given`, or `ndim` when there are none.

    A sequence overrides the default `ndim`, 2; any other `ndim` must agree with it.
    """
    lengths = {key: len(value) for key, value in given.items() if isinstance(value, Sequence)}
    if ndim != 2:
        lengths["ndim"] = ndim
    if len(set(lengths.values())) > 1:
        raise ValueError(f"dimensions do not agree: {', '.join(f'{k} gives {n}' for k, n in lengths.items())}")
    count = next(iter(lengths.values()), ndim)
    if not 1 <= count <= MAX_NDIM:
        raise ValueError(f"kernels have 1 to {MAX_NDIM} dimensions, got {count} from {', '.join(lengths)}")
    return count


def per_axis(value: Any, ndim: int) -> tuple[Any, ...]:
    """Return one value per axis; the length of a sequence was checked by :func:`dimensions`."""
    return tuple(value) if isinstance(value, Sequence) else (value,) * ndim


def step_lengths(spacing: float | Sequence[float] | None, ndim: int) -> tuple[float, ...]:
    """Return the length of a pixel along each axis, 1 when there is no spacing."""
    return as_spacing(spacing, ndim) or (1.0,) * ndim


def pixels(lengths: float | Sequence[float], spacing: float | Sequence[float] | None, ndim: int) -> tuple[float, ...]:
    """Return lengths in pixels, one per axis."""
    return tuple(v / s for v, s in zip(per_axis(lengths, ndim), step_lengths(spacing, ndim), strict=True))


def cut_to_int(length: float) -> int:
    """Return `length` truncated to an integer; too large ones stay large enough that :func:`guard` refuses them."""
    return int(min(length, FAR))


def coordinates(radii: Sequence[int]) -> list[Values]:
    """Return ``-r .. r`` along each axis, shaped to broadcast; too large grids raise ValueError."""
    guard([2 * r + 1 for r in radii])
    return list(np.meshgrid(*(np.arange(-r, r + 1.0) for r in radii), indexing="ij", sparse=True))


def outer(lines: Sequence[Values]) -> Values:
    """Return the outer product of one line per axis; too large results raise ValueError."""
    guard([line.size for line in lines])
    return reduce(np.multiply.outer, lines)


def add_arrays(arrays: Sequence[Values]) -> Values:
    """Return the sum of arrays that broadcast."""
    return reduce(np.add, arrays)


def which_axis(axis: int, ndim: int) -> int:
    """Return `axis` counted from the front."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis must be from {-ndim} to {ndim - 1} for {ndim} dimensions, got {axis}")
    return axis % ndim


def heading(angle: float, direction: Sequence[float] | None, ndim: int) -> tuple[float, ...]:
    """Return a unit vector, one component per axis.

    `angle` in degrees is counter-clockwise on the screen (y down) from the last axis, in the plane of the last two, as
    in `scipy.ndimage.rotate`; `direction` is a vector of any dimension instead.
    """
    if direction is not None:
        if angle:
            raise ValueError(f"give angle or direction, not both: {angle} and {direction}")
        length = hypot(*direction)
        if not length:
            raise ValueError(f"direction must not be zero, got {tuple(direction)}")
        return tuple(d / length for d in direction)
    if ndim == 1:
        if angle:
            raise ValueError(f"angle needs two dimensions, got {angle} for one")
        return (1.0,)
    # Multiples of 90 degrees are exact, so that a horizontal line stays on its row.
    quarter = angle / 90
    turn = radians(angle)
    c, s = (cos(turn), sin(turn)) if quarter % 1 else [(1, 0), (0, 1), (-1, 0), (0, -1)][int(quarter) % 4]
    return (0.0,) * (ndim - 2) + (-float(s), float(c))


def extent(half: float) -> int:
    """Return the index of the last pixel that a length of `half` pixels from the centre reaches, up to rounding."""
    return cut_to_int(ceil(min(half, FAR) - 1e-9))
