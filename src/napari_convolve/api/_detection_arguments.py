"""Validation of the arguments of `detect_features`: templates, rotations, scales, rules for detections."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from .._registry import Param
from ..backends import backend_of
from ..kernels import Kernel
from ..ops.matching.non_maximum_suppression import Rule
from ..ops.matching.rotated_templates import Template, planar, super_fibonacci
from ..ops.matching.template import Pattern
from ..ops.matching.template_bank import TemplateBank, make_template_bank
from . import _options as o
from ._template_matching import host_pattern

#: Default of `max_overlap`.
OVERLAP = 0.3
THRESHOLD = 0.7


def as_templates(templates: Any, masks: Any) -> list[Pattern]:
    """One template, or a list or tuple of arrays and Kernels, each with its mask.

    Raises
    ------
    TypeError, ValueError
        As `as_pattern`; for no template; and for numbers of templates, masks and axes that do not fit.
    """
    several = isinstance(templates, list | tuple) and (
        not templates or all(isinstance(t, Kernel) or hasattr(t, "shape") for t in templates)
    )
    given = list(templates) if several else [templates]
    if not given:
        raise ValueError("templates is empty; give at least one template")
    hidden = list(masks) if several and isinstance(masks, list | tuple) else [masks] * len(given)
    if len(hidden) != len(given):
        raise ValueError(f"template_mask holds {len(hidden)} masks for {len(given)} templates")
    patterns = [host_pattern(template, mask) for template, mask in zip(given, hidden, strict=True)]
    axes = {len(p.shape) for p in patterns}
    if len(axes) > 1:
        raise ValueError(f"templates have {' and '.join(map(str, sorted(axes)))} dimensions; all need the same")
    return patterns


def bank_of(patterns: Sequence[Pattern], scales: Any, rotations: Any, order: tuple[int, ...]) -> TemplateBank:
    """Every template at every scale and rotation, with the axes in another order."""
    turned = [(matrix[np.ix_(order, order)], angle) for matrix, angle in as_rotations(rotations, len(order))]
    ordered = [pattern.transposed(order) for pattern in patterns]
    return make_template_bank([Template(p.values, p.support, p.center) for p in ordered], as_scales(scales), turned)


def as_scales(scales: Any) -> list[float]:
    """Positive factors; None is 1 alone."""
    if scales is None:
        return [1.0]
    values = _numbers("scales", scales)
    for value in values:
        if not 0.05 <= value <= 20:
            raise ValueError(f"scales holds {value:g}; a scale lies between 0.05 and 20")
    return values


def as_rotations(rotations: Any, ndim: int) -> list[tuple[np.ndarray, float]]:
    """Matrix and angle of each rotation; None for no rotation.

    Raises
    ------
    ValueError
        For no rotation, angles that are not finite, and rotations that do not fit the template's dimensions.
    """
    if rotations is None:
        return [(np.eye(ndim), 0.0)]
    if hasattr(rotations, "as_matrix"):
        if ndim != 3:
            raise ValueError(f"rotations in space need templates of 3 dimensions, not {ndim}; give angles in degrees")
        matrices = np.asarray(rotations.as_matrix(), float).reshape(-1, 3, 3)
        if not len(matrices):
            raise ValueError("rotations is empty; give at least one, or None")
        return [(matrix, math.nan) for matrix in matrices]
    angles = _numbers("rotations", rotations)
    if ndim < 2:
        raise ValueError("a template of 1 dimension cannot be turned; rotations must be None")
    return [(planar(angle, ndim), angle) for angle in angles]


def as_threshold(threshold: float | None, false_alarms: float | None) -> tuple[float, float | None]:
    """Threshold on the score, and the expected number of false detections (None: the threshold counts)."""
    if threshold is not None and false_alarms is not None:
        raise ValueError("threshold and false_alarms both say what counts as a detection; give one of them")
    if false_alarms is None:
        return THRESHOLD if threshold is None else threshold, None
    if not false_alarms > 0:
        raise ValueError(f"false_alarms={false_alarms!r} must be a positive number of detections in the image")
    return math.nan, false_alarms


def as_rule(min_distance: Any, max_overlap: float | None, order: tuple[int, ...]) -> Rule:
    """The rule by which a detection is suppressed by a better one nearby."""
    distance = None
    if min_distance is not None:
        values = _numbers("min_distance", min_distance)
        if len(values) not in (1, len(order)):
            raise ValueError(f"min_distance={min_distance!r} must be a number or one for each of {len(order)} axes")
        if not all(0 < value < math.inf for value in values):
            raise ValueError(f"min_distance={min_distance!r} must be a positive number of pixels")
        distance = np.broadcast_to(np.array(values), (len(order),))[list(order)]
    share = OVERLAP if min_distance is None and max_overlap is None else max_overlap
    return Rule(distance, share)


def as_region(region: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """None, or an array of bool of the image's shape."""
    if region is None:
        return None
    backend = backend_of(region)
    array = np.asarray(region if backend is None else backend.to_host(region))
    if array.dtype != bool:
        raise TypeError(f"region has dtype {array.dtype}; it must be bool, True where a template's centre may lie")
    try:
        array = np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"region of shape {array.shape} does not fit the image's {shape}") from None
    if array.size and not array.any():
        raise ValueError("region leaves no place of the image")
    return array


def _numbers(name: str, values: Any) -> list[float]:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or array.ndim > 1:
        raise TypeError(f"{name}={values!r} must be a number or a sequence of numbers")
    if array.size == 0:
        raise ValueError(f"{name} is empty; give at least one number, or None")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds {array[~np.isfinite(array)].ravel()[0]}; finite numbers are needed")
    return [float(v) for v in array.reshape(-1)]


if TYPE_CHECKING:
    from scipy.spatial.transform import Rotation

#: ``number = (this / angle)^3``: measured for 24 to 50000 rotations, where it is at most 244 degrees.
_REACH = 245.0


@o.public
def covering_rotations(angle: Annotated[float, Param(min=1, max=90, unit="angle")]) -> Rotation:
    """Rotations in space, evenly spread so that every rotation is within `angle` of one of them.

    Parameters
    ----------
    angle : float
        Largest angle between any orientation and the nearest one of the set, in degrees from 1 to 90. It should be
        smaller than the angular detail of the template. The number of rotations grows with ``(245 / angle)^3``.

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

    return Rotation.from_quat(super_fibonacci(math.ceil((_REACH / angle) ** 3)))
