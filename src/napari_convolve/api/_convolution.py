"""`convolve` and `correlate`: validate, then delegate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .._arrays import Array, check_numbers, compute_dtype, dtype_name, wanted_dtype
from .._progress import Task
from ..backends import Backend, get_backend
from ..kernels import Kernel
from ..ops.execution.execution import Execution
from ..ops.filtering.window import Window, in_order, window_sum
from ..planning import ArraySpec
from . import _options as o


@o.public
def convolve(
    image: Any,
    kernel: Any,
    /,
    *,
    axes: o.Axes = None,
    boundary: o.Boundary = "reflect",
    cval: o.CVal = 0.0,
    shape: o.OutputShape = "same",
    origin: o.Origin = 0,
    mask: Any = None,
    nan: o.NaN = "propagate",
    dtype: o.DType = None,
    method: o.MethodName = "auto",
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> Array:
    """Convolve an image with a kernel: ``sum_j image[i + c + origin - j] kernel[j]``, c the kernel's centre.

    Equal to `scipy.ndimage.convolve` on the float image for all five boundaries, odd and even kernels, and kernels
    larger than the image; ``shape="full"`` with ``boundary="constant"`` equals `scipy.signal.convolve`.

    Parameters
    ----------
    {image, kernel, axes, boundary, cval, shape, origin, mask, nan, dtype, method}
    {backend, workers, max_memory, progress, report}

    Returns
    -------
    array
        Array of the image's library: CuPy for CuPy, lazy Dask for Dask or Zarr, else NumPy.

    Raises
    ------
    TypeError
        When image or kernel does not contain numbers, or an option has the wrong type.
    ValueError
        When an option has an unknown value, the kernel does not fit the image, or NaN cannot be cast to `dtype`.
    {BackendUnavailable, MemoryError}

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.convolve([0, 0, 6, 0, 0, 0], [1 / 3, 1 / 3, 1 / 3]).round(4).tolist()
    [0.0, 2.0, 2.0, 2.0, 0.0, 0.0]
    """
    call = WindowCall(axes, boundary, cval, shape, origin, nan, dtype)
    task = Task("convolve", progress, report)
    return run_window(
        "convolve",
        image,
        o.host_kernel(kernel),
        call,
        mask,
        lambda source: o.execution(source, task, backend, workers, max_memory, method),
    )


@o.public
def correlate(
    image: Any,
    kernel: Any,
    /,
    *,
    axes: o.Axes = None,
    boundary: o.Boundary = "reflect",
    cval: o.CVal = 0.0,
    shape: o.OutputShape = "same",
    origin: o.Origin = 0,
    mask: Any = None,
    nan: o.NaN = "propagate",
    dtype: o.DType = None,
    method: o.MethodName = "auto",
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> Array:
    """Correlate an image with a kernel: ``sum_j image[i - c - origin + j] conj(kernel[j])``, c the kernel's centre.

    Equal to `scipy.ndimage.correlate` on the float image. The kernel is not flipped; a complex one is conjugated.

    Parameters
    ----------
    {image, kernel, axes, boundary, cval, shape, origin, mask, nan, dtype, method}
    {backend, workers, max_memory, progress, report}

    Returns
    -------
    array
        Array of the image's library, as for `convolve`.

    Raises
    ------
    TypeError, ValueError, BackendUnavailable, MemoryError
        As `convolve`.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.correlate([0, 0, 1, 0, 0], [1, 2, 3]).tolist()
    [0.0, 3.0, 2.0, 1.0, 0.0]
    """
    call = WindowCall(axes, boundary, cval, shape, origin, nan, dtype)
    task = Task("correlate", progress, report)
    return run_window(
        "correlate",
        image,
        o.host_kernel(kernel),
        call,
        mask,
        lambda source: o.execution(source, task, backend, workers, max_memory, method),
    )


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
        axes = o.as_axes(self.axes, len(shape), len(kernel.shape), what)
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
            cval=o.as_cval(self.cval, complex_result=complex_result),
            shape=self.shape,
            origin=o.as_origin(self.origin, kernel.center, kernel.shape, self.shape),
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


def run_window(
    operation: str, image: Any, kernel: Kernel, call: WindowCall, mask: Any, run: Callable[[Backend], Execution]
) -> Array:
    """Convolve or correlate; `run` says how an image of a library is computed, by a task of any name."""
    if o.is_lazy(image):
        return _lazy(operation, image, kernel, call, mask, run(get_backend("numpy")))
    given = o.as_input(image, mask)
    kernel, window = in_order(kernel, call.window(operation, spec_of(given.array), kernel))
    refuse_complex(kernel, window, given.mask is not None)
    execution = run(given.source)
    result = window_sum(given.array, kernel, window, given.mask, execution)
    execution.task.finish()
    return result


def _lazy(operation: str, image: Any, kernel: Kernel, call: WindowCall, mask: Any, run: Execution) -> Array:
    """A Dask or Zarr array in, a Dask array out; nothing is computed yet."""
    from ..bigdata import _lazy_windows as lazy

    image = lazy.as_dask(image)
    check_numbers(image.dtype)
    kernel, window = in_order(kernel, call.window(operation, spec_of(image), kernel))
    mask = None if mask is None else lazy.as_mask(mask, image)
    refuse_complex(kernel, window, mask is not None)
    result = lazy.lazy_window_sum(image, kernel, window, mask, run)
    run.task.assume("a lazy array: computed chunk by chunk when it is asked for, progress is Dask's")
    run.task.finish()
    return result


def refuse_complex(kernel: Kernel, window: Window, masked: bool) -> None:
    """ValueError for a complex kernel where samples are left out."""
    if (masked or window.nan == "omit") and kernel.values.dtype.kind == "c":
        raise ValueError("a complex kernel has no normalised convolution: mask and nan='omit' need a real kernel")
