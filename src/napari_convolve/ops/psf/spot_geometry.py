"""Subpixel position, width and shift of a bright spot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._arrays import along_axis

#: Samples above this share of the peak are the core; its centroid is the centre.
_CORE = 0.5


def fourier_shift(values: np.ndarray, shift: Sequence[float]) -> np.ndarray:
    """Move the contents of an array by `shift` samples along each axis, periodically, by a phase.

    The highest frequency of an even length is kept real, so that a real array stays real.
    """
    spectrum = np.fft.fftn(values)
    for axis, (n, move) in enumerate(zip(values.shape, shift, strict=True)):
        phase = np.exp(-2j * np.pi * np.fft.fftfreq(n) * move)
        if n % 2 == 0:
            phase[n // 2] = phase[n // 2].real
        spectrum = spectrum * along_axis(phase, axis, values.ndim)
    return np.asarray(np.fft.ifftn(spectrum).real)


def box_around(center: Sequence[int], half: Sequence[int], shape: Sequence[int]) -> tuple[slice, ...]:
    """Index of the part of an array within `half` of a place."""
    return tuple(slice(max(c - h, 0), min(c + h + 1, n)) for c, h, n in zip(center, half, shape, strict=True))


def core_center(values: np.ndarray, near: Sequence[int], share: float = _CORE) -> tuple[float, ...]:
    """Centroid of the region connected with the peak at `near` that is brighter than a share of it.

    The share is subtracted first, so that the centroid does not jump when samples enter the region.
    """
    from scipy.ndimage import label

    above = values - share * values[tuple(near)]
    labels, _ = label(above > 0)
    core = np.where(labels == labels[tuple(near)], above, 0.0)
    total = core.sum()
    if not total > 0:
        return tuple(float(c) for c in near)
    return tuple(
        float((core.sum(axis=tuple(b for b in range(core.ndim) if b != a)) * np.arange(n)).sum() / total)
        for a, n in enumerate(core.shape)
    )


def gaussian_center(
    values: np.ndarray, near: Sequence[int], fwhm: Sequence[float], reach: float = 1.2
) -> tuple[np.ndarray, np.ndarray]:
    """Centre and FWHM of the Gaussian fitted to the spot at `near`, with a background, by least squares."""
    from scipy.optimize import least_squares

    window = box_around(near, [max(2, int(np.ceil(reach * f))) for f in fwhm], values.shape)
    part = values[window]
    start = np.array([near[a] - window[a].start for a in range(values.ndim)], dtype=float)
    grid = np.meshgrid(*(np.arange(n) for n in part.shape), indexing="ij", sparse=True)
    low, high = float(part.min()), float(part.max())
    scale = high - low or 1.0
    n = values.ndim

    def model(p: np.ndarray) -> np.ndarray:
        square = sum(((g - c) / s) ** 2 for g, c, s in zip(grid, p[:n], p[n : 2 * n], strict=True))
        return np.asarray(((part - low) / scale - p[-1] - p[-2] * np.exp(-0.5 * square)).ravel())

    widths = np.maximum(np.asarray(fwhm) / 2.355, 0.4)
    first = np.concatenate([start, widths, [1.0, 0.0]])
    lower = np.concatenate([start - 3, widths * 0 + 0.2, [0.0, -1.0]])
    upper = np.concatenate([start + 3, widths * 5, [5.0, 1.0]])
    found = least_squares(model, first, bounds=(lower, upper), max_nfev=60).x
    offset = np.array([s.start for s in window])
    return found[:n] + offset, found[n : 2 * n] * 2.3548200450309493


def line_width(line: np.ndarray, center: float) -> float:
    """Full width at half maximum of a line through its centre, by a cubic spline; NaN where it never falls to half."""
    from scipy.interpolate import CubicSpline

    if line.size < 4:
        return float("nan")
    spline = CubicSpline(np.arange(line.size), line)
    half = float(spline(center)) / 2
    width = 0.0
    for direction in (-1, 1):
        edge = center if direction < 0 else line.size - 1 - center
        steps = np.arange(0, edge, 0.01)
        below = np.flatnonzero(spline(center + direction * steps) < half)
        if not below.size:
            return float("nan")
        width += float(steps[below[0]])
    return width


def fwhm_along_axes(values: np.ndarray, center: Sequence[float]) -> tuple[float, ...]:
    """Full width at half maximum along each axis through `center`, in samples."""
    near = [min(max(round(c), 0), n - 1) for c, n in zip(center, values.shape, strict=True)]
    found = []
    for axis in range(values.ndim):
        key = tuple(slice(None) if a == axis else near[a] for a in range(values.ndim))
        found.append(line_width(values[key], float(center[axis])))
    return tuple(found)


def core_widths(values: np.ndarray, fwhm: Sequence[float]) -> tuple[float, ...]:
    """Full widths at half maximum of the Gaussian fitted to the core around ``N // 2``, in samples.

    More robust against noise than the crossings of a line; for an Airy pattern both differ by one percent.
    """
    near = [n // 2 for n in values.shape]
    _, wide = gaussian_center(values, near, fwhm, reach=0.75)
    return tuple(float(w) for w in wide)


def shell(values: np.ndarray) -> np.ndarray:
    """The outermost samples of an array."""
    inner = tuple(slice(1, -1) if n > 2 else slice(0, 0) for n in values.shape)
    outside = np.ones(values.shape, bool)
    outside[inner] = False
    return values[outside]
