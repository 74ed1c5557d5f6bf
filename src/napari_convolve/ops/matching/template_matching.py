"""Zero-mean normalised cross-correlation (NCC) of an image with templates, safe for any offset of the grey levels.

With f the window, t the template and sums over the samples that count,
``sum (f - mean f)(t - mean t) / sqrt(sum (f - mean f)^2 sum (t - mean t)^2)``. The block's median is subtracted first.
The sums for the variance are float64 and hold the samples of their own window only; the numerator is float64 wherever
a window's contrast is small beside the block's. Where samples are missing, each window has its own means and variances
over the samples that image and template both have (D. Padfield, IEEE Trans. Image Process. 21, 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..._arrays import Array, dtype_name
from ...backends import SESSION, Backend
from ...methods import METHODS, Method, PreparedKernel, valid_key
from ...methods._compiled import installed
from ..execution.execution import Execution, WindowGeometry, tile_loop
from ..filtering.window import Window, as_convolution, rising_axes, window_geometry
from . import ncc_numba
from .block import Block, WindowNorms, box_norms, in_rows, memory_planes
from .partial_windows import count_under_support, masked_scores, support_norms
from .scoring_cost import scoring_method
from .template import Pattern

#: A float32 numerator is off by about 5e-7 of the block's RMS; windows with a norm below this share of it need float64.
_CONTRAST = 0.02


def template_scores(image: Array, pattern: Pattern, window: Window, valid: Array | None, run: Execution) -> Array:
    """Score every place of `image` against one template; see `napari_convolve.match_template`.

    Parameters
    ----------
    image : array
        Of the library `run.source`.
    window : Window
        Of a correlation.
    valid : array of bool or None
        Of the image's shape; False samples are left out.
    """
    order, window = rising_axes(window)
    pattern = pattern.transposed(order)
    dtype = dtype_name(image.dtype)
    geometry = score_geometry(image.shape, dtype, pattern, window, valid is not None, run.task.responsive)
    problem = geometry.problem
    if 0 in problem.out:
        return run.source.empty(problem.out, geometry.dtype)
    candidates = [scoring_method(method) for method in METHODS.values()]
    run.task.plan = plan = run.plan(problem, candidates)
    run.check_room(problem.out, geometry.dtype)
    scores = BestScores((pattern,), METHODS.get(plan.method), window.axes, window.nan == "omit", resolution_of(image))
    result = tile_loop(image, valid, geometry, plan, scores, candidates, run)
    compile_scoring_later(problem.dtype, problem.compute, pattern.is_box)
    return result


def score_geometry(
    shape: tuple[int, ...], dtype: str, pattern: Pattern, window: Window, masked: bool, responsive: bool
) -> WindowGeometry:
    """Geometry and problem of scoring an image with `pattern`."""
    applied, center = as_convolution(pattern.kernel(), window)
    geometry = window_geometry(shape, dtype, applied, window, center, masked, responsive)
    # only the plain numerator may be separable; counts and sums over valid samples are not
    plain = pattern.is_full and not geometry.problem.masked
    terms = len(pattern.factors) if plain else 0
    return replace(
        geometry, problem=replace(geometry.problem, operation="match_template", taps=pattern.count, terms=terms)
    )


def resolution_of(image: Array) -> float:
    """Relative distance of neighbouring numbers in the image's dtype, 0 for integers."""
    name = dtype_name(image.dtype)
    return float(np.finfo(name).eps) if name.startswith("float") else 0.0


def compile_scoring_later(read: str, compute: str, boxes: bool = True) -> None:
    """Compile the loops for images of dtype `read` after this call, unless they are ready or cannot be used."""
    if read not in ncc_numba.READ or compute not in ("float32", "float64") or not installed():
        return
    ready = SESSION.ready()
    missing = [loop for loop in ncc_numba.needed_loops(read, compute, boxes) if ("scores", *loop) not in ready]
    if missing:
        SESSION.later(partial(ncc_numba.compile_now, *loop) for loop in missing)


@dataclass(frozen=True, eq=False)
class BestScores:
    """The best score of some templates at each place, NaN where there is none: the computation of a tile.

    Parameters
    ----------
    patterns : tuple of Pattern
    method : Method
        Sums over windows of blocks without missing samples.
    axes : tuple of int
        The axes of the block that templates act on, rising.
    omit : bool
        Whether non-finite samples are left out like masked ones; otherwise their windows become NaN.
    resolution : float
        Relative distance of neighbouring numbers in the image's dtype, 0 for integers.
    min_valid : float
        Windows with less than this share of the template's samples valid are NaN, like those with none.
    """

    patterns: tuple[Pattern, ...]
    method: Method
    axes: tuple[int, ...]
    omit: bool
    resolution: float
    min_valid: float = 0.0

    def __call__(self, block: Array, valid: Array | None, out: Array, backend: Backend, workers: int) -> None:
        """Fill `out` with the best scores of all windows inside `block`."""
        scorer = _BlockScorer(self, Block(block, valid, self.axes, self.omit, backend, workers), out)
        # templates of one support follow each other, since they share their norms
        for number, pattern in enumerate(sorted(self.patterns, key=lambda p: p.support_key)):
            scorer.add(pattern, first=number == 0)


