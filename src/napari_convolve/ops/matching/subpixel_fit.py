"""Subpixel position of a template: least squares over shift, brightness and contrast.

The shift d that maximises the score makes ``b + a t(x - d)`` fit the window best. Gauss-Newton steps from the sample
with the best score; the template between its samples is a cubic spline (M. Unser, IEEE Signal Process. Mag. 16, 1999).
For a Gaussian spot on white noise this reaches the Cramer-Rao bound; on shot noise without background its error is
``sqrt(16/9)`` of it in two dimensions (K. Mortensen et al., Nature Methods 7, 2010).
"""

from __future__ import annotations

import itertools

import numpy as np

from .ncc_at_places import Patches

#: Gauss-Newton steps, the longest step, and the largest shift of a detection from its sample.
_STEPS, _LONGEST, _FARTHEST = 8, 0.5, 1.0
_TAPS = np.arange(-2, 3)


class Shifted:
    """A template that can be shifted by fractions of a sample; `values` are extrapolated outside its `support`."""

    def __init__(self, values: np.ndarray, support: np.ndarray) -> None:
        from scipy.ndimage import binary_erosion, spline_filter1d

        ndim = values.ndim
        self.movable = [a for a in range(ndim) if values.shape[a] >= 3]
        # at the rim a shifted template would need values from outside
        structure = np.ones([3 if a in self.movable else 1 for a in range(ndim)])
        inner = binary_erosion(support, structure)
        self.inside = inner if 2 * np.count_nonzero(inner) >= np.count_nonzero(support) else support
        coefficients = values.astype(np.float64)
        for axis in self.movable:
            coefficients = spline_filter1d(coefficients, order=3, axis=axis, mode="mirror", output=np.float64)
        padded = np.pad(coefficients, [(2, 2) if a in self.movable else (0, 0) for a in range(ndim)], mode="reflect")
        flat = self.inside.ravel()
        rows = []
        for taps in itertools.product(*(range(5) if a in self.movable else (0,) for a in range(ndim))):
            key = tuple(slice(t, t + n) for t, n in zip(taps, values.shape, strict=True))
            rows.append(padded[key].ravel()[flat])
        self.shifts = np.array(rows)

    def at(self, shifts: np.ndarray) -> np.ndarray:
        """The template and its derivatives by the shift along each movable axis, shape (n, 1 + axes, samples)."""
        places = -shifts[:, :, None] - _TAPS
        value, slope = _spline(places), -_spline_slope(places)
        weights = []
        for derived in (None, *range(len(self.movable))):
            product = np.ones((len(shifts), 1))
            for a in range(len(self.movable)):
                part = slope[:, a] if a == derived else value[:, a]
                product = (product[:, :, None] * part[:, None, :]).reshape(len(shifts), -1)
            weights.append(product)
        return np.asarray(np.stack(weights, axis=1) @ self.shifts)


def refine(patches: Patches, shifted: Shifted) -> np.ndarray:
    """Shifts of the best fit from the centres of the windows, shape (n, ndim); 0 where the fit does not converge."""
    keep = shifted.inside.ravel()
    samples = patches.values[:, keep]
    weight = np.ones_like(samples)
    for missing in (None if patches.there is None else ~patches.there, patches.bad):
        if missing is not None:
            weight[missing[:, keep]] = 0.0
    number, axes = len(samples), len(shifted.movable)
    shifts = np.zeros((number, axes))
    moving = np.ones(number, bool)
    for _ in range(_STEPS):
        at = np.flatnonzero(moving)
        if not at.size or not axes:
            break
        step, good = _step(samples[at], weight[at], shifted.at(shifts[at]))
        shifts[at[good]] += step[good]
        lost = np.abs(shifts[at]).max(axis=1) > _FARTHEST
        shifts[at[lost | ~good]] = 0.0
        moving[at] = good & ~lost & (np.abs(step).max(axis=1) > 1e-5)
    result = np.zeros((number, shifted.inside.ndim))
    result[:, shifted.movable] = shifts
    return result


def _step(samples: np.ndarray, weight: np.ndarray, model: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One Gauss-Newton step for each window, and whether it is well determined."""
    columns = np.concatenate([np.ones_like(model[:, :1]), model], axis=1)
    scale = np.sqrt((columns**2).sum(axis=2, keepdims=True))
    columns = columns / np.where(scale > 0, scale, 1.0)
    weighted = columns * weight[:, None, :]
    matrix = weighted @ columns.transpose(0, 2, 1)
    right = (weighted @ samples[:, :, None])[:, :, 0]
    good = np.linalg.cond(matrix) < 1e10
    matrix[~good] = np.eye(matrix.shape[1])
    found = np.linalg.solve(matrix, right[:, :, None])[:, :, 0] / np.where(scale > 0, scale, 1.0)[:, :, 0]
    contrast = found[:, 1]
    good &= contrast > 0
    step = found[:, 2:] / np.where(contrast > 0, contrast, 1.0)[:, None]
    return np.clip(step, -_LONGEST, _LONGEST), good


def _spline(x: np.ndarray) -> np.ndarray:
    """The cubic B-spline."""
    x = np.abs(x)
    return np.where(x < 1, 2 / 3 - x * x + x**3 / 2, np.where(x < 2, (2 - x) ** 3 / 6, 0.0))


def _spline_slope(x: np.ndarray) -> np.ndarray:
    size = np.abs(x)
    slope = np.where(size < 1, -2 * size + 1.5 * size * size, np.where(size < 2, -((2 - size) ** 2) / 2, 0.0))
    return np.asarray(np.sign(x) * slope)
