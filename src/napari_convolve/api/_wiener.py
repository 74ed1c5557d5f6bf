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


@o.public
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

    The object is not shifted, for odd and even sizes of image, PSF and grid; the mean of the image is kept.

    Parameters
    ----------
    {image}
    {psf}
        A transfer function is given as ``Kernel.from_otf(otf)``.
    nsr : float, callable, array_like, NoiseEstimate or "auto"
        Noise-to-signal power ratio: a number; a function of the frequencies in cycles per sample, one array for each of
        `axes` (a function of one argument is called with the radial frequency); values on the grid of the image's
        `numpy.fft.fftn`; a result of `estimate_noise`, one for all or one per batch item; or ``"auto"``, estimated for
        each batch item. At frequency zero it is always 0.
    regularization : {"identity", "laplacian"}
        L is 1, or the discrete Laplacian, which favours a smooth result. An estimated `nsr` models the object's whole
        spectrum and gives the same filter with both.
    {edges, psf.axes}
    mask : array of bool, optional
        True where a sample is valid; the others are filled by normalised smoothing, then by the blurred result.
    {raise.nan, dtype, backend, workers, max_memory, progress, report}

    Returns
    -------
    {same.array}

    Raises
    ------
    {TypeError}
    ValueError
        When the PSF is larger than the image, negative, not finite or sums to zero; `nsr` is negative or does not fit;
        or the image contains NaN with ``nan="raise"``.
    {BackendUnavailable, MemoryError}

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
