"""The convolution theorem in tiles that stay in the cache, one thread each."""

from __future__ import annotations

import functools
import itertools
import math

from .._arrays import Array
from ..backends import Backend
from ..planning import Cost, Machine, Problem
from ._base import Weights, method
from .fft import KERNEL_SHARE, convolve_block, fft_cost

#: seconds per sample and doubling of the length while all stays in the cache
PER_SAMPLE = 0.25e-9
#: Lengths whose transforms are fast for their size, by the number of acted axes.
_LENGTHS = {
    1: (1024, 4096, 16384, 65536),
    2: (96, 128, 160, 192, 240, 256, 288, 320, 360, 384, 432, 480, 512, 576, 640, 768, 1024),
    3: (16, 24, 32, 48, 64, 80, 96, 108, 128, 144, 160, 192),
}
#: More samples than this leave the cache of a core, and each costs more.
_CACHED, _BEYOND = 1 << 17, 1.5
#: What tiles cost beside their transforms (samples gathered, results copied), and when they leave all caches.
_SHARED, _MOVED, _FAR = 4 << 20, 1.55, 2.3


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    acted = best_tile(tuple(problem.out[a] for a in problem.axes), problem.kernel, problem.itemsize)
    tile = [1] * len(problem.out)
    for axis, length in zip(problem.axes, acted, strict=True):
        tile[axis] = length
    return tuple(tile)


@functools.lru_cache(maxsize=256)
def best_tile(out: tuple[int, ...], kernel: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """The tile of the result, along the acted axes, for which the whole costs least."""
    if len(out) > 3:  # the leading axes stay whole, the last three share the work
        return out[:-3] + best_tile(out[-3:], kernel[-3:], itemsize)
    choices = []
    for n, k in zip(out, kernel, strict=True):
        fitting = [g for g in _LENGTHS[len(out)] if 1.5 * k <= g < n + k - 1]
        if n + k - 1 <= 1.25 * _LENGTHS[len(out)][-4]:
            fitting.append(n + k - 1)
        # an axis shorter than every grid stays whole; so does one whose kernel no grid has room for
        choices.append([g - k + 1 for g in fitting] or [n])

    def total(tile: tuple[int, ...]) -> float:
        number = math.prod(-(-n // t) for n, t in zip(out, tile, strict=True))
        samples = math.prod(t + k - 1 for t, k in zip(tile, kernel, strict=True))
        beyond = _BEYOND if samples * itemsize > 4 * _CACHED else 1.0
        return number * (samples * math.log2(max(2, samples)) * PER_SAMPLE * beyond + 60e-6)

    return min(itertools.product(*choices), key=total)


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    cost = fft_cost(problem, tile, machine.rates.get("overlap-save", PER_SAMPLE))
    block = math.prod(problem.block(tile)) * problem.itemsize
    seconds = cost.seconds * (_MOVED if block <= _SHARED else _FAR) + 30e-6
    # each thread makes the kernel's spectrum for its first tile
    return Cost(seconds, cost.bytes, once=KERNEL_SHARE * cost.seconds)


@method("overlap-save", cost=_cost, tile=_tile, keeps_ratio=False)
def _run(block: Array, weights: Weights, out: Array, backend: Backend, workers: int) -> bool:
    return convolve_block(block, weights, out, backend, 1)
