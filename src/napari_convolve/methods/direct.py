"""Direct summation: compiled loops where Numba is installed, else one shifted copy of the block per weight."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np

from .._arrays import Array, dtype_name
from ..backends import Backend
from ..planning import Cost, Machine, Problem
from . import _bands, _compiled
from ._base import PreparedKernel, SampleSource, Tiles, band_tile, method, plain_tile, valid_key

#: seconds per weight and sample, and per call into the array library, without compiled loops
_PER_TAP, _PER_CALL = 0.7e-9, 2.0e-6
#: compiled: seconds per sample, per weight and sample, and per call of a driver
_SAMPLE, DIRECT_WEIGHT, _CALL = 0.4e-9, 0.030e-9, 40e-6
#: up to this many weights (identity, a shift, a difference) are always shifted copies: exact, without compilation
_FEW = 2
#: the same for up to this many products (an example typed by hand)
_TINY = 1 << 12


def _compiles(problem: Problem) -> bool:
    """Whether compiled loops are used."""
    few = problem.taps <= _FEW or problem.taps * math.prod(problem.out) <= _TINY
    return not few and _compiled.usable(problem.compute)


@functools.lru_cache(maxsize=64)
def _codes(problem: Problem) -> tuple[_compiled.Code, ...]:
    if not _compiles(problem):
        return ()
    lengths = dict(zip(problem.axes, problem.kernel, strict=True))
    depth, height, width = (lengths.get(len(problem.shape) - n, 1) for n in (3, 2, 1))
    deeper = any(axis < len(problem.shape) - 3 and k > 1 for axis, k in lengths.items())
    return tuple(
        _compiled.planes_code(depth, height, width, dtype, source, add)
        for dtype, source in reads(problem)
        for add in ((False, True) if deeper else (False,))
    )


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    if machine.backend == "numpy" and _compiles(problem):
        return band_tile(problem, _SAMPLE + DIRECT_WEIGHT / 2 * math.prod(problem.kernel))
    return plain_tile(problem, machine)


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    samples, parts, wide = math.prod(tile), 4 if problem.masked else 1, problem.itemsize / 4
    block = math.prod(problem.block(tile))
    if machine.backend != "numpy" or not _compiles(problem):
        per_tap = machine.rates.get("direct", _PER_TAP)
        seconds = problem.taps * (samples * per_tap * wide + 2 * _PER_CALL)
    else:
        weights = math.prod(problem.kernel)
        per_weight = machine.rates.get("direct.compiled", DIRECT_WEIGHT)
        seconds = samples * wide * (_SAMPLE + per_weight * weights) + _CALL
    return Cost(parts * seconds, (2 * samples + block) * problem.itemsize * (3 if problem.masked else 1))


def reads(problem: Problem) -> list[tuple[str, str]]:
    """Pairs of dtypes that the drivers compute in and read; normalised sums use double precision."""
    source = problem.dtype if problem.dtype in _compiled.SOURCES else problem.compute
    found = {(problem.compute, source)}
    if problem.masked:
        found |= {("float64", "float64"), (problem.compute, problem.compute)}
    return sorted(found)


def shifted_sums(block: Array, values: np.ndarray, axes: tuple[int, ...], out: Array, backend: Backend) -> None:
    """Sum shifted copies of `block`, one for each non-zero weight."""
    lengths = [out.shape[a] for a in axes]
    block = backend.astype(block, str(values.dtype))
    total = None
    for tap in itertools.product(*map(range, values.shape)):
        weight = values[tap]
        if weight == 0:
            continue
        starts = [k - 1 - j for k, j in zip(values.shape, tap, strict=True)]
        shifted = block[valid_key(block.ndim, axes, starts, lengths)]
        if isinstance(block, np.ndarray):
            # two buffers that are reused and stay in the cache
            if total is None:
                total, scratch = shifted * weight, np.empty(shifted.shape, values.dtype)
            else:
                np.multiply(shifted, weight, out=scratch)
                total += scratch
        else:
            term = shifted * weight.item()
            total = term if total is None else total + term
    backend.assign(out, ..., 0.0 if total is None else total)


def _tiles(image: Array, weights: PreparedKernel, source: SampleSource, problem: Problem) -> Tiles | None:
    return _bands.plane_tiles(image, weights, source) if _compiles(problem) else None


def _fits(weights: PreparedKernel, samples: int) -> bool:
    number = int(np.count_nonzero(weights.values))
    return number > _FEW and number * samples > _TINY and _compiled.usable(weights.dtype)


@method("direct", cost=_cost, tile=_tile, codes=_codes, tiles=_tiles)
def _run(block: Array, weights: PreparedKernel, out: Array, backend: Backend, workers: int) -> bool:
    if backend.name == "numpy" and _fits(weights, out.size) and dtype_name(out.dtype) == weights.dtype:
        return _bands.sum_inside(_bands.plane_tiles, block, weights, out)
    shifted_sums(block, weights.values, weights.axes, out, backend)
    return False
