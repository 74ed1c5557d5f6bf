"""Kernels that differentiate: they answer 0 to a constant.

The values are those for a convolution: ``convolve(image, kernel)`` rises where the image rises along the axis.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._registry import Param
from ._design import Axis, Ndim, Sigma, Spacing, Truncate, kernel
from ._grid import dimensions, outer, pixels, steps, which_axis, whole
from ._values import Values, guard
from .smoothing import gaussian_line

Normalize = Annotated[bool, Param(label="gain of 1 on a ramp")]


def edge(axis: int, smooth: list[float], ndim: int, normalize: bool, spacing: object) -> Values:
    """Return a central difference along `axis`, smoothed along the others."""
    lines = [np.array(smooth, dtype=float)] * ndim
    lines[which_axis(axis, ndim)] = np.array([1.0, 0.0, -1.0])
    values = outer(lines)
    if normalize:
        step = steps(spacing, ndim)[axis]  # type: ignore[arg-type]
        values = values / (2 * step * sum(smooth) ** (ndim - 1))
    return values


@kernel(total=0, symmetry="odd")
def sobel(*, axis: Axis = -1, ndim: Ndim = 2, spacing: Spacing = None, normalize: Normalize = False) -> Values:
    """Sobel derivative along one axis, the impulse response of `scipy.ndimage.sobel`.

    Parameters
    ----------
    axis
        Axis of the derivative; the others are smoothed.
    ndim
        Number of axes.
    spacing
        Length of a pixel along each axis.
    normalize
        Divide by ``2 · 4^(ndim - 1)`` and the spacing: a ramp of slope 1 (per unit length) gives 1.

    Returns
    -------
    Kernel
        Sum 0. Integers with a gain of ``2 · 4^(ndim - 1)`` on a ramp, unless normalized.

    Notes
    -----
    ``[1, 0, -1]`` along `axis`, ``[1, 2, 1]`` along the others.

    References
    ----------
    I. Sobel, An isotropic 3x3 image gradient operator, 1968; `scipy.ndimage.sobel`

    Examples
    --------
    >>> sobel().values.tolist()
    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]
    """
    return edge(axis, [1, 2, 1], dimensions(ndim, spacing=spacing), normalize, spacing)


@kernel(total=0, symmetry="even")
def laplacian(
    *,
    alpha: Annotated[float, Param(min=0, max=1, step=0.05)] = 0.0,
    ndim: Ndim = 2,
    spacing: Spacing = None,
) -> Values:
    """Laplacian, the sum of the second differences; with `alpha` 0 the impulse response of `scipy.ndimage.laplace`.

    Parameters
    ----------
    alpha
        Share of the diagonal neighbours, as in MATLAB's fspecial: 0 none, 1 nothing else.
    ndim
        Number of axes.
    spacing
        Length of a pixel along each axis; the result is then per unit length squared.

    Returns
    -------
    Kernel
        3 pixels along each axis, sum 0; a parabola ``x² / 2`` along any axis gives 1.

    Raises
    ------
    ValueError
        When `alpha` is not 0 with a spacing that differs between axes.

    Notes
    -----
    ``(1 - v) S + v D`` with ``v = 2α / (1 + α)``, S the second differences ``[1, -2, 1] / h²`` along the axes and D
    the mean over the 2ⁿ corners minus the centre, times ``2 / h²``.

    References
    ----------
    `scipy.ndimage.laplace`; fspecial of GNU Octave's image package

    Examples
    --------
    >>> laplacian().values.tolist()
    [[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]
    """
    n = dimensions(ndim, spacing=spacing)
    h = steps(spacing, n)
    if alpha and len(set(h)) > 1:
        raise ValueError(f"laplacian: alpha needs the same spacing along all axes, got {h}")
    share = 2 * alpha / (1 + alpha)
    pick = np.array([0.0, 1.0, 0.0])
    second = np.array([1.0, -2.0, 1.0])
    straight = sum(outer([second / h[i] ** 2 if i == j else pick for j in range(n)]) for i in range(n))
    corners = outer([np.array([0.5, 0.0, 0.5])] * n) - outer([pick] * n)
    return np.asarray((1 - share) * straight + share * 2 / h[0] ** 2 * corners)


def hermite_lines(sigma: float, radius: int, order: int, integrate: bool = False) -> Values:
    """Return the kernels of the derivatives 0 to `order` of a Gaussian, one per row.

    Row m times the polynomial of degree m that is orthogonal to all lower ones under the weights of the Gaussian:
    Hermite's, but for the samples that there are. So the gain on ``x^m / m!`` is exactly 1 and lower powers give
    exactly 0, for any sigma and truncation.
    """
    weights = gaussian_line(sigma, radius, integrate)
    x = np.arange(-radius, radius + 1.0)
    polynomials: list[Values] = []
    lines: list[Values] = []
    factorial = 1.0
    for m in range(order + 1):
        p = np.ones_like(x) if m == 0 else x * polynomials[-1]
        for q in polynomials:
            p = p - q * ((weights * p * q).sum() / (weights * q * q).sum())
        polynomials.append(p)
        factorial *= max(m, 1)
        # The minus sign of odd orders: convolution reverses the kernel.
        lines.append((-1) ** m * factorial * weights * p / (weights * p * x**m).sum())
    return np.array(lines)


@kernel(total=0, symmetry="even")
def log(
    *,
    sigma: Sigma = 1.0,
    truncate: Truncate = 5.0,
    ndim: Ndim = 2,
    spacing: Spacing = None,
) -> Values:
    """Laplacian of Gaussian, as `scipy.ndimage.gaussian_laplace`, with exactly no answer to a constant.

    Parameters
    ----------
    sigma
        Standard deviation of the Gaussian, for all axes or one per axis.
    truncate
        Where the weights end, in standard deviations.
    ndim
        Number of axes, unless a sequence says it.
    spacing
        Length of a pixel along each axis; `sigma` then has the same unit and the result is per unit length squared.

    Returns
    -------
    Kernel
        Sum 0, negative at the centre; a parabola ``x² / 2`` along any axis gives 1.

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
    h = steps(spacing, n)
    sigmas = pixels(sigma, spacing, n)
    radii = [max(1, whole(truncate * s + 0.5)) for s in sigmas]
    guard([2 * r + 1 for r in radii])
    # A sigma of 0 has no second derivative; the smallest that counts gives the second difference.
    lines = [hermite_lines(max(s, 0.15), r, 2) for s, r in zip(sigmas, radii, strict=True)]
    terms = (outer([lines[j][2] / h[i] ** 2 if i == j else lines[j][0] for j in range(n)]) for i in range(n))
    return np.asarray(sum(terms))
