"""Kernels that fit a polynomial to a window and evaluate it at the centre."""

from __future__ import annotations

from itertools import product
from math import factorial
from typing import Annotated

import numpy as np

from .._registry import Param
from ._design import Axis, Ndim, Sizes, Spacing, kernel
from ._grid import dimensions, per_axis, step_lengths, which_axis
from ._values import Values, guard


@kernel(
    total=lambda p: float(not p["order"]),
    symmetry=lambda p: "odd" if p["order"] % 2 else "even",
    family="smoothing",
    label="Savitzky-Golay",
)
def savitzky_golay(
    *,
    size: Sizes = 5,
    degree: Annotated[int, Param(min=0, max=12, step=1)] = 2,
    order: Annotated[int, Param(min=0, max=8, step=1)] = 0,
    axis: Axis = -1,
    ndim: Ndim = 2,
    spacing: Spacing = None,
) -> Values:
    """Savitzky-Golay filter: least squares fit of a polynomial in a window, for smoothing or derivatives.

    Parameters
    ----------
    size
        Width of the window in pixels, odd, for all axes or one per axis.
    degree
        Total degree of the polynomial in all coordinates.
    order
        Order of the derivative; 0 for smoothing.
    axis
        Axis of the derivative.
    {ndim}
    spacing
        Pixel size along each axis; a derivative is then per unit length.

    Returns
    -------
    Kernel
        Sum 1, or 0 for a derivative; exact for polynomials up to `degree`.

    Raises
    ------
    ValueError
        When a size is even or not larger than the degree, or the order is higher than the degree.

    Notes
    -----
    ``w(x) = m! · (A⁺)_m(-x) / h^m`` with ``A`` the matrix of monomials ``x^k`` and m the order: the row of its
    pseudo-inverse that gives the derivative at the centre of the fitted polynomial.

    References
    ----------
    A. Savitzky, M. J. E. Golay, Anal. Chem. 36, 1964; K. L. Ratzlaff, J. T. Johnson, Anal. Chem. 61, 1989;
    in one dimension `scipy.signal.savgol_coeffs`

    Examples
    --------
    >>> (35 * savitzky_golay(size=5, degree=2, ndim=1).values).round(9).tolist()
    [-3.0, 12.0, 17.0, 12.0, -3.0]
    """
    n = dimensions(ndim, size=size, spacing=spacing)
    sizes = per_axis(size, n)
    if any(s % 2 == 0 for s in sizes):
        raise ValueError(f"savitzky_golay: size must be odd, got {size}")
    if order > degree:
        raise ValueError(f"savitzky_golay: order {order} needs a degree of at least {order}, got {degree}")
    if min(sizes) <= degree:
        raise ValueError(f"savitzky_golay: size must be more than the degree, {degree}, got {size}")
    powers = [p for p in product(range(degree + 1), repeat=n) if sum(p) <= degree]
    guard([*sizes, len(powers)], "the fit of a kernel")
    # Coordinates from -1 to 1 keep the fit well conditioned.
    radii = [max(1, s // 2) for s in sizes]
    scaled = [(np.arange(s) - s // 2) / r for s, r in zip(sizes, radii, strict=True)]
    grid = np.meshgrid(*scaled, indexing="ij")
    monomials = np.stack([np.prod([x**e for x, e in zip(grid, p, strict=True)], axis=0).ravel() for p in powers], 1)
    along = which_axis(axis, n)
    wanted = powers.index(tuple(order if i == along else 0 for i in range(n)))
    weights = np.linalg.pinv(monomials)[wanted].reshape(sizes)
    unit = radii[along] * step_lengths(spacing, n)[along]
    # The fit gives weights of a correlation; those of a convolution are reversed.
    return np.asarray(np.flip(weights) * factorial(order) / unit**order)
