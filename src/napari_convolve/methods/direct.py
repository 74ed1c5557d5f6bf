"""The sum as it is written: compiled loops where Numba is installed, else one shifted copy for each weight."""

from __future__ import annotations

import itertools
import math

import numpy as np

from .._arrays import Array, dtype_name
from ..backends import Backend
from ..planning import Cost, Machine, Problem
from . import _compiled
from ._base import METHODS, Method, Weights, cache_tile, valid_key

#: seconds per weight and sample, and per call into the array library, without compiled loops
_PER_TAP, _PER_CALL = 0.7e-9, 2.0e-6
#: compiled: seconds per sample, per weight and sample, and per call of a loop
_SAMPLE, _WEIGHT, _LOOP = 0.45e-9, 0.030e-9, 2.5e-6
#: so few weights (identity, a shift, a difference) are shifted copies in any case: exact, and nothing to compile
_FEW = 2
#: so few products (an example typed by hand) likewise
_TINY = 1 << 12


def _plane(problem: Problem) -> tuple[int, int] | None:
    """Height and width of the kernel in the last two axes, or None where the compiled loops do not fit."""
    if problem.taps <= _FEW or problem.taps * math.prod(problem.out) <= _TINY:
        return None
    ndim = len(problem.shape)
    lengths = dict(zip(problem.axes, problem.kernel, strict=True))
    if ndim - 1 not in lengths or not _compiled.usable(problem.compute):
        return None
    return lengths.get(ndim - 2, 1), lengths[ndim - 1]


def _codes(problem: Problem) -> tuple[_compiled.Code, ...]:
    plane = _plane(problem)
    if plane is None:
        return ()
    deep = math.prod(problem.kernel) > math.prod(plane)
    return tuple(_compiled.plane_code(*plane, problem.compute, add) for add in ((False, True) if deep else (False,)))


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    if machine.backend != "numpy":
        return problem.out
    if _plane(problem) is None:
        return cache_tile(problem, 1 << 16, smallest=64)
    converted = problem.dtype != problem.compute
    deep = len(problem.axes) > 2
    tile = [n if a in problem.axes else 1 for a, n in enumerate(problem.out)]
    tile[-1] = min(tile[-1], 4096)
    if len(tile) > 1:
        # bands of rows: few enough calls, planes of a deep kernel that stay in the cache
        samples = 1 << (15 if deep else 17 if converted else 19)
        tile[-2] = min(problem.out[-2], max(8, samples // tile[-1]))
    return tuple(tile)


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    samples, parts, wide = math.prod(tile), 4 if problem.masked else 1, problem.itemsize / 4
    block = math.prod(problem.block(tile))
    plane = _plane(problem) if machine.backend == "numpy" else None
    if plane is None:
        per_tap = machine.rates.get("direct", _PER_TAP)
        seconds = problem.taps * (samples * per_tap * wide + 2 * _PER_CALL)
    else:
        weights = math.prod(problem.kernel)
        calls = weights // math.prod(plane) * (samples // math.prod(tile[-2:]))
        per_weight = machine.rates.get("direct.compiled", _WEIGHT)
        seconds = samples * wide * (_SAMPLE + per_weight * weights) + calls * _LOOP
    return Cost(parts * seconds, (2 * samples + block) * problem.itemsize * (3 if problem.masked else 1))


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


def _run(block: Array, weights: Weights, out: Array, backend: Backend, workers: int) -> bool:
    values, axes = weights.values, weights.axes
    dtype = str(values.dtype)
    number = np.count_nonzero(values)
    fits = block.ndim - 1 in axes and dtype_name(out.dtype) == dtype and number > _FEW and number * out.size > _TINY
    if backend.name != "numpy" or not _compiled.usable(dtype) or not fits:
        shifted_sums(block, values, axes, out, backend)
        return False
    block = _compiled.strided(block, dtype)
    if block.ndim == 1:
        block, out, axes = block[None], out[None], (1,)
    # correlation weights with one axis for each of the block's, in its order
    lengths = [1] * block.ndim
    for axis, k in zip(axes, values.shape, strict=True):
        lengths[axis] = k
    kernel = values[(slice(None, None, -1),) * values.ndim].reshape(lengths)
    height, width = kernel.shape[-2:]
    codes = (_compiled.plane_code(height, width, dtype, False), _compiled.plane_code(height, width, dtype, True))
    leads = itertools.product(*map(range, kernel.shape[:-2]))
    taps = [(lead, _compiled.plane_weights(codes[0], kernel[lead])) for lead in leads]
    return _compiled.apply_planes(block, taps, codes, out, width)


METHODS.register(
    "direct", Method("direct", lambda problem, machine: "", _tile, _cost, _run, codes=_codes, splits_border=True)
)
