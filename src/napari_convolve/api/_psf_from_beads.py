"""`psf_from_beads`: validate, then delegate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from .._progress import Task
from .._registry import Param
from ..kernels._geometry import as_shape
from ..kernels._values import as_spacing
from ..ops.psf import bead_average as ops
from ..ops.psf.bead_average import BeadPsf
from . import _options as o


@o.validated
def psf_from_beads(
    image: Any,
    /,
    points: Any = None,
    *,
    size: Annotated[int | Sequence[int] | None, Param(min=3, step=2, label="size in pixels")] = None,
    spacing: Annotated[float | Sequence[float] | None, Param(min=0, label="pixel size")] = None,
    units: Annotated[str | None, Param(label="unit")] = None,
    saturation: Annotated[float | None, Param(label="saturated from")] = None,
    min_snr: Annotated[float, Param(min=0, step=1, label="least signal to noise")] = 8.0,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> BeadPsf:
    """Measure the PSF on an image of small beads: find them, leave out the bad ones, register and average the rest.

    Parameters
    ----------
    image : array_like
        Real numbers, one to three dimensions, finite; it is copied into memory.
    points : array_like, optional
        Where beads are, shape (n, ndim) in samples; each is taken to the brightest sample nearby. None: all that stand
        out from the noise.
    size : int, sequence of int, optional
        Size of the PSF in pixels, odd; by default five times the width of a bead.
    spacing : float, sequence of float, optional
        Length of a pixel along each axis; the widths and the PSF then have it.
    units : str, optional
        Unit of `spacing`, such as ``"um"``.
    saturation : float, optional
        From which value on the camera is saturated; by default the largest value of an integer type, or a level at
        which the image's maximum repeats in neighbouring samples.
    min_snr : float
        Least height of a bead over the noise around it.
    progress, report : callable, optional
        As for `wiener`.

    Returns
    -------
    BeadPsf
        The PSF with its centre at ``N // 2``, its uncertainty, and every bead with the reason when it was left out.

    Raises
    ------
    TypeError, ValueError
        When the image holds no real, finite numbers, there is no bead, or none can be used.

    Notes
    -----
    Background: the median around each bead. Centres: least squares, first with a Gaussian, then with the average; the
    beads are shifted onto each other by a phase in Fourier space. Weights: squared brightness over noise. A bead
    widens the PSF: it should be smaller than half the PSF's width.

    References
    ----------
    R. W. Cole, T. Jinadasa, C. M. Brown, Measuring and interpreting point spread functions to determine confocal
    microscope resolution and ensure quality control, Nature Protocols 6, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_convolve as nc
    >>> image = np.zeros((64, 64))
    >>> image[[16, 20, 45], [15, 48, 30]] = 100
    >>> found = nc.psf_from_beads(nc.convolve(image, nc.kernels.gaussian(sigma=1.5)) + 2)
    >>> len(found.accepted), [round(w, 2) for w in found.fwhm]
    (3, [3.53, 3.53])
    """
    task = Task("psf_from_beads", progress, report)
    given = o.as_input(image)
    raw = np.asarray(given.source.to_host(given.array))
    if raw.dtype.kind not in "buif":
        raise TypeError(f"image has dtype {raw.dtype}; real numbers are needed")
    if not 1 <= raw.ndim <= 3:
        raise ValueError(f"image has {raw.ndim} dimensions; beads are measured in 1 to 3: choose one channel and time")
    values = raw.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"image holds {np.count_nonzero(~np.isfinite(values))} NaN or infinite samples")
    if min(raw.shape) < 5:
        raise ValueError(f"image of shape {raw.shape} is too small to hold a bead")
    lengths = as_spacing(spacing, raw.ndim)
    shape = None if size is None else as_shape(size, raw.ndim)
    if shape is not None and any(n % 2 == 0 or n < 3 or n > m for n, m in zip(shape, raw.shape, strict=True)):
        raise ValueError(f"size={size!r} must be odd, at least 3 and no larger than the image's {raw.shape}")
    limit = saturation_of(raw) if saturation is None else saturation
    task.begin(3)
    found = ops.average_beads(values, as_points(points, raw.ndim), shape, limit, min_snr, lengths, units, task.advance)
    task.advance()
    task.detail(accepted=len(found.accepted), rejected=len(found.rejected), fwhm=found.fwhm)
    for bead in found.rejected:
        task.assume(f"bead at {tuple(round(c, 1) for c in bead.center)} left out: {bead.reason}")
    task.finish()
    return found


def as_points(points: Any, ndim: int) -> np.ndarray | None:
    """Places as an array of shape (n, ndim), None for none given."""
    if points is None:
        return None
    places = np.asarray(points, dtype=float)
    if places.ndim == 1 and places.size == ndim:
        places = places[None]
    if places.ndim != 2 or places.shape[1] != ndim:
        raise ValueError(f"points of shape {places.shape} must have the shape (n, {ndim})")
    if not np.isfinite(places).all():
        raise ValueError("points must be finite")
    return places


def saturation_of(image: np.ndarray) -> float | None:
    """The level at which an image is cut off, None when it seems not to be."""
    from scipy.ndimage import label

    top = image.max()
    if image.dtype.kind in "ui" and int(top) == np.iinfo(image.dtype).max:
        return float(top)
    labels, count = label(image == top)
    largest = int(np.bincount(labels.ravel())[1:].max()) if count else 0
    return float(top) if 4 <= largest <= image.size // 100 else None
