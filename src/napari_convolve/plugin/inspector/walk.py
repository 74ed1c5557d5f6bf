"""The path of a window over a part of an image, row by row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Most steps along each axis, so that a walk ends in reasonable time.
_CELLS = 24


@dataclass(frozen=True)
class Walk:
    """The places of a window, which give the samples of a part of the result."""

    first: tuple[int, ...]  # index in the image of the first place
    shape: tuple[int, ...]  # number of places along each axis of the image; 1 along those without steps
    stride: tuple[int, ...]

    @property
    def length(self) -> int:
        return math.prod(self.shape)

    def cell(self, number: int) -> tuple[int, ...]:
        """Index of a place in the result."""
        return tuple(int(i) for i in np.unravel_index(number, self.shape))

    def place(self, number: int) -> tuple[int, ...]:
        """Index of a place in the image.

        Examples
        --------
        >>> walk = Walk((4, 2, 6), (1, 2, 3), (1, 2, 2))
        >>> walk.length, walk.cell(4), walk.place(4)
        (6, (0, 1, 1), (4, 4, 8))
        """
        steps = zip(self.first, self.cell(number), self.stride, strict=True)
        return tuple(first + at * step for first, at, step in steps)


def walk_around(place: Sequence[int], shape: Sequence[int], axes: Sequence[int], stride: int) -> Walk:
    """A walk along the last two of `axes`, centred on a place, within an image of `shape`."""
    first, count, steps = list(place), [1] * len(shape), [1] * len(shape)
    for axis in axes[-2:]:
        cells = -(-shape[axis] // stride)
        count[axis] = min(cells, _CELLS)
        begin = place[axis] // stride - count[axis] // 2
        first[axis] = stride * min(max(begin, 0), cells - count[axis])
        steps[axis] = stride
    return Walk(tuple(first), tuple(count), tuple(steps))


def on_stride(index: Sequence[int], axes: Sequence[int], stride: int) -> tuple[int, ...]:
    """The index rounded down to a multiple of the stride along `axes`."""
    return tuple(i - i % stride if a in axes else i for a, i in enumerate(index))
