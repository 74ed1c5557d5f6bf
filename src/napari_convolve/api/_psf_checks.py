"""`check_psf` and `fix_psf`: validate, then delegate."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Annotated, Any

import numpy as np

from .._progress import Task
from .._registry import Param
from ..backends import backend_of
from ..kernels import Kernel
from ..kernels._geometry import as_shape
from ..kernels._optics import NM, check_aperture, check_light, micrometres
from ..kernels._values import as_spacing
from ..ops.psf import findings
from ..ops.psf import repair as repairing
from ..ops.psf.bead_average import BeadPsf
from ..ops.psf.check_context import Case, PsfCheck
from . import _options as o

ImageSpacing = Annotated[float | Sequence[float] | None, Param(min=0, label="pixel size of the image")]
Unit = Annotated[str | None, Param(label="unit")]


@o.public
def check_psf(
    psf: Any,
    image: Any = None,
    /,
    *,
    spacing: ImageSpacing = None,
    units: Unit = None,
    na: Annotated[float | None, Param(min=0.01, max=1.7, label="NA")] = None,
    wavelength: Annotated[float | None, Param(min=0, label="emission (nm)")] = None,
    refractive_index: Annotated[float, Param(min=1, max=4, label="refractive index")] = 1.515,
) -> PsfCheck:
    """Check a PSF for errors: what is wrong, how much it matters, and how to fix it.

    Parameters
    ----------
    psf : Kernel or array_like
        Real numbers; NaN and infinities are reported as findings. An array has its centre at ``N // 2``.
    image : array_like, optional
        Image to deconvolve; only its shape is used, of its last ``psf.ndim`` axes.
    {image.spacing, psf.units}
    na, wavelength : float, optional
        Numerical aperture and emission wavelength in nm; with both, the pixel size is compared with the Nyquist limit.
    refractive_index : float
        Refractive index of the immersion medium.

    Returns
    -------
    PsfCheck
        The findings, most severe first; true when there are neither errors nor warnings.

    Raises
    ------
    TypeError, ValueError
        When the PSF does not contain real numbers, or an option has the wrong type or value.

    Notes
    -----
    The damage of an off-centre PSF is measured by a Wiener deconvolution (nsr 0.001) of the PSF with itself, as the
    value that is left of a point at the distance of the shift. A skewed PSF has no single centre; it is off-centre when
    its centre lies more than a quarter of a sample outside the range of these estimates: the peak, the centroids of the
    core above a half and above a fifth of the peak, and in the focal plane the shift of each frequency (its phase over
    2π times the frequency). The Nyquist limits are ``λ / 4 NA`` laterally and ``λ / 2 (n - sqrt(n² - NA²))`` axially.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> good = nc.kernels.gaussian(sigma=2)
    >>> nc.check_psf(good).ok
    True
    >>> [finding.name for finding in nc.check_psf(nc.Kernel(good.values + 0.01, center=(7, 8))).findings]
    ['off centre', 'background', 'sum']
    """
    case, *_ = as_case(psf, image, spacing, units, (na, wavelength, refractive_index))
    return findings.examine(case)


@o.public
def fix_psf(
    psf: Any,
    image: Any = None,
    /,
    *,
    spacing: ImageSpacing = None,
    units: Unit = None,
    size: Annotated[int | Sequence[int] | None, Param(min=1, step=2, label="size in pixels")] = None,
    report: o.ReportCallback = None,
) -> Kernel:
    """Fix what `check_psf` finds: fill NaN, subtract background, centre, resample, clip, crop or pad, normalise.

    Parameters
    ----------
    psf : Kernel or array_like
        As for `check_psf`; never modified.
    image : array_like, optional
        Image to deconvolve; the PSF is cropped to its shape.
    spacing : float, sequence of float, optional
        Pixel size of the image along each axis of the PSF, to which the PSF is resampled.
    {psf.units}
    size : int, sequence of int, optional
        Size of the result in pixels, for all axes or each; the PSF is cropped or padded about its centre.
    report : callable, optional
        Called once with the `Report`, whose `assumptions` list the changes.

    Returns
    -------
    Kernel
        PSF with sum 1, its centre at ``N // 2`` if it was moved; ``parameters["fixes"]`` lists the changes.

    Raises
    ------
    TypeError, ValueError
        When the PSF cannot be fixed: no light, more than a tenth NaN, more axes than the image.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> good = nc.kernels.gaussian(sigma=2)
    >>> fixed = nc.fix_psf(nc.Kernel(good.values * 3, center=(7, 8)))
    >>> fixed.parameters["fixes"]
    ('moved by (-1.00, +0.00) px onto the centre', 'divided by its sum, 3')
    """
    task = Task("fix_psf", None, report)
    case, kernel_units, name = as_case(psf, image, spacing, units)
    for finding in (*findings.empty(case), *findings.flat(case), *findings.too_large(case)):
        if not finding.fixable:
            raise ValueError(f"psf cannot be mended: {finding.message}; {finding.fix}")
    shape = None if size is None else as_shape(size, case.values.ndim)
    fixed, done = repairing.repair(case, kernel_units, name, shape)
    for sentence in done:
        task.assume(sentence)
    task.finish()
    return fixed


def as_case(
    psf: Any, image: Any, spacing: Any, units: Any, optics: tuple[float | None, float | None, float] | None = None
) -> tuple[Case, str | None, str]:
    """The PSF with the known properties of image and microscope; also the unit and the name of the PSF."""
    if isinstance(psf, BeadPsf):
        psf = psf.psf
    known = psf if isinstance(psf, Kernel) else None
    raw = as_real(psf.values if known is not None else psf)
    unit = known.units if known is not None else None
    steps = known.spacing if known is not None else None
    image_steps = as_spacing(spacing, raw.ndim)
    if image_steps is not None and units is not None and unit is not None and units != unit:
        image_steps = tuple(s * factor(units) / factor(unit) for s in image_steps)
    if units is not None and unit is None:
        unit = units
    shape = None
    if image is not None:
        shape = tuple(int(n) for n in np.shape(image))
        shape = shape[len(shape) - raw.ndim :] if len(shape) > raw.ndim else shape
    center = known.center if known is not None else tuple(n // 2 for n in raw.shape)
    label = (unit or "units") if steps or image_steps else "px"
    limits = nyquist(optics, raw.ndim, unit) if optics is not None else None
    values = np.where(np.isfinite(raw), raw, 0.0)
    return Case(raw, values, center, steps, label, shape, image_steps, limits), unit, known.name if known else "psf"


def as_real(psf: Any) -> np.ndarray:
    """The numbers of a PSF, NaN and infinities included, as float64 of at least one dimension."""
    backend = backend_of(psf)
    raw = np.asarray(psf if backend is None else backend.to_host(psf))
    if raw.dtype.kind not in "buif":
        raise TypeError(f"psf has dtype {raw.dtype}; real numbers are needed")
    if raw.ndim == 0 or raw.size == 0:
        raise ValueError(f"psf of shape {raw.shape} is empty; it needs at least 1 dimension and 1 value")
    return raw.astype(np.float64)


def nyquist(optics: tuple[float | None, float | None, float], ndim: int, unit: str | None) -> tuple[float, ...] | None:
    """The Nyquist limit of the pixel size, in the unit of the PSF; None when the optics are unknown."""
    na, wavelength, index = optics
    if na is None or wavelength is None:
        if na is not None or wavelength is not None:
            raise ValueError("na and wavelength belong together: give both")
        return None
    check_light(wavelength=wavelength)
    check_aperture(na, refractive_index=index)
    light = wavelength * NM / factor(unit or "um")
    lateral = light / 4 / na
    axial = light / 2 / (index - sqrt(index**2 - na**2))
    return (axial, lateral, lateral)[-ndim:] if ndim <= 3 else None


def factor(unit: str) -> float:
    """Micrometres in a unit."""
    found = micrometres(unit)
    if found is None:
        raise ValueError(f"units={unit!r} is no length that is known, such as 'um' or 'nm'")
    return found
