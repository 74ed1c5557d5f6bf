"""Docstring entries that several kernels share: parameters, results, errors."""

from __future__ import annotations

from .._docstrings import SharedTexts

KERNEL_TEXTS = SharedTexts("""
sigma
    Standard deviation of the Gaussian, for all axes or one per axis.
truncate
    Support radius of the Gaussian in standard deviations.
integrate
    Average the Gaussian over each pixel instead of sampling it at the centre; accurate also for sigma below one pixel.
area.integrate
    Weight each pixel by the share of its area that is covered, instead of 1 when its centre is inside.
radius
    Radius, or one semi-axis per axis; 0 is a single pixel.
axis
    Axis of the derivative; the others are smoothed.
angle
    Direction in degrees counter-clockwise from the last axis, in the plane of the last two.
direction
    Direction vector instead of `angle`, one component per axis, in any dimension.
ndim
    Number of axes; not needed when another parameter has one value per axis.
optics.ndim
    2 for the focal plane, 3 for a volume; not needed when another parameter has one value per axis.
spacing
    Pixel size along each axis.
length.spacing
    Pixel size along each axis; all lengths above are then in the same unit. None: lengths in pixels.
optics.spacing
    Pixel size along each axis in µm.
na
    Numerical aperture of the objective.
wavelength
    Wavelength of the emission in nm.
excitation
    Wavelength of the laser in nm.
refractive_index
    Refractive index of the immersion medium.
sample.refractive_index
    Refractive index of the immersion medium and of the sample.
pinhole
    Diameter of the pinhole in Airy units, ``1.22 λ/NA`` of the emission; 0 is a point.
energy
    Share of the light that the support contains along each axis.
stack.energy
    Share of the light that the support contains: of that on the optical axis, and of that in every plane.
optics.size
    Size in pixels along each axis, instead of `energy`.
mean.Kernel
    Real weights with sum 1.
optics.ValueError
    When a value is physically impossible: NA above the refractive index, wavelength in µm, pixel size in nm.
""")
