"""Noise statistics for matched filters: the variance of white noise, the covariance of coloured noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._arrays import Array, along_axis, index_along
from ...backends import Backend

#: Standard deviation of normal noise over the median of its absolute values.
NORMAL = 1.482602218505602
#: Most samples that are used; a larger image is represented by a part in the middle of each axis.
_MOST = 1 << 22


def sample_of(
    image: Array, valid: Array | None, axes: Sequence[int], backend: Backend
) -> tuple[np.ndarray, np.ndarray]:
    """Batch items of the image on the host, with the acted axes last and 0 where missing; and the valid samples."""
    ndim = len(image.shape)
    batch = [a for a in range(ndim) if a not in axes]
    acted = int(np.prod([image.shape[a] for a in axes]))
    key = [slice(None)] * ndim
    for axis in batch:  # whole planes, evenly chosen
        number = max(1, min(image.shape[axis], _MOST // max(acted, 1)))
        key[axis] = slice(None, None, max(1, image.shape[axis] // number))
    shrink = max(1.0, (acted / _MOST) ** (1 / len(axes)))
    for axis in axes:
        length = max(1, int(image.shape[axis] / shrink))
        start = (image.shape[axis] - length) // 2
        key[axis] = slice(start, start + length)
    host = np.asarray(backend.to_host(image[tuple(key)]), dtype=np.float64)
    there = np.isfinite(host)
    if valid is not None:
        there &= np.asarray(backend.to_host(valid[tuple(key)]), dtype=bool)
    order = [*batch, *axes]
    shape = (-1, *(host.shape[a] for a in axes))
    return np.where(there, host, 0.0).transpose(order).reshape(shape), there.transpose(order).reshape(shape)


def white_sigma(items: np.ndarray, there: np.ndarray) -> float:
    """Standard deviation of white noise, from second differences along every axis, which suppress features.

    J. Immerkaer, Fast noise variance estimation, Comput. Vis. Image Underst. 64 (1996) 300; here with the median of
    absolute values, which is robust against a few features.
    """
    values, known, norm = items, there, 1.0
    for axis in range(1, items.ndim):
        if values.shape[axis] < 3:
            continue
        lower, middle, upper = (_cut(values, axis, start) for start in range(3))
        values = lower - 2 * middle + upper
        known = np.logical_and.reduce([_cut(known, axis, start) for start in range(3)])
        norm *= np.sqrt(6.0)
    chosen = np.abs(values[known])
    if not chosen.size:
        return 0.0
    sigma = float(np.median(chosen)) * NORMAL / norm
    return sigma or float(np.sqrt(np.mean(chosen**2))) / norm


def _cut(array: np.ndarray, axis: int, start: int) -> np.ndarray:
    return np.asarray(array[index_along(array.ndim, axis, slice(start, array.shape[axis] - 2 + start))])


def covariance(items: np.ndarray, there: np.ndarray, longest: Sequence[int]) -> np.ndarray:
    """Autocovariance up to the `longest` lags, over the pairs of valid samples; lag 0 in the middle of odd lengths."""
    import scipy.fft

    longest = [min(r, n - 1) for r, n in zip(longest, items.shape[1:], strict=True)]
    grid = [scipy.fft.next_fast_len(n + r, True) for n, r in zip(items.shape[1:], longest, strict=True)]
    products, pairs = (np.zeros([2 * r + 1 for r in longest]) for _ in range(2))
    middle = float(items[there].mean()) if there.any() else 0.0
    for item, known in zip(items, there, strict=True):
        for total, values in ((products, np.where(known, item - middle, 0.0)), (pairs, known.astype(float))):
            lags = scipy.fft.irfftn(np.abs(scipy.fft.rfftn(values, grid)) ** 2, grid)
            for axis, r in enumerate(longest):
                lags = np.roll(lags, r, axis)
            total += lags[tuple(slice(0, 2 * r + 1) for r in longest)]
    return np.asarray(products / np.maximum(np.rint(pairs), 1))


def tapered(lags: np.ndarray) -> np.ndarray:
    """The covariance under Parzen's window, which keeps its spectrum from becoming negative."""
    for axis, length in enumerate(lags.shape):
        x = np.abs(np.arange(length) - length // 2) / (length // 2 + 1)
        line = np.where(x <= 0.5, 1 - 6 * x**2 + 6 * x**3, 2 * (1 - x) ** 3)
        lags = lags * along_axis(line, axis, lags.ndim)
    return lags
