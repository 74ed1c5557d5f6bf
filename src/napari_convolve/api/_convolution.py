"""`convolve` and `correlate`: validate, then delegate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._arrays import Array, check_numbers, compute_dtype, dtype_name, wanted_dtype
from .._progress import Task
from ..backends import BACKENDS, backend_of, get_backend
from ..boundary import MODES
from ..kernels import Kernel, as_kernel
from ..methods import METHODS
from ..ops.filtering import window as ops
from ..planning import Plan
from ._options import (
    Axes,
    BackendName,
    Boundary,
    CVal,
    DType,
    MaxMemory,
    MethodName,
    NaN,
    Origin,
    OutputShape,
    Progress,
    ReportCallback,
    Workers,
    as_axes,
    as_bytes,
    as_callback,
    as_cval,
    as_input,
    as_origin,
    as_workers,
    documented,
    is_lazy,
    machines_for,
    one_of,
)

NAN_POLICIES = ("propagate", "omit")


@documented
def convolve(
    image: Any,
    kernel: Any,
    /,
    *,
    axes: Axes = None,
    boundary: Boundary = "reflect",
    cval: CVal = 0.0,
    shape: OutputShape = "same",
    origin: Origin = 0,
    mask: Any = None,
    nan: NaN = "propagate",
    dtype: DType = None,
    method: MethodName = "auto",
    backend: BackendName = "auto",
    workers: Workers = None,
    max_memory: MaxMemory = None,
    progress: Progress = None,
    report: ReportCallback = None,
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
    return _window("convolve", **locals())


@documented
def correlate(
    image: Any,
    kernel: Any,
    /,
    *,
    axes: Axes = None,
    boundary: Boundary = "reflect",
    cval: CVal = 0.0,
    shape: OutputShape = "same",
    origin: Origin = 0,
    mask: Any = None,
    nan: NaN = "propagate",
    dtype: DType = None,
    method: MethodName = "auto",
    backend: BackendName = "auto",
    workers: Workers = None,
    max_memory: MaxMemory = None,
    progress: Progress = None,
    report: ReportCallback = None,
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
    return _window("correlate", **locals())


def _window(operation: str, *, image: Any, kernel: Any, **settings: Any) -> Array:
    """Validate everything, then hand over to the operation."""
    task = Task(operation, as_callback("progress", settings["progress"]), as_callback("report", settings["report"]))
    return run_window(operation, image, host_kernel(kernel), settings, task)


def run_window(operation: str, image: Any, kernel: Kernel, settings: Mapping[str, Any], task: Task) -> Array:
    """A convolution or correlation, called by its options, as a task that may have another name."""
    if is_lazy(image):
        return _lazy(operation, image, kernel, settings, task)
    given = as_input(image, settings["mask"])
    kernel, window = as_window(operation, given.array.shape, dtype_name(given.array.dtype), kernel, settings)
    refuse_complex(kernel, window, given.mask is not None)
    result = ops.window_sum(
        given.array,
        kernel,
        window,
        given.mask,
        source=given.source,
        machines=machines_for(as_backend(settings["backend"]), given.source),
        method=as_method(settings["method"]),
        workers=as_workers(settings["workers"]),
        max_memory=as_bytes(settings["max_memory"]),
        task=task,
    )
    task.finish()
    return result


def _lazy(operation: str, image: Any, kernel: Kernel, settings: Mapping[str, Any], task: Task) -> Array:
    """A Dask or Zarr array in, a Dask array out; nothing is computed yet."""
    from ..bigdata import _lazy_windows as lazy

    image = lazy.as_dask(image)
    check_numbers(image.dtype)
    kernel, window = as_window(operation, image.shape, image.dtype.name, kernel, settings)
    mask = None if settings["mask"] is None else lazy.as_mask(settings["mask"], image)
    refuse_complex(kernel, window, mask is not None)
    result = lazy.lazy_window_sum(
        image,
        kernel,
        window,
        mask,
        machines=machines_for(as_backend(settings["backend"]), get_backend("numpy")),
        method=as_method(settings["method"]),
        workers=as_workers(settings["workers"]),
        max_memory=as_bytes(settings["max_memory"]),
    )
    task.assume("a lazy array: computed chunk by chunk when it is asked for, progress is Dask's")
    task.finish()
    return result


def refuse_complex(kernel: Kernel, window: ops.Window, masked: bool) -> None:
    """ValueError for a complex kernel where samples are left out."""
    if (masked or window.nan == "omit") and kernel.values.dtype.kind == "c":
        raise ValueError("a complex kernel has no normalised convolution: mask and nan='omit' need a real kernel")


def as_window(
    operation: str, shape: tuple[int, ...], dtype: str, kernel: Kernel, settings: Mapping[str, Any]
) -> tuple[Kernel, ops.Window]:
    """The window options, validated against the image and the kernel; the kernel with its axes in rising order."""
    axes = as_axes(settings["axes"], len(shape), kernel.ndim)
    complex_result = compute_dtype(dtype, complex_kernel=kernel.values.dtype.kind == "c").startswith("complex")
    mode = one_of("shape", settings["shape"], ops.SHAPES)
    for axis, k in zip(axes, kernel.shape, strict=True):
        if shape[axis] == 0:
            raise ValueError(f"image of shape {shape} has no samples along axis {axis}, which the kernel acts on")
        if mode == "valid" and k > shape[axis]:
            raise ValueError(f"shape='valid' needs a kernel no longer than the image: {k} > {shape[axis]}, axis {axis}")
    window = ops.Window(
        operation=operation,
        axes=axes,
        boundary=one_of("boundary", settings["boundary"], MODES.names()),
        cval=as_cval(settings["cval"], complex_result=complex_result),
        shape=mode,
        origin=as_origin(settings["origin"], kernel.center, kernel.shape, mode),
        nan=one_of("nan", settings["nan"], NAN_POLICIES),
        dtype=wanted_dtype(settings["dtype"], complex_result=complex_result),
    )
    return ops.in_order(kernel, window)


def host_kernel(kernel: Any, what: str = "kernel") -> Kernel:
    """A kernel from a Kernel, or an array on any device; `what` is the name of the argument."""
    backend = None if isinstance(kernel, Kernel) else backend_of(kernel)
    try:
        return as_kernel(kernel if backend is None else backend.to_host(kernel))
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError  # a subclass may take other arguments
        raise kind(str(error).replace("kernel", what, 1)) from error


def as_method(method: Any) -> str | Plan:
    """The name of a method, ``"auto"``, or a plan to follow."""
    if isinstance(method, Plan):
        return method
    return one_of("method", method, ("auto", *METHODS.names()))


def as_backend(backend: Any) -> str:
    """The name of a backend, or ``"auto"``."""
    return one_of("backend", backend, ("auto", *BACKENDS.names()))
