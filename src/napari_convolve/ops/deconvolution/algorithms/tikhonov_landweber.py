"""Landweber iteration with a Tikhonov penalty and the constraint that light is not negative."""

from __future__ import annotations

import math
from typing import Annotated

from ...._arrays import Array
from ...._registry import Param
from ..method_registry import Scene, deconvolver


@deconvolver(buffers=6)
def landweber(
    scene: Scene,
    *,
    iterations: Annotated[int, Param(min=1, label="iterations")] = 50,
    tikhonov: Annotated[float, Param(min=0.0, step=0.001, label="smoothness")] = 0.001,
    positive: Annotated[bool, Param(label="not negative")] = True,
    momentum: Annotated[bool, Param(label="momentum", advanced=True)] = True,
) -> Array:
    """Undo a known blur by steepest descent on the squared residual, with a penalty for roughness.

    Least squares suit noise of one strength everywhere (cameras in bright light), and images with negative samples.

    Parameters
    ----------
    iterations : int
        Number of steps.
    tikhonov : float
        Weight of the squared Laplacian: larger is smoother.
    positive : bool
        Whether negative values of the object are set to 0 in every step.
    momentum : bool
        Extrapolate each step (Nesterov), which needs about the square root of the number of steps.

    References
    ----------
    L. Landweber, American Journal of Mathematics 73, 1951; A. Beck and M. Teboulle, SIAM Journal on Imaging Sciences
    2, 2009.
    """
    xp = scene.xp
    found = ahead = scene.start()
    pace, length = 1.0, 1.0 / (1.0 + tikhonov)
    zero = xp.asarray(0.0, dtype=found.dtype, device=found.device)
    for iteration in range(1, iterations + 1):
        slope = scene.backward(scene.residual(ahead))
        if tikhonov:
            slope = slope - tikhonov * scene.laplacian(scene.laplacian(ahead))
        new = ahead + length * slope
        if positive:
            new = xp.maximum(new, zero)
        following = (1 + math.sqrt(1 + 4 * pace * pace)) / 2 if momentum else 1.0
        ahead = new + ((pace - 1) / following) * (new - found)
        found, pace = new, following
        if scene.done(iteration, found):
            break
    return found
