"""Images, kernels, and reference values computed in float64."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.signal

#: Samples of a result that are compared with float64, along each axis.
_COMPARED = {1: (4096,), 2: (192, 192), 3: (12, 48, 48)}


@functools.lru_cache(maxsize=2)
def image(shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    """Blobs on a background of 100 with camera noise; always the same."""
    rng = np.random.default_rng(7)
    result = np.empty(shape, dtype)
    if math.prod(shape) > 1 << 25:  # a large one repeats a small one
        small = image(tuple(min(n, 1024 if len(shape) == 2 else 128) for n in shape), dtype)
        for key in itertools.product(*[range(0, n, k) for n, k in zip(shape, small.shape, strict=True)]):
            place = tuple(slice(a, a + k) for a, k in zip(key, small.shape, strict=True))
            result[place] = small[tuple(slice(0, n) for n in result[place].shape)]
    else:
        for plane in result.reshape(-1, *shape[-2:]):
            blobs = scipy.ndimage.gaussian_filter(rng.random(shape[-2:], dtype=np.float32), 1.5)
            noise = rng.standard_normal(shape[-2:], dtype=np.float32)
            plane[...] = 100 + 1000 * blobs + 20 * noise
    result.setflags(write=False)
    return result


def dense(shape: Sequence[int], number: int) -> np.ndarray:
    """A kernel that is not separable, with sum 1 and different values for every number."""
    values = np.random.default_rng(number).random(tuple(shape), dtype=np.float32) + 0.1
    return values / values.sum()


def interior(shape: Sequence[int], reach: Sequence[int]) -> tuple[slice, ...]:
    """A region in the middle of the result, all of whose windows lie inside the image."""
    wanted = _COMPARED[min(len(reach), 3)]
    wanted = (1,) * (len(shape) - len(wanted)) + wanted
    reach = (0,) * (len(shape) - len(reach)) + tuple(reach)
    key = []
    for n, k, most in zip(shape, reach, wanted, strict=True):
        length = max(1, min(most, n - 2 * k))
        key.append(slice((n - length) // 2, (n - length) // 2 + length))
    return tuple(key)


def exact_sum(image: np.ndarray, kernel: np.ndarray) -> tuple[tuple[slice, ...], np.ndarray]:
    """Convolution with an odd kernel in float64, in the middle of the image."""
    radius = [k // 2 for k in kernel.shape]
    key = interior(image.shape, radius)
    halo = (0,) * (image.ndim - kernel.ndim) + tuple(radius)
    block = image[tuple(slice(s.start - r, s.stop + r) for s, r in zip(key, halo, strict=True))].astype(np.float64)
    weights = kernel.astype(np.float64).reshape((1,) * (image.ndim - kernel.ndim) + kernel.shape)
    return key, scipy.signal.fftconvolve(block, weights, "valid")


def exact_gaussian(image: np.ndarray, sigma: Sequence[float], truncate: float) -> tuple[tuple[slice, ...], np.ndarray]:
    """A Gaussian filter in float64, in the middle of the image."""
    radius = [int(truncate * s + 0.5) for s in sigma]
    key = interior(image.shape, radius)
    block = image[tuple(slice(s.start - r, s.stop + r) for s, r in zip(key, radius, strict=True))].astype(np.float64)
    result = scipy.ndimage.gaussian_filter(block, sigma, truncate=truncate)
    return key, result[tuple(slice(r, n - r) for r, n in zip(radius, result.shape, strict=True))]


def exact_scores(image: np.ndarray, template: np.ndarray) -> tuple[tuple[slice, ...], np.ndarray]:
    """Normalised cross-correlation, window by window, of a few windows (first sample as their place)."""
    places = tuple(slice(n // 3, n // 3 + 12) for n in image.shape)
    block = image[tuple(slice(s.start, s.stop + k - 1) for s, k in zip(places, template.shape, strict=True))]
    windows = np.lib.stride_tricks.sliding_window_view(block.astype(np.float64), template.shape)
    pattern = template.astype(np.float64)
    axes = tuple(range(-template.ndim, 0))
    windows = windows - windows.mean(axis=axes, keepdims=True)
    pattern = pattern - pattern.mean()
    norms = np.sqrt((windows**2).sum(axis=axes) * (pattern**2).sum())
    return places, (windows * pattern).sum(axis=axes) / norms


def error(result: Any, expected: tuple[tuple[slice, ...], np.ndarray]) -> float:
    """Largest deviation, relative to the largest expected value."""
    key, values = expected
    part = result[key]
    found = np.asarray(part.get() if hasattr(part, "get") else part, np.float64)  # CuPy's arrays have `get`
    return float(np.abs(found - values).max() / np.abs(values).max())


def gaussian_size(sigma: float, truncate: float) -> int:
    """Length of the truncated Gaussian."""
    return 2 * int(truncate * sigma + 0.5) + 1


def psf(shape: Sequence[int], number: int) -> np.ndarray:
    """A kernel similar to a microscope's PSF; its width depends slightly on the number."""
    grids = np.meshgrid(*[np.arange(n) - n // 2 for n in shape], indexing="ij", sparse=True)
    widths = [2.2 + 0.001 * number] * len(shape)
    if len(shape) == 3:
        widths[0] = 3.0
    spread: Any = sum((g / w) ** 2 for g, w in zip(grids, widths, strict=True))
    values = np.exp(-spread / 2).astype(np.float32)
    return values / values.sum()


def crop(image: np.ndarray, reach: int) -> np.ndarray:
    """A small part of an image, for warming up."""
    return np.ascontiguousarray(image[tuple(slice(0, max(2 * reach + 2, 64)) for _ in image.shape)])
