"""Derivatives and differences of Gaussians, which select structure of one scale; the response to a constant is 0."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, factorial
from typing import Annotated

import numpy as np

from .._registry import Param
from ._design import Axis, Integrate, Ndim, Sigma, Spacing, Truncate, kernel
from ._grid import cut_to_int, dimensions, outer, pixels, step_lengths, which_axis
from ._kernel import Kernel
from ._values import Values, guard
from .smoothing import gaussian, gaussian_line


def derivative_line(sigma: float, order: int, truncate: float, integrate: bool = False) -> Values:
    """Return the derivative of a Gaussian along a line, truncated at `truncate` sigma."""
    # A difference of order m needs m + 1 samples of non-zero weight: a small sigma gives one of neighbours.
    needed = ceil(order / 2)
    radius = max(needed, cut_to_int(truncate * sigma + 0.5))
    guard([2 * radius + 1])
    return hermite_line(max(sigma, needed / 5), radius, order, integrate)


def hermite_line(sigma: float, radius: int, order: int, integrate: bool = False) -> Values:
    """Return the derivative of a Gaussian along a line, in pixels.

    The Gaussian times the polynomial of degree `order` that is orthogonal to all lower degrees with the Gaussian as
    weight: a Hermite polynomial on the samples. So the response to ``x^m / m!`` is exactly 1, and to lower powers
    exactly 0, for any sigma and truncation.
    """
    root = np.sqrt(gaussian_line(sigma, radius, integrate))
    x = np.arange(-radius, radius + 1.0)
    unit = max(sigma, 1.0)  # keeps powers near 1
    q, r = np.linalg.qr(root[:, None] * (x[:, None] / unit) ** np.arange(order + 1))
    # The minus sign of odd orders: convolution reverses the kernel.
    return np.asarray(root * q[:, order] * (factorial(order) / r[order, order] / (-unit) ** order))


@kernel(
    total=lambda p: float(not np.any(p["order"])),
    symmetry=lambda p: "odd" if np.sum(p["order"]) % 2 else "even",
    family="derivative",
)
def gaussian_derivative(
    *,
    sigma: Sigma = 1.0,
    order: Annotated[int | Sequence[int], Param(min=0, max=8, step=1)] = 1,
    axis: Axis = -1,
    truncate: Truncate = 5.0,
    ndim: Ndim = 2,
    spacing: Spacing = None,
    integrate: Integrate = False,
) -> Values:
    """Slope, curvature and higher derivatives of the image smoothed by a Gaussian.

    Parameters
    ----------
    {sigma}
    order
        Order of the derivative along `axis`, or one order per axis for mixed derivatives; up to 8.
    axis
        Axis of the derivative when `order` is one number.
    {truncate, ndim, length.spacing}
        The result is then per unit of length, to the power of the order.
    {integrate}

    Returns
    -------
    Kernel
        Sum 0 (1 for order 0); the response to ``x^n / n!`` is exactly 1, to lower powers exactly 0.

    Notes
    -----
    ``(-1)^n He_n(x/σ) / σ^n · g(x)`` along each axis, with Hermite polynomials that are orthogonal on the samples. The
    gain is exact for any `truncate`; for a large one the kernel equals `scipy.ndimage.gaussian_filter` with `order`.

    References
    ----------
    `scipy.ndimage.gaussian_filter`; J. J. Koenderink, A. J. van Doorn, Biol. Cybern. 55, 1987

    Examples
    --------
    >>> k = gaussian_derivative(sigma=2, order=(1, 1))
    >>> k.shape
    (21, 21)
    """
    n = dimensions(ndim, sigma=sigma, order=order, spacing=spacing)
    orders = [0] * n
    if isinstance(order, Sequence):
        orders = list(order)
    else:
        orders[which_axis(axis, n)] = order
    per_line = zip(pixels(sigma, spacing, n), orders, step_lengths(spacing, n), strict=True)
    return outer([derivative_line(s, m, truncate, integrate) / h**m for s, m, h in per_line])


@kernel(total=0, symmetry="even", family="derivative", label="LoG (spots, edges)")
def log(*, sigma: Sigma = 1.0, truncate: Truncate = 5.0, ndim: Ndim = 2, spacing: Spacing = None) -> Values:
    """Laplacian of Gaussian: responds to spots and edges of one size; a bright spot gives a negative peak.

    Parameters
    ----------
    {sigma, truncate, ndim, length.spacing}
        The result is then per square unit of length.

    Returns
    -------
    Kernel
        Sum 0, negative at the centre; the response to a parabola ``x² / 2`` along any axis is 1.

    Notes
    -----
    ``Σ (x² - σ²) / σ⁴ · g(x)`` over the axes, g a Gaussian of sum 1. With the polynomial ``x² - σ²`` made orthogonal
    on the samples it equals scipy's with a large `truncate`, and the Laplacian ``[1, -2, 1]`` when sigma goes to 0.

    References
    ----------
    D. Marr, E. Hildreth, Theory of edge detection, Proc. R. Soc. B 207, 1980; `scipy.ndimage.gaussian_laplace`

    Examples
    --------
    >>> log(sigma=2).shape
    (21, 21)
    """
    n = dimensions(ndim, sigma=sigma, spacing=spacing)
    h = step_lengths(spacing, n)
    sigmas = pixels(sigma, spacing, n)
    smooth = [derivative_line(s, 0, truncate) for s in sigmas]
    second = [derivative_line(s, 2, truncate) / step**2 for s, step in zip(sigmas, h, strict=True)]
    # A sigma below a pixel makes the derivative wider than the Gaussian.
    smooth = [np.pad(g, (d.size - g.size) // 2) for g, d in zip(smooth, second, strict=True)]
    return np.asarray(sum(outer([*smooth[:i], second[i], *smooth[i + 1 :]]) for i in range(n)))


@kernel(total=0, symmetry="even", family="derivative", label="DoG (size band)")
def dog(
    *,
    sigma: Sigma = 1.0,
    ratio: Annotated[float, Param(min=1.001, max=100, step=0.1)] = 1.6,
    truncate: Truncate = 4.0,
    ndim: Ndim = 2,
    spacing: Spacing = None,
    integrate: Integrate = False,
) -> Kernel:
    """Difference of Gaussians: keeps structures in a range of sizes.

    Parameters
    ----------
    sigma
        Standard deviation of the narrower Gaussian, for all axes or one per axis.
    ratio
        Standard deviation of the wider Gaussian relative to `sigma`; 1.6 approximates the Laplacian of Gaussian.
    {truncate, ndim, length.spacing, integrate}

    Returns
    -------
    Kernel
        Sum 0, positive at the centre.

    Notes
    -----
    ``g(σ) - g(ratio · σ)``, each of sum 1.

    References
    ----------
    D. Marr, E. Hildreth, Proc. R. Soc. B 207, 1980; `skimage.filters.difference_of_gaussians`

    Examples
    --------
    >>> dog(sigma=1).shape
    (13, 13)
    """
    wide = tuple(s * ratio for s in sigma) if isinstance(sigma, Sequence) else sigma * ratio
    narrow, broad = (
        gaussian(s, truncate=truncate, ndim=ndim, spacing=spacing, integrate=integrate) for s in (sigma, wide)
    )
    return narrow - broad
