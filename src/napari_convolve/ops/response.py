"""From a kernel to its frequency response, and from a wanted response to a kernel."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backends._base import next_smooth
from ..kernels import Kernel
from ._design_fit import fit_window, least_squares, taper_of
from ._gain import FrequencyResponse, on_grid
from ._responses import Curve, Response, evaluate, opposite, symmetric

#: Points of a grid for each weight along an axis, by the number of axes, and the least along an axis.
_DENSE, _SHORTEST = {1: 16, 2: 8, 3: 4}, {1: 256, 2: 64, 3: 24}
#: The error of a design is measured on a grid that is finer by this factor.
_FINER = {1: 16, 2: 3, 3: 2}
#: A grid has no more points than this, unless the kernel itself has.
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
    """A grid on which the response of a kernel of `size` looks smooth."""
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
    """The symmetric response on a grid, 0 where it does not matter; where it does."""
    forward: np.ndarray
    if isinstance(response, np.ndarray):
        forward, backward = response, opposite(response)
    else:
        function: Callable[..., Any] = response
        lines = [np.fft.fftfreq(n, s) for n, s in zip(grid, steps, strict=True)]
        sparse = np.meshgrid(*lines, indexing="ij", sparse=True)
        forward = evaluate(function, sparse, missing=True)
        # a radial curve is the same in opposite directions
        backward = forward if isinstance(function, Curve) else evaluate(function, [-f for f in sparse], missing=True)
    matters = ~(np.isnan(forward) | np.isnan(backward))
    if not matters.any():
        raise ValueError("response is NaN at every frequency; at least one must matter")
    return symmetric(np.where(matters, forward, 0.0), np.where(matters, backward, 0.0))[0], matters


def _at_jumps(reached: np.ndarray, wanted: np.ndarray, matters: np.ndarray) -> float:
    """The largest error where the wanted response jumps or stops to matter between two samples: the edge may lie at
    either of them, so that both are compared with what is wanted on both sides."""
    worst = 0.0
    jump = _JUMP * float(np.abs(wanted).max())
    for axis, way in itertools.product(range(wanted.ndim), (1, -1)):
        beside, known = np.roll(wanted, way, axis), np.roll(matters, way, axis)
        edge = known & (~matters | (np.abs(beside - wanted) > jump))
        if edge.any():
            worst = max(worst, float(np.abs(reached - beside)[edge].max()))
    return worst
