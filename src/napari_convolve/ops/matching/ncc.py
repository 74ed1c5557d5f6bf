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

from ..._arrays import Array, dtype_name
from ...backends import Backend
from ...methods import Method, PreparedKernel
from ..filtering.normalized_convolution import count_flags
from . import ncc_numba as _loops
from .block import Block, correlate_block, in_rows, last_axes, memory_planes
from .template import Pattern
from .window_norms import Norms, box_norms, cut_norms, support_norms

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
        The axes of the block that patterns act on, rising.
    omit : bool
        Whether not-finite samples are left out like masked ones, instead of making their windows NaN.
    resolution : float
        Relative distance of neighbouring numbers in the image's dtype, 0 for integers.
    min_valid : float
        Windows with less than this share of the pattern's samples there are NaN, like those with none.
    """

    method: Method
    axes: tuple[int, ...]
    omit: bool
    resolution: float
    min_valid: float = 0.0


@dataclass(frozen=True, eq=False)
class BestScores:
    """The best score of some patterns at each place: a `Compute` of the sweep. NaN where none has one."""

    scoring: Scoring
    patterns: tuple[Pattern, ...]

    def __call__(self, block: Array, valid: Array | None, out: Array, backend: Backend, workers: int) -> None:
        """Fill `out` with the best scores of all windows inside `block`."""
        scorer = Scorer(self.scoring, Block(block, valid, self.scoring.axes, self.scoring.omit, backend, workers), out)
        # patterns of one support follow each other: they share their norms
        for number, pattern in enumerate(sorted(self.patterns, key=lambda p: p.support_key)):
            scorer.add(pattern, first=number == 0)


class Scorer:
    """Scores one block with one pattern after the other and keeps the best."""

    def __init__(self, scoring: Scoring, block: Block, out: Array) -> None:
        self.scoring, self.block, self.out, self.dtype = scoring, block, out, dtype_name(out.dtype)
        self._norms: tuple[tuple[Any, ...], Norms] | None = None
        self._counts: tuple[tuple[Any, ...], Array] | None = None

    def add(self, pattern: Pattern, first: bool) -> None:
        """Score all windows with `pattern`; the first one's scores are kept as they are."""
        if self.block.there is None and self.block.bad is None:
            self._plain(pattern, first)
            return
        xp = self.block.backend.xp
        score = self._masked(pattern) if self.block.there is not None else self._quotient(pattern)
        if self.block.bad is not None:
            hit = self._count("bad", self.block.bad, pattern) > 0
            score = xp.where(hit, _scalar(math.nan, score, xp), score)
        self._keep(score, first)

    def _plain(self, pattern: Pattern, first: bool) -> None:
        numerator, norm = self._parts(pattern)
        last = self.scoring.axes == last_axes(self.out.ndim, len(self.scoring.axes))
        if not last or not _divided(numerator, norm, self.out, len(self.scoring.axes), first):
            self._keep(self._divide(numerator, norm), first)

    def _quotient(self, pattern: Pattern) -> Array:
        return self._divide(*self._parts(pattern))

    def _divide(self, numerator: Array, norm: Array) -> Array:
        xp = self.block.backend.xp
        varies = norm > 0
        score = numerator / xp.where(varies, norm, xp.ones_like(norm))
        return xp.where(varies, xp.clip(score, -1.0, 1.0), xp.zeros_like(score))

    def _keep(self, score: Array, first: bool) -> None:
        backend, xp = self.block.backend, self.block.backend.xp
        if not first:
            score = backend.astype(score, self.dtype)
            score = xp.where(xp.isnan(self.out) | (score > self.out), score, self.out)
        backend.assign(self.out, ..., score)

    def _parts(self, pattern: Pattern) -> tuple[Array, Array]:
        """Numerators and norms where all samples count, in float32 when that is safe."""
        block, axes = self.block, self.scoring.axes
        norms = self._norms_of(pattern, self.dtype)
        dtype = self.dtype
        if dtype == "float32" and norms.lowest < _CONTRAST * block.rms:
            dtype = "float64"
            norms = self._norms_of(pattern, dtype)
        numerator = self._sums("samples", pattern.numerator(axes, dtype, self.scoring.method.keeps_ratio))
        return numerator, cut_norms(norms, pattern, tuple(numerator.shape), axes)

    def _norms_of(self, pattern: Pattern, dtype: str) -> Norms:
        key = (*pattern.support_key, dtype)
        if self._norms is None or self._norms[0] != key:
            resolution = self.scoring.resolution
            if pattern.is_box:
                norms = box_norms(self.block, pattern.cropped.shape, dtype, resolution)
            else:
                norms = support_norms(self.block, pattern, dtype, resolution)
            self._norms = key, norms
        return self._norms[1]

    def _masked(self, pattern: Pattern) -> Array:
        """Each window over the samples that are there, in float64."""
        block, axes = self.block, self.scoring.axes
        backend, xp = block.backend, block.backend.xp
        count = self._count("there", block.there, pattern)
        number = backend.astype(xp.clip(count, 1, pattern.count), "float64")
        support = pattern.weights(pattern.support, axes, "float64")
        total, second = self._sums("samples", support), self._sums("squares", support)
        mean = total / number
        scatter = second - total * mean
        coarse = 0.5 * self.scoring.resolution * (mean + block.offset * block.scale)
        rounding = 4.0 * (math.log2(max(math.prod(block.raw.shape), 2)) + 2) * float(np.finfo(np.float64).eps)
        power = block.rms * block.rms * math.prod(block.raw.shape)
        floor = rounding * (
            math.sqrt(block.fourth * pattern.count) + 2 * math.sqrt(power * pattern.count) * xp.abs(mean)
        )
        flat_window = scatter <= floor + number * coarse * coarse
        values = pattern.numerator(axes, "float64")
        numerator, part = self._sums("samples", values), self._sums("there", values)
        norm = self._sums("there", pattern.weights(pattern.values**2, axes, "float64")) - part * part / number
        nothing = flat_window | (norm <= _FLAT_TEMPLATE**2)
        product = xp.where(nothing, xp.ones_like(norm), scatter * norm)
        score = xp.clip((numerator - mean * part) / xp.sqrt(product), -1.0, 1.0)
        score = xp.where(nothing, xp.zeros_like(score), score)
        enough = max(1, math.ceil(self.scoring.min_valid * pattern.count))
        return xp.where(count >= enough, score, _scalar(math.nan, score, xp))

    def _sums(self, name: str, weights: PreparedKernel) -> Array:
        """Sums over all windows in the dtype of the weights."""
        block, method = self.block, self.scoring.method
        if not method.keeps_ratio:
            return correlate_block(block, name, weights)
        dtype = str(weights.values.dtype)
        lengths = list(block.raw.shape)
        for axis, k in zip(self.scoring.axes, weights.values.shape, strict=True):
            lengths[axis] -= k - 1
        out = block.backend.empty(tuple(lengths), dtype)
        method.run(block.form(name, dtype), weights, out, block.backend, block.workers)
        return out

    def _count(self, name: str, flags: Array, pattern: Pattern) -> Array:
        key = (name, pattern.digest)
        if self._counts is None or self._counts[0] != key:
            support = pattern.support[(slice(None, None, -1),) * pattern.support.ndim]
            self._counts = key, count_flags(flags, support, self.scoring.axes, self.block.backend)
        return self._counts[1]


def _divided(numerator: Array, norm: Array, out: Array, acted: int, first: bool) -> bool:
    """Divide by the compiled loop, straight into the result; False when it does not apply."""
    if not isinstance(out, np.ndarray) or acted > 2 or not out.size:
        return False
    loop = _loops.ready("divide" if first else "divide_max", out.dtype.name)
    arrays = (numerator, norm, out)
    if loop is None or any(not isinstance(a, np.ndarray) or a.dtype != out.dtype or not in_rows(a) for a in arrays):
        return False
    kind = out.dtype.type
    (r, numerators), (n, norms), (o, outs) = (memory_planes(a, acted) for a in arrays)
    ny, nx = out.shape[-2] if acted == 2 else 1, out.shape[-1]
    for (_, r0, sr), (_, n0, sn), (_, o0, so) in zip(numerators, norms, outs, strict=True):
        loop(r, r0, sr, n, n0, sn, ny, nx, o, o0, so, kind(0), kind(1))
    return True


def _scalar(value: float, like: Array, xp: Any) -> Array:
    return xp.asarray(value, dtype=like.dtype, device=like.device)
