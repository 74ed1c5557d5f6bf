"""`covering_rotations`: orientations to look for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from .._registry import Param
from ..ops._coverings import super_fibonacci

if TYPE_CHECKING:
    from scipy.spatial.transform import Rotation

#: ``number = (this / angle)^3``: measured for 24 to 50000 rotations, where it is at most 244 degrees.
_REACH = 245.0


def covering_rotations(angle: Annotated[float, Param(min=1, max=90, unit="angle")]) -> Rotation:
    """Rotations in space such that every rotation is within `angle` of one of them, spread evenly.

    Parameters
    ----------
    angle : float
        Degrees, from 1 to 90: the largest turn that takes any orientation to the nearest of the set. A template is
        recognised when it is turned by less than its own angular detail; the number grows with ``(245 / angle)^3``.

    Returns
    -------
    scipy.spatial.transform.Rotation
        A stack, for ``detect_features(..., rotations=...)``.

    References
    ----------
    .. [1] M. Alexa, Super-Fibonacci Spirals: Fast, Low-Discrepancy Sampling of SO(3), CVPR 2022.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> len(nc.covering_rotations(30))
    545
    """
    from scipy.spatial.transform import Rotation

    if isinstance(angle, bool) or not isinstance(angle, int | float):
        raise TypeError(f"angle={angle!r} must be a number of degrees")
    if not 1 <= angle <= 90:
        raise ValueError(f"angle={angle!r} must lie between 1 and 90 degrees")
    return Rotation.from_quat(super_fibonacci(math.ceil((_REACH / angle) ** 3)))
