"""Normalised cross-correlation over a part of each window: templates with a mask, images with missing samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._arrays import Array
from ...backends import SESSION
from ...methods import PreparedKernel
from ..filtering.normalized_convolution import count_flags
from .block import Block, WindowNorms, memory_planes, norms_of_scatter
from .template import Pattern

_EPS = float(np.finfo(np.float64).eps)
#: Error of a window sum by a float32 transform, as a share of the block's RMS and the window's size, ...
_SINGLE = 5e-7
#: ... and the largest relative error of the squared deviations for which float32 is used.
_SHARE = 4e-5
#: The valid part of a template is flat below this share of the template's norm.
_FLAT_TEMPLATE = 1e-6


def support_norms(block: Block, pattern: Pattern, dtype: str, resolution: float) -> WindowNorms:
    """Norms over the support of `pattern` in each window; by transforms, in float32 where that is exact enough."""
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
) -> WindowNorms | None:
    """Norms from sums over the support; with `certain`, None when the deviations of a window are within rounding."""
    precision = dtype if certain else "float64"
    flipped = support[(slice(None, None, -1),) * support.ndim]
    weights = PreparedKernel(np.ascontiguousarray(flipped.astype(precision)), block.axes)
    total, second = block.correlate("samples", weights), block.correlate("squares", weights)
    share, middle = 1.0 / count, block.offset * block.scale
    loop = block.loop("support_norms", precision) if block.plain and precision == dtype else None
    if loop is not None:
        return _compiled_norms(total, second, (share, step, middle, constant, slope), block, certain, loop)
    backend = block.backend
    mean = backend.astype(total, "float64") * share
    scatter = backend.astype(second, "float64") - backend.astype(total, "float64") * mean
    coarse = step * (mean + middle)
    floor = constant + slope * backend.xp.abs(mean) + coarse * coarse
    norms = norms_of_scatter(scatter, floor, dtype, backend)
    return None if certain and bool(backend.xp.any(norms.values == 0)) else norms


def _compiled_norms(
    total: np.ndarray,
    second: np.ndarray,
    numbers: tuple[float, ...],
    block: Block,
    certain: bool,
    loop: Callable[..., Any],
) -> WindowNorms | None:
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
    return WindowNorms(values, lowest)


def count_under_support(flags: Array, pattern: Pattern, block: Block) -> Array:
    """Number of flagged samples under the support of `pattern` in each window."""
    support = pattern.support[(slice(None, None, -1),) * pattern.support.ndim]
    return count_flags(flags, support, block.axes, block.backend)


def masked_scores(
    block: Block,
    pattern: Pattern,
    window_sums: Callable[[str, PreparedKernel], Array],
    count: Array,
    resolution: float,
    min_valid: float,
) -> Array:
    """Score each window over its valid samples, in float64 (Padfield).

    Parameters
    ----------
    window_sums : callable
        Sums of a form of the block over all windows.
    count : array of int
        Valid samples under the support in each window.
    resolution : float
        Relative distance of neighbouring numbers in the image's dtype, 0 for integers.
    min_valid : float
        Windows with less than this share of the support valid are NaN.
    """
    backend, xp, axes = block.backend, block.backend.xp, block.axes
    number = backend.astype(xp.clip(count, 1, pattern.count), "float64")
    support = pattern.weights(pattern.support, axes, "float64")
    total, second = window_sums("samples", support), window_sums("squares", support)
    mean = total / number
    scatter = second - total * mean
    coarse = 0.5 * resolution * (mean + block.offset * block.scale)
    rounding = 4.0 * (math.log2(max(math.prod(block.raw.shape), 2)) + 2) * _EPS
    power = block.rms * block.rms * math.prod(block.raw.shape)
    floor = rounding * (math.sqrt(block.fourth * pattern.count) + 2 * math.sqrt(power * pattern.count) * xp.abs(mean))
    flat_window = scatter <= floor + number * coarse * coarse
    values = pattern.numerator(axes, "float64")
    numerator, part = window_sums("samples", values), window_sums("there", values)
    norm = window_sums("there", pattern.weights(pattern.values**2, axes, "float64")) - part * part / number
    nothing = flat_window | (norm <= _FLAT_TEMPLATE**2)
    product = xp.where(nothing, xp.ones_like(norm), scatter * norm)
    score = xp.clip((numerator - mean * part) / xp.sqrt(product), -1.0, 1.0)
    score = xp.where(nothing, xp.zeros_like(score), score)
    enough = max(1, math.ceil(min_valid * pattern.count))
    return xp.where(count >= enough, score, xp.asarray(math.nan, dtype=score.dtype, device=score.device))
