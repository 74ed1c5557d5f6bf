"""`diffuse`: diffusion of a concentration as one Gaussian filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from .._arrays import Array
from .._progress import Task
from .._registry import Param
from ..kernels._grid import per_axis
from ..kernels.spreading import diffusion, spread_line
from ..ops.inspection.diffusion_error import BLOB, diffusion_error
from . import _options as o
from ._convolution import run_window
from ._fourier_arguments import Spacing, as_acted


@o.public
def diffuse(
    image: Any,
    /,
    *,
    D: Annotated[float | Sequence[float], Param(min=0, step=0.1, label="diffusion coefficient")],
    t: Annotated[float, Param(min=0, step=0.1, label="time")],
    axes: o.Axes = None,
    spacing: Spacing = None,
    boundary: o.Boundary = "reflect",
    cval: o.CVal = 0.0,
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
    """Let an image diffuse for a time: solve ``du/dt = div(D grad u)`` with the image as initial state.

    One convolution with a Gaussian of standard deviation ``sqrt(2 D t)`` for any time: `kernels.diffusion`. The default
    boundary is a closed box (no flux through the edges); ``constant`` is a surrounding bath with concentration `cval`;
    ``wrap`` is a periodic domain.

    Parameters
    ----------
    {image}
    D : float, sequence of float
        Diffusion coefficient in square length per time, one for all of `axes` or one for each.
    t : float
        Duration, in the time unit of `D`; at least 0.
    {all.axes}
    spacing : float, sequence of float, optional
        Distance between neighbouring samples along each of `axes`, in the length unit of `D`; 1 by default.
    {boundary, cval, mask, nan, dtype, method, backend, workers, max_memory, progress, report}

    Returns
    -------
    {same.array}
        With a closed or periodic boundary the total is preserved, and no value leaves the image's range.

    Raises
    ------
    {TypeError}
    ValueError
        When `D` or `t` is negative or not finite, or an option has an unknown value.
    {BackendUnavailable, MemoryError}

    Notes
    -----
    The variance along each axis grows by exactly ``2 D t``. For blobs with a standard deviation of at least 1.5 samples
    the deviation from the analytic solution, relative to the highest value, is at most the report's `error`: never
    above 0.002 per axis, and below 1e-5 once ``2 D t`` is at least one square sample. This does not apply to single
    bright samples, which have no defined continuous counterpart.

    References
    ----------
    J. Crank, The Mathematics of Diffusion (1975), section 2.1.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> drop = np.zeros((1, 101))
    >>> drop[0, 50] = 1
    >>> later = nc.diffuse(drop, D=0.4, t=30, spacing=0.5, axes=1)  # um²/s, s, um
    >>> x = (np.arange(101) - 50) * 0.5
    >>> float(np.sqrt((later[0] * x**2).sum()).round(5)), float(np.sqrt(2 * 0.4 * 30).round(5))
    (4.89898, 4.89898)
    """
    task = Task("diffuse", progress, report)
    array, count = image if o.is_lazy(image) else o.as_input(image).array, None
    if axes is None:
        named = [len(value) for value in (D, spacing) if isinstance(value, Sequence)]
        count = named[0] if named else None
    acted = as_acted(array.shape, axes, spacing, count)
    if isinstance(D, Sequence) and len(D) != len(acted.axes):
        raise ValueError(f"D={D!r} has {len(D)} coefficients for {len(acted.axes)} axes")
    each = per_axis(D, len(acted.axes))
    rising = tuple(each[acted.order.index(place)] for place in range(len(each)))
    kernel = diffusion(D=rising, t=t, spacing=acted.spacing)
    variances = [2 * d * t / h / h for d, h in zip(rising, acted.spacing, strict=True)]
    task.detail(error=diffusion_error([spread_line(v) for v in variances], variances))
    task.assume(f"the stated error is for blobs of {BLOB:g} samples or more")
    call = o.WindowCall(acted.axes, boundary, cval, nan=nan, dtype=dtype)
    return run_window(
        "convolve",
        image,
        kernel,
        call,
        mask,
        lambda source: o.execution(source, task, backend, workers, max_memory, method),
    )
