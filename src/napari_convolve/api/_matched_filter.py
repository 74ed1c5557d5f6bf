"""`matched_filter`: validate, estimate the noise, then delegate."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np

from .._arrays import Array
from .._progress import Task
from .._registry import Param
from ..backends import backend_of
from ..kernels import Kernel
from ..ops.filtering.window import in_order, window_sum
from ..ops.matching import matched_filtering as ops
from ..ops.matching.template import Pattern
from ..ops.noise.noise_covariance import sample_of, white_sigma
from ..ops.noise.noise_model import NoiseEstimate
from . import _options as o
from ._template_matching import TemplateMask, as_real_input, host_pattern

Noise = Annotated[Any, Param(label="noise")]


@o.public_with_masks("image", "template")
def matched_filter(
    image: Any,
    template: Any,
    /,
    *,
    template_mask: TemplateMask = None,
    noise: Noise = "white",
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
    """Map the signal-to-noise ratio of a known shape at every position, in standard deviations of the noise.

    Of all linear filters that ignore a constant background, this one maximises the signal-to-noise ratio. Unlike the
    score of `match_template`, the value is proportional to the height of the shape; pure noise of the assumed strength
    gives values of mean 0 and standard deviation 1.

    Parameters
    ----------
    {real.image}
    template : Kernel or array_like
        The shape on any constant background, which is estimated from its rim.
    template_mask : array_like of bool, optional
        Of the template's shape, True where a sample is used.
    noise : {"white", "coloured"}, float, callable, array_like or NoiseEstimate
        White noise, its strength estimated from the image; coloured noise, its spectrum estimated from the image
        without outliers (the image is then whitened in the same pass); the standard deviation of white noise; or the
        power spectrum of the noise, as a function of the frequencies in cycles per sample (one array per axis) or on
        the grid of `numpy.fft.fftn` along `axes`, scaled so that its mean is the variance.
    {axes, boundary, cval, shape, origin, mask, nan, dtype, method, backend, workers, max_memory, progress, report}

    Returns
    -------
    array
        Signal-to-noise ratio, with the shape of the image for ``shape="same"``. The report's ``details["kernel"]`` is
        the filter as a kernel for `correlate`.

    Raises
    ------
    TypeError, ValueError
        As `match_template`; also for noise that is negative, zero or NaN, or does not fit the image.
    {BackendUnavailable, MemoryError}

    References
    ----------
    .. [1] G. Turin, An introduction to matched filters, IRE Trans. Inf. Theory 6 (1960) 311.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> image = 100 + 2 * np.random.default_rng(0).normal(size=(60, 60))
    >>> image[20:25, 30:35] += 10
    >>> snr = nc.matched_filter(image, np.pad(np.ones((5, 5)), 2), noise=2.0)
    >>> tuple(int(i) for i in np.unravel_index(snr.argmax(), snr.shape))
    (22, 32)
    >>> bool(20 < snr.max() < 25)  # 10 * sqrt(25) / 2, less what the background takes
    True
    """
    task = Task("matched_filter", progress, report)
    pattern = host_pattern(template, template_mask)
    given = as_real_input(image, mask)
    call, spec = o.WindowCall(axes, boundary, cval, shape, origin, nan, dtype), o.spec_of(given.array)
    acted = call.window("correlate", spec, pattern, "template").axes
    # a window larger than the template whitens better, but would change the size of "valid" and "full"
    kernel = _kernel(given, pattern, noise, acted, shape == "same", task)
    ordered, window = in_order(kernel, call.window("correlate", spec, kernel))
    run = o.execution(given.source, task, backend, workers, max_memory, method)
    result = window_sum(given.array, ordered, window, given.mask, run)
    task.detail(kernel=ordered)
    task.finish()
    return result


def _kernel(source: o.Input, pattern: Pattern, noise: Any, axes: tuple[int, ...], grow: bool, task: Task) -> Kernel:
    """The matched filter for the given or estimated noise."""
    if isinstance(noise, NoiseEstimate):
        noise = float(noise.noise)
    if isinstance(noise, str):
        if noise not in ("white", "coloured"):
            raise ValueError(f"noise={noise!r} is not one of 'white', 'coloured', a number, a function or an array")
        entries, there = sample_of(source.array, source.mask, axes, source.source)
        if noise == "coloured":
            if not there.any() or float(np.ptp(entries[there])) == 0:
                return ops.white_kernel(pattern, 1.0)
            kernel, share = ops.learn_coloured(entries, there, pattern, grow)
            task.assume(f"spectrum of the noise learnt from {share:.0%} of the image")
            return kernel
        sigma = white_sigma(entries, there)
        task.detail(sigma=sigma)
        task.assume(f"white noise of standard deviation {sigma:.4g}, from second differences")
        return ops.white_kernel(pattern, sigma or 1.0)  # without noise there is nothing to compare with
    if callable(noise):
        return ops.coloured_kernel(pattern, _checked(ops.function_power(noise)), grow)
    if isinstance(noise, int | float | np.integer | np.floating) and not isinstance(noise, bool):
        if not 0 < noise < math.inf:
            raise ValueError(f"noise={noise!r} must be a positive standard deviation")
        return ops.white_kernel(pattern, float(noise))
    device = backend_of(noise)
    power = np.asarray(noise if device is None else device.to_host(noise))
    lengths = tuple(source.array.shape[a] for a in axes)
    if power.dtype.kind not in "iuf":
        raise TypeError(f"noise={noise!r} must be 'white', 'coloured', a number, a function or an array of numbers")
    if power.shape != lengths:
        raise ValueError(f"noise of shape {power.shape} does not fit the image's axes of {lengths}")
    return ops.coloured_kernel(pattern, _checked(ops.grid_power(_positive(power.astype(float)))), grow)


def _checked(power: ops.Power) -> ops.Power:
    return lambda shape: _positive(power(shape))


def _positive(power: np.ndarray) -> np.ndarray:
    """The power, or ValueError when it is none."""
    if not np.isfinite(power).all() or (power < 0).any() or not power.any():
        raise ValueError("noise must have a power that is finite and not negative, and not 0 everywhere")
    return power
