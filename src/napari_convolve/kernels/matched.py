"""Kernels that respond to a pattern: blobs, lines and waves; the response to a constant is 0."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, pi, sqrt
from typing import Annotated

import numpy as np

from .._registry import Param
from ._design import Angle, Direction, Ndim, Spacing, Truncate, kernel
from ._grid import add_arrays, coordinates, cut_to_int, dimensions, extent, heading, step_lengths
from ._values import Values

Length = Annotated[float, Param(min=1e-6, step=0.5, unit="length")]


def across(grid: Sequence[Values], heads: Sequence[float], h: Sequence[float]) -> tuple[Values, Values]:
    """Return the coordinate along a direction and the squared distance from it, in units of `h`."""
    along = add_arrays([x * s * u for x, s, u in zip(grid, h, heads, strict=True)])
    square = add_arrays([(x * s) ** 2 for x, s in zip(grid, h, strict=True)])
    return along, np.maximum(square - along**2, 0)


def ricker(scaled: Values, envelope: Values) -> Values:
    """Return ``(m - scaled) · envelope`` with sum 0 and sum 1 of the positive weights.

    `scaled` is a squared distance over σ²; m is its number of dimensions, up to sampling error.
    """
    m = (scaled * envelope).sum() / envelope.sum()
    weights = (m - scaled) * envelope
    positive = np.maximum(weights, 0).sum()
    if not positive > 0:
        raise ValueError("the pattern is too small for the pixels: nothing lies around it")
    return np.asarray(weights / positive)


@kernel(total=0, symmetry="even")
def blob(*, radius: Length = 3.0, truncate: Truncate = 4.0, ndim: Ndim = 2, spacing: Spacing = None) -> Values:
    """Bright blobs of a known size: the mean inside minus the mean of the surroundings.

    Parameters
    ----------
    radius
        Radius of the blob, where the weights change sign.
    truncate
        Support radius in standard deviations of the Gaussian, ``radius / √ndim``.
    {ndim, length.spacing}

    Returns
    -------
    Kernel
        Sum 0, positive weights with sum 1: the response to a ball of height 1 and this radius is 1 at its centre.

    Raises
    ------
    ValueError
        When the radius is less than about one pixel, so that no weight is negative.

    Notes
    -----
    The negative Laplacian of Gaussian ``(n - r²/σ²) exp(-r²/2σ²)`` with ``σ = radius / √n``, the scale with the
    strongest response to a ball.

    References
    ----------
    T. Lindeberg, Feature detection with automatic scale selection, Int. J. Comput. Vis. 30, 1998

    Examples
    --------
    >>> blob(radius=4).shape
    (23, 23)
    """
    n = dimensions(ndim, spacing=spacing)
    h = step_lengths(spacing, n)
    sigma = radius / sqrt(n)
    grid = coordinates([max(1, cut_to_int(truncate * sigma / s + 0.5)) for s in h])
    scaled = add_arrays([(x * s / sigma) ** 2 for x, s in zip(grid, h, strict=True)])
    return ricker(scaled, np.exp(-scaled / 2))


@kernel(total=0, symmetry="even")
def line(
    *,
    length: Length = 15.0,
    width: Length = 3.0,
    angle: Angle = 0.0,
    direction: Direction = None,
    truncate: Truncate = 4.0,
    ndim: Annotated[int, Param(min=2, max=4)] = 2,
    spacing: Spacing = None,
) -> Values:
    """Bright lines of a known width and direction: the mean on the line minus the mean beside it.

    Parameters
    ----------
    length
        Length of the line.
    width
        Width of the line, where the weights change sign.
    {angle, direction}
    truncate
        Support radius across the line, in standard deviations of the Gaussian.
    ndim
        Number of axes, at least 2; not needed when another parameter has one value per axis.
    {length.spacing}

    Returns
    -------
    Kernel
        Sum 0; positive weights with sum 1.

    Notes
    -----
    ``(m - ρ²/σ²) exp(-ρ²/2σ²)`` within the length, ρ the distance from the line, ``m = n - 1`` the dimensions across
    and ``σ = width / (2 √m)``.

    References
    ----------
    S. Chaudhuri et al., Detection of blood vessels in retinal images using two-dimensional matched filters,
    IEEE Trans. Med. Imaging 8, 1989

    Examples
    --------
    >>> line(length=9, width=2).shape
    (9, 9)
    """
    n = dimensions(ndim, direction=direction, spacing=spacing)
    if n < 2:
        raise ValueError(f"line: a line needs at least 2 dimensions, got {n}")
    h, heads = step_lengths(spacing, n), heading(angle, direction, n)
    sigma = width / 2 / sqrt(n - 1)
    half = [abs(u) * length / 2 + sqrt(max(0.0, 1 - u * u)) * truncate * sigma for u in heads]
    grid = coordinates([max(int(abs(u) < 1), extent(r / s - 0.5)) for r, s, u in zip(half, h, heads, strict=True)])
    along, square = across(grid, heads, h)
    step = sqrt(sum((u * s) ** 2 for u, s in zip(heads, h, strict=True)))
    window = np.clip((length / 2 - np.abs(along)) / step + 0.5, 0, 1)
    scaled = square / sigma**2
    return ricker(scaled, window * np.exp(-scaled / 2))


@kernel(total=lambda p: 0.0 if p["zero_sum"] else None)
def gabor(
    *,
    wavelength: Length = 8.0,
    angle: Angle = 0.0,
    direction: Direction = None,
    bandwidth: Annotated[float, Param(min=0.01, max=10, step=0.1)] = 1.0,
    sigma: Annotated[float | None, Param(min=1e-6, step=0.1, unit="length", advanced=True)] = None,
    sigma_across: Annotated[float | None, Param(min=1e-6, step=0.1, unit="length", advanced=True)] = None,
    phase: Angle = 0.0,
    analytic: Annotated[bool, Param(label="complex", advanced=True)] = False,
    zero_sum: Annotated[bool, Param(advanced=True)] = True,
    truncate: Truncate = 3.0,
    ndim: Ndim = 2,
    spacing: Spacing = None,
) -> Values:
    """Gabor filter, a wave in a Gaussian window: responds to stripes of one period and direction.

    Parameters
    ----------
    wavelength
        Period of the wave.
    angle
        Direction of the wave, across its stripes: degrees counter-clockwise from the last axis, in the last two axes.
    {direction}
    bandwidth
        Full width at half maximum of the frequency response, in octaves; determines `sigma`.
    sigma
        Standard deviation of the window along the wave, instead of `bandwidth`.
    sigma_across
        Standard deviation of the window along the stripes; None: equal to `sigma`.
    phase
        Phase of the wave at the centre in degrees: 0 is even, 90 is odd.
    analytic
        Return a complex kernel; the absolute value of its result is the local amplitude.
    zero_sum
        Subtract the response to a constant.
    truncate
        Support radius of the window in standard deviations.
    {ndim, length.spacing}

    Returns
    -------
    Kernel
        Real, or complex when `analytic`; the window has sum 1 up to sampling. Sum 0, unless `zero_sum` is off.

    Notes
    -----
    ``exp(-t²/2σ² - ρ²/2σ'²) / ((2π)^(n/2) σ σ'^(n-1)) · (exp(i(2πt/λ + phase)) - c)``, t the coordinate along the wave,
    ρ the distance from its axis, c the value that makes the sum 0; ``σ = λ/π · √(ln 2 / 2) · (2^b + 1) / (2^b - 1)``.

    References
    ----------
    J. G. Daugman, J. Opt. Soc. Am. A 2, 1985; `skimage.filters.gabor_kernel`, whose theta turns clockwise

    Examples
    --------
    >>> gabor(wavelength=6, angle=45).shape
    (17, 17)
    """
    n = dimensions(ndim, direction=direction, spacing=spacing)
    h, heads = step_lengths(spacing, n), heading(angle, direction, n)
    if sigma is None:
        sigma = wavelength / pi * sqrt(log(2) / 2) * (2**bandwidth + 1) / (2**bandwidth - 1)
    wide = sigma if sigma_across is None else sigma_across
    half = [max(abs(u) * sigma, sqrt(max(0.0, 1 - u * u)) * wide) * truncate for u in heads]
    grid = coordinates([max(1, extent(r / s)) for r, s in zip(half, h, strict=True)])
    along, square = across(grid, heads, h)
    volume = sigma * wide ** (n - 1) / np.prod(h)
    window = np.exp(-(along**2) / (2 * sigma**2) - square / (2 * wide**2)) / ((2 * pi) ** (n / 2) * volume)
    turns = 2 * pi * along / wavelength + np.deg2rad(phase)
    wave = np.exp(1j * turns) if analytic else np.cos(turns)
    offset = (window * wave).sum() / window.sum() if zero_sum else 0
    return np.asarray(window * (wave - offset))
