"""Sums over box windows that stay as exact as float64 addition, wherever the rest of the block is.

A running sum carries the rounding of everything it has passed: one hot pixel of 1e10 would spoil the variance of
every window behind it. Sums over 1, 2, 4, ... neighbours, put together to the length wanted, add only samples of the
window itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._arrays import Array
from ..methods import valid_key


def box_sums(array: Array, axes: Sequence[int], lengths: Sequence[int]) -> Array:
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
        array = _line_sums(array, axis, length)
    return array


def _line_sums(array: Array, axis: int, length: int) -> Array:
    """Sums of `length` neighbours: the binary digits of the length say which doubled sums to add."""
    number = array.shape[axis] - length + 1
    total: Array | None = None
    doubled, width, start = array, 1, 0
    while True:
        if length & width:
            part = doubled[valid_key(array.ndim, (axis,), (start,), (number,))]
            total = part if total is None else total + part
            start += width
        if 2 * width > length:
            break
        left = doubled.shape[axis] - width
        head = doubled[valid_key(array.ndim, (axis,), (0,), (left,))]
        doubled = head + doubled[valid_key(array.ndim, (axis,), (width,), (left,))]
        width *= 2
    assert total is not None
    return total
