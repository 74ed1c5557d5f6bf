"""The noise-to-signal ratio of a Wiener filter, on any grid of frequencies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..fourier.frequency_grid import frequencies, takes_one

#: Replaces an infinite ratio, since 0 times infinity is NaN.
LARGE = 1e20

Nsr = float | np.ndarray | Callable[..., Any]


def nsr_on_grid(nsr: Nsr, shape: Sequence[int], grid: Sequence[int], *, half: bool) -> float | np.ndarray:
    """The ratio at each frequency of `grid`.

    Parameters
    ----------
    nsr : float, ndarray or callable
        A number; values on the fftn grid of an image of `shape`, interpolated linearly where `grid` is longer; or
        a function of the frequencies in cycles per sample, one array for each axis (a function of one argument
        takes their length).

    Raises
    ------
    ValueError
        When a function returns negative numbers, NaN, or the wrong shape.
    """
    if isinstance(nsr, np.ndarray):
        return _interpolated(np.minimum(nsr, LARGE), shape, grid, half)
    if not callable(nsr):
        return min(float(nsr), LARGE)
    lines = frequencies(grid, half=half)
    full = np.broadcast_shapes(*(f.shape for f in lines))
    with np.errstate(all="ignore"):
        if len(lines) > 1 and takes_one(nsr):
            found = np.asarray(nsr(np.sqrt(sum(f * f for f in lines))), dtype=np.float64)
        else:
            found = np.asarray(nsr(*lines), dtype=np.float64)
    try:
        values = np.array(np.broadcast_to(found, full))
    except ValueError as error:
        raise ValueError(f"nsr returns an array of shape {found.shape} for frequencies of shape {full}") from error
    values[(0,) * values.ndim] = 0.0  # the mean is always kept
    if np.isnan(values).any() or values.min() < 0:
        raise ValueError("nsr returns negative numbers or NaN; it must be at least 0 at every frequency")
    return np.minimum(values, LARGE)


def _interpolated(values: np.ndarray, shape: Sequence[int], grid: Sequence[int], half: bool) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if tuple(grid) != tuple(shape):
        for axis, (n, f) in enumerate(zip(shape, frequencies(grid, half=False), strict=True)):
            at = f.ravel() * n
            low = np.floor(at).astype(int)
            share = (at - low).reshape(f.shape)
            values = np.take(values, low % n, axis) * (1 - share) + np.take(values, (low + 1) % n, axis) * share
    return values[..., : grid[-1] // 2 + 1] if half else values
