"""Overlap-save: FFT convolution in tiles that fit into the cache, one thread each."""

from __future__ import annotations

import functools
import itertools
import math

from .._arrays import Array, by_axis
from ..backends import Backend
from ..planning import Cost, Machine, Problem
from ._base import PreparedKernel, method
from .fft import KERNEL_SHARE, convolve_block, fft_cost

#: seconds per sample and doubling of the length within the cache
OVERLAP_SAVE_PER_SAMPLE = 0.25e-9
#: Lengths of fast transforms, by the number of convolved axes.
_LENGTHS = {
    1: (1024, 4096, 16384, 65536),
    2: (96, 128, 160, 192, 240, 256, 288, 320, 360, 384, 432, 480, 512, 576, 640, 768, 1024),
    3: (16, 24, 32, 48, 64, 80, 96, 108, 128, 144, 160, 192),
}
#: Samples that fit into the cache of a core, and the factor of the cost per sample beyond it.
_CACHED, _BEYOND = 1 << 17, 1.5
#: Size of the shared cache in bytes; factors for gathering samples and copying results, within it and beyond.
_SHARED, _MOVED, _FAR = 4 << 20, 1.55, 2.3


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    acted = best_tile(tuple(problem.out[a] for a in problem.axes), problem.kernel, problem.itemsize)
    return by_axis(len(problem.out), problem.axes, acted, 1)


@functools.lru_cache(maxsize=256)
def best_tile(out: tuple[int, ...], kernel: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """The tile of the result, along the convolved axes, with the lowest total cost."""
    if len(out) > 3:  # only the last three axes are divided
        return out[:-3] + best_tile(out[-3:], kernel[-3:], itemsize)
    choices = []
    for n, k in zip(out, kernel, strict=True):
        fitting = [g for g in _LENGTHS[len(out)] if 1.5 * k <= g < n + k - 1]
        if n + k - 1 <= 1.25 * _LENGTHS[len(out)][-4]:
            fitting.append(n + k - 1)
        # an axis that is shorter than all grids, or whose kernel is longer, is not divided
        choices.append([g - k + 1 for g in fitting] or [n])

    def total(tile: tuple[int, ...]) -> float:
        number = math.prod(-(-n // t) for n, t in zip(out, tile, strict=True))
        samples = math.prod(t + k - 1 for t, k in zip(tile, kernel, strict=True))
        beyond = _BEYOND if samples * itemsize > 4 * _CACHED else 1.0
        return number * (samples * math.log2(max(2, samples)) * OVERLAP_SAVE_PER_SAMPLE * beyond + 60e-6)

    return min(itertools.product(*choices), key=total)


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    cost = fft_cost(problem, tile, machine.rates.get("overlap-save", OVERLAP_SAVE_PER_SAMPLE))
    block = math.prod(problem.block(tile)) * problem.itemsize
    seconds = cost.seconds * (_MOVED if block <= _SHARED else _FAR) + 30e-6
    # each thread computes the kernel's spectrum for its first tile
    return Cost(seconds, cost.bytes, once=KERNEL_SHARE * cost.seconds)


@method("overlap-save", cost=_cost, tile=_tile, keeps_ratio=False)
def _run(block: Array, weights: PreparedKernel, out: Array, backend: Backend, workers: int) -> bool:
    return convolve_block(block, weights, out, backend, 1)
