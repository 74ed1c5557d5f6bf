"""FIR design: kernels from a desired frequency response, and the response of a kernel."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..._arrays import along_axis
from ...backends import get_backend
from ...backends._base import next_smooth
from ...kernels import Kernel
from .kernel_response import FrequencyResponse, on_grid
from .missing_samples import fill_missing
from .response_spec import Curve, Response, evaluate, opposite, symmetric

#: Grid points for each weight along an axis, and at least along an axis, by the number of axes.
_DENSE, _SHORTEST = {1: 16, 2: 8, 3: 4}, {1: 256, 2: 64, 3: 24}
#: The error of a design is measured on a grid that is finer by this factor.
_FINER = {1: 16, 2: 3, 3: 2}
#: A grid has no more points than this, unless the kernel has more.
_MOST = 1 << 23
#: Neighbouring gains that differ by more than this share of the largest are the two sides of a jump.
_JUMP = 0.25


def response_of(
    kernel: Kernel, shape: tuple[int, ...] | None, spacing: tuple[float, ...] | None, units: str | None
) -> FrequencyResponse:
    """See `napari_convolve.frequency_response`."""
    grid = shape or fine_grid(kernel.shape)
    steps = spacing or (1.0,) * kernel.ndim
    frequencies = tuple(np.fft.fftfreq(n, s) for n, s in zip(grid, steps, strict=True))
    return FrequencyResponse(on_grid(kernel, grid), frequencies, steps, units, kernel)


def fine_grid(size: Sequence[int], finer: int = 1) -> tuple[int, ...]:
    """A grid on which the response of a kernel of `size` is smooth."""
    dense, shortest = finer * _DENSE.get(len(size), 2), finer * _SHORTEST.get(len(size), 8)
    while dense > 1 and math.prod(max(dense * n, shortest) for n in size) > _MOST:
        dense, shortest = dense - 1, shortest // 2
    return tuple(next_smooth(max(dense * n, shortest)) if n > 1 else 1 for n in size)


def fir_kernel(
    response: Response,
    size: tuple[int, ...],
    window: str | float | None,
    spacing: tuple[float, ...] | None,
    units: str | None,
) -> Kernel:
    """See `napari_convolve.kernel_from_response`."""
    steps = spacing or (1.0,) * len(size)
    grid = response.shape if isinstance(response, np.ndarray) else fine_grid(size)
    wanted, matters = _wanted(response, grid, steps)
    if window is None:
        weights = least_squares(wanted, matters, size)
    else:
        weights = fit_window(wanted, matters, taper_of(window, size))
    made = Kernel(weights, spacing=spacing, units=units)
    bound, beside = 1.0, 0.0
    sampled = isinstance(response, np.ndarray)
    if not sampled:
        grid = fine_grid(size, _FINER.get(len(size), 1))
        wanted, matters = _wanted(response, grid, steps)
        # Ehlich and Zeller 1964: how far a trigonometric polynomial can rise between samples
        bound = math.prod(1 / math.cos(math.pi * k / (2 * n)) for k, n in zip(size, grid, strict=True) if n > k)
    reached = on_grid(made, grid)
    if not sampled:
        beside = _at_jumps(reached, wanted, matters)
    error = np.abs(reached - wanted)[matters]
    parameters = {
        "window": "least squares" if window is None else window,
        "max_error": bound * max(float(error.max()), beside),
        "rms_error": math.sqrt(float(np.mean(error**2))),
    }
    return Kernel(made, made.center, spacing, units, "from_response", parameters)


def _wanted(response: Response, grid: Sequence[int], steps: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """The symmetric response on a grid, 0 where it does not matter; and where it matters."""
    forward: np.ndarray
    if isinstance(response, np.ndarray):
        forward, backward = response, opposite(response)
    else:
        function: Callable[..., Any] = response
        lines = [np.fft.fftfreq(n, s) for n, s in zip(grid, steps, strict=True)]
        sparse = np.meshgrid(*lines, indexing="ij", sparse=True)
        forward = evaluate(function, sparse, missing=True)
        # a radial curve is equal at negative frequencies
        backward = forward if isinstance(function, Curve) else evaluate(function, [-f for f in sparse], missing=True)
    matters = ~(np.isnan(forward) | np.isnan(backward))
    if not matters.any():
        raise ValueError("response is NaN at every frequency; at least one must matter")
    return symmetric(np.where(matters, forward, 0.0), np.where(matters, backward, 0.0))[0], matters


def _at_jumps(reached: np.ndarray, wanted: np.ndarray, matters: np.ndarray) -> float:
    """The largest error at jumps of the desired response, or where it ceases to matter, between two samples.

    The edge may lie at either of them, so that the response is compared with the desired one on both sides.
    """
    worst = 0.0
    jump = _JUMP * float(np.abs(wanted).max())
    for axis, way in itertools.product(range(wanted.ndim), (1, -1)):
        beside, known = np.roll(wanted, way, axis), np.roll(matters, way, axis)
        edge = known & (~matters | (np.abs(beside - wanted) > jump))
        if edge.any():
            worst = max(worst, float(np.abs(reached - beside)[edge].max()))
    return worst


#: Half of a window as a function of the distance from the centre (0) to the end (1); whether it ends in 0.
WINDOWS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], bool]] = {
    "boxcar": (lambda t: np.ones_like(t), False),
    "hann": (lambda t: 0.5 + 0.5 * np.cos(np.pi * t), True),
    "hamming": (lambda t: 0.54 + 0.46 * np.cos(np.pi * t), False),
    "blackman": (lambda t: 0.42 + 0.5 * np.cos(np.pi * t) + 0.08 * np.cos(2 * np.pi * t), True),
}
#: Most weights of a least squares fit when some frequencies do not matter.
MOST = 4096
#: Added to the diagonal, relative to it: keeps weights bounded that no frequency determines.
_RIDGE = 1e-11


def taper_of(window: str | float, size: Sequence[int]) -> np.ndarray:
    """Product over the axes of windows about ``N // 2``; a number is the beta of a Kaiser window."""
    total = np.ones((1,) * len(size))
    for axis, n in enumerate(size):
        if isinstance(window, str):
            half, to_zero = WINDOWS[window]
        else:
            half, to_zero = _kaiser(float(window)), False
        distance = np.abs(np.arange(n) - n // 2) / max(n // 2 + to_zero, 1)
        total = total * along_axis(half(distance), axis, len(size))
    return total


def _kaiser(beta: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda t: np.asarray(np.i0(beta * np.sqrt(np.maximum(1 - t * t, 0.0))) / np.i0(beta))


def fit_window(wanted: np.ndarray, matters: np.ndarray, taper: np.ndarray) -> np.ndarray:
    """The impulse response of `wanted` times a window, corrected so that the gain at frequency zero is exact."""
    if not matters.all():
        wanted = _filled(wanted, matters)
        matters = np.ones_like(matters)
    weights = impulse(wanted, taper.shape) * taper
    return _with_sum(weights, wanted, matters, taper)


def least_squares(wanted: np.ndarray, matters: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The kernel whose response is closest to `wanted` over the frequencies that matter, and exact at zero."""
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
    """The impulse response cropped to `size`, its centre at ``N // 2``, with zeros around it where it is shorter."""
    values = np.real(np.fft.ifftn(wanted))
    for axis, n in enumerate(size):
        offsets = np.arange(n) - n // 2
        length = values.shape[axis]
        inside = (offsets >= -(length // 2)) & (offsets < (length + 1) // 2)
        values = np.take(values, offsets % length, axis)
        values = values * along_axis(inside, axis, values.ndim)
    return np.asarray(values)


def _with_sum(weights: np.ndarray, wanted: np.ndarray, matters: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Correct the sum of the weights to the gain at zero, distributing the difference like `spread`."""
    zero = (0,) * wanted.ndim
    if not matters[zero]:
        return weights
    return np.asarray(weights + (float(np.real(wanted[zero])) - weights.sum()) * spread / spread.sum())


def _filled(wanted: np.ndarray, matters: np.ndarray) -> np.ndarray:
    """Fill frequencies that do not matter from those around them: a window design needs a value everywhere."""
    cpu = get_backend("numpy")
    filled = fill_missing(np.fft.fftshift(wanted), np.fft.fftshift(matters), cpu, 1)
    return np.asarray(np.fft.ifftshift(filled))
