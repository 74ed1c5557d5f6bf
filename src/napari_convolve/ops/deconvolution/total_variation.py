"""The divisor of total variation in Richardson-Lucy: ``1 - tv div(grad x / |grad x|)``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._arrays import Array
from .blur_operator import Box

#: The divisor is not smaller; a step never grows by more than its inverse.
_SMALLEST = 0.2
#: A step multiplies the finest ripple of a flat region by at least ``1 - 4 / _STEADY``: to level it is enough.
_STEADY = 4.0


def variation_factor(values: Array, box: Box, weight: float, spacing: Sequence[float], least: float, xp: Any) -> Array:
    """The divisor at the samples in `box`.

    Forward differences make the gradient, backward ones its divergence, both per physical length; outside is the
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
        Gradients are taken to be no smaller, so that flat regions are left alone; nor smaller than a step could level:
        it would overshoot, and flat regions would flicker from one iteration to the next with signs that rounding
        decides.
    """
    wide = tuple(slice(max(s.start - 1, 0), min(s.stop + 1, n)) for s, n in zip(box, values.shape, strict=True))
    block = values[wide]
    steps = [_forward(block, axis, xp) / spacing[axis] for axis in range(block.ndim)]
    flat = least + _STEADY * weight * sum(1 / length**2 for length in spacing) * block
    size = xp.sqrt(sum((s * s for s in steps), start=flat * flat))
    total: Any = xp.zeros_like(block)
    for axis, step in enumerate(steps):
        total = total + _backward(step / size, axis, xp) / spacing[axis]
    inner = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(box, wide, strict=True))
    factor = (1 - weight * total)[inner]
    return xp.where(factor > _SMALLEST, factor, 0 * factor + _SMALLEST)


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
