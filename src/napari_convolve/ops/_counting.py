"""Whether a window holds a flagged sample, counted with integers: no rounding can make a sample appear."""

from __future__ import annotations

import itertools

import numpy as np

from .._arrays import Array
from ..backends import Backend
from ..methods import valid_key


def count_flags(flags: Array, support: np.ndarray, axes: tuple[int, ...], backend: Backend) -> Array:
    """Number of flagged samples under the support of a convolution kernel, for every window inside the block.

    Parameters
    ----------
    flags : array of bool
        The block.
    support : ndarray of bool
        Where the kernel's weights count, one axis for each of `axes`.

    Returns
    -------
    array of int32
        Shorter than the block by the kernel's length less one along `axes`.
    """
    counts = backend.astype(flags, "int32")
    if support.all():
        for axis, k in zip(axes, support.shape, strict=True):
            counts = _box(counts, axis, 0, k, counts.shape[axis] - k + 1, backend)
        return counts
    # rows of a general support are a few runs of taps: a difference of running sums each
    *other, last = axes
    lengths = [flags.shape[a] - k + 1 for a, k in zip(axes, support.shape, strict=True)]
    total: Array = 0 * counts[valid_key(counts.ndim, axes, [0] * len(axes), lengths)]
    for row in itertools.product(*map(range, support.shape[:-1])):
        starts = [k - 1 - j for k, j in zip(support.shape[:-1], row, strict=True)]
        lines = counts[valid_key(counts.ndim, other, starts, lengths[:-1])]
        for first, stop in _runs(support[row]):
            total = total + _box(lines, last, support.shape[-1] - stop, stop - first, lengths[-1], backend)
    return total


def _box(counts: Array, axis: int, offset: int, width: int, length: int, backend: Backend) -> Array:
    """Sums of `width` neighbours along an axis, the first window starting at `offset`."""
    if width == 1:
        return counts[valid_key(counts.ndim, (axis,), (offset,), (length,))]
    running = backend.xp.cumulative_sum(counts, axis=axis, dtype=backend.xp.int32, include_initial=True)
    upper = running[valid_key(counts.ndim, (axis,), (offset + width,), (length,))]
    return upper - running[valid_key(counts.ndim, (axis,), (offset,), (length,))]


def _runs(row: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
