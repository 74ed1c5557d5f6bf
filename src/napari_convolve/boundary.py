"""Boundary modes: extrapolation of an array beyond its edges, each mode as one index rule.

A rule maps any integer index to the index of the sample inside the array that replaces it, or to -1 for the constant.
Padding, tile halos and Dask overlaps all use the same rule, so every method and backend agrees.
"""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from ._arrays import Allocator, Array, by_axis, index_along
from ._moved import keep_old_names
from ._registry import Registry

IndexRule = Callable[[np.ndarray, int], np.ndarray]

#: Boundary modes by scipy.ndimage's names.
MODES: Registry[IndexRule] = Registry("boundary")
#: Largest number of slices per axis that are copied one by one; beyond (a kernel much larger than the image) `take`.
_MAX_PIECES = 9


def boundary_mode(name: str) -> Callable[[IndexRule], IndexRule]:
    """Decorate an index rule: ``rule(indices, n)`` maps any integers to indices in [0, n), or -1 for the constant.

    Parameters
    ----------
    name : str
        Value of `boundary` that selects the mode.
    """
    return lambda rule: MODES.register(name, rule)


keep_old_names("boundary")


@boundary_mode("reflect")
def _reflect(i: np.ndarray, n: int) -> np.ndarray:
    """``d c b a | a b c d | d c b a``: the edge sample is repeated."""
    m = i % (2 * n)
    return np.asarray(np.minimum(m, 2 * n - 1 - m))


@boundary_mode("mirror")
def _mirror(i: np.ndarray, n: int) -> np.ndarray:
    """``d c b | a b c d | c b a``: the edge sample is the mirror."""
    m = i % max(2 * n - 2, 1)
    return np.asarray(np.minimum(m, 2 * n - 2 - m))


@boundary_mode("nearest")
def _nearest(i: np.ndarray, n: int) -> np.ndarray:
    """``a a a a | a b c d | d d d d``"""
    return np.asarray(np.clip(i, 0, n - 1))


@boundary_mode("wrap")
def _wrap(i: np.ndarray, n: int) -> np.ndarray:
    """``a b c d | a b c d | a b c d``"""
    return i % n


@boundary_mode("constant")
def _constant(i: np.ndarray, n: int) -> np.ndarray:
    """``k k k k | a b c d | k k k k``"""
    return np.where((i >= 0) & (i < n), i, -1)


def source_indices(name: str, start: int, stop: int, n: int) -> np.ndarray:
    """Indices of the samples for positions ``start … stop - 1`` along an axis of length `n`; -1: the constant."""
    return MODES.get(name)(np.arange(start, stop), n)


def gather(
    image: Array,
    axes: Sequence[int],
    ranges: Sequence[tuple[int, int]],
    boundary: str,
    cval: complex,
    dtype: str,
    backend: Allocator,
) -> Array:
    """Samples of `image` in half-open `ranges` along `axes`, extrapolated by the boundary rule outside of the image.

    Returns a view of `image`, in its own dtype, when all samples lie inside, else a new array of `dtype`.
    """
    if all(0 <= start and stop <= image.shape[a] for a, (start, stop) in zip(axes, ranges, strict=True)):
        return image[by_axis(image.ndim, axes, [slice(*r) for r in ranges], slice(None))]
    pieces: list[tuple[tuple[slice, slice | None], ...]] = []
    shape = list(image.shape)
    for axis, (start, stop) in zip(axes, ranges, strict=True):
        found = _pieces(MODES.get(boundary), start, stop, image.shape[axis])
        if found is None:
            return _take(image, axes, ranges, boundary, cval, dtype, backend)
        pieces.append(found)
        shape[axis] = stop - start
    block = backend.empty(tuple(shape), dtype)
    for combination in itertools.product(*pieces):
        target = by_axis(image.ndim, axes, [to for to, _ in combination], slice(None))
        sources = [source for _, source in combination]
        if any(source is None for source in sources):
            backend.assign(block, target, cval)
        else:
            backend.assign(block, target, image[by_axis(image.ndim, axes, sources, slice(None))])
    return block


def _take(
    image: Array,
    axes: Sequence[int],
    ranges: Sequence[tuple[int, int]],
    boundary: str,
    cval: complex,
    dtype: str,
    backend: Allocator,
) -> Array:
    """`gather` for irregular indices: one `take` along each axis, then the constant."""
    xp = image.__array_namespace__()
    outside = []
    for axis, (start, stop) in zip(axes, ranges, strict=True):
        index = source_indices(boundary, start, stop, image.shape[axis])
        outside.append(np.flatnonzero(index < 0))
        image = xp.take(image, xp.asarray(np.maximum(index, 0).tolist(), device=image.device), axis=axis)
    block = backend.empty(tuple(image.shape), dtype)
    backend.assign(block, ..., image)
    for axis, missing in zip(axes, outside, strict=True):
        for to, _ in runs(missing) if missing.size else ():
            first, last = int(missing[to.start]), int(missing[to.stop - 1])
            backend.assign(block, index_along(block.ndim, axis, slice(first, last + 1)), cval)
    return block


@functools.lru_cache(maxsize=256)
def _pieces(rule: IndexRule, start: int, stop: int, n: int) -> tuple[tuple[slice, slice | None], ...] | None:
    """The `runs` of a range, cached for many small images of one shape; None when there are too many."""
    found = runs(rule(np.arange(start, stop), n))
    return tuple(found) if len(found) <= _MAX_PIECES else None


def runs(index: np.ndarray) -> list[tuple[slice, slice | None]]:
    """Cut an index list into runs of step +1, -1 or 0: (target slice, source slice or None for the constant)."""
    total, outside = len(index), index < 0
    steps = np.diff(index)
    joined = (np.abs(steps) <= 1) & (outside[1:] == outside[:-1])
    changes = np.flatnonzero((steps[1:] != steps[:-1]) | (joined[1:] != joined[:-1])) + 1
    # a run continues from its first sample to the end of the equal steps
    ends = [*changes.tolist(), total - 1]
    found: list[tuple[slice, slice | None]] = []
    at = 0
    while at < total:
        step, end = 1, at + 1
        if end < total and joined[at]:
            step, end = int(steps[at]), ends[bisect.bisect_right(ends, at)] + 1
        found.append((slice(at, end), _run(int(index[at]), step, end - at)))
        at = end
    return found


def _run(first: int, step: int, count: int) -> slice | None:
    if first < 0:
        return None
    if step == 0 or count == 1:
        return slice(first, first + 1)  # one sample, broadcast over the run
    last = first + step * count
    return slice(first, last if last >= 0 else None, step)
