"""Sums over box windows that stay as exact as float64 addition, wherever the rest of the block is.

A running sum carries the rounding of everything it has passed: one hot pixel of 1e10 would spoil the variance of
every window behind it. Here only samples of the window itself are added up, and nothing is ever subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._arrays import Array
from ..backends import Backend
from ..methods import valid_key


def box_sums(array: Array, axes: Sequence[int], lengths: Sequence[int], backend: Backend) -> Array:
    """Sums over all windows of `lengths` along `axes` that lie inside the array.

    Parameters
    ----------
    array : array of float
        Of any library.
    axes, lengths
        The window's length along each acted axis.

    Returns
    -------
    array
        Shorter than `array` by the length less one along each of `axes`.
    """
    for axis, length in zip(axes, lengths, strict=True):
        array = _by_blocks(array, axis, length, backend)
    return array


def additions(lengths: Sequence[int]) -> int:
    """How many roundings at most stand between a sample and the sum of its window."""
    return sum(lengths)


def _by_blocks(array: Array, axis: int, length: int, backend: Backend) -> Array:
    """Sums from each sample to the last of its block, plus those from the first of the next block on.

    M. van Herk, Pattern Recognit. Lett. 13 (1992) 517, with sums for maxima.
    """
    if length == 1:
        return array
    xp = backend.xp
    size, number = array.shape[axis], array.shape[axis] - length + 1
    blocks = -(-size // length)
    if blocks * length > size:
        shape = list(array.shape)
        shape[axis] = blocks * length - size
        array = xp.concat([array, xp.zeros(tuple(shape), dtype=array.dtype, device=array.device)], axis=axis)
    shape = list(array.shape)
    parts = xp.reshape(array, (*shape[:axis], blocks, length, *shape[axis + 1 :]))
    back = tuple(slice(None, None, -1) if a == axis + 1 else slice(None) for a in range(parts.ndim))
    after = xp.reshape(xp.cumulative_sum(parts[back], axis=axis + 1)[back], tuple(shape))
    before = xp.reshape(xp.cumulative_sum(parts, axis=axis + 1), tuple(shape))
    after = after[valid_key(array.ndim, (axis,), (0,), (number,))]
    before = before[valid_key(array.ndim, (axis,), (length - 1,), (number,))]
    whole = xp.arange(number, device=array.device) % length == 0
    whole = xp.reshape(whole, tuple(number if a == axis else 1 for a in range(array.ndim)))
    return after + xp.where(whole, xp.zeros_like(before), before)
