"""What scores divide by: of every window the norm of the samples less their mean, 0 where the window is flat."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..._arrays import Array, by_axis, dtype_name, index_along
from ...backends import SESSION, Backend
from ...methods import PreparedKernel, valid_key
from . import ncc_numba as _loops
from .block import Block, correlate_block, memory_planes
from .template import Pattern

_EPS = float(np.finfo(np.float64).eps)
#: A sum over a window by a float32 transform is off by this share of the block's RMS and the window's size, ...
_SINGLE = 5e-7
#: ... and the scatter it makes must be right to this share.
_SHARE = 4e-5


class Norms:
    """Of all windows of a pattern's support; `lowest` is the smallest that is not 0."""

    def __init__(self, values: Array, lowest: float) -> None:
        self.values, self.lowest = values, lowest


def box_norms(block: Block, lengths: tuple[int, ...], dtype: str, resolution: float) -> Norms:
    """Of windows all of whose samples count.

    Parameters
    ----------
    resolution : float
        Relative distance of neighbouring numbers in the image's dtype, 0 for integers.
    """
    rounding = 2 * (additions(lengths) + 4) * _EPS
    count = math.prod(lengths)
    step = 0.5 * math.sqrt(count) * resolution
    loop = _loops.ready("box_norms", dtype_name(block.raw.dtype), dtype) if block.plain else None
    if loop is not None:
        return _compiled_box_norms(block, lengths, dtype, rounding, step, loop)
    total = box_sums(block.samples, block.axes, lengths, block.backend)
    second = box_sums(block.squares, block.axes, lengths, block.backend)
    mean = total * (1.0 / count)
    scatter = second - total * mean
    coarse = step * (mean + block.offset * block.scale)
    return _norms(block, scatter, rounding * second + coarse * coarse, dtype)


def _compiled_box_norms(
    block: Block, lengths: tuple[int, ...], dtype: str, rounding: float, step: float, loop: Callable[..., Any]
) -> Norms:
    raw, acted = block.raw, len(lengths)
    ky, kx = lengths if acted == 2 else (1, lengths[0])
    my, mx = raw.shape[-2] if acted == 2 else 1, raw.shape[-1]
    shape = tuple(n - k + 1 for n, k in zip(raw.shape[raw.ndim - acted :], lengths, strict=True))
    values = SESSION.scratch("scores.norms", (*raw.shape[: raw.ndim - acted], *shape), dtype)
    work = SESSION.scratch("scores.lines", (ky, 2 * (_loops.STRIP + 2 * kx)), "float64")
    (samples, found), lowest = memory_planes(raw, acted), math.inf
    for index, start, row in found:
        plane = values[index].reshape(-1, shape[-1])
        least = loop(samples, start, row, my, mx, block.offset, ky, kx, rounding, step, work, plane)
        lowest = min(lowest, float(least))
    return Norms(values, lowest)


def support_norms(block: Block, pattern: Pattern, dtype: str, resolution: float) -> Norms:
    """Of windows of which only the support of `pattern` counts; by transforms, in float32 where that will do."""
    support, count = pattern.cropped, pattern.count
    step = 0.5 * math.sqrt(count) * resolution
    if dtype == "float32" and block.scale == 1.0:
        size = math.prod(block.raw.shape)
        first = _SINGLE * block.rms * math.sqrt(count)
        second = _SINGLE * math.sqrt(block.fourth / size) * math.sqrt(count)
        norms = _from_sums(block, support, count, "float32", step, second / _SHARE, 2 * first / _SHARE, True)
        if norms is not None:
            return norms
    power = block.rms * block.rms * math.prod(block.raw.shape)
    rounding = 4.0 * (math.log2(max(math.prod(block.grid), 2)) + 2) * _EPS
    constant = rounding * math.sqrt(block.fourth * count)
    slope = 2 * rounding * math.sqrt(power * count)
    norms = _from_sums(block, support, count, dtype, step, constant, slope, False)
    assert norms is not None
    return norms


def _from_sums(
    block: Block, support: np.ndarray, count: int, dtype: str, step: float, constant: float, slope: float, certain: bool
) -> Norms | None:
    """Norms from sums over the support; None when `certain` is wanted and some scatter is below its bound."""
    precision = dtype if certain else "float64"
    flipped = support[(slice(None, None, -1),) * support.ndim]
    weights = PreparedKernel(np.ascontiguousarray(flipped.astype(precision)), block.axes)
    total, second = correlate_block(block, "samples", weights), correlate_block(block, "squares", weights)
    share, middle = 1.0 / count, block.offset * block.scale
    loop = _loops.ready("support_norms", precision) if block.plain and precision == dtype else None
    if loop is not None:
        return _compiled_support_norms(total, second, (share, step, middle, constant, slope), block, certain, loop)
    mean = block.backend.astype(total, "float64") * share
    scatter = block.backend.astype(second, "float64") - block.backend.astype(total, "float64") * mean
    coarse = step * (mean + middle)
    floor = constant + slope * block.backend.xp.abs(mean) + coarse * coarse
    norms = _norms(block, scatter, floor, dtype)
    return None if certain and bool(block.backend.xp.any(norms.values == 0)) else norms


def _compiled_support_norms(
    total: np.ndarray,
    second: np.ndarray,
    numbers: tuple[float, ...],
    block: Block,
    certain: bool,
    loop: Callable[..., Any],
) -> Norms | None:
    acted = len(block.axes)
    values = SESSION.scratch("scores.norms", total.shape, total.dtype.name)
    ny, nx = total.shape[-2] if acted == 2 else 1, total.shape[-1]
    (t, firsts), (s, seconds), lowest = memory_planes(total, acted), memory_planes(second, acted), math.inf
    for (index, t0, st), (_, s0, ss) in zip(firsts, seconds, strict=True):
        plane = values[index].reshape(ny, nx)
        least, none = loop(t, t0, st, s, s0, ss, ny, nx, *numbers, plane)
        if certain and none:
            return None
        lowest = min(lowest, float(least))
    return Norms(values, lowest)


def _norms(block: Block, scatter: Array, floor: Array, dtype: str) -> Norms:
    xp = block.backend.xp
    varies = scatter > floor
    values = xp.sqrt(block.backend.astype(xp.where(varies, scatter, xp.zeros_like(scatter)), dtype))
    held = values > 0
    if not bool(xp.any(held)):
        return Norms(values, math.inf)
    return Norms(
        values, float(xp.min(xp.where(held, values, xp.asarray(math.inf, dtype=values.dtype, device=values.device))))
    )


def cut_norms(norms: Norms, pattern: Pattern, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """The norms of the windows of a pattern whose support is only a part of its window."""
    return norms.values[valid_key(norms.values.ndim, axes, pattern.low, [shape[a] for a in axes])]


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
    back = index_along(parts.ndim, axis + 1, slice(None, None, -1))
    after = xp.reshape(xp.cumulative_sum(parts[back], axis=axis + 1)[back], tuple(shape))
    before = xp.reshape(xp.cumulative_sum(parts, axis=axis + 1), tuple(shape))
    after = after[valid_key(array.ndim, (axis,), (0,), (number,))]
    before = before[valid_key(array.ndim, (axis,), (length - 1,), (number,))]
    whole = xp.arange(number, device=array.device) % length == 0
    whole = xp.reshape(whole, by_axis(array.ndim, (axis,), (number,), 1))
    return after + xp.where(whole, xp.zeros_like(before), before)
