"""Zero-mean normalised cross-correlation of blocks, safe for any offset.

With f the window, t the template and sums over the samples that count,
``sum (f - mean f)(t - mean t) / sqrt(sum (f - mean f)^2 sum (t - mean t)^2)``. The block's median is subtracted first,
the sums that make the variance are float64 and hold the samples of their own window only, and the numerator is
computed in float64 wherever the window's contrast is small beside the block's.
Missing samples of the image: every window has its own mean and variance of image and template over the samples that
both have (D. Padfield, Masked object registration in the Fourier domain, IEEE Trans. Image Process. 21, 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._arrays import Array, dtype_name
from ..backends import Backend
from ..methods import Method, Weights
from ._counting import count_flags
from ._patterns import Pattern
from ._sums import box_sums
from ._windows import all_finite

_EPS = float(np.finfo(np.float64).eps)
#: A float32 numerator is off by about 5e-7 of the block's RMS; below this share of it, a window's norm needs float64.
_CONTRAST = 0.02
#: The valid part of a template is flat below this share of the template's norm.
_FLAT_TEMPLATE = 1e-6
#: Blocks are scaled when their samples lie outside, so that no square leaves the range of the dtype.
_SMALL, _LARGE = 1e-12, 1e12
#: How many samples of a block tell its middle.
_SAMPLED = 4096


@dataclass(frozen=True)
class Moments:
    """Of every window of a block: the samples less the offset, and what the scores divide by.

    Attributes
    ----------
    samples : array of float64
        The block less its middle, scaled if need be, 0 where samples are missing.
    total : array of float64
        Sum of the samples of each window.
    scatter : array of float64
        Sum of squared differences from the window's mean; not negative.
    flat : array of bool
        Where the samples of the window differ by no more than rounding.
    rms : float
        Root mean square of the samples.
    """

    samples: Array
    total: Array
    scatter: Array
    flat: Array
    rms: float


@dataclass(frozen=True, eq=False)
class Scores:
    """One pattern and one policy for missing samples, applied to blocks: a `Compute` of the sweep.

    Parameters
    ----------
    method : Method
        Sums over windows of clean blocks.
    pattern : Pattern
    axes : tuple of int
        The axes of the block that the pattern acts on.
    omit : bool
        Whether not-finite samples are left out like masked ones, instead of making their windows NaN.
    resolution : float
        Relative distance of neighbouring numbers in the image's dtype, 0 for integers.
    """

    method: Method
    pattern: Pattern
    axes: tuple[int, ...]
    omit: bool
    resolution: float
    numerators: dict[str, Weights] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for dtype in ("float32", "float64"):
            self.numerators[dtype] = self.pattern.numerator(self.axes, dtype)

    def __call__(self, block: Array, valid: Array | None, out: Array, backend: Backend, workers: int) -> None:
        """Fill `out` with the scores of all windows inside `block`."""
        xp = backend.xp
        clean, missing, bad = split_missing(block, valid, self.omit, xp)
        if missing is None:
            score = self._plain(clean, bad, dtype_name(out.dtype), backend, workers)
        else:
            score = self._masked(clean, missing, bad, backend, workers)
        if bad is not None:
            hit = self._count(bad, backend) > 0
            score = xp.where(hit, _scalar(math.nan, score, xp), score)
        backend.assign(out, ..., score)

    def _plain(self, clean: Array, bad: Array | None, dtype: str, backend: Backend, workers: int) -> Array:
        """All samples count (those under `bad` are replaced and their windows overwritten later)."""
        xp, count = backend.xp, self.pattern.count
        moments = self.moments(clean, None if bad is None else ~bad, count, backend, workers)
        norm = xp.sqrt(xp.where(moments.flat, xp.ones_like(moments.scatter), moments.scatter))
        if dtype != "float64" and not _needs_float64(moments, norm, xp):
            dtype = "float32"
        else:
            dtype = "float64"
        numerator = self.sums(moments.samples, self.numerators[dtype], backend, workers)
        score = numerator / backend.astype(norm, dtype)
        score = xp.clip(score, -1.0, 1.0)
        return xp.where(moments.flat, xp.zeros_like(score), score)

    def _masked(self, clean: Array, missing: Array, bad: Array | None, backend: Backend, workers: int) -> Array:
        """Each window over the samples that are there, in float64."""
        xp, pattern = backend.xp, self.pattern
        count = self._count(missing, backend)
        number = backend.astype(xp.clip(count, 1, pattern.count), "float64")
        kept = missing if bad is None else missing & ~bad
        moments = self.moments(clean, kept, number, backend, workers)
        there = backend.astype(missing, "float64")
        squares = pattern.weights(pattern.values**2, self.axes, "float64")
        numerator = self.sums(moments.samples, self.numerators["float64"], backend, workers)
        part = self.sums(there, self.numerators["float64"], backend, workers)
        norm = self.sums(there, squares, backend, workers) - part * part / number
        flat = moments.flat | (norm <= _FLAT_TEMPLATE**2)
        product = xp.where(flat, xp.ones_like(norm), moments.scatter * norm)
        score = xp.clip((numerator - moments.total * part / number) / xp.sqrt(product), -1.0, 1.0)
        score = xp.where(flat, xp.zeros_like(score), score)
        return xp.where(count > 0, score, _scalar(math.nan, score, xp))

    def moments(self, clean: Array, kept: Array | None, count: Array | int, backend: Backend, workers: int) -> Moments:
        """Means and variances of all windows; `kept` marks the samples that count."""
        xp = backend.xp
        samples, offset, scale = centred(clean, kept, backend)
        squares = samples * samples
        total = self._support_sums(samples, backend, workers)
        second = self._support_sums(squares, backend, workers)
        share = total / count
        scatter = second - total * share
        rounding = 4.0 * (math.log2(self.pattern.count) + 2) * _EPS
        largest = second
        if not self.pattern.is_box and not self.method.keeps_ratio:
            # a transform mixes all samples of the block into the rounding of each sum
            everything = float(xp.sum(squares))
            fourth = math.sqrt(float(xp.sum(squares * squares)) * self.pattern.count)
            largest = second + fourth + 2 * math.sqrt(everything) * xp.sqrt(xp.abs(second))
        floor = rounding * largest
        if self.resolution:
            step = self.resolution * (share + offset * scale)
            floor = floor + 0.25 * count * step * step
        flat = scatter <= floor
        rms = math.sqrt(float(xp.mean(squares)))
        return Moments(samples, total, xp.where(flat, xp.zeros_like(scatter), scatter), flat, rms)

    def sums(self, samples: Array, weights: Weights, backend: Backend, workers: int) -> Array:
        """Sums over all windows in the dtype of the weights."""
        dtype = str(weights.values.dtype)
        out = backend.empty(self._lengths(samples), dtype)
        self.method.run(backend.astype(samples, dtype), weights, out, backend, workers)
        return out

    def _support_sums(self, samples: Array, backend: Backend, workers: int) -> Array:
        if self.pattern.is_box:
            return box_sums(samples, self.axes, self.pattern.shape)
        support = self.pattern.weights(self.pattern.support, self.axes, "float64")
        return self.sums(samples, support, backend, workers)

    def _count(self, flags: Array, backend: Backend) -> Array:
        support = self.pattern.support[(slice(None, None, -1),) * self.pattern.support.ndim]
        return count_flags(flags, support, self.axes, backend)

    def _lengths(self, block: Array) -> tuple[int, ...]:
        lengths = list(block.shape)
        for axis, k in zip(self.axes, self.pattern.shape, strict=True):
            lengths[axis] -= k - 1
        return tuple(lengths)


def split_missing(block: Array, valid: Array | None, omit: bool, xp: Any) -> tuple[Array, Array | None, Array | None]:
    """Block with 0 for what is not finite or masked, the samples that are there, and those that make NaN."""
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


def _needs_float64(moments: Moments, norm: Array, xp: Any) -> bool:
    """Whether some window's contrast is so far below the block's that float32 would not do."""
    low = ~moments.flat & (norm < _CONTRAST * moments.rms)
    return bool(xp.any(low))


def _scalar(value: float, like: Array, xp: Any) -> Array:
    return xp.asarray(value, dtype=like.dtype, device=like.device)
