"""The convolution theorem on an image: a part of a result by its definition and by transforms, for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..._arrays import short_repr
from ...backends import get_backend
from ...boundary import gather
from ...kernels import Kernel
from ..filtering.window import Window, as_convolution, window_geometry


@dataclass(frozen=True, eq=False, repr=False)
class Theorem:
    """A part of a result, computed twice.

    Attributes
    ----------
    samples : ndarray
        Samples that the part depends on: the image there and under the kernel around it, with the boundary rule.
    weights : ndarray
        The kernel on the grid of the samples, padded with zeros; reversed for a correlation.
    image_transform, kernel_transform, product : ndarray of complex
        The transforms of `samples` and `weights` in the order of `numpy.fft.fftn`, and one times the other.
    direct : ndarray
        The part, each of its samples a sum of products.
    by_transform : ndarray
        The same part of the product's inverse transform.
    difference : float
        Largest deviation of the two, relative to the largest sum of absolute products.
    """

    samples: NDArray[np.float64]
    weights: NDArray[np.float64]
    image_transform: NDArray[np.complex128]
    kernel_transform: NDArray[np.complex128]
    product: NDArray[np.complex128]
    direct: NDArray[np.float64]
    by_transform: NDArray[np.float64]
    difference: float

    __repr__ = short_repr


def compare(image: np.ndarray, kernel: Kernel, window: Window, region: Sequence[tuple[int, int]]) -> Theorem:
    """See `napari_convolve.convolution_theorem`; independent of the methods in `methods/`."""
    applied, center = as_convolution(kernel, window)
    first = window_geometry(image.shape, image.dtype.name, applied, window, center, False, False).first
    lengths = applied.shape
    ranges = [(a + f, b + f + k - 1) for (a, b), f, k in zip(region, first, lengths, strict=True)]
    axes = tuple(range(image.ndim))
    samples = gather(image, axes, ranges, window.boundary, window.cval, "float64", get_backend("numpy"))
    samples = samples.astype(np.float64)
    size = tuple(b - a for a, b in region)
    direct, scale = np.zeros(size), np.zeros(size)
    for place in np.argwhere(applied.values):
        # a convolution: later weights apply to earlier samples
        part = samples[tuple(slice(k - 1 - j, k - 1 - j + n) for j, k, n in zip(place, lengths, size, strict=True))]
        product = part * applied.values[tuple(place)]
        direct += product
        scale += np.abs(product)
    weights = np.zeros(samples.shape)
    weights[tuple(slice(0, k) for k in lengths)] = applied.values
    image_transform, kernel_transform = np.fft.fftn(samples), np.fft.fftn(weights)
    product = image_transform * kernel_transform
    # the first K - 1 samples hold the wrap-around of the periodic convolution
    by_transform = np.fft.ifftn(product).real[tuple(slice(k - 1, None) for k in lengths)]
    largest = float(scale.max(initial=0.0)) or 1.0
    difference = float(np.abs(direct - by_transform).max(initial=0.0)) / largest
    return Theorem(samples, weights, image_transform, kernel_transform, product, direct, by_transform, difference)
