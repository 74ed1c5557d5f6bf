"""What the operations in the frequency domain share: the axes they act on, their options, and how they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from .._arrays import dtype_name, wanted_dtype
from .._registry import Param
from ..kernels._values import as_spacing
from ..ops.fourier import spectral_filter as ops
from . import _options as o

Spacing = Annotated[float | Sequence[float] | None, Param(min=0, step=0.01, label="sample distance", advanced=True)]


@dataclass(frozen=True)
class Acted:
    """The axes that an operation acts on.

    Attributes
    ----------
    axes, spacing
        Rising axes, and the distance of neighbouring samples along each.
    order : tuple of int
        For each axis as the caller names them, its index among the rising ones.
    """

    axes: tuple[int, ...]
    spacing: tuple[float, ...]
    order: tuple[int, ...]


def as_acted(shape: Sequence[int], axes: Any, spacing: Any, count: int | None = None) -> Acted:
    """The axes to act on, by default the last `count`, or all, and the spacing along each.

    Raises
    ------
    TypeError, ValueError
        When they do not fit an image of `shape`.
    """
    ndim = len(shape)
    if count is None:
        count = ndim if axes is None else len(axes) if isinstance(axes, Sequence | np.ndarray) else 1
    given = o.as_axes(axes, shape, count, "the operation")
    if not given:
        raise ValueError(f"axes={axes!r} names no axis")
    lengths = as_spacing(spacing, count) or (1.0,) * count
    for axis in given:
        if shape[axis] == 0:
            raise ValueError(f"image of shape {tuple(shape)} has no samples along axis {axis}, which is acted on")
    rising = sorted(given)
    steps = dict(zip(given, lengths, strict=True))
    return Acted(tuple(rising), tuple(steps[a] for a in rising), tuple(rising.index(a) for a in given))


def as_filter(operation: str, given: o.Input, edges: str, dtype: Any, acted: Acted) -> ops.FilterOptions:
    """The options of a filter fitted to the image."""
    complex_result = dtype_name(given.array.dtype).startswith("complex")
    kind = wanted_dtype(dtype, complex_result=complex_result)
    return ops.FilterOptions(operation, acted.axes, acted.spacing, edges, kind)
