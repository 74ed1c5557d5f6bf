"""What the operations in the frequency domain share: the axes they act on, their options, and how they run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import numpy as np

from .._arrays import dtype_name, wanted_dtype
from .._registry import Param
from ..kernels._values import as_spacing
from ..ops.fourier import spectral_filter as ops
from . import _options as o

F = TypeVar("F", bound=Callable[..., Any])

Spacing = Annotated[float | Sequence[float] | None, Param(min=0, step=0.01, label="sample distance", advanced=True)]

_OPTIONS = {
    "{acted}": """axes : int, tuple of int, optional
    The axes to act on; all by default. The others are batch axes (time, channel).
spacing : float, sequence of float, optional
    Distance of neighbouring samples along each of `axes`; 1 by default.""",
    "{missing}": """mask : array of bool, optional
    True where a sample counts; the others are filled by normalised smoothing first.
nan : {"raise", "omit"}
    Whether a NaN or infinite sample is an error, or treated like a masked one.""",
    "{dtype}": """dtype : dtype, optional
    Of the result; by default float32 for bool, 8 and 16 bit integers, float16 and float32, else float64, complex
    when the image is. Integers are rounded and saturated, never wrapped.""",
}


def described(function: F) -> F:
    """Fill the options shared by operations in the frequency domain into a docstring."""
    text = inspect.cleandoc(function.__doc__ or "")
    for key, options in _OPTIONS.items():
        text = text.replace(key, options)
    function.__doc__ = text
    return o.documented(function)


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
    given = o.as_axes(axes, ndim, count, "the operation")
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
