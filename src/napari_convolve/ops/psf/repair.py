"""Repair a PSF for an image in steps, each reported in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np

from ...kernels import Kernel
from ...kernels._geometry import interpolation
from .centre import OFF, excess, off_center
from .check_context import Case

#: A shift this close to whole samples is rounded, since interpolation blurs.
_WHOLE = 0.08


def repair(case: Case, units: str | None, name: str, size: Sequence[int] | None) -> tuple[Kernel, list[str]]:
    """Fill, subtract the background, resample, centre, clip, crop and normalise, as needed, in this order."""
    done: list[str] = []
    values, center = filled(case.raw, done), case.center
    level = excess(values)
    if level:
        values = values - level
        done.append(f"subtracted a background of {level:.3g}")
    shift = off_center(values, center)
    want = case.image_spacing
    differs = want is not None and case.spacing is not None and not np.allclose(case.spacing, want, rtol=0.01)
    if max(abs(s) for s in shift) > OFF:
        done.append(f"moved by ({', '.join(f'{0.0 - round(s, 2):+.2f}' for s in shift)}) px onto the centre")
    elif not differs:
        shift = (0.0,) * values.ndim
    if differs and want is not None and case.spacing is not None:
        done.append(f"resampled from {_row(case.spacing)} to {_row(want)} {case.unit}")
        ratios = tuple(w / s for w, s in zip(want, case.spacing, strict=True))
    else:
        want, ratios = case.spacing, (1.0,) * values.ndim
    kernel = Kernel(*regridded(values, np.add(center, shift), ratios), want, units, name)
    values = kernel.values
    if (count := int(np.count_nonzero(values < 0))) and values.min() < -1e-12 * values.max():
        if case.values.min() < 0:
            done.append(f"set {count} negative values to 0")
        kernel = Kernel(np.maximum(values, 0), kernel.center, kernel.spacing, units, name)
    limit = size or (None if case.image_shape is None else tuple(odd_below(n) for n in case.image_shape))
    kernel = framed(kernel, limit, exact=size is not None, done=done)
    total = kernel.values.sum()
    if not total > 0:
        raise ValueError("psf holds no light: nothing is left above its background")
    if abs(total - 1) > 1e-3:
        done.append(f"divided by its sum, {total:.6g}")
    return Kernel(kernel.values / total, kernel.center, kernel.spacing, units, name, {"fixes": done}), done


def odd_below(n: int) -> int:
    """The largest odd number up to n."""
    return n - 1 + n % 2


def filled(raw: np.ndarray, done: list[str]) -> np.ndarray:
    """Replace NaN and infinities by the mean of their finite neighbours, from the edge of each hole inwards."""
    from scipy.ndimage import uniform_filter

    good = np.isfinite(raw)
    values = np.where(good, raw, 0.0)
    count = int(np.count_nonzero(~good))
    if count > raw.size // 10:
        raise ValueError(f"psf has {count} NaN or infinite of {raw.size} values; too many to be filled")
    if count:
        done.append(f"filled {count} NaN or infinite values from their neighbours")
    while not good.all():
        share = uniform_filter(good.astype(float), 3, mode="constant")
        mean = uniform_filter(np.where(good, values, 0.0), 3, mode="constant")
        new = ~good & (share > 1e-9)
        values[new] = mean[new] / share[new]
        good = good | new
    return values


def regridded(values: np.ndarray, place: np.ndarray, ratios: Sequence[float]) -> tuple[np.ndarray, tuple[int, ...]]:
    """Resample at steps of `ratios` samples from a subpixel position; and the index of that position.

    A single interpolation along each axis shifts and resamples, by splines of degree 5. There is no average over the
    new pixels, which would widen the PSF: the image is band-limited.
    """
    center = []
    for axis, (at, ratio) in enumerate(zip(place, ratios, strict=True)):
        n = values.shape[axis]
        if abs(at - round(at)) < _WHOLE and ratio == 1:
            center.append(int(min(max(round(at), 0), n - 1)))
            continue
        low, high = ceil(-at / ratio - 0.5), floor((n - 1 - at) / ratio + 0.5)
        line = interpolation(at + ratio * np.arange(low, high + 1), 1.0, n, 5)
        values = np.moveaxis(np.tensordot(line, values, (1, axis)), 0, axis)
        center.append(-low)
    return values, tuple(center)


def framed(kernel: Kernel, limit: Sequence[int] | None, *, exact: bool, done: list[str]) -> Kernel:
    """Move the centre to ``N // 2`` by adding zeros, and crop or pad to `limit` about it."""
    natural = list(kernel.shape)
    if kernel.center != tuple(n // 2 for n in kernel.shape):
        natural = [2 * max(c, n - 1 - c) + 1 for c, n in zip(kernel.center, kernel.shape, strict=True)]
    wanted = natural if limit is None else [m if exact else min(n, m) for n, m in zip(natural, limit, strict=True)]
    if list(kernel.shape) == wanted:
        return kernel
    if limit is not None and wanted != natural:
        done.append(f"cropped or padded about its centre to {' x '.join(map(str, wanted))} px")
    return kernel.crop(wanted).pad(wanted)


def _row(lengths: Sequence[float]) -> str:
    return " x ".join(f"{s:.4g}" for s in lengths)
