"""Boxes that cover a shape."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from .._arrays import in_steps


def cut(shape: tuple[int, ...], tile: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """Tiles that cover a shape."""
    return list(itertools.product(*itertools.starmap(in_steps, zip(shape, tile, strict=True))))


def parts(shape: Sequence[int], cubes: bool = False, most: int = 1 << 17) -> list[tuple[slice, ...]]:
    """Boxes of at most `most` samples that cover a shape, so that work arrays of their size stay in the caches.

    Consecutive rows, or `cubes` for operations that need a margin around each box.
    """
    lengths, left = tuple(shape), most
    if cubes:
        while math.prod(lengths) > most:
            lengths = shrink(lengths, range(len(lengths))) or lengths
        return cut(tuple(shape), lengths)
    rows = list(lengths)
    for axis in reversed(range(len(rows))):
        rows[axis] = max(1, min(rows[axis], left))
        left //= rows[axis]
    return cut(tuple(shape), tuple(rows))


def shrink(tile: tuple[int, ...], axes: Sequence[int]) -> tuple[int, ...] | None:
    """Half of the tile: batch axes first, then the longest convolved axis; None for a single sample."""
    batch = [a for a in range(len(tile)) if a not in axes and tile[a] > 1]
    candidates = batch[:1] or [a for a in axes if tile[a] > 1]
    if not candidates:
        return None
    longest = max(candidates, key=lambda a: tile[a])
    return tuple(-(-n // 2) if a == longest else n for a, n in enumerate(tile))


def count_tiles(out: Sequence[int], tile: Sequence[int]) -> int:
    """How many tiles cover the result."""
    return math.prod(-(-n // t) for n, t in zip(out, tile, strict=True))
