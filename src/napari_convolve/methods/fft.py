"""FFT convolution of whole blocks: forward transform, product with the kernel's spectrum, inverse transform."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .._arrays import FLOATS, Array, by_axis, dtype_name
from ..backends import SESSION, Backend, get_backend
from ..backends._base import next_smooth
from ..planning import Cost, Machine, Problem
from ._base import PreparedKernel, SampleSource, Tiles, method, valid_key

#: seconds per sample and doubling of the length, for both transforms and the product on one thread
FFT_PER_SAMPLE = 0.35e-9
#: Size of the shared cache in bytes, and the factor of the cost per sample beyond it.
_CACHED, _BEYOND = 8 << 20, 1.45
#: Cost of a pruned transform (see `_pruned`) relative to the same number of operations of a full one.
_PRUNED = 0.9
#: Overhead of the three passes of a pruned transform, in seconds of one thread.
_PASSES = 0.8e-3
#: Work memory of a thread besides large spectra, in bytes.
_SCRATCH = 4 << 20
#: Cost of the kernel's transform relative to the image's two transforms and the product.
KERNEL_SHARE = 0.3


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    # batch items one by one: each thread then needs the memory of one item
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
    lengths = problem.block(tile)
    beyond = _BEYOND if math.prod(lengths) * problem.itemsize > _CACHED else 1.0
    per_sample = machine.rates.get("fft", FFT_PER_SAMPLE) * beyond
    cost = fft_cost(problem, tile, per_sample)
    seconds, workspace = cost.seconds, cost.bytes
    real = machine.backend == "numpy" and len(problem.axes) > 1 and problem.compute in FLOATS
    if real and not problem.masked and problem.operation in ("convolve", "correlate"):
        first = problem.axes[0]
        planes, grid = min(lengths[first], problem.shape[first]), next_smooth(lengths[first])
        inner = math.prod(next_smooth(n) if a in problem.axes else n for a, n in enumerate(lengths)) // grid
        acted = math.prod(next_smooth(lengths[a]) for a in problem.axes[1:])
        work = (planes + tile[first]) / 2 * math.log2(max(acted, 2)) + grid * math.log2(max(grid, 2))
        seconds = _PRUNED * work * inner * per_sample * problem.itemsize / 4 + _PASSES
        # spectra of image and kernel, and the lines that the kernel's is computed from
        spectra = max(planes, tile[first]) + grid + problem.kernel[0] + 1
        workspace = min(workspace, spectra * inner * problem.itemsize + _SCRATCH)
    return Cost(seconds, workspace, shared=True, once=KERNEL_SHARE * seconds)


def convolve_block(block: Array, weights: PreparedKernel, out: Array, backend: Backend, workers: int) -> bool:
    """Circular convolution on a grid at least as long as the block, so that no window inside it wraps around."""
    axes = weights.axes
    dtype = weights.dtype
    block = backend.astype(block, dtype)
    grid = [backend.fast_length(block.shape[a]) for a in axes]
    spectrum = kernel_spectrum(weights, grid, block.ndim, backend, workers)
    product = backend.fft(block, grid, axes, workers)
    if backend.name == "numpy":
        product *= spectrum
    else:
        product = product * spectrum
    starts, lengths = [k - 1 for k in weights.values.shape], [out.shape[a] for a in axes]
    if backend.name == "numpy" and not dtype.startswith("complex"):
        backend.assign(out, ..., inverse(product, grid, axes, starts, lengths, workers))
        return spread(out, axes, backend)
    result = backend.ifft(product, grid, axes, workers, not dtype.startswith("complex"))
    backend.assign(out, ..., result[valid_key(result.ndim, axes, starts, lengths)])
    return spread(out, axes, backend)


def inverse(
    product: np.ndarray,
    grid: Sequence[int],
    axes: Sequence[int],
    starts: Sequence[int],
    lengths: Sequence[int],
    workers: int,
) -> np.ndarray:
    """Inverse transform of a half spectrum on the CPU, cut to the needed part after each axis."""
    import scipy.fft

    for axis, start, length in zip(axes[:-1], starts[:-1], lengths[:-1], strict=True):
        product = scipy.fft.ifft(product, axis=axis, overwrite_x=True, workers=workers)
        product = product[valid_key(product.ndim, (axis,), (start,), (length,))]
    result = scipy.fft.irfft(product, n=grid[-1], axis=axes[-1], workers=workers)
    wanted: np.ndarray = result[valid_key(result.ndim, axes[-1:], starts[-1:], lengths[-1:])]
    return wanted


def spread(out: Array, axes: Sequence[int], backend: Backend) -> bool:
    """Whether the results are finite, from the first of each transform: a NaN or infinity affects all of them."""
    xp = backend.xp
    return bool(xp.all(xp.isfinite(out[tuple(slice(0, 1) if a in axes else slice(None) for a in range(out.ndim))])))


def kernel_spectrum(weights: PreparedKernel, grid: Sequence[int], ndim: int, backend: Backend, workers: int) -> Array:
    """The kernel's transform on `grid`, cached by value, with as many axes as the block."""
    values = weights.values
    spectrum = SESSION.cached(
        (backend.name, weights.digest, tuple(grid)),
        lambda: _transformed(backend.to_device(values), grid, backend, workers),
        lambda array: array.size * 2 * values.dtype.itemsize,
    )
    return backend.xp.reshape(spectrum, by_axis(ndim, weights.axes, spectrum.shape, 1))


