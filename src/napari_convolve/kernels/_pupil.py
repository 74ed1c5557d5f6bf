"""Scalar diffraction integral of a round pupil, sampled on a grid of pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import asin, ceil, pi, sqrt, tan
from typing import Any

import numpy as np

from ._optics import NM
from ._values import Values, guard

Phase = Callable[[Values, Values], Values]
"""Optical path in µm for ``(z, rho)``, broadcast: z in µm, rho from 0 to 1."""
Light = Callable[[Values, Values], Values]
"""Intensity for ``(r, z)``, each one-dimensional: an array of all r by all z."""

#: Steps of a radial grid per wavelength over NA: the error of a cubic spline is then 1e-6 of the peak.
_FINE = 96
#: Nodes of the quadrature per period of the integrand, and constant number of nodes.
_PER_PERIOD, _NODES = 4, 48


@dataclass(frozen=True)
class Pupil:
    """A round pupil, whose PSF is ``|∫ J0(k NA r ρ) exp(i k path(z, ρ)) ρ dρ|²``.

    `wavelength` is in nm. `top` is the radius of the pupil as a share of `na`; `slope` is the sine of the largest
    angle, by which the light spreads out of focus.
    """

    na: float
    wavelength: float
    path: Phase
    top: float = 1.0
    slope: float = 0.9

    @property
    def k(self) -> float:
        """Wave number in radians per µm."""
        return 2 * pi / (self.wavelength * NM)

    @property
    def step(self) -> float:
        """Distance of the radii of a spline in µm."""
        return self.wavelength * NM / self.na / _FINE

    def nodes(self, r: Values, z: Values) -> tuple[Values, Values]:
        """Return nodes and weights of the quadrature over the pupil, enough for the fastest oscillation."""
        ends = np.linspace(0, self.top, 33)
        swing = np.abs(np.diff(self.path(z[:, None], ends), axis=1)).sum(axis=1).max() * self.k
        turns = (swing + self.k * self.na * self.top * r.max(initial=0)) / 2 / pi
        x, weights = np.polynomial.legendre.leggauss(_NODES + ceil(_PER_PERIOD * turns))
        rho = (x + 1) / 2 * self.top
        return rho, weights * self.top / 2 * rho

    def __call__(self, r: Values, z: Values) -> Values:
        """Return the intensity at radii r (µm) in planes z (µm); in every plane ``2π ∫ I r dr`` is `power`."""
        from scipy.special import j0

        rho, weights = self.nodes(r, z)
        field = weights * np.exp(1j * self.k * self.path(z[:, None], rho))
        waves = j0(self.k * self.na * np.outer(r, rho))
        found: Values = (waves @ field.real.T) ** 2 + (waves @ field.imag.T) ** 2
        return found

    @cached_property
    def power(self) -> float:
        """Total light in a plane, by Parseval's theorem."""
        return pi * self.top**2 / (self.k * self.na) ** 2

    @property
    def depth(self) -> float:
        """Axial extent of the focus in µm: the paraxial distance of the first zeros is twice this."""
        return 2 * self.wavelength * NM / self.na**2

    def spread(self, z: float) -> float:
        """Return the geometrical radius of the light cone at a distance from focus, both in µm."""
        return abs(z) * tan(asin(min(self.slope, 0.98)))


def focus(pupil: Pupil) -> float:
    """Return the z of the brightest point on the axis: searched around the defocus that best fits the path."""
    rho = np.linspace(0, pupil.top, 65)
    here = pupil.path(np.zeros((1, 1)), rho)[0]
    along = pupil.path(np.ones((1, 1)), rho)[0] - here
    design = np.stack([along, np.ones_like(rho)], axis=1) * np.sqrt(rho)[:, None]
    guess = -float(np.linalg.lstsq(design, here * np.sqrt(rho), rcond=None)[0][0])
    # The stronger the aberration, the farther from the fit the brightest point may be.
    radius, axis = 8 * pupil.depth + abs(guess), np.zeros(1)
    step = pupil.depth / 16
    while step > 1e-6 * pupil.depth:
        z = guess + np.arange(-ceil(radius / step), ceil(radius / step) + 1) * step
        guess = float(z[int(np.argmax(pupil(axis, z)[0]))])
        radius, step = 2 * step, step / 16
    return guess


def radii_to(largest: float, step: float) -> Values:
    """Return radii from 0 to beyond `largest`; too many of them raise ValueError."""
    guard([ceil(min(largest / step, 2.0**40)) + 4], "radial profile")
    return np.arange(ceil(largest / step) + 4) * step


