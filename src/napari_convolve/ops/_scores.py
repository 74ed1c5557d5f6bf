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
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import Array, dtype_name
from ..backends import Backend
from ..methods import Method, Weights, valid_key
from ..methods.fft import kernel_spectrum
from ._blocks import centred, split_missing
from ._counting import count_flags
from ._patterns import Pattern
from ._sums import box_sums

_EPS = float(np.finfo(np.float64).eps)
#: A float32 numerator is off by about 5e-7 of the block's RMS; below this share of it, a window's norm needs float64.
_CONTRAST = 0.02
#: The valid part of a template is flat below this share of the template's norm.
_FLAT_TEMPLATE = 1e-6


@dataclass(frozen=True, eq=False)
class Scoring:
    """How blocks are scored: everything but the block and the pattern.

    Parameters
    ----------
    method : Method
        Sums over windows of clean blocks.
    axes : tuple of int
        The axes of the block that patterns act on.
    omit : bool
        Whether not-finite samples are left out like masked ones, instead of making their windows NaN.
    resolution : float
        Relative distance of neighbouring numbers in the image's dtype, 0 for integers.
    min_valid : float
        Windows with less than this share of the pattern's samples there are NaN, like those with none.
    shared : bool
        Whether several patterns are tried on each block, so that its transform is worth keeping.
    """

    method: Method
    axes: tuple[int, ...]
    omit: bool
    resolution: float
    min_valid: float = 0.0
    shared: bool = False


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of one pattern: a `Compute` of the sweep."""

    scoring: Scoring
    pattern: Pattern

    def __call__(self, block: Array, valid: Array | None, out: Array, backend: Backend, workers: int) -> None:
        """Fill `out` with the scores of all windows inside `block`."""
        prepared = Prepared(self.scoring, block, valid, dtype_name(out.dtype), backend, workers)
        backend.assign(out, ..., prepared.scores(self.pattern))


@dataclass(frozen=True, eq=False)
class BestScores:
    """The best score of several patterns at each place: a `Compute` of the sweep. NaN where no pattern has one."""

    scoring: Scoring
    patterns: tuple[Pattern, ...]

    def __call__(self, block: Array, valid: Array | None, out: Array, backend: Backend, workers: int) -> None:
        """Fill `out` with the best scores of all windows inside `block`."""
        xp = backend.xp
        prepared = Prepared(self.scoring, block, valid, dtype_name(out.dtype), backend, workers)
        best: Array | None = None
        for pattern in self.patterns:
            score = prepared.scores(pattern)
            if best is None:
                best = score
            else:
                best = xp.where(xp.isnan(best) | (score > best), score, best)
        backend.assign(out, ..., best)


class Prepared:
    """A block made ready once for any number of patterns of one shape.

    Parameters
    ----------
    scoring : Scoring
    block : array
    valid : array of bool or None
        The samples that count.
    dtype : str
        Of the scores.
    """

    def __init__(
        self, scoring: Scoring, block: Array, valid: Array | None, dtype: str, backend: Backend, workers: int
    ) -> None:
        self.scoring, self.dtype, self.backend, self.workers = scoring, dtype, backend, workers
        clean, self.there, self.bad = split_missing(block, valid, scoring.omit, backend.xp)
        kept = self.there
        if self.bad is not None:
            kept = ~self.bad if kept is None else kept & ~self.bad
        self.samples, self.offset, self.scale = centred(clean, kept, backend)
        self.squares = self.samples * self.samples
        xp = backend.xp
        self.power = float(xp.sum(self.squares))
        self.rms = math.sqrt(self.power / max(clean.size, 1))
        self._kept: dict[tuple[Any, ...], Array] = {}

    def scores(self, pattern: Pattern) -> Array:
        """The scores of all windows inside the block, NaN where there are none."""
        xp = self.backend.xp
        score = self._plain(pattern) if self.there is None else self._masked(pattern)
        if self.bad is not None:
            hit = self._count("bad", self.bad, pattern) > 0
            score = xp.where(hit, _scalar(math.nan, score, xp), score)
        return score

    def _plain(self, pattern: Pattern) -> Array:
        """All samples count (those that are not finite were replaced; their windows are overwritten later)."""
        xp = self.backend.xp
        _, scatter, flat = self._moments(pattern, pattern.count)
        norm = xp.sqrt(xp.where(flat, xp.ones_like(scatter), scatter))
        low = ~flat & (norm < _CONTRAST * self.rms)
        dtype = "float64" if self.dtype == "float64" or bool(xp.any(low)) else "float32"
        numerator = self._sums("samples", self.samples, pattern.numerator(self.scoring.axes, dtype))
        score = xp.clip(numerator / self.backend.astype(norm, dtype), -1.0, 1.0)
        return xp.where(flat, xp.zeros_like(score), score)

    def _masked(self, pattern: Pattern) -> Array:
        """Each window over the samples that are there, in float64."""
        xp, backend, axes = self.backend.xp, self.backend, self.scoring.axes
        assert self.there is not None
        count = self._count("there", self.there, pattern)
        number = backend.astype(xp.clip(count, 1, pattern.count), "float64")
        total, scatter, flat = self._moments(pattern, number)
        there = backend.astype(self.there, "float64")
        values = pattern.numerator(axes, "float64")
        numerator = self._sums("samples", self.samples, values)
        part = self._sums("there", there, values)
        norm = self._sums("there", there, pattern.weights(pattern.values**2, axes, "float64")) - part * part / number
        flat = flat | (norm <= _FLAT_TEMPLATE**2)
        product = xp.where(flat, xp.ones_like(norm), scatter * norm)
        score = xp.clip((numerator - total * part / number) / xp.sqrt(product), -1.0, 1.0)
        score = xp.where(flat, xp.zeros_like(score), score)
        enough = max(1, math.ceil(self.scoring.min_valid * pattern.count))
        return xp.where(count >= enough, score, _scalar(math.nan, score, xp))

    def _moments(self, pattern: Pattern, count: Array | int) -> tuple[Array, Array, Array]:
        """Of each window the sum, the sum of squared differences from the mean, and whether those are only rounding."""
        xp = self.backend.xp
        total = self._support_sums("samples", self.samples, pattern)
        second = self._support_sums("squares", self.squares, pattern)
        share = total / count
        scatter = second - total * share
        rounding = 4.0 * (math.log2(pattern.count) + 2) * _EPS
        largest = second
        if not pattern.is_box and not self.scoring.method.keeps_ratio:
            # a transform mixes all samples of the block into the rounding of each sum
            fourth = math.sqrt(float(xp.sum(self.squares * self.squares)) * pattern.count)
            largest = second + fourth + 2 * math.sqrt(self.power) * xp.sqrt(xp.abs(second))
        floor = rounding * largest
        if self.scoring.resolution:
            step = self.scoring.resolution * (share + self.offset * self.scale)
            floor = floor + 0.25 * count * step * step
        flat = scatter <= floor
        return total, xp.where(flat, xp.zeros_like(scatter), scatter), flat

    def _support_sums(self, name: str, samples: Array, pattern: Pattern) -> Array:
        if not pattern.is_box:
            return self._sums(name, samples, pattern.weights(pattern.support, self.scoring.axes, "float64"))
        key = ("box", name, pattern.shape)
        if key not in self._kept:
            self._kept[key] = box_sums(samples, self.scoring.axes, pattern.shape)
        return self._kept[key]

    def _sums(self, name: str, samples: Array, weights: Weights) -> Array:
        """Sums over all windows in the dtype of the weights."""
        dtype = str(weights.values.dtype)
        backend, scoring = self.backend, self.scoring
        lengths = self._lengths(weights.values.shape)
        if scoring.shared and not scoring.method.keeps_ratio:
            return self._shared_sums(name, samples, weights, lengths)
        out = backend.empty(lengths, dtype)
        scoring.method.run(backend.astype(samples, dtype), weights, out, backend, self.workers)
        return out

    def _shared_sums(self, name: str, samples: Array, weights: Weights, lengths: tuple[int, ...]) -> Array:
        """The same through a transform of the samples that is kept for the next pattern."""
        backend, axes, dtype = self.backend, self.scoring.axes, str(weights.values.dtype)
        grid = [backend.fast_length(samples.shape[a]) for a in axes]
        key = ("spectrum", name, dtype)
        if key not in self._kept:
            self._kept[key] = backend.fft(backend.astype(samples, dtype), grid, axes, self.workers)
        spectrum = kernel_spectrum(weights, grid, samples.ndim, backend, self.workers)
        result = backend.ifft(self._kept[key] * spectrum, grid, axes, self.workers, True)
        starts = [k - 1 for k in weights.values.shape]
        return result[valid_key(result.ndim, axes, starts, [lengths[a] for a in axes])]

    def _count(self, name: str, flags: Array, pattern: Pattern) -> Array:
        key = ("count", name, pattern.digest)
        if key not in self._kept:
            support = pattern.support[(slice(None, None, -1),) * pattern.support.ndim]
            self._kept[key] = count_flags(flags, support, self.scoring.axes, self.backend)
        return self._kept[key]

    def _lengths(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        lengths = list(self.samples.shape)
        for axis, k in zip(self.scoring.axes, shape, strict=True):
            lengths[axis] -= k - 1
        return tuple(lengths)


def _scalar(value: float, like: Array, xp: Any) -> Array:
    return xp.asarray(value, dtype=like.dtype, device=like.device)
