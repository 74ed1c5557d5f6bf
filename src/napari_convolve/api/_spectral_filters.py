"""`filter_spectrum` and `bandpass`: validate, then delegate."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np

from .._arrays import Array
from .._progress import Task
from .._registry import Param
from ..backends import backend_of
from ..kernels import Kernel
from ..kernels._values import as_spacing
from ..ops.fourier.band_filters import Band
from ..ops.fourier.fir_design import response_of
from ..ops.fourier.frequency_grid import takes_one
from ..ops.fourier.kernel_response import FrequencyResponse
from ..ops.fourier.response_spec import Curve, Response, as_response
from ..ops.fourier.spectral_filter import filter_image
from . import _options as o
from ._deconvolution_arguments import Edges, MissingPolicy, as_valid
from ._fourier_arguments import Spacing, as_acted, as_filter, described

LIMITS = ("frequency", "size")

Limit = Annotated[float | None, Param(min=0.0, max=math.inf, unit="frequency")]
By = Annotated[Literal["frequency", "size"], Param(choices=LIMITS, label="limits are")]
Transition = Annotated[float, Param(min=0.0, max=10.0, step=0.1, label="octaves of transition", advanced=True)]


@o.validated
@described
def filter_spectrum(
    image: Any,
    response: Any,
    /,
    *,
    axes: o.Axes = None,
    spacing: Spacing = None,
    edges: Edges = "extend",
    mask: Any = None,
    nan: MissingPolicy = "raise",
    dtype: o.DType = None,
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> Array:
    """Filter an image by what is to become of each frequency: multiply its spectrum with a response.

    A real image stays real: where the response says something else at a frequency than at its opposite, the value
    that lies farther from the median counts for both, so that a notch or a band drawn on one side works on both.

    Parameters
    ----------
    image : array_like
        Numbers of at least one dimension; never modified.
    response : callable, array_like, tuple of two sequences, Kernel or FrequencyResponse
        A function of the frequencies in cycles per unit, one array for each of `axes` (a function of one argument,
        with several axes, takes their length); values on the grid of the image's `numpy.fft.fftn`, such as a mask of
        0 and 1; rising frequencies and the gains there, a radial curve; or what convolving with a kernel does. May be
        complex.
    axes : int, tuple of int, optional
        The axes to act on; by default all, or the last ones that an array or kernel has. The others are batch axes.
    spacing : float, sequence of float, optional
        Distance of neighbouring samples along each of `axes`; 1 by default.
    edges : {"extend", "periodic"}
        Continue the image smoothly on a larger grid, so that its opposite edges do not meet, or take it as one period.
    {missing}
    {dtype}
    {run}

    Returns
    -------
    array
        Of the image's shape and library.

    Raises
    ------
    TypeError
        When an argument has the wrong type.
    ValueError
        When an option has an unknown value, the response does not fit or is not finite, or the image holds NaN and
        ``nan="raise"``.
    BackendUnavailable, MemoryError
        As `convolve`.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> t = np.arange(100) / 100
    >>> slow, fast = np.cos(2 * np.pi * 3 * t), np.cos(2 * np.pi * 20 * t)
    >>> kept = nc.filter_spectrum(slow + fast, lambda f: abs(f) < 10, spacing=1 / 100, edges="periodic")
    >>> bool(np.allclose(kept, slow))
    True
    """
    task = Task("filter_spectrum", progress, report)
    given = o.as_input(image, mask)
    wanted, count = _as_wanted(response, spacing)
    acted = as_acted(given.array.shape, axes, spacing, count)
    options = as_filter("filter_spectrum", given, edges, dtype, acted)
    wanted = _rising(wanted, acted.order)
    if isinstance(wanted, np.ndarray):
        grid = tuple(given.array.shape[a] for a in options.axes)
        if wanted.shape != grid:
            raise ValueError(f"response has shape {wanted.shape}; the grid of the image's fftn has {grid}")
    valid = as_valid(given.array, given.mask, nan, options.axes, given.source)
    run = o.execution(given.source, task, backend, workers, max_memory)
    result = filter_image(given.array, wanted, options, valid, run)
    task.finish()
    return result


@o.validated
@described
def bandpass(
    image: Any,
    /,
    low: Limit = None,
    high: Limit = None,
    *,
    by: By = "frequency",
    transition: Transition = 1.0,
    axes: o.Axes = None,
    spacing: Spacing = None,
    edges: Edges = "extend",
    mask: Any = None,
    nan: MissingPolicy = "raise",
    dtype: o.DType = None,
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> Array:
    """Keep what lies between two frequencies, or between two sizes; the edges of the band are smooth.

    Parameters
    ----------
    image : array_like
        Numbers of at least one dimension; never modified.
    low, high : float, optional
        The limits, where half of the amplitude passes: frequencies in cycles per unit of `spacing`, or sizes in its
        unit. None (or 0 and infinity) for no limit. Without `low` (`high`, of sizes) the mean is kept, else taken out.
    by : {"frequency", "size"}
        What the limits are. A size is half a period, such as the width of a bar in a row of bars and equal gaps.
    transition : float
        Octaves over which each edge of the band rises as a raised cosine; 0 for a jump, which rings.
    {acted}
    edges : {"extend", "periodic"}
        Continue the image smoothly on a larger grid, so that its opposite edges do not meet, or take it as one period.
    {missing}
    {dtype}
    {run}

    Returns
    -------
    array
        Of the image's shape and library. The response itself, a function of the frequencies that `filter_spectrum`
        takes, is in the report's ``details["response"]``.

    Raises
    ------
    TypeError, ValueError, BackendUnavailable, MemoryError
        As `filter_spectrum`; ValueError also for limits that are negative or not in order.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> t = np.arange(400) / 400
    >>> waves = [np.cos(2 * np.pi * f * t) for f in (2, 16, 128)]
    >>> kept = nc.bandpass(sum(waves), 8, 32, spacing=1 / 400, edges="periodic")
    >>> bool(np.allclose(kept, waves[1]))
    True
    """
    task = Task("bandpass", progress, report)
    given = o.as_input(image, mask)
    options = as_filter("bandpass", given, edges, dtype, as_acted(given.array.shape, axes, spacing))
    response = _as_band(low, high, by, transition)
    task.detail(response=response)
    valid = as_valid(given.array, given.mask, nan, options.axes, given.source)
    run = o.execution(given.source, task, backend, workers, max_memory)
    result = filter_image(given.array, response, options, valid, run)
    task.finish()
    return result


def _as_wanted(response: Any, spacing: Any) -> tuple[Response, int | None]:
    """The response as a function or an array, and the number of axes it is for, when it has one."""
    if isinstance(response, FrequencyResponse):
        response = response.kernel
    if isinstance(response, Kernel):  # its samples are the image's
        steps = as_spacing(spacing, response.ndim) or (1.0,) * response.ndim
        return response_of(response, None, steps, None).at, response.ndim
    device = backend_of(response)
    wanted = as_response(response if device is None else device.to_host(response))
    return wanted, wanted.ndim if isinstance(wanted, np.ndarray) else None


def _rising(response: Response, order: tuple[int, ...]) -> Response:
    """A response whose axes are in the caller's order, as one of the rising axes."""
    if order == tuple(range(len(order))):
        return response
    if isinstance(response, np.ndarray):
        return np.transpose(response, np.argsort(order))
    if isinstance(response, Curve) or takes_one(response):
        return response
    return lambda *lines: response(*(lines[o] for o in order))


def _as_band(low: float | None, high: float | None, by: str, octaves: float) -> Band:
    limits = [0.0 if low is None else low, math.inf if high is None else high]
    if not limits[0] < limits[1]:
        raise ValueError(f"low={low!r} must be less than high={high!r}")
    if by == "size":  # a size is half a period
        limits = [0.0 if math.isinf(limits[1]) else 0.5 / limits[1], math.inf if limits[0] == 0 else 0.5 / limits[0]]
    return Band(limits[0], limits[1], octaves)
