"""The divisor of total variation in Richardson-Lucy: ``1 - tv div(grad x / |grad x|)``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .._arrays import Array, dtype_name
from ..backends import Backend

#: The divisor is not smaller; a step never grows by more than its inverse.
_SMALLEST = 0.2
_PART = 1 << 17


def variation_factor(values: Array, weight: float, spacing: Sequence[float], least: float, backend: Backend) -> Array:
    """The divisor at every sample.

    Forward differences make the gradient, backward ones its divergence, both per physical length; outside stands the
    edge sample.

    Parameters
    ----------
    values : array
        The object.
    weight : float
        `tv`.
    spacing : sequence of float
        Length of a step along each axis.
    least : float
        Gradients are taken to be no smaller, so that flat regions are left alone.
    """
    xp = backend.xp
    out = backend.empty(tuple(values.shape), dtype_name(values.dtype))
    length = values.shape[0]
    rows = max(1, _PART // max(1, math.prod(values.shape[1:])))
    for first in range(0, length, rows):
        last = min(first + rows, length)
        low, high = max(first - 1, 0), min(last + 1, length)
        block = values[low:high, ...]
        steps = [_forward(block, axis, xp) / spacing[axis] for axis in range(block.ndim)]
        size = xp.sqrt(sum((s * s for s in steps), start=xp.zeros_like(block)) + least * least)
        total: Any = xp.zeros_like(block)
        for axis, step in enumerate(steps):
            total = total + _backward(step / size, axis, xp) / spacing[axis]
        factor = (1 - weight * total)[first - low : last - low, ...]
        backend.assign(out, (slice(first, last), ...), xp.where(factor > _SMALLEST, factor, 0 * factor + _SMALLEST))
    return out


def _forward(block: Array, axis: int, xp: Any) -> Array:
    """Difference to the next sample, 0 at the end."""
    difference = block[_part(block, axis, 1, None)] - block[_part(block, axis, 0, -1)]
    return xp.concat([difference, xp.zeros_like(block[_part(block, axis, 0, 1)])], axis=axis)


def _backward(block: Array, axis: int, xp: Any) -> Array:
    """Difference to the previous sample, which is 0 before the first."""
    difference = block[_part(block, axis, 1, None)] - block[_part(block, axis, 0, -1)]
    return xp.concat([block[_part(block, axis, 0, 1)], difference], axis=axis)


def _part(block: Array, axis: int, start: int, stop: int | None) -> tuple[slice, ...]:
    return tuple(slice(start, stop) if a == axis else slice(None) for a in range(block.ndim))
