"""The convolution theorem in tiles that stay in the cache, one thread each."""

from __future__ import annotations

from .._arrays import Array
from ..backends import Backend
from ..planning import Cost, Machine, Problem
from ._base import METHODS, Method, Weights
from .fft import convolve_block, fft_cost

_PER_SAMPLE = 0.6e-9
#: lengths of the grid per acted axis whose tile and spectrum fit a core's cache
_GRIDS = {1: (16384,), 2: (320, 320), 3: (48, 64, 64)}


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    tile = [1] * len(problem.out)
    ndim = len(problem.axes)
    grids = _GRIDS.get(ndim, (16,) * (ndim - 2) + (32, 32))
    for axis, grid, k in zip(problem.axes, grids, problem.kernel, strict=True):
        # a kernel that fills the grid leaves no room for results: then take twice its length
        length = grid if k <= grid // 2 else 2 * k
        tile[axis] = max(1, min(problem.out[axis], length - k + 1))
    return tuple(tile)


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    return fft_cost(problem, tile, machine.rates.get("overlap-save", _PER_SAMPLE))


def _run(block: Array, weights: Weights, out: Array, backend: Backend, workers: int) -> bool:
    return convolve_block(block, weights, out, backend, 1)


METHODS.register(
    "overlap-save", Method("overlap-save", lambda problem, machine: "", _tile, _cost, _run, keeps_ratio=False)
)
