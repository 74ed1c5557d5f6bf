"""Matched filter: the linear filter with the best signal-to-noise ratio for a shape on an unknown constant background.

For a shape t in noise of covariance C, on an unknown background b, the estimate of the shape's height with the
least variance is ``h . f / h . t`` with ``h = C^-1 (t - beta 1)`` and beta such that the weights of h sum to 0: the
matched filter (G. Turin, IRE Trans. Inf. Theory 6, 1960), generalised least squares (A. Aitken 1936). Divided by its
standard deviation ``sqrt(h' C h)`` it is a number of sigmas. ``C^-1`` whitens the noise; conjugate gradients solve for
it on the samples of the window alone, so that the filter is a kernel of finite size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...kernels import Kernel
from ..noise.noise_covariance import NORMAL, covariance, tapered, white_sigma
from .template import Pattern

#: White noise added to the covariance, as a share of its variance, so that a spectrum with gaps can be inverted.
_RIDGE = 1e-5
#: The same where the spectrum is estimated from the image.
_LEARNT_RIDGE = 1e-3
#: Conjugate gradients: most steps, and the relative residual to stop at.
_STEPS, _ENOUGH = 400, 1e-9
#: A larger kernel must raise the signal-to-noise ratio by this share; largest margin in samples.
_WORTH = 0.03
_WIDEST = 16
#: Filtered samples beyond this many sigmas are features; the share of the image that must be left without them.
_STANDS_OUT, _LEAST_SHARE, _ROUNDS = 5.0, 0.05, 3

#: Power of the noise on the fftn grid of a given shape; its mean is the variance.
Power = Callable[[tuple[int, ...]], np.ndarray]


def white_kernel(pattern: Pattern, sigma: float) -> Kernel:
    """The kernel whose correlation is a number of sigmas, for white noise."""
    shape = _above_rim(pattern)
    weights = _zero_sum(shape, pattern.support)
    return Kernel(weights / (sigma * float(np.sqrt(np.sum(weights**2)))), pattern.center, name="matched_filter")


def coloured_kernel(pattern: Pattern, power: Power, grow: bool = True, ridge: float = _RIDGE) -> Kernel:
    """The kernel whose correlation is a number of sigmas, for noise of the spectrum `power`.

    With `grow` the kernel may be larger than the template. `ridge` is white noise to add, as a share of the variance.
    """
    shape = _above_rim(pattern)
    best: tuple[float, Kernel] | None = None
    for margin in (0, 1, 2, 4, 8, _WIDEST) if pattern.is_full and grow else (0,):
        wide = [(margin, margin) if k > 1 else (0, 0) for k in shape.shape]
        support = np.pad(pattern.support, wide, constant_values=True)
        spectrum = power(tuple(2 * k for k in support.shape))
        weights, snr = _solve(np.pad(shape, wide), support, spectrum + ridge * spectrum.mean())
        center = tuple(c + before for c, (before, _) in zip(pattern.center, wide, strict=True))
        if best is None or snr > (1 + _WORTH) * best[0]:
            best = snr, Kernel(weights, center, name="matched_filter")
        elif margin > 2:
            break
    assert best is not None
    return best[1]


def _above_rim(pattern: Pattern) -> np.ndarray:
    """The shape above the mean level of its rim, which is taken for the background."""
    from scipy.ndimage import binary_erosion

    structure = np.ones([3 if k > 2 else 1 for k in pattern.shape])
    rim = pattern.support & ~binary_erosion(pattern.support, structure, border_value=0)
    return np.where(pattern.support, pattern.values - pattern.values[rim].mean(), 0.0)


def _zero_sum(values: np.ndarray, support: np.ndarray) -> np.ndarray:
    return np.where(support, values - values[support].mean(), 0.0)


def _solve(shape: np.ndarray, support: np.ndarray, spectrum: np.ndarray) -> tuple[np.ndarray, float]:
    """``C^-1 (t - beta 1)`` on the support, of unit variance, and the signal to noise of the shape."""
    whitened = _conjugate_gradients(shape, support, spectrum)
    ones = _conjugate_gradients(support.astype(float), support, spectrum)
    weights = _zero_sum(whitened - whitened.sum() / ones.sum() * ones, support)
    spread = float(np.sqrt(np.sum(weights * _covariance(weights, support, spectrum))))
    return weights / spread, float(np.sum(weights * shape)) / spread


def _covariance(values: np.ndarray, support: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    """``C values`` on the support; a grid of twice the length avoids wrap-around."""
    grown = np.fft.ifftn(np.fft.fftn(values, spectrum.shape) * spectrum).real
    return np.where(support, grown[tuple(slice(0, n) for n in values.shape)], 0.0)


def _conjugate_gradients(right: np.ndarray, support: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    right = np.where(support, right, 0.0)
    found, rest = np.zeros_like(right), right.copy()
    direction, size = rest.copy(), float(np.sum(rest * rest))
    target = _ENOUGH**2 * size
    for _ in range(_STEPS):
        if size <= target:
            break
        image = _covariance(direction, support, spectrum)
        step = size / float(np.sum(direction * image))
        found += step * direction
        rest -= step * image
        before, size = size, float(np.sum(rest * rest))
        direction = rest + size / before * direction
    return found


def _grid(lags: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The spectrum, on a grid twice as long as `shape`, of a covariance with lag 0 in the middle."""
    size = [2 * n for n in shape]
    keep = [min(k // 2, n - 1) for k, n in zip(lags.shape, shape, strict=True)]
    key = tuple(slice(k // 2 - m, k // 2 + m + 1) for k, m in zip(lags.shape, keep, strict=True))
    grid = np.zeros(size)
    grid[tuple(slice(0, 2 * m + 1) for m in keep)] = lags[key]
    return np.asarray(np.fft.fftn(np.roll(grid, [-m for m in keep], tuple(range(len(shape))))).real)


def covariance_power(lags: np.ndarray) -> Power:
    """The spectrum of noise of known covariance, lag 0 in the middle of odd lengths."""
    return lambda shape: np.maximum(_grid(lags, tuple(n // 2 for n in shape)), 0.0)


def grid_power(values: np.ndarray) -> Power:
    """The spectrum on any grid, averaged or interpolated from values on the fftn grid of an image."""
    covariance = np.fft.fftshift(np.fft.ifftn(values).real)
    odd = tuple(slice(0 if n % 2 else 1, None) for n in covariance.shape)
    return covariance_power(covariance[odd])


def function_power(function: Callable[..., np.ndarray]) -> Power:
    """The spectrum on any grid, from a function of the frequencies in cycles per sample, one array for each axis."""

    def power(shape: Sequence[int]) -> np.ndarray:
        lines = np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij", sparse=True)
        return np.broadcast_to(np.asarray(function(*lines), float), tuple(shape))

    return power


def learn_coloured(items: np.ndarray, there: np.ndarray, pattern: Pattern, grow: bool = True) -> tuple[Kernel, float]:
    """Kernel for noise with the spectrum of the image away from features, and the share of the image that was used.

    Features are peaks of the filtered image. The windows around them are left out, and spectrum and filter are
    estimated again. The unit is the standard deviation of the filtered image away from features.
    """
    from scipy.ndimage import maximum_filter

    kernel, free = white_kernel(pattern, white_sigma(items, there) or 1.0), there
    # longer lags than an eighth of the image are averages over too few pairs
    longest = [min(k + _WIDEST, max(n // 8, 1)) for k, n in zip(pattern.shape, items.shape[1:], strict=True)]
    filtered = _filtered(items, there, kernel)
    for _ in range(_ROUNDS):
        spread = float(np.median(np.abs(filtered[there]))) * NORMAL if there.any() else 0.0
        features = np.abs(filtered) > _STANDS_OUT * max(spread, 1e-300)
        near = maximum_filter(features, size=(1, *(2 * k + 1 for k in pattern.shape)), mode="constant")
        if np.count_nonzero(there & ~near) >= _LEAST_SHARE * np.count_nonzero(there):
            free = there & ~near
        power = covariance_power(tapered(covariance(items, free, longest)))
        kernel = coloured_kernel(pattern, power, grow, _LEARNT_RIDGE)
        filtered = _filtered(items, there, kernel)
    spread = float(np.sqrt(np.mean(filtered[free] ** 2))) if free.any() else 0.0
    if spread:
        kernel = Kernel(kernel.values / spread, kernel.center, name=kernel.name)
    return kernel, int(np.count_nonzero(free)) / max(int(np.count_nonzero(there)), 1)


def _filtered(items: np.ndarray, there: np.ndarray, kernel: Kernel) -> np.ndarray:
    from scipy.signal import oaconvolve

    level = float(items[there].mean()) if there.any() else 0.0
    reverse = kernel.values[(slice(None, None, -1),) * kernel.ndim]
    pads = [(c, k - 1 - c) for k, c in zip(kernel.shape, kernel.center, strict=True)]
    flat = np.where(there, items - level, 0.0)
    return np.stack([oaconvolve(np.pad(e, pads, mode="symmetric"), reverse, mode="valid") for e in flat])