def energy_radius(density: Values, positions: Values, energy: float, total: float | None = None) -> float:
    """Return the position that encloses a share `energy` of ``∫ density``."""
    summed = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(positions))])
    share = summed / (summed[-1] if total is None else total)
    return float(positions[min(int(np.searchsorted(share, energy)), positions.size - 1)])


def widefield_extents(pupil: Pupil, ndim: int, energy: float) -> tuple[float, ...]:
    """Return the half extents, in µm, that contain a share of the light on the axis, and of that in every plane."""
    # The light beyond radius r of an Airy pattern falls as 2 / (pi v).
    airy = 2 / (pi * (1 - energy)) / pupil.k / pupil.na
    depth = 0.0
    if ndim == 3:
        z = np.linspace(0, 24 * pupil.depth, 2400)
        axis = np.zeros(1)
        depth = energy_radius(pupil(axis, z)[0] + pupil(axis, -z)[0], z, energy)
    far = np.array([-depth, 0, depth])
    r = radii_to(airy + pupil.spread(depth), pupil.step * 4)
    planes = pupil(r, far) * (2 * pi * r)[:, None]
    radius = max(energy_radius(plane, r, energy, pupil.power) for plane in planes.T)
    return (depth, radius, radius)[-ndim:]


def bounded_extents(light: Light, pupil: Pupil, ndim: int, energy: float) -> tuple[float, ...]:
    """Return the half extents, in µm, that contain a share of light that decays in all directions."""
    z = np.linspace(0, 8 * pupil.depth, 97 if ndim == 3 else 1)
    r = radii_to(pupil.spread(2 * pupil.depth) + 3 * pupil.wavelength * NM / pupil.na, pupil.step * 4)
    rings = light(r, z) * r[:, None]
    depth = energy_radius(rings.sum(axis=0), z, energy) if ndim == 3 else 0.0
    radius = energy_radius(rings.sum(axis=1), r, energy)
    return (depth, radius, radius)[-ndim:]


def odd_shape(extents: Sequence[float], steps: Sequence[float]) -> tuple[int, ...]:
    """Return the odd sizes in pixels that cover half extents in µm."""
    shape = tuple(2 * ceil(min(length / step, 2.0**40) - 1e-9) + 1 for length, step in zip(extents, steps, strict=True))
    guard(shape)
    return shape


def sampled(light: Light, step: float, shape: Sequence[int], steps: Sequence[float]) -> Values:
    """Return intensities at the centres of pixels, sum 1; the centre is at ``N // 2``."""
    from scipy.interpolate import CubicSpline

    guard(shape)
    *z, y, x = [(np.arange(n) - n // 2) * s for n, s in zip(shape, steps, strict=True)]
    # Distances repeat in the quadrants: each is computed once.
    distances, where = np.unique(np.round(np.hypot(y[:, None], x), 12), return_inverse=True)
    r = radii_to(float(distances[-1]), step)
    planes = np.maximum(CubicSpline(r, light(r, z[0] if z else np.zeros(1)))(distances), 0)
    values: Values = planes.T[:, where.reshape(y.size, x.size)].reshape(shape)
    return np.asarray(values / values.sum())


def cosine(index: float, na: float) -> Callable[[Any], Any]:
    """Return ``sqrt(n² - NA² ρ²)``: n times the cosine of the angle at which a ray passes the pupil."""
    return lambda rho: np.sqrt(np.maximum(index**2 - (na * rho) ** 2, 0))


def matched(na: float, index: float, wavelength: float) -> Pupil:
    """Return the pupil of an objective without aberrations: all media have its design index."""
    along = cosine(index, na)
    return Pupil(na, wavelength, lambda z, rho: z * along(rho), slope=na / index)


def zhang(na: float, index: float, wavelength: float) -> tuple[float, float]:
    """Return the standard deviations, in µm, of the Gaussian nearest to a widefield PSF: axial and lateral.

    B. Zhang, J. Zerubia, J.-C. Olivo-Marin, Applied Optics 46, 2007, table 2, not paraxial.
    """
    c = sqrt(1 - (na / index) ** 2)
    nk = 2 * pi * index / (wavelength * NM)
    lateral = ((4 - 7 * c**1.5 + 3 * c**3.5) / (7 * (1 - c**1.5))) ** -0.5 / nk
    spread = 4 * c**5 - 25 * c**3.5 + 42 * c**2.5 - 25 * c**1.5 + 4
    axial = 5 * sqrt(7) * (1 - c**1.5) / (sqrt(6) * nk * sqrt(spread))
    return axial, lateral
