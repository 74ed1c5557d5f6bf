"""Cosine-sum windows of a signal, which act on a spectrum as short sums over neighbouring bins.

Names and values are those of `scipy.signal.get_window` for periodic windows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..._arrays import COMPLEX_OF, Array, along_axis, dtype_name
from ...backends import Backend

#: ``w[i] = sum_m (-1)^m a[m] cos(2 pi m i / n)``: the coefficients a.
TAPERS: dict[str, tuple[float, ...]] = {
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}
_BOX = (1.0,)


def coefficients(window: str | None) -> tuple[float, ...]:
    """Cosine coefficients of a window; None is the rectangular window."""
    return _BOX if window is None else TAPERS[window]


def samples(window: str | None, n: int) -> np.ndarray:
    """The window at n samples, divided by its mean; ones where n is too short for the window."""
    a = coefficients(window)
    if n < 2 * len(a):
        return np.ones(n)
    turns = 2 * np.pi * np.arange(n) / n
    total = sum(((-1) ** m * c * np.cos(m * turns) for m, c in enumerate(a)), start=np.zeros(n))
    return np.asarray(total / a[0])


def noise_bandwidth(window: str | None, shape: Sequence[int]) -> float:
    """Equivalent noise bandwidth in bins: the mean square of the window of mean 1."""
    return math.prod(float(np.mean(samples(window, n) ** 2)) for n in shape)


def hann(n: int) -> np.ndarray:
    """Hann window of n samples without its zeros at the ends; ones where n is too short."""
    return np.hanning(n + 2)[1:-1] if n > 3 else np.ones(n)


def tapered_transform(
    block: Array, taper: Callable[[int], np.ndarray] | None, backend: Backend, workers: int, *, half: bool = True
) -> Array:
    """Transform of a block less its mean, under the window `taper(length)` along every axis, or without a window.

    Of a real block it is the half spectrum of `numpy.fft.rfftn`, or with ``half=False`` the whole spectrum.
    """
    dtype = dtype_name(block.dtype)
    values = block - backend.xp.mean(block)
    for axis, n in enumerate(values.shape):
        if taper is not None:
            line = along_axis(taper(n), axis, values.ndim)
            values = values * backend.astype(backend.to_device(line), dtype)
    if not half:
        values = backend.astype(values, COMPLEX_OF.get(dtype, dtype))
    return backend.fft(values, values.shape, tuple(range(values.ndim)), workers)


def windowed(values: np.ndarray, window: str | None, axes: Sequence[int]) -> np.ndarray:
    """The spectrum of the windowed signal, computed from the spectrum of the signal."""
    a = coefficients(window)
    for axis in axes:
        if values.shape[axis] < 2 * len(a):
            continue
        total = values
        for m, c in enumerate(a[1:], 1):
            total = total + (-1) ** m * c / (2 * a[0]) * (np.roll(values, m, axis) + np.roll(values, -m, axis))
        values = total
    return values


def leakage(window: str | None, n: int, away: np.ndarray) -> np.ndarray:
    """Value of a bin for ``exp(2 pi i f t)`` of amplitude 1 that lies `away` bins above it, under the window."""
    a = coefficients(window)
    found = _dirichlet(n, away)
    if n < 2 * len(a):
        return found
    for m, c in enumerate(a[1:], 1):
        found = found + (-1) ** m * c / (2 * a[0]) * (_dirichlet(n, away + m) + _dirichlet(n, away - m))
    return found


def _dirichlet(n: int, x: np.ndarray) -> np.ndarray:
    """``mean(exp(2 pi i x t / n))`` over t = 0 .. n - 1."""
    x = np.asarray(x, dtype=np.float64)
    below = np.sin(np.pi * x / n)
    whole = np.abs(below) < 1e-12  # a multiple of n, where every term is 1
    ratio = np.sin(np.pi * x) / (n * np.where(whole, 1.0, below))
    return np.where(whole, 1.0, np.exp(1j * np.pi * x * (n - 1) / n) * ratio)
