"""The sum as it is written: one shifted copy of the block for each weight."""

from __future__ import annotations

import itertools
import math

import numpy as np

from .._arrays import Array
from ..backends import Backend
from ..planning import Cost, Machine, Problem
from ._base import METHODS, Method, Weights, cache_tile, valid_key

#: seconds per weight and sample, and per call into the array library
_PER_TAP, _PER_CALL = 0.7e-9, 2.0e-6


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    return cache_tile(problem, 1 << 16, smallest=64) if machine.backend == "numpy" else problem.out


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    samples = math.prod(tile)
    per_tap = machine.rates.get("direct", _PER_TAP) * problem.itemsize / 4
    parts = 4 if problem.masked else 1
    seconds = parts * problem.taps * (samples * per_tap + 2 * _PER_CALL)
    held = (2 * samples + math.prod(problem.block(tile))) * (3 if problem.masked else 1)
    return Cost(seconds, held * problem.itemsize)


def shifted_sums(block: Array, values: np.ndarray, axes: tuple[int, ...], out: Array, backend: Backend) -> None:
    """Add up shifted copies of `block`, one for each weight that is not zero."""
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
            # NumPy reuses two buffers that stay in the cache
            if total is None:
                total, scratch = shifted * weight, np.empty(shifted.shape, values.dtype)
            else:
                np.multiply(shifted, weight, out=scratch)
                total += scratch
        else:
            term = shifted * weight.item()
            total = term if total is None else total + term
    backend.assign(out, ..., 0.0 if total is None else total)


def _run(block: Array, weights: Weights, out: Array, backend: Backend, workers: int) -> None:
    shifted_sums(block, weights.values, weights.axes, out, backend)


METHODS.register("direct", Method("direct", lambda problem, machine: "", _tile, _cost, _run))
