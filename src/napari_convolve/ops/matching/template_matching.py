"""Normalised cross-correlation of a whole image with one template: geometry, plan and tiles brought together."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..._arrays import Array, dtype_name
from ...backends._base import next_smooth
from ...methods import METHODS, Method
from ...methods.fft import PER_SAMPLE
from ...planning import Cost, Machine, Problem
from ..execution.execution import Execution
from ..execution.tiles import WindowGeometry, tile_loop
from ..filtering.window import Window, as_convolution, window_geometry
from .ncc import BestScores, Scoring
from .ncc_numba import compile_later
from .template import Pattern

#: Seconds per sample for the moments of a block, and for dividing by them for each pattern; how many blocks in float64
#: are held at once.
_MOMENTS, _SCORE, _HELD = 6e-9, 0.5e-9, 7
#: Bytes of a block that stay in a core's cache, and how much dearer a pass is beyond.
_CACHED, _BEYOND = 1 << 19, 2.0
#: A transform of the whole image goes through main memory again for every pattern.
_WHOLE = 1.6
#: Seconds that a transform and a tile cost however small they are.
_PER_TRANSFORM, _PER_TILE = 50e-6, 200e-6


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
    pattern, window = in_order(pattern, window)
    dtype = dtype_name(image.dtype)
    geometry = score_geometry(image.shape, dtype, pattern, window, valid is not None, run.task.responsive)
    problem = geometry.problem
    if 0 in problem.out:
        return run.source.empty(problem.out, geometry.dtype)
    candidates = scoring_methods()
    run.task.plan = plan = run.plan(problem, candidates)
    run.check_room(problem.out, geometry.dtype)
    scoring = Scoring(METHODS.get(plan.method), window.axes, window.nan == "omit", resolution_of(image))
    result = tile_loop(image, valid, geometry, plan, BestScores(scoring, (pattern,)), candidates, run)
    compile_later(problem.dtype, problem.compute, pattern.is_box)
    return result


def in_order(pattern: Pattern, window: Window) -> tuple[Pattern, Window]:
    """Template and options with the axes in rising order, as everything below expects them."""
    order = tuple(int(a) for a in np.argsort(window.axes))
    axes, origin = (tuple(values[a] for a in order) for values in (window.axes, window.origin))
    return pattern.transposed(order), replace(window, axes=axes, origin=origin)


def score_geometry(
    shape: tuple[int, ...], dtype: str, pattern: Pattern, window: Window, masked: bool, responsive: bool
) -> WindowGeometry:
    """Geometry and problem of scoring an image with `pattern`."""
    applied, reach = as_convolution(pattern.kernel(), window)
    spec = window_geometry(shape, dtype, applied, window, reach, masked, responsive)
    # only the plain numerator may be separable: counts and sums over what is there are not
    plain = pattern.is_full and not spec.problem.masked
    terms = len(pattern.factors) if plain else 0
    problem = replace(spec.problem, operation="match_template", taps=pattern.count, terms=terms)
    return replace(spec, problem=problem)


def resolution_of(image: Array) -> float:
    """Relative distance of neighbouring numbers in the image's dtype, 0 for integers."""
    name = dtype_name(image.dtype)
    return float(np.finfo(name).eps) if name.startswith("float") else 0.0


def scoring_methods(number: int = 1, boxes: bool = True) -> list[Method]:
    """The registered methods, with the price of everything that a score needs, and tiles that make the most of it.

    Parameters
    ----------
    number
        How many patterns are scored.
    boxes
        Whether all samples of their windows count; otherwise the moments are sums over windows as well.
    """
    return [_scoring(method, number, boxes) for method in METHODS.values()]


@functools.lru_cache(maxsize=64)
def _scoring(method: Method, number: int, boxes: bool) -> Method:
    """The same one whenever it is asked for, so that the planner knows its plans again."""
    return replace(method, cost=_scoring_cost(method, number, boxes), tile=_scoring_tile(method, number, boxes))


def _correlations(method: Method, number: int, boxes: bool) -> float:
    """How many correlations by this method the scores of `number` patterns cost."""
    # the supports of turned patterns need two sums more
    sums = number if boxes else 2 * number
    if method.keeps_ratio:
        return sums
    # all share the transform of the block
    return (1 + sums) / 2


def _scoring_cost(method: Method, number: int, boxes: bool) -> Callable[[Problem, tuple[int, ...], Machine], Cost]:
    correlations = _correlations(method, number, boxes)

    def cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
        base = method.cost(problem, tile, machine)
        samples = math.prod(problem.block(tile))
        beyond = 1.0 if samples * problem.itemsize <= _CACHED else _BEYOND
        seconds = (_MOMENTS + _SCORE * number * beyond) * samples * problem.itemsize / 4
        cores = machine.cores if base.shared else 1
        whole = _WHOLE if base.shared else 1.0
        return Cost(
            correlations * whole * base.seconds + cores * seconds, base.bytes + 8 * _HELD * samples, base.shared
        )

    return cost


def _scoring_tile(method: Method, number: int, boxes: bool) -> Callable[[Problem, Machine], tuple[int, ...]]:
    def tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
        if method.name != "overlap-save" or len(problem.axes) != 2:
            return method.tile(problem, machine)
        out = tuple(problem.out[a] for a in problem.axes)
        kernel = tuple(problem.kernel[a] for a in range(2))
        transforms = 2 * _correlations(method, number, boxes)
        acted = _even_tile(out, kernel, problem.itemsize, transforms, number, machine.cores)
        lengths = [1] * len(problem.out)
        for axis, length in zip(problem.axes, acted, strict=True):
            lengths[axis] = length
        return tuple(lengths)

    return tile


@functools.lru_cache(maxsize=256)
def _even_tile(
    out: tuple[int, ...], kernel: tuple[int, ...], itemsize: int, transforms: float, number: int, cores: int
) -> tuple[int, ...]:
    """Tiles of equal size for which the whole costs least."""
    choices = []
    for n, k in zip(out, kernel, strict=True):
        lengths = {-(-n // m) for m in range(1, max(n // 64, 1) + 1)}
        choices.append([t for t in lengths if t >= k / 2] or [n])

    def total(tile: tuple[int, ...]) -> float:
        tiles = math.prod(-(-n // t) for n, t in zip(out, tile, strict=True))
        samples = math.prod(next_smooth(t + k - 1) for t, k in zip(tile, kernel, strict=True))
        beyond = 1 + 0.25 * max(0.0, math.log2(samples * itemsize / _CACHED))
        one = 0.5 * samples * math.log2(max(2, samples)) * PER_SAMPLE * beyond * itemsize / 4 + _PER_TRANSFORM
        rest = (_MOMENTS + _SCORE * number * beyond) * samples * itemsize / 4 + _PER_TILE
        return -(-tiles // cores) * (transforms * one + rest)

    return min(itertools.product(*choices), key=total)
