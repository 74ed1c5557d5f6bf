"""Separable convolution: one pass per axis for each separable term of the kernel."""

from __future__ import annotations

import functools
import math

from .._arrays import Array, dtype_name
from ..backends import Backend
from ..planning import Cost, Machine, Problem
from . import _bands, _compiled
from ._base import PreparedKernel, SampleSource, Tiles, band_tile, cache_tile, method
from .direct import reads, shifted_sums

#: seconds per weight and sample, and per call into the array library, without compiled loops
_PER_TAP, _PER_CALL = 0.7e-9, 2.0e-6
#: compiled: seconds per sample and pass, per weight and sample, and per call of a driver
_SAMPLE, SEPARABLE_WEIGHT, _CALL = 0.3e-9, 0.025e-9, 40e-6

#: length of kernels whose blocks exceed the cache of a core, and the factor of their cost
_LONG, _TALL = 48, 1.35


def _applies(problem: Problem, machine: Machine) -> str:
    if not problem.terms:
        return "the kernel is not separable" + (" (with a mask, nor are its signed parts)" if problem.masked else "")
    return ""


def _compiles(problem: Problem) -> bool:
    """Whether compiled loops are used."""
    return _compiled.usable(problem.compute) and _bands.fits_lines(len(problem.shape), problem.axes)


@functools.lru_cache(maxsize=64)
def _codes(problem: Problem) -> tuple[_compiled.Code, ...]:
    if not _compiles(problem):
        return ()
    lengths = dict(zip(problem.axes, problem.kernel, strict=True))
    depth, height, width = (lengths.get(len(problem.shape) - n, 1) for n in (3, 2, 1))
    deep = depth > 1
    return tuple(
        _compiled.lines_code((depth, height, width), 1 if deep else problem.terms, dtype, source, problem.flat, add)
        for dtype, source in reads(problem)
        for add in ((False, True) if deep and problem.terms > 1 else (False,))
    )


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    if machine.backend != "numpy":
        return problem.out
    if _compiles(problem):
        return band_tile(problem, _SAMPLE * len(problem.kernel) + SEPARABLE_WEIGHT / 2 * sum(problem.kernel))
    return cache_tile(problem, 1 << 18, smallest=128)


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    compiled = machine.backend == "numpy" and _compiles(problem)
    wide = problem.itemsize / 4
    lengths = list(problem.block(tile))
    block, samples = math.prod(lengths), math.prod(tile)
    seconds = _CALL if compiled else 0.0
    for axis, k in zip(problem.axes, problem.kernel, strict=True):
        if compiled:
            per_tap = 0.0 if problem.flat else machine.rates.get("separable.compiled", SEPARABLE_WEIGHT)
            seconds += samples * wide * (_SAMPLE + k * per_tap * (_TALL if k > _LONG else 1.0))
        else:
            lengths[axis] = tile[axis]
            per_tap = machine.rates.get("separable", _PER_TAP)
            seconds += k * (math.prod(lengths) * per_tap * wide + 2 * _PER_CALL)
    parts = 4 if problem.masked else 1
    return Cost(problem.terms * parts * seconds, 4 * block * problem.itemsize * (3 if problem.masked else 1))


def _tiles(image: Array, weights: PreparedKernel, source: SampleSource, problem: Problem) -> Tiles | None:
    return _bands.lines(image, weights, source) if _compiles(problem) else None


def _fits(weights: PreparedKernel, ndim: int) -> bool:
    return _compiled.usable(weights.dtype) and _bands.fits_lines(ndim, weights.axes)


@method("separable", cost=_cost, applies=_applies, tile=_tile, codes=_codes, tiles=_tiles)
def _run(block: Array, weights: PreparedKernel, out: Array, backend: Backend, workers: int) -> bool:
    if backend.name == "numpy" and _fits(weights, block.ndim) and dtype_name(out.dtype) == weights.dtype:
        return _bands.sum_inside(_bands.lines, block, weights, out)
    dtype = weights.dtype
    for number, term in enumerate(weights.factors):
        passed = block
        # leading axes first: the pass along the last axis then reads samples that are still in the cache
        for axis, vector in zip(weights.axes, term, strict=True):
            shape = list(passed.shape)
            shape[axis] -= len(vector) - 1
            target = backend.empty(tuple(shape), dtype)
            shifted_sums(passed, vector, (axis,), target, backend)
            passed = target
        backend.assign(out, ..., passed if number == 0 else out[...] + passed)
    return False
