"""`wiener`: validate, then delegate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from .._arrays import Array, compute_dtype, dtype_name, wanted_dtype
from .._progress import Task
from .._registry import Param
from ..ops.deconvolution import wiener_filter as ops
from . import _options as o
from ._deconvolution_arguments import Edges, MissingPolicy, as_nsr, as_psf_set, as_valid, is_estimate, quantum

Regularization = Annotated[
    Literal["identity", "laplacian"], Param(choices=ops.REGULARIZATIONS, label="regularization", advanced=True)
]
NoiseToSignal = Annotated[Any, Param(min=0.0, label="noise to signal")]


@o.validated
@o.documented
def wiener(
    image: Any,
    psf: Any,
    /,
    *,
    nsr: NoiseToSignal = "auto",
    regularization: Regularization = "identity",
    edges: Edges = "extend",
    axes: o.Axes = None,
    mask: Any = None,
    nan: MissingPolicy = "raise",
    dtype: o.DType = None,
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> Array:
    """Undo a known blur with a Wiener filter, ``conj(H) Y / (|H|^2 + nsr |L|^2)`` in the frequency domain.

    Nothing is shifted, whatever the parities of image, PSF and grid; the mean of the image is kept.

    Parameters
    ----------
    image : array_like
        Numbers of at least one dimension; never modified.
    psf : Kernel or array_like
        The point spread function, its centre at `Kernel.center` (``N // 2`` by default), no larger than the image;
        divided by its sum. A transfer function comes as ``Kernel.from_otf(otf)``. With as many axes as the image
        and fewer `axes`, it holds one PSF for each entry of the batch axes.
    nsr : float, callable, array_like, NoiseEstimate or "auto"
        Power of the noise over power of the object: a number; a function of the frequencies in cycles per sample,
        one array for each of `axes` (a function of one argument takes their length); values on the grid of the
        image's `numpy.fft.fftn`; what `estimate_noise` returns, alone or one for each entry of the batch axes; or
        ``"auto"``, estimated for each entry. Frequency zero always has 0.
    regularization : {"identity", "laplacian"}
        L is 1, or the discrete Laplacian, which asks for a smooth result. An estimated `nsr` is a full model of the
        object and makes the same filter with both.
    edges : {"extend", "periodic"}
        Continue the image on a larger grid, so that opposite edges do not meet, or take it as one period.
    axes : int, tuple of int, optional
        The axes the PSF acts on; by default the last ``psf.ndim``. All others are batch axes (time, channel).
    mask : array of bool, optional
        True where a sample counts; the others are filled by normalised smoothing, then by what the deconvolved
        object would look like there.
    nan : {"raise", "omit"}
        Whether a NaN or infinite sample is an error, or treated like a masked one.
    dtype : dtype, optional
        Of the result; by default float32 for bool, 8 and 16 bit integers, float16 and float32, else float64, complex
        when the image or PSF is. Integers are rounded and saturated, never wrapped.
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
        When the PSF is larger than the image, negative, not finite or sums to zero, `nsr` is negative or does not
        fit, or the image holds NaN and ``nan="raise"``.
    BackendUnavailable
        When the backend is known but cannot be used here.
    MemoryError
        Before the work starts, when it does not fit.

    References
    ----------
    N. Wiener, "Extrapolation, Interpolation, and Smoothing of Stationary Time Series", MIT Press 1949.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_convolve as nc
    >>> sharp = np.zeros(32)
    >>> sharp[16] = 1
    >>> psf = nc.kernels.gaussian(sigma=1, ndim=1)
    >>> blurred = nc.convolve(sharp, psf)
    >>> int(np.argmax(nc.wiener(blurred, psf, nsr=1e-4))), float(blurred.max().round(2))
    (16, 0.4)
    """
    task = Task("wiener", progress, report)
    given = o.as_input(image, mask)
    psfs = as_psf_set(o.host_kernel(psf, "psf"), given.array.shape, axes)
    complex_result = compute_dtype(dtype_name(given.array.dtype), complex_kernel=psfs.is_complex).startswith("complex")
    options = ops.WienerOptions(
        nsr=as_nsr(nsr, psfs, edges, quantum(given.array), task),
        spectral=is_estimate(nsr),
        regularization=regularization,
        edges=edges,
        dtype=wanted_dtype(dtype, complex_result=complex_result),
    )
    run = o.execution(given.source, task, backend, workers, max_memory)
    valid = as_valid(given.array, given.mask, nan, psfs.axes, given.source)
    result = ops.wiener_filter(given.array, psfs, options, valid, run)
    task.finish()
    return result
