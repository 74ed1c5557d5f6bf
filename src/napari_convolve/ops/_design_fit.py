"""FIR kernels for a response on a grid: the windowed impulse response, or the least squares fit.

The impulse response of the wanted values, cut off, has the least mean square error of all kernels of its size when
every frequency counts the same; it overshoots beside a steep edge. A window trades the steepness for less of that.
Where some frequencies do not matter (the width of a transition, say), least squares uses that freedom.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..backends import get_backend
from ._fill import fill_missing

#: A window's half as a function of the distance from the centre, 0 there and 1 at the end; whether it ends in 0.
WINDOWS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], bool]] = {
    "boxcar": (lambda t: np.ones_like(t), False),
    "hann": (lambda t: 0.5 + 0.5 * np.cos(np.pi * t), True),
    "hamming": (lambda t: 0.54 + 0.46 * np.cos(np.pi * t), False),
    "blackman": (lambda t: 0.42 + 0.5 * np.cos(np.pi * t) + 0.08 * np.cos(2 * np.pi * t), True),
}
#: The most weights that a least squares fit solves for when some frequencies do not matter.
MOST = 4096
#: Added to the diagonal, as a share: keeps weights that no frequency decides from growing without bound.
_RIDGE = 1e-11


def taper_of(window: str | float, size: Sequence[int]) -> np.ndarray:
    """The product over the axes of windows about ``N // 2``; a number is the beta of a Kaiser window."""
    total = np.ones((1,) * len(size))
    for axis, n in enumerate(size):
        if isinstance(window, str):
            half, to_zero = WINDOWS[window]
        else:
            half, to_zero = _kaiser(float(window)), False
        distance = np.abs(np.arange(n) - n // 2) / max(n // 2 + to_zero, 1)
        total = total * half(distance).reshape([-1 if a == axis else 1 for a in range(len(size))])
    return total


def _kaiser(beta: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda t: np.asarray(np.i0(beta * np.sqrt(np.maximum(1 - t * t, 0.0))) / np.i0(beta))


def fit_window(wanted: np.ndarray, matters: np.ndarray, taper: np.ndarray) -> np.ndarray:
    """The impulse response of `wanted` times a window, corrected at frequency zero, whose gain is met exactly."""
    if not matters.all():
        wanted = _bridged(wanted, matters)
        matters = np.ones_like(matters)
    weights = impulse(wanted, taper.shape) * taper
    return _with_sum(weights, wanted, matters, taper)


def least_squares(wanted: np.ndarray, matters: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The kernel whose response is closest to `wanted` over the frequencies that matter; exact at zero."""
    if matters.all():
        weights = impulse(wanted, size)
        return _with_sum(weights, wanted, matters, np.ones(size))
    count = math.prod(size)
    if count > MOST:
        raise ValueError(
            f"a least squares fit where some frequencies do not matter takes at most {MOST} weights, size {size} "
            f"has {count}; choose a smaller size or a window"
        )
    moments = np.real(np.fft.ifftn(matters.astype(np.float64)))
    places = np.stack(np.meshgrid(*(np.arange(n) for n in size), indexing="ij"), axis=-1).reshape(count, -1)
    lags = places[:, None, :] - places[None, :, :]
    normal = moments[tuple(lags[..., a] % n for a, n in enumerate(wanted.shape))]
    normal[np.diag_indices(count)] += _RIDGE * moments.flat[0]
    right = impulse(np.where(matters, wanted, 0.0), size).ravel()
    solved = np.linalg.solve(normal, np.stack([right, np.ones(count)], axis=1))
    return _with_sum(solved[:, 0].reshape(size), wanted, matters, solved[:, 1].reshape(size))


def impulse(wanted: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """The middle of the impulse response, its centre at ``N // 2``; zeros around where it is shorter."""
    values = np.real(np.fft.ifftn(wanted))
    for axis, n in enumerate(size):
        offsets = np.arange(n) - n // 2
        length = values.shape[axis]
        inside = (offsets >= -(length // 2)) & (offsets < (length + 1) // 2)
        values = np.take(values, offsets % length, axis)
        values = values * inside.reshape([-1 if a == axis else 1 for a in range(values.ndim)])
    return np.asarray(values)


def _with_sum(weights: np.ndarray, wanted: np.ndarray, matters: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """The weights with the wanted sum, the difference spread where it does the least harm."""
    zero = (0,) * wanted.ndim
    if not matters[zero]:
        return weights
    return np.asarray(weights + (float(np.real(wanted[zero])) - weights.sum()) * spread / spread.sum())


def _bridged(wanted: np.ndarray, matters: np.ndarray) -> np.ndarray:
    """A window needs a value everywhere: where none matters, that of the frequencies around counts."""
    cpu = get_backend("numpy")
    filled = fill_missing(np.fft.fftshift(wanted), np.fft.fftshift(matters), cpu, 1)
    return np.asarray(np.fft.ifftshift(filled))
