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


@o.public
def frequency_response(
    kernel: Any, /, shape: Annotated[int | Sequence[int] | None, Param(min=1)] = None, spacing: Spacing = None
) -> FrequencyResponse:
    """Frequency response of a kernel: by which amplitude and phase convolution changes each sinusoid.

    Parameters
    ----------
    kernel : Kernel or array_like
        Weights; their centre (`Kernel.center`, ``N // 2`` by default) is the origin, with phase zero.
    shape : int, tuple of int, optional
        Shape of the frequency grid (that of `numpy.fft.fftn`). With the image's shape the response is the factor that
        convolution with ``boundary="wrap"`` applies to the image's FFT. By default fine enough for a smooth plot.
    spacing : float, sequence of float, optional
        Sample distance along each axis; by default the kernel's, or 1. Frequencies are in cycles per its unit.

    Returns
    -------
    FrequencyResponse
        `amplitude`, `phase` in degrees, `frequencies`, `cutoff_3db`, `cutoff_6db`, and the response `at` any frequency.

    Raises
    ------
    TypeError, ValueError
        When the kernel does not contain finite numbers, or `shape` or `spacing` do not fit it.

    Notes
    -----
    ``H(f) = sum_j w[j] exp(-2 pi i f (j - c))``, the factor that ``sum_j x[i + c - j] w[j]`` applies to
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


@o.public
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
    """Design a kernel (FIR filter) of a given size with a desired frequency response.

    Parameters
    ----------
    response : callable, tuple of two sequences, or array_like
        Desired response: a function of the frequencies in cycles per unit, one array per axis (with several axes, a
        function of one argument is called with the radial frequency); a radial curve, as increasing frequencies and
        their gains; or values on the grid of `numpy.fft.fftn`, at least as large as the kernel. NaN from a function or
        in a curve marks frequencies that are ignored, such as transitions between bands.
    size : int, sequence of int
        Number of weights, for all axes or each. Only odd sizes can be symmetric about the centre.
    window : {"hamming", "hann", "blackman", "boxcar"}, float or None
        Window applied to the impulse response; a number is the beta of a Kaiser window. None: a least squares fit,
        which minimises the mean square error over all frequencies that are not ignored.
    ndim : int, optional
        Number of axes; by default that of `size` or of the array, else 2.
    spacing : float, sequence of float, optional
        Distance between neighbouring samples along each axis; 1 by default.
    units : str, optional
        Unit of `spacing`, such as ``"um"``.

    Returns
    -------
    Kernel
        Real kernel, centred at ``N // 2``. Its `parameters` hold ``max_error`` and ``rms_error``, the absolute
        deviation from the desired response on a fine grid of the frequencies that are not ignored. The gain at
        frequency zero, unless ignored, is exact.

    Raises
    ------
    TypeError
        When an argument has the wrong type.
    ValueError
        When an option has an unknown value, or the response is undefined everywhere, infinite or does not fit `size`.

    Notes
    -----
    The response of a real kernel satisfies ``H(-f) = conj(H(f))``. Where the desired one does not, both frequencies get
    the value of the pair that is farther from the median. Even sizes, which cannot be symmetric, have larger errors.

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