def _transformed(values: Array, grid: Sequence[int], backend: Backend, workers: int) -> Array:
    """Transform zero-padded values axis by axis, the last one first, without transforming lines of zeros."""
    if backend.name == "numpy" and values.dtype.kind == "f" and values.ndim > 1:
        from . import _pruned

        return _pruned.transformed(values, grid, workers)
    for axis in reversed(range(len(grid))):
        values = backend.fft(values, (grid[axis],), (axis,), workers)
    return values


def _tiles(image: Array, weights: PreparedKernel, source: SampleSource, problem: Problem) -> Tiles | None:
    if source.cval or not _prunes(weights, image, weights.dtype):  # it extends images by 0 only
        return None

    def tile(key: tuple[slice, ...], out: np.ndarray, workers: int) -> bool:
        part = image[tuple(slice(None) if a in weights.axes else k for a, k in enumerate(key))]
        ranges = [
            (key[axis].start + first, key[axis].stop + first + k - 1)
            for axis, first, k in zip(weights.axes, source.first, weights.values.shape, strict=True)
        ]
        return _convolve_ranges(part, weights, ranges, source.boundary, out, workers)

    return tile


def _prunes(weights: PreparedKernel, samples: Array, dtype: str) -> bool:
    """Whether pruned transforms can be used: real samples along at least two axes."""
    real = samples.dtype.kind in "fbiu" and dtype in FLOATS
    return real and weights.dtype == dtype and len(weights.axes) > 1


def _convolve_ranges(
    image: np.ndarray,
    weights: PreparedKernel,
    ranges: Sequence[tuple[int, int]],
    boundary: str,
    out: np.ndarray,
    workers: int,
) -> bool:
    """Sums over all windows inside the block in `ranges` of an image."""
    from . import _pruned

    numpy = get_backend("numpy")
    grid = [numpy.fast_length(stop - start) for start, stop in ranges]
    spectrum = kernel_spectrum(weights, grid, image.ndim, numpy, workers)
    starts = [k - 1 for k in weights.values.shape]
    _pruned.convolve_pruned(image, weights.axes, ranges, boundary, spectrum, starts, out, workers)
    return spread(out, weights.axes, numpy)


@method("fft", cost=_cost, tile=_tile, keeps_ratio=False, tiles=_tiles)
def _run(block: Array, weights: PreparedKernel, out: Array, backend: Backend, workers: int) -> bool:
    if not (backend.name == "numpy" and _prunes(weights, block, dtype_name(out.dtype))):
        return convolve_block(block, weights, out, backend, workers)
    return _convolve_ranges(block, weights, [(0, block.shape[a]) for a in weights.axes], "constant", out, workers)
