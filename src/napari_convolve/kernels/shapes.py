"""Means over round shapes and along lines: non-negative weights with sum 1."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import hypot
from typing import Annotated

import numpy as np

from .._registry import Param
from ._design import Angle, Direction, Integrate, Lengths, Ndim, Spacing, kernel
from ._grid import add_arrays, coordinates, cut_to_int, dimensions, extent, heading, pixels, step_lengths
from ._values import Values, guard

Radius = Annotated[Lengths, Param(min=0, step=0.5, unit="length")]
TINY = 1e-9  # rounding error of a length in pixels
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(8)


def quadrant(x: Values, y: Values) -> Values:
    """Return the signed area of the unit disk between the axes and the lines through x and y."""
    a, b = np.minimum(np.abs(x), 1), np.minimum(np.abs(y), 1)
    meets = np.sqrt(1 - b**2)  # x at which the line through y meets the circle
    cut = np.maximum(a, meets)

    def below(t: Values) -> Values:
        return np.asarray((t * np.sqrt(1 - t**2) + np.arcsin(t)) / 2)

    area = np.minimum(a, meets) * b + below(cut) - below(meets)
    return np.asarray(np.sign(x) * np.sign(y) * area)


def covered(edges: Sequence[Values]) -> Values:
    """Return the share of each pixel between `edges` that the unit ball covers.

    Exact in one and two dimensions; further axes are integrated by eight Gauss-Legendre nodes per pixel.
    """
    if len(edges) == 1:
        return np.diff(np.clip(edges[0], -1, 1))
    if len(edges) == 2:
        return np.diff(np.diff(quadrant(edges[0][:, None], edges[1][None, :]), axis=0), axis=1)
    inside = np.clip(edges[0], -1, 1)
    slabs = np.zeros([e.size - 1 for e in edges])
    for i, (low, high) in enumerate(pairwise(inside)):
        for node, weight in zip(NODES, NODE_WEIGHTS, strict=True):
            z = (low + high) / 2 + node * (high - low) / 2
            r = float(np.sqrt(1 - z**2))
            if high > low:
                slabs[i] += weight * (high - low) / 2 * r ** (len(edges) - 1) * covered([e / r for e in edges[1:]])
    return slabs


def round_share(radii: Sequence[float], grid: Sequence[int], integrate: bool) -> Values:
    """Return the share of each pixel, on a grid of radii `grid`, inside an ellipsoid; 0 or 1 unless `integrate`."""
    guard([2 * g + 1 for g in grid])
    safe = [max(r, TINY) for r in radii]
    if integrate:
        edges = [(np.arange(2 * g + 2) - g - 0.5) / r for g, r in zip(grid, safe, strict=True)]
        return np.asarray(covered(edges) * np.prod(safe))
    squares = [(x / (r + TINY)) ** 2 for x, r in zip(coordinates(grid), safe, strict=True)]
    return np.asarray(add_arrays(squares) <= 1, dtype=float)


def ellipsoid(
    radius: float | Sequence[float], ndim: int, spacing: float | Sequence[float] | None, integrate: bool
) -> Values:
    """Return the mean over a disk, ball or ellipsoid."""
    radii = pixels(radius, spacing, dimensions(ndim, radius=radius, spacing=spacing))
    grid = [extent(r - 0.5) if integrate else cut_to_int(r + TINY) for r in radii]
    share = round_share(radii, [max(0, g) for g in grid], integrate)
    return np.asarray(share / share.sum())


@kernel(total=1, symmetry="even", family="smoothing")
def disk(*, radius: Radius = 2.0, ndim: Ndim = 2, spacing: Spacing = None, integrate: Integrate = False) -> Values:
    """Mean over a disk: an out-of-focus blur.

    Parameters
    ----------
    {radius, ndim, length.spacing, area.integrate}

    Returns
    -------
    {mean.Kernel}

    Notes
    -----
    ``w = 1 / n`` where ``Σ (x / radius)² ≤ 1``. The second moment of an n-ball is ``radius² / (n + 2)``; integrated
    over pixels it is 1/12 px² larger, and without integration it approaches this value as the radius grows.

    References
    ----------
    fspecial of GNU Octave's image package

    Examples
    --------
    >>> (5 * disk(radius=1).values).tolist()
    [[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]]
    """
    return ellipsoid(radius, ndim, spacing, integrate)


@kernel(total=1, symmetry="even", family="smoothing")
def ball(
    *,
    radius: Radius = 2.0,
    ndim: Annotated[int, Param(min=1, max=4)] = 3,
    spacing: Spacing = None,
    integrate: Integrate = False,
) -> Values:
    """Mean over a ball: :func:`disk` in three dimensions.

    Parameters
    ----------
    {radius, ndim, length.spacing, area.integrate}

    Notes
    -----
    ``w = 1 / n`` where ``Σ (x / radius)² ≤ 1``. Sum 1.

    References
    ----------
    `skimage.morphology.ball`

    Examples
    --------
    >>> ball(radius=2, spacing=(1, 0.5, 0.5)).shape
    (5, 9, 9)
    """
    # A sequence overrides the default number of dimensions, here 3 (see `dimensions`).
    by_sequence = isinstance(radius, Sequence) or isinstance(spacing, Sequence)
    return ellipsoid(radius, 2 if by_sequence and ndim == 3 else ndim, spacing, integrate)


@kernel(total=1, symmetry="even", family="smoothing")
def ring(
    *,
    radius: Annotated[float, Param(min=0, step=0.5, unit="length")] = 4.0,
    width: Annotated[float, Param(min=0, step=0.5, unit="length")] = 1.0,
    ndim: Ndim = 2,
    spacing: Spacing = None,
    integrate: Integrate = False,
) -> Values:
    """Mean over a ring, or a shell in three dimensions: the neighbourhood of a pixel without the pixel itself.

    Parameters
    ----------
    radius
        Radius of the middle of the ring.
    width
        Width of the ring.
    {ndim, length.spacing, area.integrate}

    Returns
    -------
    {mean.Kernel}

    Raises
    ------
    ValueError
        When no pixel lies in the ring.

    Notes
    -----
    ``w = 1 / n`` where ``| |x| - radius | ≤ width / 2``.

    References
    ----------
    `astropy.convolution.Ring2DKernel`

    Examples
    --------
    >>> (8 * ring(radius=1.2, width=1).values).tolist()
    [[1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
    """
    n = dimensions(ndim, spacing=spacing)
    outside = pixels(radius + width / 2, spacing, n)
    grid = [max(0, extent(r - 0.5) if integrate else cut_to_int(r + TINY)) for r in outside]
    guard([2 * g + 1 for g in grid])
    if integrate:
        share = round_share(outside, grid, True)
        if radius > width / 2:
            share = share - round_share(pixels(radius - width / 2, spacing, n), grid, True)
        share = np.where(share > TINY, share, 0)  # without the rounding errors of pixels inside the ring
    else:
        h = step_lengths(spacing, n)
        distance = np.sqrt(add_arrays([(x * s) ** 2 for x, s in zip(coordinates(grid), h, strict=True)]))
        share = np.asarray(np.abs(distance - radius) <= width / 2 + TINY * min(h), dtype=float)
    if not share.any():
        raise ValueError(f"ring: no pixel lies within {width} of radius {radius}; widen it or use integrate=True")
    return np.asarray(share / share.sum())


@kernel(total=1, symmetry="even", family="smoothing")
def motion(
    *,
    length: Annotated[float, Param(min=0, step=1, unit="length")] = 9.0,
    angle: Angle = 0.0,
    direction: Direction = None,
    ndim: Ndim = 2,
    spacing: Spacing = None,
) -> Values:
    """Mean along a straight path: the blur of a moving camera or stage.

    Parameters
    ----------
    length
        Length of the path, including the length of one pixel.
    {angle, direction, ndim, length.spacing}

    Returns
    -------
    {mean.Kernel}

    Raises
    ------
    ValueError
        When angle and direction are both given, or the direction is zero.

    Notes
    -----
    ``w = max(0, 1 - d)``, d the distance in pixels from the path shortened by half a pixel at both ends.

    References
    ----------
    fspecial("motion") of MATLAB

    Examples
    --------
    >>> motion(length=3).values.tolist()
    [[0.3333333333333333, 0.3333333333333333, 0.3333333333333333]]
    """
    n = dimensions(ndim, direction=direction, spacing=spacing)
    path = [length * u / h for u, h in zip(heading(angle, direction, n), step_lengths(spacing, n), strict=True)]
    whole_path = hypot(*path)
    half = [v / 2 * max(0.0, 1 - 1 / whole_path) if whole_path else 0.0 for v in path]
    grid = coordinates([extent(abs(v) + 1) - 1 for v in half])
    square = sum(v * v for v in half)
    along = add_arrays([x * v for x, v in zip(grid, half, strict=True)]) / (square or 1)
    nearest = np.clip(along, -1, 1)
    distance = np.sqrt(add_arrays([(x - nearest * v) ** 2 for x, v in zip(grid, half, strict=True)]))
    weights = np.maximum(0, 1 - distance)
    return np.asarray(weights / weights.sum())
