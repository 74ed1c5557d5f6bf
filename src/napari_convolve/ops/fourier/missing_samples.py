"""Fill missing samples by normalised smoothing, with wider windows in larger gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._arrays import Array, dtype_name
from ...backends import Backend
from .frequency_grid import frequencies

#: Standard deviation of the first window in samples, and the share of a window that must be valid.
_NARROW, _ENOUGH = 0.75, 0.1


def fill_missing(block: Array, valid: Array, backend: Backend, workers: int) -> Array:
    """Replace every invalid sample by a weighted mean of the valid ones around it.

    Normalised convolution (Knutsson and Westin 1993) with Gaussians, whose width starts below one sample and doubles
    until enough of each window is valid. The values of missing samples have no influence.
    """
    xp, axes = backend.xp, tuple(range(block.ndim))
    dtype = dtype_name(block.dtype)
    wide = "complex128" if dtype.startswith("complex") else "float64"
    zero = xp.asarray(0, dtype=block.dtype, device=block.device)
    flags = backend.astype(valid, "float64")
    samples = backend.astype(xp.where(valid, block, zero), wide)
    total = xp.sum(samples) / backend.astype(xp.sum(flags), wide)
    filled = xp.where(valid, samples, total)
    grid = [backend.fast_length(2 * n) for n in block.shape]  # zeros outside: they weigh nothing
    key = tuple(slice(0, n) for n in block.shape)
    weights, values = (backend.fft(part, grid, axes, workers) for part in (flags, samples - total * flags))
    open_ = ~valid
    width = _NARROW
    while bool(xp.any(open_)) and width < 2 * max(block.shape):
        weight = _smooth(weights, width, grid, True, backend, workers)[key]
        value = _smooth(values, width, grid, wide == "float64", backend, workers)[key]
        known = open_ & (weight > _ENOUGH)
        ratio = value / backend.astype(xp.where(known, weight, xp.ones_like(weight)), wide)
        filled = xp.where(known, total + ratio, filled)
        open_ = open_ & ~known
        width = 2 * width
    return backend.astype(filled, dtype)


def _smooth(spectrum: Array, width: float, grid: Sequence[int], real: bool, backend: Backend, workers: int) -> Array:
    """The signal of `spectrum` smoothed with a Gaussian of standard deviation `width`."""
    lines = frequencies(grid, half=real)
    exponent = sum((2 * np.pi * width * f) ** 2 / 2 for f in lines)
    response = backend.astype(backend.to_device(np.exp(-np.asarray(exponent))), dtype_name(spectrum.dtype))
    return backend.ifft(spectrum * response, grid, tuple(range(len(grid))), workers, real)
