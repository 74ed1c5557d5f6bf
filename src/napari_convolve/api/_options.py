"""Types and validation of the options that many operations share."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, TypeVar

import numpy as np

from .._arrays import Array, as_host_array, compute_dtype, dtype_name, wanted_dtype, warn_if_inexact
from .._progress import ProgressCallback, Report, Task
from .._registry import Param, validated
from ..backends import BACKENDS, Backend, backend_of, get_backend, usable_backends
from ..boundary import MODES
from ..kernels import Kernel, as_kernel
from ..methods import METHODS
from ..ops.execution.execution import Execution, machine_on
from ..ops.filtering.window import Window
from ..planning import ArraySpec, Plan
from ._docstrings import documented

F = TypeVar("F", bound=Callable[..., Any])

Axes = Annotated[int | Sequence[int] | None, Param(label="axes")]
Boundary = Annotated[str, Param(choices=MODES.names, label="outside the image")]
CVal = Annotated[complex, Param(label="constant outside")]
OutputShape = Annotated[Literal["same", "full", "valid"], Param(choices=("same", "full", "valid"), advanced=True)]
Origin = Annotated[int | Sequence[int], Param(advanced=True)]
NaN = Annotated[Literal["propagate", "omit"], Param(choices=("propagate", "omit"), label="NaN", advanced=True)]
DType = Annotated[Any, Param(label="data type", advanced=True)]
MethodName = Annotated[str | Plan, Param(choices=lambda: ("auto", *METHODS.names()), advanced=True)]
BackendName = Annotated[str, Param(choices=lambda: ("auto", *BACKENDS.names()), advanced=True)]
Workers = Annotated[int | None, Param(min=1, label="threads", advanced=True)]
MaxMemory = Annotated[int | str | None, Param(unit="bytes", label="memory limit", advanced=True)]
Progress = ProgressCallback | None
ReportCallback = Callable[[Report], object] | None


def public(function: F) -> F:
    """Decorate a public function: shared texts in its docstring, options checked against its signature.

    Its image may be a masked array; no other argument may.
    """
    return validated(documented(function))


def public_with_masks(*masked: str) -> Callable[[F], F]:
    """Decorate a public function as `public`; the arguments named may be masked arrays, and no others."""
    return lambda function: validated(documented(function), masked)


@dataclass(frozen=True)
class Input:
    """An image ready to compute with."""

    array: Array
    source: Backend
    mask: Array | None


def is_lazy(image: Any) -> bool:
    """Whether it is a Dask or a Zarr array, asked by name so that neither need be imported."""
    return type(image).__module__.partition(".")[0] in ("dask", "zarr") and hasattr(image, "chunks")


def as_input(image: Any, mask: Any = None, what: str = "image") -> Input:
    """Validate an image: any array of a known library, or what `numpy.asarray` takes.

    The mask of a `numpy.ma.MaskedArray` counts like `mask`; `what` is the name of the argument.
    """
    source = backend_of(image)
    hidden = None
    if isinstance(image, np.ma.MaskedArray):
        hidden = ~np.ma.getmaskarray(image)
        image, source = np.ma.getdata(image), None
    if source is None or source.name == "numpy":
        source, image = get_backend("numpy"), as_host_array(image, what)
        warn_if_inexact(image)
    if image.ndim == 0:
        raise ValueError(f"{what} is a single number; it needs at least 1 dimension")
    return Input(image, source, _as_mask(mask, hidden, image, source))


def _as_mask(mask: Any, hidden: np.ndarray | None, image: Array, source: Backend) -> Array | None:
    if mask is None and hidden is None:
        return None
    if mask is not None:
        if not source.owns(mask) or source.name == "numpy":
            mask = np.asarray(mask)
            if mask.dtype != bool:
                raise TypeError(f"mask has dtype {mask.dtype}; it must be bool, True where a sample counts")
        elif dtype_name(mask.dtype) != "bool":
            raise TypeError(f"mask has dtype {dtype_name(mask.dtype)}; it must be bool, True where a sample counts")
        try:
            fits = np.broadcast_shapes(tuple(mask.shape), tuple(image.shape)) == tuple(image.shape)
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"mask of shape {tuple(mask.shape)} does not fit the image's {tuple(image.shape)}")
    combined = hidden if mask is None else mask if hidden is None else mask & hidden
    assert combined is not None
    if isinstance(combined, np.ndarray) and source.name != "numpy":
        combined = source.to_device(combined)
    return source.xp.broadcast_to(combined, image.shape)


def as_axes(axes: Any, shape: Sequence[int], count: int, what: str = "kernel") -> tuple[int, ...]:
    """The `count` axes to act on, non-negative; None takes the last ones, unless they look like colours.

    Colours are a last axis of 3 or 4 samples that is at least 8 times shorter than the two before it: no filter mixes
    them unless the axes are named.
    """
    ndim = len(shape)
    if count > ndim:
        raise ValueError(f"{what} has {count} dimensions, the image only {ndim}")
    if axes is None:
        if ndim > 2 and shape[-1] in (3, 4) and min(shape[-3:-1]) >= 8 * shape[-1] and count:
            colours = tuple(range(ndim - 1))[-count:]
            raise ValueError(
                f"image of shape {tuple(shape)} seems to hold colours along its last axis; name the axes to act on, "
                f"such as axes={colours}, or axes={tuple(range(ndim - count, ndim))} when they are no colours"
            )
        return tuple(range(ndim - count, ndim))
    try:
        given = tuple(operator.index(a) for a in (axes if isinstance(axes, Sequence | np.ndarray) else (axes,)))
    except TypeError as error:
        raise TypeError(f"axes={axes!r} must be an integer or a tuple of integers") from error
    if len(given) != count:
        raise ValueError(f"axes={axes!r} names {len(given)} axes, {what} has {count}")
    if any(not -ndim <= a < ndim for a in given):
        raise ValueError(f"axes={axes!r} is out of range for an image of {ndim} dimensions")
    result = tuple(a % ndim for a in given)
    if len(set(result)) < count:
        raise ValueError(f"axes={axes!r} names an axis twice")
    return result


def as_origin(origin: Any, centers: Sequence[int], lengths: Sequence[int], shape: str) -> tuple[int, ...]:
    """One origin per axis, such that the kernel still touches its own sample."""
    values = origin if isinstance(origin, Sequence | np.ndarray) else (origin,) * len(lengths)
    if len(values) != len(lengths) or not all(
        isinstance(o, int | np.integer) and not isinstance(o, bool) for o in values
    ):
        raise ValueError(f"origin={origin!r} must be an integer or one integer for each of {len(lengths)} axes")
    for o, c, k in zip(values, centers, lengths, strict=True):
        if not 0 <= c + o < k:
            raise ValueError(f"origin={origin!r} is out of range: from {-c} to {k - 1 - c} for a kernel of length {k}")
    if shape != "same" and any(values):
        raise ValueError(f"origin={origin!r} needs shape='same'; with shape={shape!r} it must be 0")
    return tuple(int(o) for o in values)


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """`value` when it is one of `choices`; ValueError that lists them otherwise."""
    if isinstance(value, str) and value in choices:
        return value
    raise ValueError(f"{name}={value!r} is not one of {', '.join(map(repr, choices))}")


def as_cval(cval: Any, *, complex_result: bool) -> complex:
    """A finite number; complex only where the result is."""
    if isinstance(cval, bool | int | float | complex | np.number | np.bool_):
        number = complex(cval)
        if math.isfinite(number.real) and math.isfinite(number.imag):
            if number.imag and not complex_result:
                raise ValueError(f"cval={cval!r} is complex, image and kernel are real")
            return number if number.imag else number.real
    raise ValueError(f"cval={cval!r} must be a finite number")


def as_bytes(max_memory: Any) -> int | None:
    """None, or a number of bytes from a number or a text such as ``"4 GiB"``."""
    if max_memory is None:
        return None
    if isinstance(max_memory, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([kKMGT]?)(i?)B?\s*", max_memory)
        if not match:
            raise ValueError(f"max_memory={max_memory!r} is no amount of memory; write e.g. '4 GiB' or '500 MB'")
        number, prefix, binary = match.groups()
        value = float(number) * (1024 if binary else 1000) ** " KMGT".index(prefix.upper() or " ")
    elif isinstance(max_memory, bool) or not isinstance(max_memory, int | float | np.number):
        raise TypeError(f"max_memory={max_memory!r} must be a number of bytes, a text such as '4 GiB', or None")
    else:
        value = float(max_memory)
    if not 1 <= value < math.inf:
        raise ValueError(f"max_memory={max_memory!r} must be at least one byte")
    return int(value)


def host_kernel(kernel: Any, what: str = "kernel") -> Kernel:
    """A kernel from a Kernel, or an array on any device; `what` is the name of the argument."""
    backend = None if isinstance(kernel, Kernel) else backend_of(kernel)
    try:
        return as_kernel(kernel if backend is None else backend.to_host(kernel))
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError  # a subclass may take other arguments
        raise kind(str(error).replace("kernel", what, 1)) from error


@dataclass(frozen=True)
class WindowCall:
    """The options of one call of a window operation, as given; `validated` has seen their types and limits."""

    axes: int | Sequence[int] | None = None
    boundary: str = "reflect"
    cval: complex = 0.0
    shape: str = "same"
    origin: int | Sequence[int] = 0
    nan: str = "propagate"
    dtype: Any = None

    def window(self, operation: str, image: ArraySpec, kernel: Footprint, what: str = "kernel") -> Window:
        """The options fitted to an image and a kernel (or template, `what`), its axes in the order they are given.

        Raises
        ------
        TypeError, ValueError
            When they do not fit.
        """
        shape = image.shape
        axes = as_axes(self.axes, shape, len(kernel.shape), what)
        for axis, k in zip(axes, kernel.shape, strict=True):
            if shape[axis] == 0:
                raise ValueError(f"image of shape {shape} has no samples along axis {axis}, which the {what} acts on")
            if self.shape == "valid" and k > shape[axis]:
                raise ValueError(
                    f"shape='valid' needs a {what} no longer than the image: {k} > {shape[axis]}, axis {axis}"
                )
        complex_kernel = isinstance(kernel, Kernel) and kernel.values.dtype.kind == "c"
        complex_result = compute_dtype(image.dtype, complex_kernel=complex_kernel).startswith("complex")
        return Window(
            operation=operation,
            axes=axes,
            boundary=self.boundary,
            cval=as_cval(self.cval, complex_result=complex_result),
            shape=self.shape,
            origin=as_origin(self.origin, kernel.center, kernel.shape, self.shape),
            nan=self.nan,
            dtype=wanted_dtype(self.dtype, complex_result=complex_result),
        )


class Footprint(Protocol):
    """Shape and centre of a kernel or a template."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def center(self) -> tuple[int, ...]: ...


def spec_of(array: Any) -> ArraySpec:
    """Shape and dtype of an array of any library."""
    return ArraySpec(tuple(array.shape), dtype_name(array.dtype))


def execution(
    source: Backend,
    task: Task,
    backend: str,
    workers: int | None = None,
    max_memory: int | str | None = None,
    method: str | Plan = "auto",
) -> Execution:
    """How an image of the library `source` is computed: on the backend asked for, or wherever it can be."""
    if backend == "auto":
        chosen = usable_backends() if source.name == "numpy" else [source]
    else:
        chosen = [get_backend(backend)]
    machines = tuple(machine_on(b, 0.0 if b is source else max(b.transfer, source.transfer)) for b in chosen)
    return Execution(source, machines, task, method, workers, as_bytes(max_memory))


def device_for(source: Backend, backend: str) -> Backend:
    """Where an operation without a plan is computed: where the image is, unless another backend is asked for."""
    return source if backend == "auto" else get_backend(backend)
