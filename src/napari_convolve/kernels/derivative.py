"""Derivative kernels: the response to a constant is 0.

The sign is that for a convolution: ``convolve(image, kernel)`` is positive where the image rises along the axis.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._registry import Param
from ._design import Axis, Lengths, Ndim, Spacing, kernel
from ._grid import dimensions, outer, step_lengths, which_axis
from ._values import Values

Normalize = Annotated[bool, Param(label="gain of 1 on a ramp")]


def edge(axis: int, smooth: list[float], ndim: int, normalize: bool, spacing: Lengths | None) -> Values:
    """Return a central difference along `axis`, smoothed along the others."""
    lines = [np.array(smooth, dtype=float)] * ndim
    lines[which_axis(axis, ndim)] = np.array([1.0, 0.0, -1.0])
    values = outer(lines)
    if normalize:
        values = values / (2 * step_lengths(spacing, ndim)[axis] * sum(smooth) ** (ndim - 1))
    return values


@kernel(total=0, symmetry="odd")
def sobel(*, axis: Axis = -1, ndim: Ndim = 2, spacing: Spacing = None, normalize: Normalize = False) -> Values:
    """Edges (Sobel): the slope along one axis, smoothed along the others.

    Parameters
    ----------
    {axis, ndim, spacing}
    normalize
        Divide by ``2 · 4^(ndim - 1)`` and the spacing: a ramp of slope 1 (per unit length) gives 1.

    Returns
    -------
    Kernel
        Sum 0. Integers with a gain of ``2 · 4^(ndim - 1)`` on a ramp, unless normalized.

    Notes
    -----
    ``[1, 0, -1]`` along `axis`, ``[1, 2, 1]`` along the others: the impulse response of `scipy.ndimage.sobel`.

    References
    ----------
    I. Sobel, An isotropic 3x3 image gradient operator, 1968; `scipy.ndimage.sobel`

    Examples
    --------
    >>> sobel().values.tolist()
    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]
    """
    return edge(axis, [1, 2, 1], dimensions(ndim, spacing=spacing), normalize, spacing)


@kernel(total=0, symmetry="odd")
def prewitt(*, axis: Axis = -1, ndim: Ndim = 2, spacing: Spacing = None, normalize: Normalize = False) -> Values:
    """Edges (Prewitt): the slope along one axis, averaged along the others.

    Parameters
    ----------
    {axis, ndim, spacing}
    normalize
        Divide by ``2 · 3^(ndim - 1)`` and the spacing: a ramp of slope 1 (per unit length) gives 1.

    Returns
    -------
    Kernel
        Sum 0. Integers with a gain of ``2 · 3^(ndim - 1)`` on a ramp, unless normalized.

    Notes
    -----
    ``[1, 0, -1]`` along `axis`, ``[1, 1, 1]`` along the others: the impulse response of `scipy.ndimage.prewitt`.

    References
    ----------
    J. M. S. Prewitt, Object enhancement and extraction, 1970; `scipy.ndimage.prewitt`

    Examples
    --------
    >>> prewitt(axis=0).values.tolist()
    [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -1.0, -1.0]]
    """
    return edge(axis, [1, 1, 1], dimensions(ndim, spacing=spacing), normalize, spacing)


@kernel(total=0, symmetry="odd")
def scharr(*, axis: Axis = -1, ndim: Ndim = 2, spacing: Spacing = None, normalize: Normalize = False) -> Values:
    """Edges (Scharr): the slope along one axis, with more accurate directions than Sobel.

    Parameters
    ----------
    {axis, ndim, spacing}
    normalize
        Divide by 2 and the spacing: a ramp of slope 1 (per unit length) gives 1.

    Returns
    -------
    Kernel
        Sum 0. A gain of 2 on a ramp, unless normalized.

    Notes
    -----
    ``[1, 0, -1]`` along `axis`, ``[3, 10, 3] / 16`` along the others: the impulse response of `skimage.filters.scharr`.

    References
    ----------
    H. Scharr, Optimal operators in digital image processing, 2000; `skimage.filters.scharr`

    Examples
    --------
    >>> (16 * scharr().values).tolist()
    [[3.0, 0.0, -3.0], [10.0, 0.0, -10.0], [3.0, 0.0, -3.0]]
    """
    return edge(axis, [3 / 16, 10 / 16, 3 / 16], dimensions(ndim, spacing=spacing), normalize, spacing)


@kernel(total=0)
def roberts(
    *,
    diagonal: Annotated[str, Param(choices=("main", "anti"))] = "main",
    ndim: Annotated[int, Param(min=2, max=4)] = 2,
    spacing: Spacing = None,
) -> Values:
    """Roberts cross: the difference of two diagonal neighbours in the last two axes.

    Parameters
    ----------
    diagonal
        ``"main"``: from the upper left to the lower right; ``"anti"``: from the upper right to the lower left.
    ndim
        Number of axes, at least 2; all but the last two have length 1.
    {spacing}

    Returns
    -------
    Kernel
        Two by two weights in the last two axes, sum 0; a step of 1 along the diagonal gives 1.

    Notes
    -----
    ``[[1, 0], [0, -1]]`` or ``[[0, 1], [-1, 0]]``.

    References
    ----------
    L. G. Roberts, Machine perception of three-dimensional solids, 1963; `skimage.filters.roberts_pos_diag`

    Examples
    --------
    >>> roberts(diagonal="anti").values.tolist()
    [[0.0, 1.0], [-1.0, 0.0]]
    """
    n = dimensions(ndim, spacing=spacing)
    if n < 2:
        raise ValueError(f"roberts: a diagonal needs at least 2 dimensions, got {n}")
    cross = [[1.0, 0.0], [0.0, -1.0]] if diagonal == "main" else [[0.0, 1.0], [-1.0, 0.0]]
    return np.reshape(cross, (1,) * (n - 2) + (2, 2))


@kernel(total=0, symmetry="even")
def laplacian(
    *, alpha: Annotated[float, Param(min=0, max=1, step=0.05)] = 0.0, ndim: Ndim = 2, spacing: Spacing = None
) -> Values:
    """Laplacian, the sum of the second differences: responds to thin lines, spots and both sides of edges.

    Parameters
    ----------
    alpha
        Weight of the diagonal neighbours, as in MATLAB's fspecial: 0 ignores them, 1 uses only them.
    {ndim, spacing}
        The result is then per square unit of length.

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
    the mean over the 2ⁿ corners minus the centre, times ``2 / h²``. With `alpha` 0 the impulse response of
    `scipy.ndimage.laplace`.

    References
    ----------
    `scipy.ndimage.laplace`; fspecial of GNU Octave's image package

    Examples
    --------
    >>> laplacian().values.tolist()
    [[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]
    """
    n = dimensions(ndim, spacing=spacing)
    h = step_lengths(spacing, n)
    if alpha and len(set(h)) > 1:
        raise ValueError(f"laplacian: alpha needs the same spacing along all axes, got {h}")
    share = 2 * alpha / (1 + alpha)
    pick = np.array([0.0, 1.0, 0.0])
    second = np.array([1.0, -2.0, 1.0])
    straight = sum(outer([second / h[i] ** 2 if i == j else pick for j in range(n)]) for i in range(n))
    corners = outer([np.array([0.5, 0.0, 0.5])] * n) - outer([pick] * n)
    return np.asarray((1 - share) * straight + share * 2 / h[0] ** 2 * corners)
