"""Diffusion kernels: Gaussians with exact variance."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log
from typing import Annotated

import numpy as np

from .._registry import Param
from ._design import Lengths, Ndim, Spacing, kernel
from ._grid import FAR, dimensions, outer, per_axis, step_lengths
from ._values import Values, guard

#: Truncation in standard deviations, which cuts off 2e-9 of the sum.
_TRUNCATE = 6.0

Diffusivity = Annotated[Lengths, Param(min=0, step=0.1, label="diffusivity")]
Time = Annotated[float, Param(min=0, step=0.1, label="time")]


def spread_line(variance: float) -> Values:
    """Return a Gaussian, sum 1, whose second moment on the samples is `variance` square pixels, however small.

    The width is found by bisection, because a sampled Gaussian is too narrow for a standard deviation below one pixel.
    All weights are positive, so results stay within the range of the image.
    """
    if variance == 0:
        return np.ones(1)
    sigma = variance**0.5
    radius = max(1, ceil(min(_TRUNCATE * sigma, FAR)))
    guard([2 * radius + 1])
    x = np.arange(-radius, radius + 1.0)

    def weights(width: float) -> Values:
        return np.asarray(np.exp(-0.5 * (x / width) ** 2))

    # lower bound for variances below one pixel: two neighbours of weight exp(-1/2w²) each
    low, high = (2 * max(log(4 / variance), 1)) ** -0.5 / 2, 2 * sigma + 1
    for _ in range(80):
        middle = (low + high) / 2
        line = weights(middle)
        if (line * x * x).sum() < variance * line.sum():
            low = middle
        else:
            high = middle
    line = weights(high)
    return np.asarray(line / line.sum())


@kernel(total=1, symmetry="even", family="smoothing")
def diffusion(*, D: Diffusivity = 1.0, t: Time = 1.0, ndim: Ndim = 2, spacing: Spacing = None) -> Values:
    """Green's function of the diffusion equation: the concentration after time t of a point source.

    Parameters
    ----------
    D
        Diffusion coefficient in square length per time, for all axes or one per axis.
    t
        Duration, in the time unit of `D`.
    {ndim}
    spacing
        Pixel size along each axis, in the length unit of `D`. None: pixels.

    Returns
    -------
    Kernel
        Non-negative weights with sum 1, variance exactly ``2 D t`` along each axis.

    Notes
    -----
    The solution of ``du/dt = D d²u/dx²`` for a point is ``exp(-x² / 4 D t)`` up to its sum: a Gaussian of standard
    deviation ``sqrt(2 D t)``, here truncated at six standard deviations. Durations of consecutive diffusions add.

    References
    ----------
    A. Einstein, Ann. Phys. 322, 1905; J. Crank, The Mathematics of Diffusion, 1975

    Examples
    --------
    >>> k = diffusion(D=0.5, t=4, ndim=1)
    >>> round(float((k.values * (np.arange(k.shape[0]) - k.center[0]) ** 2).sum()), 9)
    4.0
    """
    n = dimensions(ndim, D=D, spacing=spacing)
    lengths = step_lengths(spacing, n)
    each: Sequence[float] = per_axis(D, n)
    variances = [2 * d * t / h / h for d, h in zip(each, lengths, strict=True)]
    guard([2 * ceil(min(_TRUNCATE * v**0.5, FAR)) + 1 for v in variances])
    return outer([spread_line(v) for v in variances])