class _BlockScorer:
    """Scores one block with one template after the other and keeps the best."""

    def __init__(self, options: BestScores, block: Block, out: Array) -> None:
        self.options, self.block, self.out, self.dtype = options, block, out, dtype_name(out.dtype)
        self._norms: tuple[tuple[Any, ...], WindowNorms] | None = None
        self._counts: tuple[tuple[Any, ...], Array] | None = None

    def add(self, pattern: Pattern, first: bool) -> None:
        """Score all windows with `pattern`; the scores of the first one replace what `out` holds."""
        block, xp = self.block, self.block.backend.xp
        if block.there is not None:
            count = self._count("there", block.there, pattern)
            score = masked_scores(block, pattern, self._sums, count, self.options.resolution, self.options.min_valid)
        else:
            numerator, norm = self._numerator_and_norm(pattern)
            if block.bad is None and self._divide_compiled(numerator, norm, first):
                return
            varies = norm > 0
            score = numerator / xp.where(varies, norm, xp.ones_like(norm))
            score = xp.where(varies, xp.clip(score, -1.0, 1.0), xp.zeros_like(score))
        if block.bad is not None:
            hit = self._count("bad", block.bad, pattern) > 0
            score = xp.where(hit, xp.asarray(math.nan, dtype=score.dtype, device=score.device), score)
        if not first:
            score = block.backend.astype(score, self.dtype)
            score = xp.where(xp.isnan(self.out) | (score > self.out), score, self.out)
        block.backend.assign(self.out, ..., score)

    def _numerator_and_norm(self, pattern: Pattern) -> tuple[Array, Array]:
        """Where all samples count, in float32 when that is exact enough."""
        axes, dtype = self.options.axes, self.dtype
        norms = self._norms_of(pattern, dtype)
        if dtype == "float32" and norms.lowest < _CONTRAST * self.block.rms:
            dtype = "float64"
            norms = self._norms_of(pattern, dtype)
        numerator = self._sums("samples", pattern.numerator(axes, dtype, self.options.method.keeps_ratio))
        # of the windows of the whole template, which are fewer where its support is smaller
        key = valid_key(norms.values.ndim, axes, pattern.low, [numerator.shape[a] for a in axes])
        return numerator, norms.values[key]

    def _norms_of(self, pattern: Pattern, dtype: str) -> WindowNorms:
        key = (*pattern.support_key, dtype)
        if self._norms is None or self._norms[0] != key:
            resolution = self.options.resolution
            if pattern.is_box:
                norms = box_norms(self.block, pattern.cropped.shape, dtype, resolution)
            else:
                norms = support_norms(self.block, pattern, dtype, resolution)
            self._norms = key, norms
        return self._norms[1]

    def _divide_compiled(self, numerator: Array, norm: Array, first: bool) -> bool:
        """Divide by the compiled loop, straight into the result; False when it does not apply."""
        out, acted = self.out, len(self.options.axes)
        if not isinstance(out, np.ndarray) or acted > 2 or not out.size:
            return False
        if self.options.axes != tuple(range(out.ndim))[-acted:]:
            return False
        loop = self.block.loop("divide" if first else "divide_max", out.dtype.name)
        arrays = (numerator, norm, out)
        if loop is None or any(not isinstance(a, np.ndarray) or a.dtype != out.dtype or not in_rows(a) for a in arrays):
            return False
        kind = out.dtype.type
        (r, numerators), (n, norms), (o, outs) = (memory_planes(a, acted) for a in arrays)
        ny, nx = out.shape[-2] if acted == 2 else 1, out.shape[-1]
        for (_, r0, sr), (_, n0, sn), (_, o0, so) in zip(numerators, norms, outs, strict=True):
            loop(r, r0, sr, n, n0, sn, ny, nx, o, o0, so, kind(0), kind(1))
        return True

    def _sums(self, name: str, weights: PreparedKernel) -> Array:
        """Sums of a form of the block over all windows, in the dtype of the weights."""
        block, method = self.block, self.options.method
        if not method.keeps_ratio:
            return block.correlate(name, weights)
        dtype = str(weights.values.dtype)
        lengths = list(block.raw.shape)
        for axis, k in zip(self.options.axes, weights.values.shape, strict=True):
            lengths[axis] -= k - 1
        out = block.backend.empty(tuple(lengths), dtype)
        method.run(block.form(name, dtype), weights, out, block.backend, block.workers)
        return out

    def _count(self, name: str, flags: Array, pattern: Pattern) -> Array:
        key = (name, pattern.digest)
        if self._counts is None or self._counts[0] != key:
            self._counts = key, count_under_support(flags, pattern, self.block)
        return self._counts[1]
