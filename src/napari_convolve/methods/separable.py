"""One pass per axis for each separable term of the kernel."""

from __future__ import annotations

import math

import numpy as np

from .._arrays import Array
from ..backends import Backend
from ..planning import Cost, Machine, Problem
from ._base import METHODS, Method, Weights, cache_tile
from .direct import shifted_sums

#: seconds per weight and sample, and per call into the array library
_PER_TAP, _PER_CALL = 0.7e-9, 2.0e-6


def _applies(problem: Problem, machine: Machine) -> str:
    if not problem.terms:
        return "the kernel is not separable" + (" (with a mask, nor are its signed parts)" if problem.masked else "")
    return ""


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    return cache_tile(problem, 1 << 18, smallest=128) if machine.backend == "numpy" else problem.out


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    per_tap = machine.rates.get("separable", _PER_TAP) * problem.itemsize / 4
    lengths = list(problem.block(tile))
    block = math.prod(lengths)
    seconds = 0.0
    for axis, k in zip(problem.axes, problem.kernel, strict=True):
        lengths[axis] = tile[axis]
        seconds += k * (math.prod(lengths) * per_tap + 2 * _PER_CALL)
    parts = 4 if problem.masked else 1
    return Cost(problem.terms * parts * seconds, 4 * block * problem.itemsize * (3 if problem.masked else 1))


def _run(block: Array, weights: Weights, out: Array, backend: Backend, workers: int) -> None:
    for number, term in enumerate(weights.factors):
        passed = block
        for axis, vector in zip(weights.axes, term, strict=True):
            shape = list(passed.shape)
            shape[axis] -= len(vector) - 1
            target = backend.empty(tuple(shape), str(weights.values.dtype))
            shifted_sums(passed, vector, (axis,), target, backend)
            passed = target
        if number == 0:
            backend.assign(out, ..., passed)
        elif isinstance(out, np.ndarray):
            out += passed
        else:
            out[...] = out[...] + passed


METHODS.register("separable", Method("separable", _applies, _tile, _cost, _run))
