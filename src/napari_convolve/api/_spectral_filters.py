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
from ._fourier_arguments import Spacing, as_acted, as_filter

LIMITS = ("frequency", "size")

Limit = Annotated[float | None, Param(min=0.0, max=math.inf, unit="frequency")]
By = Annotated[Literal["frequency", "size"], Param(choices=LIMITS, label="limits are")]
Transition = Annotated[float, Param(min=0.0, max=10.0, step=0.1, label="octaves of transition", advanced=True)]


@o.public
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
    """Filter an image in the frequency domain: multiply its spectrum by a response.

    The result of a real image is real: where the response differs between a frequency and its negative, both get the
    value that is farther from the median, so that a notch or a band given on one side acts on both.

    Parameters
    ----------
    {image}
    response : callable, array_like, tuple of two sequences, Kernel or FrequencyResponse
        A function of the frequencies in cycles per unit, one array for each of `axes` (with several axes, a function of
        one argument is called with the radial frequency); values on the grid of the image's `numpy.fft.fftn`, such as
        a mask of 0 and 1; a radial curve, as increasing frequencies and their gains; or a kernel. May be complex.
    axes : int, tuple of int, optional
        Axes to act on; by default all, or the last ones when an array or kernel has fewer. All others are batch axes.
    {spacing, edges, filled.mask, raise.nan, dtype, backend, workers, max_memory, progress, report}

    Returns
    -------
    {same.array}

    Raises
    ------
    {TypeError}
    ValueError
        When an option has an unknown value, the response does not fit or is not finite, or the image contains NaN with
        ``nan="raise"``.
    {BackendUnavailable, MemoryError}

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


@o.public
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
    """Keep the frequencies, or the sizes, between two limits, with smooth band edges.

    Parameters
    ----------
    {image}
    low, high : float, optional
        Limits of the band, where half of the amplitude passes: frequencies in cycles per unit of `spacing`, or sizes in
        its unit. None (or 0 and infinity) for no limit. Without `low` (for sizes, `high`) the mean is kept.
    by : {"frequency", "size"}
        Meaning of the limits. A size is half a period, such as the width of the bars in a grating with equal gaps.
    transition : float
        Width of each band edge, a raised cosine, in octaves; 0 for an ideal filter, which causes ringing.
    {all.axes, spacing, edges, filled.mask, raise.nan, dtype, backend, workers, max_memory, progress, report}

    Returns
    -------
    {same.array}
        The report's ``details["response"]`` is the response as a function for `filter_spectrum`.

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
