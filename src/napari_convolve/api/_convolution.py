"""`convolve` and `correlate`: validate, then delegate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._arrays import Array, check_numbers
from .._progress import Task
from ..backends import Backend, get_backend
from ..kernels import Kernel
from ..ops.execution.execution import Execution
from ..ops.filtering.window import Window, in_order, window_sum
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
    call = o.WindowCall(axes, boundary, cval, shape, origin, nan, dtype)
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
    call = o.WindowCall(axes, boundary, cval, shape, origin, nan, dtype)
    task = Task("correlate", progress, report)
    return run_window(
        "correlate",
        image,
        o.host_kernel(kernel),
        call,
        mask,
        lambda source: o.execution(source, task, backend, workers, max_memory, method),
    )


def run_window(
    operation: str, image: Any, kernel: Kernel, call: o.WindowCall, mask: Any, run: Callable[[Backend], Execution]
) -> Array:
    """Convolve or correlate; `run` says how an image of a library is computed, by a task of any name."""
    if o.is_lazy(image):
        return _lazy(operation, image, kernel, call, mask, run(get_backend("numpy")))
    given = o.as_input(image, mask)
    kernel, window = in_order(kernel, call.window(operation, o.spec_of(given.array), kernel))
    refuse_complex(kernel, window, given.mask is not None)
    execution = run(given.source)
    result = window_sum(given.array, kernel, window, given.mask, execution)
    execution.task.finish()
    return result


def _lazy(operation: str, image: Any, kernel: Kernel, call: o.WindowCall, mask: Any, run: Execution) -> Array:
    """A Dask or Zarr array in, a Dask array out; nothing is computed yet."""
    from ..bigdata import _lazy_windows as lazy

    image = lazy.as_dask(image)
    check_numbers(image.dtype)
    kernel, window = in_order(kernel, call.window(operation, o.spec_of(image), kernel))
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
