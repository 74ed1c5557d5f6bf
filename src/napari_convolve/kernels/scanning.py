"""Point spread functions of scanning microscopes: confocal and two-photon."""

from __future__ import annotations

from math import ceil

import numpy as np

from . import _optics
from ._design import kernel
from ._kernel import Kernel
from ._pupil import Light, Pupil, bounded_extents, matched, odd_shape, radii_to, sampled
from ._values import Values

#: Number of angles over half the rim of a pinhole, in addition to those that its size requires.
_TURN = 16


@kernel(total=1, symmetry="even", family=_optics.FAMILY, label="confocal")
def confocal(
    *,
    na: _optics.Aperture = 1.4,
    excitation: _optics.Excitation = 488.0,
    wavelength: _optics.Wavelength = 520.0,
    pinhole: _optics.Pinhole = 1.0,
    refractive_index: _optics.Index = 1.515,
    ndim: _optics.Planes = 2,
    spacing: _optics.PixelSize = 0.1,
    energy: _optics.Energy = 0.95,
    size: _optics.Size = None,
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
    steps, sizes = _optics.psf_grid(
        spacing, size, ndim, na, refractive_index, wavelength=wavelength, excitation=excitation
    )
    lit, seen = (matched(na, refractive_index, one) for one in (excitation, wavelength))
    through = pinhole_light(seen, pinhole * 0.61 * wavelength * _optics.NM / na)

    def light(r: Values, z: Values) -> Values:
        return np.asarray(lit(r, z) * through(r, z))

    shape = sizes or odd_shape(bounded_extents(light, seen, len(steps), energy), steps)
    return Kernel(sampled(light, lit.step / 2, shape, steps), spacing=steps, units=_optics.OPTICS_UNITS)


def pinhole_light(pupil: Pupil, radius: float) -> Light:
    """Return the mean over a disk of `radius` µm around each position: the light transmitted by a pinhole there.

    By the divergence theorem it is the integral of ``g(s) (1 + cos φ r / radius)`` over the angle φ along the rim of
    the disk, where ``g(s)`` is the mean light within s of the centre and ``s² = r² + radius² + 2 r radius cos φ``.
    """
    if radius == 0:
        return pupil

    def light(r: Values, z: Values) -> Values:
        from scipy.interpolate import CubicSpline

        grid = radii_to(float(r.max()) + radius, pupil.step)
        rings = CubicSpline(grid, pupil(grid, z) * grid[:, None])
        within = rings.antiderivative()(grid[1:]) * (2 / grid[1:, None] ** 2)
        mean = CubicSpline(grid, np.concatenate([pupil(grid[:1], z), within]))
        # The light has no frequency above 2 NA / λ: this many angles resolve the fastest change along the rim.
        turns = _TURN + ceil(pupil.k * pupil.na * min(float(r.max()), radius))
        total = np.zeros((r.size, z.size))
        for turn in np.cos((np.arange(turns) + 0.5) * np.pi / turns):
            rim = np.sqrt(np.maximum(r * r + radius * radius + 2 * r * radius * turn, 0))
            total += mean(rim) * (1 + turn * r / radius)[:, None]
        return total / turns

    return light


@kernel(total=1, symmetry="even", family=_optics.FAMILY, label="two-photon")
def two_photon(
    *,
    na: _optics.Aperture = 1.0,
    excitation: _optics.Excitation = 920.0,
    refractive_index: _optics.Index = 1.33,
    ndim: _optics.Planes = 2,
    spacing: _optics.PixelSize = 0.1,
    energy: _optics.Energy = 0.95,
    size: _optics.Size = None,
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
    steps, sizes = _optics.psf_grid(spacing, size, ndim, na, refractive_index, excitation=excitation)
    lit = matched(na, refractive_index, excitation)

    def light(r: Values, z: Values) -> Values:
        return np.asarray(lit(r, z) ** 2)

    shape = sizes or odd_shape(bounded_extents(light, lit, len(steps), energy), steps)
    return Kernel(sampled(light, lit.step / 2, shape, steps), spacing=steps, units=_optics.OPTICS_UNITS)
