"""Sharpening kernels: the image plus a multiple of its fine detail; weights with sum 1."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from .._registry import Param
from ._design import Angle, Direction, Ndim, Sigma, Spacing, Truncate, kernel
from ._grid import add_arrays, coordinates, dimensions, heading
from ._kernel import Kernel
from ._values import Values
from .basic import identity
from .derivative import laplacian
from .smoothing import gaussian

Amount = Annotated[float, Param(min=0, max=1000, step=0.1)]


@kernel(total=1, symmetry="even")
def unsharp(
    *, sigma: Sigma = 1.0, amount: Amount = 1.0, truncate: Truncate = 4.0, ndim: Ndim = 2, spacing: Spacing = None
) -> Kernel:
    """Unsharp masking: add the difference between the image and its Gaussian blur.

    Parameters
    ----------
    {sigma}
    amount
        Factor of the added difference.
    {truncate, ndim, length.spacing}

    Returns
    -------
    {mean.Kernel}

    Notes
    -----
    ``(1 + amount) δ - amount · g(σ)``.

    References
    ----------
    `skimage.filters.unsharp_mask`

    Examples
    --------
    >>> unsharp(sigma=1, amount=0.5).shape
    (9, 9)
    """
    blur = gaussian(sigma, truncate=truncate, ndim=ndim, spacing=spacing)
    return (1 + amount) * identity(ndim=blur.ndim) - amount * blur


@kernel(total=1, symmetry="even")
def sharpen(
    *, amount: Amount = 1.0, alpha: Annotated[float, Param(min=0, max=1, step=0.05)] = 0.0, ndim: Ndim = 2
) -> Kernel:
    """Sharpening by the Laplacian in a window of 3 pixels along each axis.

    Parameters
    ----------
    amount
        Factor of the subtracted Laplacian.
    alpha
        Weight of the diagonal neighbours in the Laplacian, 0 to 1.
    {ndim}

    Returns
    -------
    {mean.Kernel}

    Notes
    -----
    ``δ - amount · laplacian(alpha)``; with `alpha` 0.2 that is fspecial("unsharp") of MATLAB and Octave.

    References
    ----------
    R. C. Gonzalez, R. E. Woods, Digital Image Processing, section 3.6

    Examples
    --------
    >>> sharpen().values.tolist()
    [[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]
    """
    return identity(ndim=ndim) - amount * laplacian(alpha=alpha, ndim=ndim)


@kernel(total=1)
def emboss(
    *,
    amount: Amount = 1.0,
    angle: Angle = 135.0,
    direction: Direction = None,
    ndim: Annotated[int, Param(min=2, max=4)] = 2,
) -> Values:
    """Relief: the image plus its slope towards a light source.

    Parameters
    ----------
    amount
        Height of the relief.
    angle
        Direction to the light in degrees counter-clockwise from the last axis, in the plane of the last two.
    direction
        Vector to the light instead of `angle`, one component per axis.
    ndim
        Number of axes, at least 2; not needed with `direction`.

    Returns
    -------
    {mean.Kernel}

    Notes
    -----
    ``δ(o) + amount · (o · d) / max |d|`` for offsets o of -1, 0, 1 along each axis and d the direction to the light.

    References
    ----------
    J. Schlag, Fast embossing effects on raster image data, Graphics Gems IV, 1994

    Examples
    --------
    >>> (emboss().values.round(9) + 0).tolist()
    [[2.0, 1.0, 0.0], [1.0, 1.0, -1.0], [0.0, -1.0, -2.0]]
    """
    n = dimensions(ndim, direction=direction)
    light = heading(angle if direction is None else 0.0, direction, n)
    grid = coordinates([1] * n)
    slope = add_arrays([x * d for x, d in zip(grid, light, strict=True)]) / max(map(abs, light))
    middle = add_arrays([np.abs(x) for x in grid]) == 0
    return np.asarray(amount * slope + middle)
