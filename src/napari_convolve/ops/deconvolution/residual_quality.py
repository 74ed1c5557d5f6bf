"""What a deconvolved object leaves unexplained: the residual over the noise, and whether it is white."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..._arrays import Array, dtype_name, short_repr
from ..execution.batches import BatchItem
from ..fourier.edge_extension import PaddedGrid
from .blur_operator import Box, make_blur

#: ``exp(Euler's constant)``: the flatness of a white periodogram is one over it.
_EULER = 1.7810724179901979
#: The most of a PSF that may reach beyond the edges where the residual is judged.
_TAIL = 0.01


@dataclass(frozen=True, eq=False, repr=False)
class DeconvolutionQuality:
    """How well an object explains an image.

    Attributes
    ----------
    residual : array
        ``(image - H object - background) / noise``, NaN where the PSF reaches beyond the edges or nothing is known.
        Structure in it has not been explained; large values all over are noise that has been underestimated.
    chi_square : float
        Mean square of the residual: 1 when the object explains all but the noise, less when it explains noise too.
    whiteness : float
        Flatness of the residual's spectrum, about 1 for white noise and towards 0 for structure.
    neighbours : tuple of float
        Correlation of neighbouring samples of the residual along each axis, 0 for white noise.
    flux_ratio : float
        Sum of the object over the sum of the image less its background.
    noise : float
        Standard deviation that was assumed.
    """

    residual: Array
    chi_square: float
    whiteness: float
    neighbours: tuple[float, ...]
    flux_ratio: float
    noise: float

    __repr__ = short_repr

    def __str__(self) -> str:
        return (
            f"chi-square {self.chi_square:.3g}, whiteness {self.whiteness:.3g}, flux ratio {self.flux_ratio:.4g} "
            f"for noise {self.noise:.4g}"
        )


def judge(item: BatchItem, found: Array, noise: float, background: float, edges: str) -> DeconvolutionQuality:
    """Compare an image of all acted axes with the blurred image of an object."""
    image, valid, psf, backend = item.block, item.valid, item.psf, item.device
    xp, shape = backend.xp, tuple(image.shape)
    dtype = dtype_name(image.dtype)
    margin = [0] * len(shape)
    if edges != "periodic":
        # beyond it, all the object's light that could be missing is a tenth of the noise
        span = float(xp.max(found)) - float(xp.min(found))
        reach = psf.holding(min(_TAIL, noise / (10 * span)) if span > 0 else _TAIL)
        margin = [min(r, (n - 1) // 2) for r, n in zip(reach, shape, strict=True)]
    residual = backend.empty(shape, dtype)

    def compare(box: Box, part: Array) -> None:
        backend.assign(residual, box, (image[box] - part - background) / noise)

    blur = make_blur(psf, PaddedGrid(shape, shape), dtype, backend, item.workers, lambda count: None)
    blur.forward(found, compare)
    inside = tuple(slice(m, n - m) for m, n in zip(margin, shape, strict=True))
    known = backend.empty(shape, "bool")
    backend.assign(known, ..., False)
    backend.assign(known, inside, True if valid is None else valid[inside])
    part = np.asarray(backend.to_host(residual[inside]), dtype=np.float64)
    counts = np.asarray(backend.to_host(known[inside]))
    chi = float(np.mean(part[counts] ** 2)) if counts.any() else math.nan
    centred = np.where(counts, part - part[counts].mean(), 0.0) if counts.any() else part
    light = np.asarray(backend.to_host(image if valid is None else xp.where(valid, image, xp.zeros_like(image))))
    number = light.size if valid is None else int(xp.count_nonzero(valid))
    total = float(np.sum(light, dtype=np.float64)) - background * number
    missing = xp.asarray(math.nan, dtype=residual.dtype, device=residual.device)
    return DeconvolutionQuality(
        residual=xp.where(known, residual, missing),
        chi_square=chi,
        whiteness=_whiteness(centred),
        neighbours=tuple(_neighbours(centred, axis) for axis in range(centred.ndim)),
        flux_ratio=float(np.sum(np.asarray(backend.to_host(found)), dtype=np.float64)) / total if total else math.nan,
        noise=noise,
    )


def _whiteness(values: np.ndarray) -> float:
    """Geometric over arithmetic mean of the periodogram, normalised to 1 for white noise."""
    power = np.abs(np.fft.rfftn(values)).ravel()[1:] ** 2
    if not power.size or not power.max() > 0:
        return math.nan
    power = np.maximum(power, 1e-30 * power.max())
    return float(np.exp(np.mean(np.log(power))) / power.mean() * _EULER)


def _neighbours(values: np.ndarray, axis: int) -> float:
    size = float(np.sum(values * values))
    ahead, behind = (np.take(values, np.arange(a, values.shape[axis] - 1 + a), axis) for a in (1, 0))
    return float(np.sum(ahead * behind)) / size if size > 0 else math.nan
