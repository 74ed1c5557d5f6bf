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


@o.public_with_masks()
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
    """Measure the PSF from an image of small beads: detect, reject unsuitable ones, register and average the rest.

    Parameters
    ----------
    image : array_like
        Finite real numbers with one to three dimensions; copied into memory.
    points : array_like, optional
        Approximate bead positions in samples, shape (n, ndim); each is moved to the brightest sample nearby. None:
        detect all beads above the noise.
    size : int, sequence of int, optional
        Size of the PSF in pixels, odd, for all axes or each; by default five times the width of a bead.
    spacing : float, sequence of float, optional
        Pixel size along each axis, for the widths and the PSF; pixels by default.
    {units}
    saturation : float, optional
        Lowest saturated grey level; by default the largest value of an integer type, or the image's maximum when it
        occurs in neighbouring samples.
    min_snr : float
        Lowest height of a bead in standard deviations of the noise around it.
    {progress, report}

    Returns
    -------
    BeadPsf
        The PSF, centred at ``N // 2``, its uncertainty, and all beads with the reason of each rejection.

    Raises
    ------
    TypeError, ValueError
        When the image does not contain finite real numbers, or no usable bead is found.

    Notes
    -----
    The background is the median around each bead. Centres are least squares fits, first of a Gaussian, then of the
    average; beads are aligned by Fourier shifts and averaged with the squared signal-to-noise ratio as weight. The bead
    size widens the measured PSF, so beads should be smaller than half the PSF's width.

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
    """The grey level at which an image is saturated, None when it does not seem to be."""
    from scipy.ndimage import label

    top = image.max()
    if image.dtype.kind in "ui" and int(top) == np.iinfo(image.dtype).max:
        return float(top)
    labels, count = label(image == top)
    largest = int(np.bincount(labels.ravel())[1:].max()) if count else 0
    return float(top) if 4 <= largest <= image.size // 100 else None
