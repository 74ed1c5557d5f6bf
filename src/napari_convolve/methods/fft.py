"""The convolution theorem: one transform of the whole block, a product, one transform back."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .._arrays import FLOATS, Array, dtype_name
from ..backends import SESSION, Backend
from ..backends._base import next_smooth
from ..planning import Cost, Machine, Problem
from ._base import METHODS, Method, Weights, valid_key

#: seconds per sample and doubling of the length, for both transforms and the product, on one thread
PER_SAMPLE = 0.35e-9
#: More bytes than this leave the cache that the cores share, and each sample costs more.
_CACHED, _BEYOND = 8 << 20, 1.45
#: The kernel's own transform, of the cost of the image's two and the product.
KERNEL_SHARE = 0.3


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    # batch axes are independent: as many at once as there are threads keep the memory of one plane each
    return tuple(n if a in problem.axes else 1 for a, n in enumerate(problem.out))


def fft_cost(problem: Problem, tile: tuple[int, ...], per_sample: float) -> Cost:
    """Time and workspace of `convolve_block` on one tile."""
    lengths = list(problem.block(tile))
    for axis in problem.axes:
        lengths[axis] = next_smooth(lengths[axis])
    samples = math.prod(lengths)
    doublings = math.log2(max(2, math.prod(lengths[a] for a in problem.axes)))
    parts = 4 if problem.masked else 1
    seconds = parts * samples * doublings * per_sample * problem.itemsize / 4 + 30e-6
    return Cost(seconds, 4 * samples * problem.itemsize * (2 if problem.masked else 1))


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    beyond = _BEYOND if math.prod(problem.block(tile)) * problem.itemsize > _CACHED else 1.0
    cost = fft_cost(problem, tile, machine.rates.get("fft", PER_SAMPLE) * beyond)
    return Cost(cost.seconds, cost.bytes, shared=True, once=KERNEL_SHARE * cost.seconds)


def convolve_block(block: Array, weights: Weights, out: Array, backend: Backend, workers: int) -> bool:
    """Circular convolution on a grid no shorter than the block: no window inside the block wraps around."""
    axes = weights.axes
    dtype = str(weights.values.dtype)
    block = backend.astype(block, dtype)
    grid = [backend.fast_length(block.shape[a]) for a in axes]
    spectrum = kernel_spectrum(weights, grid, block.ndim, backend, workers)
    product = backend.fft(block, grid, axes, workers)
    if backend.name == "numpy":
        product *= spectrum
    else:
        product = product * spectrum
    result = backend.ifft(product, grid, axes, workers, not dtype.startswith("complex"))
    starts = [k - 1 for k in weights.values.shape]
    backend.assign(out, ..., result[valid_key(result.ndim, axes, starts, [out.shape[a] for a in axes])])
    return spread(out, axes, backend)


def spread(out: Array, axes: Sequence[int], backend: Backend) -> bool:
    """True when the results are finite, judged by the first of each transform: a NaN or infinity reaches them all."""
    xp = backend.xp
    return bool(xp.all(xp.isfinite(out[tuple(slice(0, 1) if a in axes else slice(None) for a in range(out.ndim))])))


def kernel_spectrum(weights: Weights, grid: Sequence[int], ndim: int, backend: Backend, workers: int) -> Array:
    """The kernel's transform on `grid`, kept by value, with one axis for each of a block's."""
    values = weights.values
    spectrum = SESSION.cached(
        (backend.name, weights.digest, tuple(grid)),
        lambda: _transformed(backend.to_device(values), grid, backend, workers),
        lambda array: array.size * 2 * values.dtype.itemsize,
    )
    shape = [1] * ndim
    for axis, length in zip(weights.axes, spectrum.shape, strict=True):
        shape[axis] = length
    return backend.xp.reshape(spectrum, tuple(shape))


def _transformed(values: Array, grid: Sequence[int], backend: Backend, workers: int) -> Array:
    """One axis after the other, the last one first: rows and planes of zeros are not transformed."""
    for axis in reversed(range(len(grid))):
        values = backend.fft(values, (grid[axis],), (axis,), workers)
    return values


def _run(block: Array, weights: Weights, out: Array, backend: Backend, workers: int) -> bool:
    axes = weights.axes
    dtype = str(weights.values.dtype)
    if backend.name != "numpy" or dtype not in FLOATS or dtype_name(out.dtype) != dtype or len(axes) == 1:
        return convolve_block(block, weights, out, backend, workers)
    from . import _pruned

    block = backend.astype(block, str(weights.values.dtype))
    grid = [backend.fast_length(block.shape[a]) for a in axes]
    spectrum = kernel_spectrum(weights, grid, block.ndim, backend, workers)
    _pruned.convolve(block, spectrum, grid, axes, [k - 1 for k in weights.values.shape], out, workers)
    return spread(out, axes, backend)


METHODS.register("fft", Method("fft", lambda problem, machine: "", _tile, _cost, _run, keeps_ratio=False))
