"""A block of samples made ready for sums: what is missing set apart, the middle subtracted."""

from __future__ import annotations

import math
from typing import Any

from .._arrays import Array
from ..backends import Backend
from ._windows import all_finite

#: Blocks are scaled when their samples lie outside, so that no square leaves the range of the dtype.
_SMALL, _LARGE = 1e-12, 1e12
#: How many samples of a block tell its middle.
_SAMPLED = 4096


def split_missing(block: Array, valid: Array | None, omit: bool, xp: Any) -> tuple[Array, Array | None, Array | None]:
    """Block with 0 for what is not finite or masked, the samples that are there, and those that make NaN.

    Parameters
    ----------
    block : array
    valid : array of bool or None
        The samples that count; None: all.
    omit : bool
        Whether not-finite samples are left out, instead of making NaN.

    Returns
    -------
    clean, there, bad : array, array of bool or None, array of bool or None
        None stands for "all" and for "none".
    """
    finite = None if all_finite(block, xp) else xp.isfinite(block)
    if valid is not None and bool(xp.all(valid)):
        valid = None
    there, bad = valid, None
    if finite is not None:
        if omit:
            there = finite if valid is None else finite & valid
        else:
            bad = ~finite if valid is None else ~finite & valid
    kept = finite if valid is None else (valid if finite is None else finite & valid)
    clean = block if kept is None else xp.where(kept, block, xp.zeros_like(block))
    return clean, there, bad


def centred(clean: Array, kept: Array | None, backend: Backend) -> tuple[Array, float, float]:
    """The block in float64 less its middle, 0 where not `kept`; the middle, and what was multiplied after it."""
    xp = backend.xp
    wide = backend.astype(clean, "float64")
    offset = _middle(wide, kept, xp)
    wide = wide - offset
    if kept is not None:
        wide = xp.where(kept, wide, xp.zeros_like(wide))
    largest = float(xp.max(xp.abs(wide)))
    scale = 1.0
    if largest and not _SMALL < largest < _LARGE:
        scale = 1.0 / largest if math.isfinite(1.0 / largest) else 1e300
        wide = wide * scale
    return wide, offset, scale


def _middle(block: Array, kept: Array | None, xp: Any) -> float:
    """The median of some samples: unlike the mean, it stays where most samples are when one is 1e10."""
    step = max(1, math.ceil((block.size / _SAMPLED) ** (1 / block.ndim)))
    key = (slice(None, None, step),) * block.ndim
    some = block[key] if kept is None else block[key][kept[key]]
    if some.size == 0:
        some = block if kept is None else block[kept]
    if some.size == 0:
        return 0.0
    return float(xp.sort(xp.reshape(some, (-1,)))[some.size // 2])
