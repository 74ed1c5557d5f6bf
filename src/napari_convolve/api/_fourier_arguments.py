"""What the operations in the frequency domain share: the axes they act on, their options, and how they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from .._arrays import Array, dtype_name, wanted_dtype
from .._progress import Task
from .._registry import Param
from ..kernels._values import as_spacing
from ..ops.fourier import spectral_filter as ops
from ..ops.fourier.edge_extension import EDGES
from ..ops.fourier.response_spec import Response
from ._convolution import as_backend
from ._deconvolution_arguments import as_valid
from ._options import Input, as_axes, as_bytes, as_workers, machines_for, one_of

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
    given = as_axes(axes, ndim, count, "the operation")
    if not given:
        raise ValueError(f"axes={axes!r} names no axis")
    lengths = as_spacing(spacing, count) or (1.0,) * count
    for axis in given:
        if shape[axis] == 0:
            raise ValueError(f"image of shape {tuple(shape)} has no samples along axis {axis}, which is acted on")
    rising = sorted(given)
    steps = dict(zip(given, lengths, strict=True))
    return Acted(tuple(rising), tuple(steps[a] for a in rising), tuple(rising.index(a) for a in given))


def as_filter(operation: str, given: Input, settings: Mapping[str, Any], acted: Acted) -> ops.Filter:
    complex_result = dtype_name(given.array.dtype).startswith("complex")
    return ops.Filter(
        operation=operation,
        axes=acted.axes,
        spacing=acted.spacing,
        edges=one_of("edges", settings["edges"], EDGES),
        dtype=wanted_dtype(settings["dtype"], complex_result=complex_result),
    )


def run_filter(
    given: Input,
    response: Response | None,
    options: ops.Filter,
    settings: Mapping[str, Any],
    task: Task,
    prepare: ops.Prepare | None = None,
) -> Array:
    valid = as_valid(given.array, given.mask, settings["nan"], options.axes, given.source)
    result = ops.filter_image(
        given.array,
        response,
        options,
        valid,
        source=given.source,
        machines=machines_for(as_backend(settings["backend"]), given.source),
        workers=as_workers(settings["workers"]),
        max_memory=as_bytes(settings["max_memory"]),
        task=task,
        prepare=prepare,
    )
    if prepare is None:
        task.finish()
    return result


def as_number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name}={value!r} must be a number")
    if not value >= 0:
        raise ValueError(f"{name}={value!r} must be at least 0")
    return float(value)
