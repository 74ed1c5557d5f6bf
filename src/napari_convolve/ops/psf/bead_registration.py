"""Subpixel registration of beads to each other, and their average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._arrays import along_axis
from .bead_results import Bead
from .spot_geometry import box_around, core_center, fourier_shift, gaussian_center

#: Samples around a window that are included while it is shifted.
_MARGIN = 4
#: Rounds of averaging and registering to the average.
_ROUNDS = 3
#: Beads that correlate less with the average are rejected.
_ALIKE = 0.8


@dataclass
class Registered:
    """Registered beads and their average."""

    mean: np.ndarray
    error: np.ndarray
    centers: dict[int, tuple[float, ...]]
    windows: dict[int, np.ndarray]
    reasons: dict[int, str]


def registered(image: np.ndarray, beads: Sequence[Bead], half: Sequence[int], fwhm: Sequence[float]) -> Registered:
    """Fit each accepted bead, shift it to the middle, average, and fit each to the average."""
    good = [i for i, bead in enumerate(beads) if bead.accepted]
    centers = {i: gaussian_center(image, [int(c) for c in beads[i].center], fwhm)[0] for i in good}
    reasons: dict[int, str] = {}
    mean, windows = np.zeros(0), {}
    for turn in range(_ROUNDS):
        windows = {i: window_at(image, centers[i], half, beads[i].background) / beads[i].height for i in good}
        mean = weighted(windows, dict.fromkeys(good, 1.0) if turn == 0 else strengths(windows, beads, mean))
        for i in good if len(good) > 1 else ():
            centers[i] = centers[i] + offset_to(windows[i], mean, fwhm)
        # a shift common to all beads moves the average off its centre
        away = np.array(settle(mean, fwhm)) - [n // 2 for n in mean.shape]
        centers = {i: c + away for i, c in centers.items()}
        if turn == 0 and len(good) > 2:
            middle = np.median(list(windows.values()), axis=0)
            alike = {i: float(np.corrcoef(windows[i].ravel(), middle.ravel())[0, 1]) for i in good}
            for i in [i for i in good if alike[i] < _ALIKE]:
                reasons[i] = f"unlike the others: correlation {alike[i]:.2f}"
                good.remove(i)
                centers.pop(i)
    windows = {i: window_at(image, centers[i], half, beads[i].background) / beads[i].height for i in good}
    shares = strengths(windows, beads, mean)
    scaled = {i: windows[i] / scale_to(windows[i], mean) for i in good}
    mean = weighted(scaled, shares)
    error = np.full(mean.shape, np.nan)
    if len(good) > 1:
        total, n = sum(shares.values()), len(good)
        square = sum(((shares[i] / total) * (scaled[i] - mean)) ** 2 for i in good)
        error = np.sqrt(np.asarray(square) * n / (n - 1))
    return Registered(mean, error, {i: tuple(float(c) for c in centers[i]) for i in good}, scaled, reasons)


def window_at(image: np.ndarray, center: np.ndarray, half: Sequence[int], background: float) -> np.ndarray:
    """The window around a subpixel position, less the background, with the position at ``N // 2``."""
    near = np.round(center).astype(int)
    reach = [h + _MARGIN for h in half]
    padded = np.pad(image, [(r, r) for r in reach], mode="edge")
    part = padded[tuple(slice(c, c + 2 * r + 1) for c, r in zip(near, reach, strict=True))] - background
    for axis, r in enumerate(reach):
        ramp = np.minimum(1, (np.minimum(np.arange(2 * r + 1), 2 * r - np.arange(2 * r + 1)) + 0.5) / _MARGIN)
        part = part * along_axis(np.sin(np.pi / 2 * ramp) ** 2, axis, part.ndim)
    turned = fourier_shift(part, near - center)
    return turned[(slice(_MARGIN, -_MARGIN),) * part.ndim]


def weighted(windows: dict[int, np.ndarray], shares: dict[int, float]) -> np.ndarray:
    """Average with weights."""
    total = sum(shares[i] for i in windows)
    return np.asarray(sum(shares[i] * window for i, window in windows.items()) / total)


def strengths(windows: dict[int, np.ndarray], beads: Sequence[Bead], mean: np.ndarray) -> dict[int, float]:
    """Weights that minimise the noise of the average: brightness squared over the variance of the noise."""
    return {
        i: (beads[i].height * scale_to(w, mean) / beads[i].noise) ** 2 if beads[i].noise > 0 else 1.0
        for i, w in windows.items()
    }


def scale_to(window: np.ndarray, mean: np.ndarray) -> float:
    """Brightness of a bead relative to the average, by least squares."""
    return float((window * mean).sum() / (mean * mean).sum())


def offset_to(window: np.ndarray, mean: np.ndarray, fwhm: Sequence[float]) -> np.ndarray:
    """Offset of a bead from the average, by one step of least squares in the core."""
    core = box_around([n // 2 for n in mean.shape], [max(2, int(np.ceil(1.2 * f))) for f in fwhm], mean.shape)
    slopes = np.gradient(mean)
    slopes = [slopes] if mean.ndim == 1 else slopes
    columns = [mean[core].ravel(), np.ones(mean[core].size), *(-slope[core].ravel() for slope in slopes)]
    found = np.linalg.lstsq(np.stack(columns, axis=1), window[core].ravel(), rcond=None)[0]
    return np.asarray(np.clip(found[2:] / max(found[0], 1e-12), -0.5, 0.5))


def settle(mean: np.ndarray, fwhm: Sequence[float]) -> tuple[float, ...]:
    """The centre of the average: that of the Gaussian fitted to its core."""
    near = [n // 2 for n in mean.shape]
    around = box_around(near, [max(1, int(np.ceil(f / 2))) for f in fwhm], mean.shape)
    at = np.unravel_index(int(np.argmax(mean[around])), mean[around].shape)
    top = [int(i) + s.start for i, s in zip(at, around, strict=True)]
    center, _ = gaussian_center(mean, top, fwhm)
    return tuple(float(c) for c in center) if np.abs(center - near).max() < 2 else core_center(mean, top)
