"""`frequency_response` and `kernel_from_response`: validate, then delegate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from .._registry import Param
from ..backends import backend_of
from ..kernels import Kernel
from ..kernels._values import as_spacing, guard
from ..ops.fourier import fir_design as ops
from ..ops.fourier.fir_design import WINDOWS
from ..ops.fourier.kernel_response import FrequencyResponse
from ..ops.fourier.response_spec import as_response
from . import _options as o
from ._fourier_arguments import Spacing

Sizes = Annotated[int | Sequence[int], Param(min=1, step=2)]
DesignWindow = Annotated[str | float | None, Param(min=0, choices=tuple(WINDOWS))]


@o.validated
def frequency_response(
    kernel: Any, /, shape: Annotated[int | Sequence[int] | None, Param(min=1)] = None, spacing: Spacing = None
) -> FrequencyResponse:
    """What convolving with a kernel does to a wave of each frequency.

    Parameters
    ----------
    kernel : Kernel or array_like
        Its centre (`Kernel.center`, ``N // 2`` by default) stands for zero shift.
    shape : int, tuple of int, optional
        Of the grid of frequencies, that of `numpy.fft.fftn`; the image's shape gives the factors by which ``wrap``
        convolution multiplies the image's transform. By default fine enough to look smooth.
    spacing : float, sequence of float, optional
        Distance of neighbouring samples along each axis; by default the kernel's, or 1. Frequencies are in cycles per
        its unit.

    Returns
    -------
    FrequencyResponse
        `amplitude`, `phase` in degrees, `frequencies`, `cutoff_3db` and `cutoff_6db` for each axis, and the response
        `at` any frequency.

    Raises
    ------
    TypeError, ValueError
        When the kernel does not hold finite numbers, or `shape` or `spacing` do not fit it.

    Notes
    -----
    ``H(f) = sum_j w[j] exp(-2 pi i f (j - c))``, which is what ``sum_j x[i + c - j] w[j]`` makes of
    ``x[i] = exp(2 pi i f i)``. The cut-offs are the half power and half amplitude points, 3.01 and 6.02 dB.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> blur = nc.frequency_response(nc.kernels.gaussian(sigma=2, ndim=1, spacing=0.5))
    >>> [round(f, 3) for f in blur.cutoff_6db[0]]
    [0.094]
    """
    weights = o.host_kernel(kernel)
    grid = None if shape is None else as_sizes("shape", shape, weights.ndim)
    steps = as_spacing(spacing, weights.ndim) or weights.spacing
    return ops.response_of(weights, grid, steps, weights.units)


@o.validated
def kernel_from_response(
    response: Any,
    /,
    size: Sizes,
    *,
    window: DesignWindow = "hamming",
    ndim: Annotated[int | None, Param(min=1, label="dimensions")] = None,
    spacing: Spacing = None,
    units: str | None = None,
) -> Kernel:
    """Design a kernel (an FIR filter) of a given size from the frequency response it should have.

    Parameters
    ----------
    response : callable, tuple of two sequences, or array_like
        A function of the frequencies in cycles per unit, one array for each axis (a function of one argument, with
        several axes, takes their length); rising frequencies and the gains there, a radial curve; or values on the
        grid of an fftn, at least as long as the kernel. NaN from a function or in a curve says that the gain there
        does not matter, such as in a transition between bands.
    size : int, sequence of int
        Number of weights, for all axes or for each. Odd ones can be symmetric.
    window : {"hamming", "hann", "blackman", "boxcar"}, float or None
        What the impulse response is multiplied with; a number is the beta of a Kaiser window. None: the least squares
        fit, the least mean square error over the frequencies that matter.
    ndim : int, optional
        Number of axes; by default that of `size` or of the array, else 2.
    spacing : float, sequence of float, optional
        Distance of neighbouring samples along each axis; 1 by default.
    units : str, optional
        Unit of `spacing`.

    Returns
    -------
    Kernel
        Real, its centre at ``N // 2``. Its `parameters` hold the reached ``max_error`` and ``rms_error``: the absolute
        difference between its response and the wanted one, where that matters, on a fine grid of frequencies. The
        gain at frequency zero, when it matters, is met exactly.

    Raises
    ------
    TypeError
        When an argument has the wrong type.
    ValueError
        When an option has an unknown value, the response is nowhere defined, infinite, or does not fit `size`.

    Notes
    -----
    A real kernel has a response with ``H(-f) = conj(H(f))``; where the wanted one has not, the value of a pair that
    lies farther from the median counts for both. Even sizes have no symmetric kernel about ``N // 2``: their error
    is larger.

    References
    ----------
    A. V. Oppenheim, R. W. Schafer, "Discrete-Time Signal Processing", Prentice Hall, chapter 7.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> def low_pass(f):
    ...     return np.where(f < 0.1, 1.0, np.where(f > 0.2, 0.0, np.nan))
    >>> k = nc.kernel_from_response(low_pass, 21, window=None)
    >>> k.shape, k.parameters["max_error"] < 0.1
    ((21, 21), True)
    """
    device = backend_of(response)
    wanted = as_response(response if device is None else device.to_host(response))
    array = wanted if isinstance(wanted, np.ndarray) else None
    sizes = as_sizes("size", size, _as_ndim(ndim, size, array))
    guard(sizes)
    if array is not None:
        if array.ndim != len(sizes):
            raise ValueError(f"response has {array.ndim} axes, size {sizes} has {len(sizes)}")
        if any(n > length for n, length in zip(sizes, array.shape, strict=True)):
            raise ValueError(
                f"size {sizes} is longer than the response of shape {array.shape}; give it on a finer grid"
            )
    return ops.fir_kernel(wanted, sizes, window, as_spacing(spacing, len(sizes)), units)


def as_sizes(name: str, value: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    """One length for each axis; one number counts for all."""
    lengths = tuple(value) if isinstance(value, Sequence) else (value,) * ndim
    if len(lengths) != ndim:
        raise ValueError(f"{name}={value!r} needs one integer for each of {ndim} axes")
    guard(lengths, name)
    return lengths


def _as_ndim(ndim: int | None, size: int | Sequence[int], array: np.ndarray | None) -> int:
    if ndim is not None:
        return ndim
    if isinstance(size, Sequence):
        return len(size)
    return 2 if array is None else array.ndim
