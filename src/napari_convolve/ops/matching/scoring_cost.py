"""Cost model of normalised cross-correlation: time and memory of scoring tiles by each method."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import replace

from ..._arrays import by_axis
from ...backends._base import next_smooth
from ...methods import Method
from ...methods.fft import FFT_PER_SAMPLE
from ...planning import Cost, Machine, Problem

#: Seconds per sample for the norms of a block, and for the quotient of each template; blocks held in float64 at once.
_NORMS, _QUOTIENT, _HELD = 6e-9, 0.5e-9, 7
#: Bytes of a block that fit into a core's cache, and the factor by which a pass is slower beyond.
_CACHED, _BEYOND = 1 << 19, 2.0
#: A transform of the whole image goes through main memory again for every template.
_WHOLE = 1.6
#: Seconds that a transform and a tile cost however small they are.
_PER_TRANSFORM, _PER_TILE = 50e-6, 200e-6


@functools.lru_cache(maxsize=64)
def scoring_method(method: Method, number: int = 1, boxes: bool = True) -> Method:
    """The method with the cost of scoring `number` templates, and tiles chosen for it.

    Cached, since the planner finds its plans again by the method object.

    Parameters
    ----------
    boxes
        Whether all samples of the templates' windows count; otherwise the norms are sums over windows as well.
    """
    return replace(method, cost=_scoring_cost(method, number, boxes), tile=_scoring_tile(method, number, boxes))


def _correlations(method: Method, number: int, boxes: bool) -> float:
    """Number of correlations by this method that the scores of `number` templates cost."""
    sums = number if boxes else 2 * number  # the supports of rotated templates need two sums more
    return sums if method.keeps_ratio else (1 + sums) / 2  # transforms share that of the block


def _scoring_cost(method: Method, number: int, boxes: bool) -> Callable[[Problem, tuple[int, ...], Machine], Cost]:
    correlations = _correlations(method, number, boxes)

    def cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
        base = method.cost(problem, tile, machine)
        samples = math.prod(problem.block(tile))
        beyond = 1.0 if samples * problem.itemsize <= _CACHED else _BEYOND
        seconds = (_NORMS + _QUOTIENT * number * beyond) * samples * problem.itemsize / 4
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
        return by_axis(len(problem.out), problem.axes, acted, 1)

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
        one = 0.5 * samples * math.log2(max(2, samples)) * FFT_PER_SAMPLE * beyond * itemsize / 4 + _PER_TRANSFORM
        rest = (_NORMS + _QUOTIENT * number * beyond) * samples * itemsize / 4 + _PER_TILE
        return -(-tiles // cores) * (transforms * one + rest)

    return min(itertools.product(*choices), key=total)
