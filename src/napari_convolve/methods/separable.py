"""One pass per axis for each separable term of the kernel."""

from __future__ import annotations

import math

import numpy as np

from .._arrays import Array, dtype_name
from ..backends import SESSION, Backend
from ..planning import Cost, Machine, Problem
from . import _compiled
from ._base import METHODS, Method, Weights, cache_tile
from .direct import shifted_sums

#: seconds per weight and sample, and per call into the array library, without compiled loops
_PER_TAP, _PER_CALL = 0.7e-9, 2.0e-6
#: compiled: seconds per sample and pass, per weight and sample, and per call of a loop
_SAMPLE, _WEIGHT, _LOOP = 0.5e-9, 0.035e-9, 2.5e-6


def _applies(problem: Problem, machine: Machine) -> str:
    if not problem.terms:
        return "the kernel is not separable" + (" (with a mask, nor are its signed parts)" if problem.masked else "")
    return ""


def _codes(problem: Problem) -> tuple[_compiled.Code, ...]:
    if not _compiled.usable(problem.compute):
        return ()
    last = len(problem.shape) - 1
    found = []
    for number, (axis, k) in enumerate(zip(problem.axes, problem.kernel, strict=True)):
        adds = problem.terms > 1 and number == len(problem.axes) - 1
        for add in (False, True) if adds else (False,):
            code = _compiled.row_code if axis == last else _compiled.column_code
            found.append(code(k, problem.compute, add, problem.flat))
    return tuple(dict.fromkeys(found))


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    if machine.backend != "numpy":
        return problem.out
    if not _compiled.usable(problem.compute):
        return cache_tile(problem, 1 << 18, smallest=128)
    tile = [n if a in problem.axes else 1 for a, n in enumerate(problem.out)]
    tile[-1] = min(problem.out[-1], 4096)
    if len(tile) > 1:
        longest = max(problem.kernel)
        tile[-2] = min(problem.out[-2], max(64, 2 * longest, (1 << 16) // tile[-1]))
    return tuple(tile)


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    compiled = machine.backend == "numpy" and _compiled.usable(problem.compute)
    wide = problem.itemsize / 4
    lengths = list(problem.block(tile))
    block = math.prod(lengths)
    seconds = 0.0
    for axis, k in zip(problem.axes, problem.kernel, strict=True):
        lengths[axis] = tile[axis]
        samples = math.prod(lengths)
        if compiled:
            per_tap = 0.0 if problem.flat else machine.rates.get("separable.compiled", _WEIGHT)
            plane = (lengths[axis] if axis < len(tile) - 1 else math.prod(lengths[-2:-1])) * lengths[-1]
            seconds += samples * wide * (_SAMPLE + k * per_tap) + samples // max(plane, 1) * _LOOP
        else:
            per_tap = machine.rates.get("separable", _PER_TAP)
            seconds += k * (samples * per_tap * wide + 2 * _PER_CALL)
    parts = 4 if problem.masked else 1
    return Cost(problem.terms * parts * seconds, 4 * block * problem.itemsize * (3 if problem.masked else 1))


def _run(block: Array, weights: Weights, out: Array, backend: Backend, workers: int) -> bool:
    dtype = str(weights.values.dtype)
    compiled = backend.name == "numpy" and _compiled.usable(dtype) and dtype_name(out.dtype) == dtype
    finite = compiled
    for number, term in enumerate(weights.factors):
        passed = _compiled.strided(block, dtype) if compiled else block
        # leading axes first: the pass along the last one then reads what is still in the cache
        for step, (axis, vector) in enumerate(zip(weights.axes, term, strict=True)):
            last = axis == weights.axes[-1]
            shape = list(passed.shape)
            shape[axis] -= len(vector) - 1
            if compiled:
                target = out if last else SESSION.scratch(f"pass {step % 2}", tuple(shape), dtype)
                ok = pass_along(passed, vector[::-1], axis, target, add=last and number > 0)
                finite = finite and (ok or not last)
            else:
                target = backend.empty(tuple(shape), dtype)
                shifted_sums(passed, vector, (axis,), target, backend)
            passed = target
        if not compiled:
            backend.assign(out, ..., passed if number == 0 else out[...] + passed)
    return finite


def pass_along(block: np.ndarray, vector: np.ndarray, axis: int, out: np.ndarray, *, add: bool) -> bool:
    """Apply 1-D correlation weights along one axis with the compiled loops; True when every result is finite."""
    if axis < block.ndim - 1:
        return _compiled.apply_columns(block, vector, axis, out, add)
    if block.ndim == 1:
        block, out = block[None], out[None]
    code = _compiled.row_code(len(vector), str(out.dtype), add, _compiled.is_flat(vector))
    taps = [((0,) * (block.ndim - 2), _compiled.plane_weights(code, vector[None]))]
    return _compiled.apply_planes(block, taps, (code, code), out, len(vector))


METHODS.register("separable", Method("separable", _applies, _tile, _cost, _run, codes=_codes, splits_border=True))
