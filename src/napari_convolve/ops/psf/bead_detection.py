"""Detect the beads of an image and their typical width."""

from __future__ import annotations

import numpy as np

from .spot_geometry import fwhm_along_axes

#: Least height of a peak above the background, in units of the noise.
_SIGNAL = 7.0
#: Beads below this share of the brightest ones are taken for dirt.
_SHARE = 0.1
#: Most peaks whose width is measured.
_MEASURED = 40


def level_and_noise(values: np.ndarray) -> tuple[float, float]:
    """Robust background and noise of an image that is mostly empty."""
    level = float(np.median(values))
    below = level - values[values <= level]
    noise = 1.4826 * float(np.median(below)) if below.size else 0.0
    return level, noise or float(below.std()) if below.size else 0.0


def typical_width(image: np.ndarray) -> tuple[float, ...]:
    """Median full width at half maximum of the brightest peaks along each axis, in samples."""
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(image, 1.0)
    level, noise = level_and_noise(smooth)
    places = peaks(smooth, (5,) * image.ndim, level + _SIGNAL * noise)[:_MEASURED]
    if not len(places):
        return (3.0,) * image.ndim
    heights = smooth[tuple(places.T)] - level
    tall = places[heights > 0.3 * heights[0]]
    found = np.array([fwhm_along_axes(smooth - level, place) for place in tall])
    with np.errstate(invalid="ignore"):
        typical = [float(np.nanmedian(column)) if np.isfinite(column).any() else 3.0 for column in found.T]
    # without the widening by the Gaussian filter
    return tuple(float(np.sqrt(max(w * w - 2.355**2, 1.5**2))) for w in typical)


def peaks(smooth: np.ndarray, window: tuple[int, ...], threshold: float) -> np.ndarray:
    """Local maxima above a threshold, brightest first, as indices of shape (n, ndim)."""
    from scipy.ndimage import label, maximum_filter, maximum_position

    top = (smooth == maximum_filter(smooth, size=window, mode="nearest")) & (smooth > threshold)
    labels, count = label(top, np.ones((3,) * smooth.ndim))
    if not count:
        return np.zeros((0, smooth.ndim), int)
    found = np.array(maximum_position(smooth, labels, np.arange(1, count + 1)), dtype=int).reshape(count, smooth.ndim)
    order = np.argsort(-smooth[tuple(found.T)], kind="stable")
    return np.asarray(found[order])


def find_beads(image: np.ndarray, fwhm: tuple[float, ...]) -> np.ndarray:
    """Places of all beads, brightest first, shape (n, ndim); rings around a bead are left out."""
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(image, [0.5 * f / 2.355 for f in fwhm])
    level, noise = level_and_noise(smooth)
    window = tuple(2 * max(1, round(0.7 * f)) + 1 for f in fwhm)
    found = peaks(smooth, window, level + _SIGNAL * noise)
    if not len(found):
        return found
    heights = smooth[tuple(found.T)] - level
    return np.asarray(found[heights > _SHARE * np.median(heights[: max(1, len(heights) // 4)])])
