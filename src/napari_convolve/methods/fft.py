"""The convolution theorem: one transform of the whole block, a product, one transform back."""

from __future__ import annotations

import math

from .._arrays import Array
from ..backends import SESSION, Backend
from ..backends._base import next_smooth
from ..planning import Cost, Machine, Problem
from ._base import METHODS, Method, Weights, valid_key

#: seconds per sample and doubling of the length, for both transforms and the product
_PER_SAMPLE = 0.6e-9


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    return problem.out


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
    # a large transform is bound by memory, but shares its work among the threads
    cost = fft_cost(problem, tile, machine.rates.get("fft", 2 * _PER_SAMPLE))
    return Cost(cost.seconds, cost.bytes, shared=True)


def convolve_block(block: Array, weights: Weights, out: Array, backend: Backend, workers: int) -> None:
    """Circular convolution on a grid no shorter than the block: no window inside the block wraps around."""
    axes = weights.axes
    dtype = str(weights.values.dtype)
    block = backend.astype(block, dtype)
    grid = [backend.fast_length(block.shape[a]) for a in axes]
    spectrum = SESSION.cached(
        (backend.name, weights.digest, tuple(grid), tuple(a - block.ndim for a in axes)),
        lambda: _kernel_spectrum(weights, grid, block.ndim, backend, workers),
        lambda array: array.size * 2 * weights.values.dtype.itemsize,
    )
    product = backend.fft(block, grid, axes, workers)
    if backend.name == "numpy":
        product *= spectrum
    else:
        product = product * spectrum
    result = backend.ifft(product, grid, axes, workers, not dtype.startswith("complex"))
    starts = [k - 1 for k in weights.values.shape]
    backend.assign(out, ..., result[valid_key(result.ndim, axes, starts, [out.shape[a] for a in axes])])


def _kernel_spectrum(weights: Weights, grid: list[int], ndim: int, backend: Backend, workers: int) -> Array:
    shape = [1] * ndim
    for axis, length in zip(weights.axes, weights.values.shape, strict=True):
        shape[axis] = length
    return backend.fft(backend.to_device(weights.values.reshape(shape)), grid, weights.axes, workers)


METHODS.register("fft", Method("fft", lambda problem, machine: "", _tile, _cost, convolve_block, keeps_ratio=False))
