"""Smoothing kernels: non-negative weights with sum 1."""

from __future__ import annotations

from math import comb
from typing import Annotated

import numpy as np

from .._registry import Param
from ._design import Axis, Integrate, Lengths, Ndim, Sigma, Sizes, Spacing, Truncate, kernel
from ._grid import cut_to_int, dimensions, extent, outer, per_axis, pixels, which_axis
from ._values import Values, guard


def gaussian_line(sigma: float, radius: int, integrate: bool = False) -> Values:
    """Return a Gaussian of `sigma` pixels at ``-radius .. radius``, sum 1; a sigma of 0 is a unit impulse."""
    guard([2 * radius + 1])
    x = np.arange(-radius, radius + 1.0)
    if sigma == 0:
        return np.asarray(x == 0, dtype=float)
    if integrate:
        from scipy.special import erf

        edges = (np.arange(2 * radius + 2) - radius - 0.5) / sigma
        weights = np.diff(erf(edges / np.sqrt(2)))
    else:
        weights = np.exp(-0.5 * (x / sigma) ** 2)
    return np.asarray(weights / weights.sum())


@kernel(total=1, symmetry="even")
def gaussian(
    sigma: Sigma, *, truncate: Truncate = 4.0, ndim: Ndim = 2, spacing: Spacing = None, integrate: Integrate = False
) -> Values:
    """Gaussian smoothing.

    Parameters
    ----------
    sigma
        Standard deviation of the Gaussian, for all axes or one per axis; 0 does not smooth that axis.
    {truncate, ndim, length.spacing, integrate}

    Returns
    -------
    Kernel
        Support radius ``int(truncate * sigma + 0.5)`` pixels, sum 1.

    Raises
    ------
    ValueError
        When sigma is negative or not finite, the dimensions disagree, or the kernel would be too large.

    Notes
    -----
    ``w(x) = exp(-x² / 2σ²)`` along each axis, or its integral from ``x - 1/2`` to ``x + 1/2``, divided by the sum.
    The impulse response of `scipy.ndimage.gaussian_filter`. The second moment is σ² for σ of about a pixel and more.
    Integrated over pixels it is σ² + 1/12 px² minus ``(4σ² + 1/π²) exp(-2π²σ²)``, because sampling narrow Gaussians
    depends on their position between the pixels; that is 2.4 % for σ = 0.5, below 1 % from 0.55, negligible from 1.

    References
    ----------
    `scipy.ndimage.gaussian_filter`

    Examples
    --------
    >>> gaussian(sigma=(2, 1.3, 1.3)).shape
    (17, 11, 11)
    >>> gaussian(0.3, spacing=0.1, ndim=1).shape
    (25,)
    """
    n = dimensions(ndim, sigma=sigma, spacing=spacing)
    sigmas = pixels(sigma, spacing, n)
    radii = [cut_to_int(truncate * s + 0.5) for s in sigmas]
    guard([2 * r + 1 for r in radii])
    return outer([gaussian_line(s, r, integrate) for s, r in zip(sigmas, radii, strict=True)])


def box_line(width: float, integrate: bool) -> Values:
    """Return a mean over `width` pixels: rounded to whole pixels, or with partial weights of the outer two."""
    if not integrate:
        count = max(1, cut_to_int(width + 0.5))
        guard([count])
        return np.full(count, 1 / count)
    radius = extent((width - 1) / 2)
    guard([2 * radius + 1])
    x = np.abs(np.arange(-radius, radius + 1.0))
    return np.asarray(np.clip(width / 2 + 0.5 - x, 0, min(width, 1)) / width)


@kernel(total=1, symmetry="even")
def box(
    *,
    size: Annotated[Lengths, Param(min=0, step=1, unit="length")] = 3,
    ndim: Ndim = 2,
    spacing: Spacing = None,
    integrate: Integrate = False,
) -> Values:
    """Mean over a rectangle.

    Parameters
    ----------
    size
        Width, for all axes or one per axis: a number of pixels, or any length with `spacing` or `integrate`.
    {ndim}
    spacing
        Pixel size along each axis; `size` is then in the same unit and is rounded to whole pixels.
    integrate
        Weight the outer pixels by the share of their area that is covered, instead of rounding `size`.

    Returns
    -------
    Kernel
        Sum 1. The centre of an even size is ``N // 2``; a correlation then equals `scipy.ndimage.uniform_filter`.

    Notes
    -----
    ``w = 1 / size`` along each axis. The second moment of N whole pixels is ``(N² - 1) / 12``.

    References
    ----------
    `scipy.ndimage.uniform_filter`

    Examples
    --------
    >>> box(size=3, ndim=1).values.tolist()
    [0.3333333333333333, 0.3333333333333333, 0.3333333333333333]
    >>> box(size=2, ndim=1, integrate=True).values.tolist()
    [0.25, 0.5, 0.25]
    """
    n = dimensions(ndim, size=size, spacing=spacing)
    widths = pixels(size, spacing, n)
    if not all(widths):
        raise ValueError(f"box: size must be more than 0, got {size}")
    if spacing is None and not integrate and any(w % 1 for w in widths):
        raise ValueError(f"box: size must be whole pixels, got {size}; integrate=True or a spacing takes any length")
    guard([cut_to_int(w) for w in widths])
    return outer([box_line(w, integrate) for w in widths])


@kernel(total=1, symmetry="even")
def moving_average(*, size: Annotated[int, Param(min=1, step=2)] = 5, axis: Axis = -1, ndim: Ndim = 1) -> Values:
    """Moving average along one axis, such as time.

    Parameters
    ----------
    size
        Number of samples.
    axis
        Axis to average along.
    ndim
        Number of axes; the others have one weight.

    Returns
    -------
    Kernel
        Sum 1. The centre of an even size is ``N // 2``.

    Notes
    -----
    ``w = 1 / size``.

    References
    ----------
    `scipy.ndimage.uniform_filter1d`

    Examples
    --------
    >>> moving_average(size=4).values.tolist()
    [0.25, 0.25, 0.25, 0.25]
    >>> moving_average(size=3, axis=0, ndim=3).shape
    (3, 1, 1)
    """
    guard([size])
    shape = [1] * ndim
    shape[which_axis(axis, ndim)] = size
    return np.full(shape, 1 / size)


@kernel(total=1, symmetry="even")
def binomial(*, size: Sizes = 3, ndim: Ndim = 2, spacing: Spacing = None) -> Values:
    """Binomial smoothing, an integer approximation of the Gaussian.

    Parameters
    ----------
    size
        Number of weights, for all axes or one per axis, at most 1000.
    {ndim, spacing}

    Returns
    -------
    Kernel
        Sum 1. The centre of an even size is ``N // 2``.

    Raises
    ------
    ValueError
        When a size is more than 1000.

    Notes
    -----
    ``w(k) = C(N - 1, k) / 2^(N - 1)`` along each axis: ``[1, 2, 1] / 4`` for 3. The second moment is ``(N - 1) / 4``.

    References
    ----------
    R. A. Haddad, A. N. Akansu, A class of fast Gaussian binomial filters, IEEE Trans. Signal Process. 39, 1991

    Examples
    --------
    >>> (16 * binomial().values).tolist()
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """
    n = dimensions(ndim, size=size, spacing=spacing)
    sizes = per_axis(size, n)
    if max(sizes) > 1000:
        raise ValueError(f"binomial: size must be at most 1000, got {max(sizes)}; use gaussian")
    return outer([np.array([comb(k - 1, i) / 2 ** (k - 1) for i in range(k)]) for k in sizes])
