"""`deconvolution_quality`: validate, then delegate."""

from __future__ import annotations

from typing import Annotated, Any

from .._arrays import compute_dtype, dtype_name
from .._progress import Task
from .._registry import Param
from ..backends import cpu_count, move
from ..ops.deconvolution import residual_quality as ops
from ..ops.deconvolution.residual_quality import DeconvolutionQuality
from ..ops.execution.batches import BatchItem
from ..ops.noise import noise_model as noise_ops
from . import _options as o
from ._deconvolution_arguments import Edges, MissingPolicy, as_psf_set, as_valid, quantum


@o.public
def deconvolution_quality(
    image: Any,
    found: Any,
    psf: Any,
    /,
    *,
    noise: Annotated[float | None, Param(min=0.0, label="known noise")] = None,
    background: Annotated[float, Param(min=0.0, label="background")] = 0.0,
    edges: Edges = "extend",
    axes: o.Axes = None,
    mask: Any = None,
    nan: MissingPolicy = "raise",
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> DeconvolutionQuality:
    """Measure how well a deconvolved object explains the image: residual over noise, whiteness, light kept.

    Parameters
    ----------
    image : array_like
        The image that was deconvolved, real numbers.
    found : array_like
        The deconvolved object, of the same shape.
    psf : Kernel or array_like
        The point spread function that was used.
    noise : float, optional
        Standard deviation of the image's noise in grey levels; estimated by default.
    {background}
    edges : {"extend", "periodic"}
        As for the deconvolution; ``"extend"`` leaves out samples within the PSF's support radius of the image's edges.
    axes : int, tuple of int, optional
        Axes that the PSF acts on; every other axis must have length 1.
    {ignored.mask, raise.nan, backend, workers, progress, report}

    Returns
    -------
    DeconvolutionQuality
        `residual`, `chi_square`, `whiteness`, `neighbours`, `flux_ratio` and `noise`; prints as a short text.

    Raises
    ------
    TypeError, ValueError
        As `wiener`; also when `found` has another shape than the image, or there are batch axes.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_convolve as nc
    >>> rng = np.random.default_rng(0)
    >>> psf = nc.kernels.gaussian(sigma=2)
    >>> image = nc.convolve(rng.random((64, 64)) ** 20, psf) + 0.01 * rng.normal(size=(64, 64))
    >>> good = nc.deconvolution_quality(image, nc.wiener(image, psf), psf)
    >>> poor = nc.deconvolution_quality(image, nc.wiener(image, psf, nsr=1), psf)
    >>> good.chi_square < 1.5 < poor.chi_square, good.whiteness > poor.whiteness
    (True, True)
    """
    task = Task("deconvolution_quality", progress, report)
    given, result = o.as_input(image, mask), o.as_input(found, what="found")
    shape = tuple(given.array.shape)
    if tuple(result.array.shape) != shape:
        raise ValueError(f"found has shape {tuple(result.array.shape)}, the image {shape}")
    for one in (given, result):
        if dtype_name(one.array.dtype).startswith("complex"):
            raise TypeError(f"dtype {dtype_name(one.array.dtype)} is complex; real numbers are needed")
    psfs = as_psf_set(o.host_kernel(psf, "psf"), shape, axes)
    if psfs.count() != 1 or psfs.is_complex:
        raise ValueError(f"image of shape {shape} has batch axes or a complex psf: judge one image at a time")
    threads, device = workers or cpu_count(), o.device_for(given.source, backend)
    valid = as_valid(given.array, given.mask, nan, psfs.axes, given.source)
    key, one_psf = next(psfs.items())
    kind = compute_dtype(dtype_name(given.array.dtype))
    block = device.astype(move(given.array[key], given.source, device), kind)
    sharp = device.astype(move(result.array[key], result.source, device), kind)
    flags = None if valid is None else move(valid[key], given.source, device)
    if noise is None:
        step = quantum(given.array)
        sigma = noise_ops.estimate([(block, flags, one_psf)], noise_ops.Known(), edges, step, device, threads).noise
        task.assume(f"noise {sigma:.4g}, as estimated")
    else:
        sigma = noise
    if sigma == 0:
        raise ValueError("noise=0: nothing can be judged against it; give the noise of the image")
    task.begin(1)
    item = BatchItem(block, flags, one_psf, key, device, threads, task.advance)
    judged = ops.judge(item, sharp, sigma, background, edges)
    task.advance()
    task.detail(chi_square=judged.chi_square, whiteness=judged.whiteness, flux_ratio=judged.flux_ratio)
    task.finish()
    return judged
