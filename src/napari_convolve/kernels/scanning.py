"""Point spread functions of scanning microscopes: confocal and two-photon."""

from __future__ import annotations

from math import ceil

import numpy as np

from ._design import kernel
from ._kernel import Kernel
from ._optics import (
    FAMILY,
    NM,
    UNITS,
    Aperture,
    Energy,
    Excitation,
    Index,
    Pinhole,
    PixelSize,
    Planes,
    Size,
    Wavelength,
    check_aperture,
    check_light,
    pixel_lengths,
)
from ._pupil import Light, Pupil, bounded_reach, matched, odd_shape, radii_to, sampled
from ._values import Values

#: Angles over half the rim of a pinhole, besides those that its size asks for.
_TURN = 16


@kernel(total=1, symmetry="even", family=FAMILY, label="confocal")
def confocal(
    *,
    na: Aperture = 1.4,
    excitation: Excitation = 488.0,
    wavelength: Wavelength = 520.0,
    pinhole: Pinhole = 1.0,
    refractive_index: Index = 1.515,
    ndim: Planes = 2,
    spacing: PixelSize = 0.1,
    energy: Energy = 0.95,
    size: Size = None,
) -> Kernel:
    """PSF of a confocal microscope: illumination times detection through a pinhole.

    Parameters
    ----------
    {na, excitation, wavelength, pinhole, sample.refractive_index, optics.ndim, optics.spacing, energy, optics.size}

    Returns
    -------
    {mean.Kernel}

    Raises
    ------
    {optics.ValueError}

    Notes
    -----
    ``I_ex · (I_em ⊗ disk)``, both the scalar integral of :func:`gibson_lanni` without aberrations.

    References
    ----------
    T. Wilson, C. J. R. Sheppard, Theory and Practice of Scanning Optical Microscopy, 1984

    Examples
    --------
    >>> confocal(na=1.2, refractive_index=1.33, spacing=(0.2, 0.05, 0.05), size=(9, 15, 15)).shape
    (9, 15, 15)
    """
    check_light(wavelength=wavelength, excitation=excitation)
    check_aperture(na, refractive_index=refractive_index)
    steps, sizes = pixel_lengths(spacing, size, ndim, na, refractive_index, wavelength)
    lit, seen = (matched(na, refractive_index, one) for one in (excitation, wavelength))
    through = pinhole_light(seen, pinhole * 0.61 * wavelength * NM / na)

    def light(r: Values, z: Values) -> Values:
        return np.asarray(lit(r, z) * through(r, z))

    shape = sizes or odd_shape(bounded_reach(light, seen, len(steps), energy), steps)
    return Kernel(sampled(light, lit.step / 2, shape, steps), spacing=steps, units=UNITS)


def pinhole_light(pupil: Pupil, radius: float) -> Light:
    """Return the mean over a disk of `radius` µm around each position: the light that a pinhole there transmits.

    By the divergence theorem it is an integral along the rim of the disk: of ``g(s) (1 + cos φ r / radius)`` over the
    angle, where ``g(s)`` is the mean light within s of the centre and ``s² = r² + radius² + 2 r radius cos φ``.
    """
    if radius == 0:
        return pupil

    def light(r: Values, z: Values) -> Values:
        from scipy.interpolate import CubicSpline

        grid = radii_to(float(r.max()) + radius, pupil.step)
        rings = CubicSpline(grid, pupil(grid, z) * grid[:, None])
        within = rings.antiderivative()(grid[1:]) * (2 / grid[1:, None] ** 2)
        mean = CubicSpline(grid, np.concatenate([pupil(grid[:1], z), within]))
        # The light has no frequency above 2 NA / λ: so many angles see the fastest change along the rim.
        turns = _TURN + ceil(pupil.k * pupil.na * min(float(r.max()), radius))
        total = np.zeros((r.size, z.size))
        for turn in np.cos((np.arange(turns) + 0.5) * np.pi / turns):
            rim = np.sqrt(np.maximum(r * r + radius * radius + 2 * r * radius * turn, 0))
            total += mean(rim) * (1 + turn * r / radius)[:, None]
        return total / turns

    return light


@kernel(total=1, symmetry="even", family=FAMILY, label="two-photon")
def two_photon(
    *,
    na: Aperture = 1.0,
    excitation: Excitation = 920.0,
    refractive_index: Index = 1.33,
    ndim: Planes = 2,
    spacing: PixelSize = 0.1,
    energy: Energy = 0.95,
    size: Size = None,
) -> Kernel:
    """PSF of a two-photon microscope: the squared intensity of the illumination.

    Parameters
    ----------
    {na, excitation, sample.refractive_index, optics.ndim, optics.spacing, energy, optics.size}

    Returns
    -------
    {mean.Kernel}

    Raises
    ------
    {optics.ValueError}

    Notes
    -----
    ``I_ex²``, the scalar integral of :func:`gibson_lanni` without aberrations; detection adds no blur.

    References
    ----------
    W. R. Zipfel, R. M. Williams, W. W. Webb, Nonlinear magic, Nature Biotechnology 21, 2003

    Examples
    --------
    >>> two_photon(na=0.8, spacing=(0.5, 0.1, 0.1), size=(9, 15, 15)).units
    'um'
    """
    check_light(excitation=excitation)
    check_aperture(na, refractive_index=refractive_index)
    steps, sizes = pixel_lengths(spacing, size, ndim, na, refractive_index, excitation)
    lit = matched(na, refractive_index, excitation)

    def light(r: Values, z: Values) -> Values:
        return np.asarray(lit(r, z) ** 2)

    shape = sizes or odd_shape(bounded_reach(light, lit, len(steps), energy), steps)
    return Kernel(sampled(light, lit.step / 2, shape, steps), spacing=steps, units=UNITS)
