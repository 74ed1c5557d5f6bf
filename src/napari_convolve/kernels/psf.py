"""Point spread functions in closed form: Gaussian and Airy."""

from __future__ import annotations

from math import sqrt
from typing import Annotated

import numpy as np

from .._registry import Param
from . import _optics
from ._design import Truncate, kernel
from ._grid import cut_to_int, outer
from ._kernel import Kernel
from ._pupil import matched, odd_shape, sampled, widefield_extents, zhang
from ._values import Values, guard

MODALITIES = ("widefield", "confocal", "two-photon", "light-sheet")
FWHM = 2.3548200450309493
"""Full width at half maximum of a Gaussian, in standard deviations."""


def psf_sigmas(
    modality: str, na: float, index: float, emission: float, excitation: float, pinhole: float, sheet: float
) -> tuple[float, float]:
    """Return the axial and lateral standard deviations in µm."""
    seen, lit = np.array(zhang(na, index, emission)), np.array(zhang(na, index, excitation))
    axial, lateral = seen
    if modality == "two-photon":
        axial, lateral = lit / sqrt(2)
    elif modality == "confocal":
        radius = pinhole * 0.61 * emission * _optics.NM / na
        # The variance of a disk along a diameter is a quarter of its squared radius.
        seen = np.array([seen[0] * sqrt(1 + (radius / 2 / seen[1]) ** 2), sqrt(seen[1] ** 2 + radius**2 / 4)])
        axial, lateral = (lit**-2.0 + seen**-2.0) ** -0.5
    elif modality == "light-sheet":
        axial = (axial**-2.0 + (sheet / FWHM) ** -2.0) ** -0.5
    return float(axial), float(lateral)


@kernel(total=1, symmetry="even", family=_optics.FAMILY, label="Gaussian PSF")
def gaussian_psf(
    *,
    na: _optics.Aperture = 1.4,
    wavelength: _optics.Wavelength = 520.0,
    refractive_index: _optics.Index = 1.515,
    modality: Annotated[str, Param(choices=MODALITIES, label="microscope")] = "widefield",
    excitation: _optics.Excitation = 488.0,
    pinhole: _optics.Pinhole = 1.0,
    sheet: Annotated[float, Param(min=0.05, step=0.5, label="light sheet (µm)")] = 3.0,
    ndim: _optics.Planes = 2,
    spacing: _optics.PixelSize = 0.1,
    truncate: Truncate = 4.0,
    size: _optics.Size = None,
) -> Kernel:
    """Gaussian approximation of a microscope's PSF: fast, without diffraction rings.

    Parameters
    ----------
    {na, wavelength, sample.refractive_index}
    modality
        Type of microscope: widefield, confocal, two-photon or light-sheet.
    excitation
        Wavelength of the laser in nm, for confocal and two-photon microscopes.
    {pinhole}
    sheet
        Thickness (FWHM) of the light sheet in µm.
    {optics.ndim, optics.spacing, truncate}
    size
        Size in pixels along each axis, instead of `truncate`.

    Returns
    -------
    {mean.Kernel}

    Raises
    ------
    {optics.ValueError}

    Notes
    -----
    Widefield: the formulae of Zhang et al. for high apertures. Two-photon: σ of the excitation over √2. Confocal:
    ``1/σ² = 1/σ_ex² + 1/σ_em²``, with σ_em² increased by the variance ``R²/4`` of a pinhole of radius R. Light sheet:
    the same along z, with σ of the sheet as σ_ex. FWHM = 2.355 σ.

    References
    ----------
    B. Zhang, J. Zerubia, J.-C. Olivo-Marin, Gaussian approximations of fluorescence microscope point-spread function
    models, Applied Optics 46, 2007

    Examples
    --------
    >>> gaussian_psf(na=1.2, wavelength=520, refractive_index=1.33, spacing=(0.3, 0.1, 0.1)).shape
    (9, 9, 9)
    """
    steps, sizes = _optics.psf_grid(
        spacing, size, ndim, na, refractive_index, wavelength=wavelength, excitation=excitation
    )
    axial, lateral = psf_sigmas(modality, na, refractive_index, wavelength, excitation, pinhole, sheet)
    sigmas = [s / h for s, h in zip((axial, lateral, lateral)[-len(steps) :], steps, strict=True)]
    shape = sizes or tuple(2 * cut_to_int(truncate * s + 0.5) + 1 for s in sigmas)
    guard(shape)
    lines: list[Values] = [
        np.exp(-0.5 * ((np.arange(n) - n // 2) / s) ** 2) for n, s in zip(shape, sigmas, strict=True)
    ]
    return Kernel(outer([line / line.sum() for line in lines]), spacing=steps, units=_optics.OPTICS_UNITS)


@kernel(total=1, symmetry="even", family=_optics.FAMILY, label="Airy pattern")
def airy(
    *,
    na: _optics.Aperture = 1.4,
    wavelength: _optics.Wavelength = 520.0,
    ndim: _optics.Planes = 2,
    spacing: _optics.PixelSize = 0.1,
    energy: _optics.Energy = 0.95,
    size: _optics.Size = None,
) -> Kernel:
    """Airy pattern: the in-focus PSF of an ideal objective.

    Parameters
    ----------
    {na, wavelength}
    ndim
        2, or 3 to act on every plane of a three-dimensional image separately.
    {optics.spacing}
    energy
        Share of the light that the support contains.
    {optics.size}

    Returns
    -------
    {mean.Kernel}

    Raises
    ------
    ValueError
        When a value is physically impossible: wavelength in µm, pixel size in nm.

    Notes
    -----
    ``(2 J1(v) / v)²`` with ``v = 2π NA r / λ``: FWHM 0.5145 λ/NA, first zero at 0.61 λ/NA.

    References
    ----------
    M. Born, E. Wolf, Principles of Optics, section 8.5

    Examples
    --------
    >>> airy(na=0.5, wavelength=500, spacing=0.1, size=9).shape
    (9, 9)
    """
    index = max(1.0, na * 1.01)  # the pattern in focus does not depend on it
    steps, sizes = _optics.psf_grid(spacing, size, ndim, na, index, wavelength=wavelength)
    pupil = matched(na, index, wavelength)
    flat = (1,) * (len(steps) - 2)
    shape = sizes or (*flat, *odd_shape(widefield_extents(pupil, 2, energy), steps[-2:]))
    if len(shape) == 3 and shape[0] != 1:
        raise ValueError(
            f"airy: the pattern is a plane, its size along the first of three axes must be 1, not {shape[0]}"
        )
    plane = sampled(pupil, pupil.step, shape[-2:], steps[-2:])
    return Kernel(plane.reshape(shape), spacing=steps, units=_optics.OPTICS_UNITS)
