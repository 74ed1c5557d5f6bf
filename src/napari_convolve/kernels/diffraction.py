"""PSF of a widefield microscope by scalar diffraction, with or without aberrations by the sample."""

from __future__ import annotations

from typing import Annotated

from .._registry import Param
from . import _optics
from ._design import kernel
from ._kernel import Kernel
from ._pupil import Phase, Pupil, cosine, focus, odd_shape, sampled, widefield_extents

SampleIndex = Annotated[float, Param(min=1, max=4, step=0.01, label="index of the sample")]
Depth = Annotated[float, Param(min=0, step=1, label="depth (µm)")]
Medium = Annotated[float, Param(min=1, max=4, step=0.01, advanced=True)]
Thickness = Annotated[float, Param(min=0, step=10, advanced=True)]


@kernel(total=1, symmetry="even", family=_optics.FAMILY, label="Born-Wolf")
def born_wolf(
    *,
    na: _optics.Aperture = 1.4,
    wavelength: _optics.Wavelength = 520.0,
    refractive_index: _optics.Index = 1.515,
    ndim: _optics.Planes = 2,
    spacing: _optics.PixelSize = 0.1,
    energy: _optics.Energy = 0.95,
    size: _optics.Size = None,
) -> Kernel:
    """Born and Wolf's paraxial PSF of a widefield microscope without aberrations.

    Parameters
    ----------
    {na, wavelength, refractive_index, optics.ndim, optics.spacing, stack.energy, optics.size}

    Returns
    -------
    {mean.Kernel}

    Raises
    ------
    {optics.ValueError}

    Notes
    -----
    ``|∫₀¹ J0(k NA r ρ) exp(-i k z NA² ρ² / 2n) ρ dρ|²``. FWHM 0.5145 λ/NA in the plane, 1.772 n λ/NA² along the axis.
    For apertures above about 0.7, :func:`gibson_lanni` with depth 0 is more accurate.

    References
    ----------
    M. Born, E. Wolf, Principles of Optics, section 8.8

    Examples
    --------
    >>> born_wolf(na=0.6, refractive_index=1, spacing=(0.5, 0.2, 0.2), size=(9, 17, 17)).spacing
    (0.5, 0.2, 0.2)
    """
    steps, sizes = _optics.psf_grid(spacing, size, ndim, na, refractive_index, wavelength=wavelength)
    pupil = Pupil(
        na, wavelength, lambda z, rho: -z * (na * rho) ** 2 / (2 * refractive_index), slope=na / refractive_index
    )
    shape = sizes or odd_shape(widefield_extents(pupil, len(steps), energy), steps)
    return Kernel(sampled(pupil, pupil.step, shape, steps), spacing=steps, units=_optics.OPTICS_UNITS)


@kernel(total=1, family=_optics.FAMILY, label="Gibson-Lanni")
def gibson_lanni(
    *,
    na: _optics.Aperture = 1.4,
    wavelength: _optics.Wavelength = 520.0,
    refractive_index: _optics.Index = 1.515,
    sample_index: SampleIndex = 1.33,
    depth: Depth = 0.0,
    ndim: _optics.Planes = 2,
    spacing: _optics.PixelSize = 0.1,
    energy: _optics.Energy = 0.95,
    size: _optics.Size = None,
    design_index: Annotated[float | None, Param(min=1, max=4, step=0.01, advanced=True)] = None,
    working_distance: Thickness = 150.0,
    coverslip_index: Medium = 1.515,
    coverslip_design_index: Medium = 1.515,
    coverslip: Thickness = 170.0,
    coverslip_design: Thickness = 170.0,
) -> Kernel:
    """Gibson and Lanni's PSF of a widefield microscope, with the aberration by index mismatch of the sample.

    Parameters
    ----------
    {na, wavelength, refractive_index}
    sample_index
        Refractive index of the sample.
    depth
        Depth of the point below the coverslip in µm.
    {optics.ndim}
    spacing
        Pixel size along each axis in µm; along z the stage movement between planes.
    {stack.energy, optics.size}
    design_index
        Refractive index of the immersion medium that the objective is designed for; None: `refractive_index`.
    working_distance
        Thickness of the immersion layer that the objective is designed for, in µm.
    coverslip_index, coverslip_design_index
        Refractive index of the coverslip: actual, and that the objective is designed for.
    coverslip, coverslip_design
        Thickness of the coverslip in µm: actual, and that the objective is designed for.

    Returns
    -------
    Kernel
        Sum 1. The brightest point of the optical axis is at the centre; the focus moves deeper with increasing z.

    Raises
    ------
    {optics.ValueError}

    Notes
    -----
    ``|∫ J0(k NA r ρ) exp(i k OPD(ρ, z)) ρ dρ|²`` with the optical path difference of sample, coverslip and immersion
    layer, each ``thickness · sqrt(n² - NA² ρ²)``. With a sample index below the NA, total reflection limits the pupil.

    References
    ----------
    S. F. Gibson, F. Lanni, Experimental test of an analytical model of aberration in an oil-immersion objective lens
    used in three-dimensional light microscopy, J. Opt. Soc. Am. A 8, 1991

    Examples
    --------
    >>> psf = gibson_lanni(na=1.2, depth=10, spacing=(0.2, 0.1, 0.1), size=(31, 25, 25))
    >>> psf.values.argmax() == psf.values.size // 2
    np.True_
    """
    steps, sizes = _optics.psf_grid(spacing, size, ndim, na, refractive_index, wavelength=wavelength)
    designed_for = refractive_index if design_index is None else design_index
    _optics.check_aperture(na, design_index=designed_for)
    layers = (sample_index, depth), (coverslip_index, coverslip), (coverslip_design_index, -coverslip_design)
    path = stack_path(na, (*layers, (designed_for, -working_distance)), refractive_index, working_distance)
    top = min(1.0, *(index / na for index in (sample_index, coverslip_index, coverslip_design_index)))
    tilted = Pupil(na, wavelength, path, top, top * na / refractive_index)
    start = focus(tilted)
    pupil = Pupil(na, wavelength, lambda z, rho: path(z + start, rho), top, tilted.slope)
    shape = sizes or odd_shape(widefield_extents(pupil, len(steps), energy), steps)
    return Kernel(sampled(pupil, pupil.step, shape, steps), spacing=steps, units=_optics.OPTICS_UNITS)


def stack_path(na: float, layers: tuple[tuple[float, float], ...], index: float, working_distance: float) -> Phase:
    """Return the optical path through layers of ``(index, thickness)`` and an immersion layer that shrinks with z."""
    turns = [(cosine(n, na), thickness) for n, thickness in layers]
    immersion = cosine(index, na)
    return lambda z, rho: sum(t * c(rho) for c, t in turns) + (working_distance - z) * immersion(rho)
