"""`estimate_noise`: validate, then delegate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from .._progress import Task
from .._registry import Param
from ..backends import move
from ..kernels import Kernel
from ..ops.noise import noise_model as ops
from ..ops.noise.noise_model import NoiseEstimate
from . import _options as o
from ._deconvolution_arguments import Edges, MissingPolicy, as_known, as_psf_set, as_valid, quantum, tell


@o.public
def estimate_noise(
    image: Any,
    psf: Any = None,
    /,
    *,
    noise: Annotated[float | None, Param(min=0.0, label="known noise")] = None,
    gain: Annotated[float | None, Param(min=0.0, label="camera gain")] = None,
    offset: Annotated[float, Param(label="camera offset")] = 0.0,
    read_noise: Annotated[float, Param(min=0.0, label="read noise")] = 0.0,
    share: Annotated[bool, Param(label="one estimate for all")] = True,
    edges: Edges = "extend",
    axes: o.Axes = None,
    mask: Any = None,
    nan: MissingPolicy = "raise",
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> NoiseEstimate | list[NoiseEstimate]:
    """Estimate an image's noise, and the power spectrum of the object before the blur by the PSF.

    The model is the object's power spectrum (a power law with roll-off and anisotropy along the axes) times the squared
    transfer function of the PSF, plus white noise. It is fitted to the image's periodogram by Whittle likelihood.

    Parameters
    ----------
    {image}
    psf : Kernel or array_like, optional
        The point spread function, as for `wiener`; None: no blur.
    noise : float, optional
        Standard deviation of the noise in grey levels, if known.
    gain : float, optional
        Grey levels per photo-electron of a calibrated camera, whose noise has the variance
        ``gain * (image - offset) + read_noise**2``.
    offset, read_noise : float
        Mean and standard deviation of the grey levels without light.
    share : bool
        One estimate for all batch items, or a list with one per item.
    {hann.edges}
    axes : int, tuple of int, optional
        Axes that the PSF acts on; by default the last ``psf.ndim``, without a PSF all. All others are batch axes.
    {filled.mask, raise.nan, backend, workers, progress, report}

    Returns
    -------
    NoiseEstimate or list of NoiseEstimate

    Raises
    ------
    TypeError, ValueError
        As `wiener`.

    References
    ----------
    P. Whittle, "Estimation and information in stationary time series", Arkiv för Matematik 2, 1953.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_convolve as nc
    >>> image = np.random.default_rng(0).normal(size=(128, 128))
    >>> round(nc.estimate_noise(nc.convolve(image, nc.kernels.gaussian(sigma=4)) * 50 + image).noise, 1)
    1.0
    """
    task = Task("estimate_noise", progress, report)
    given = o.as_input(image, mask)
    shape = tuple(given.array.shape)
    if psf is None:
        acted = o.as_axes(axes, shape, len(shape) if axes is None else np.size(axes), "image")
        kernel = Kernel(np.ones((1,) * len(acted)))
        psfs = as_psf_set(kernel, shape, acted)
    else:
        psfs = as_psf_set(o.host_kernel(psf, "psf"), shape, axes)
    known = as_known(noise, gain, offset, read_noise)
    threads, device = workers or 1, o.device_for(given.source, backend)
    valid = as_valid(given.array, given.mask, nan, psfs.axes, given.source)
    if psfs.count() == 0:
        raise ValueError(f"image of shape {shape} is empty")
    blocks = []
    task.begin(psfs.count())
    for key, one in psfs.items():
        block = move(given.array[key], given.source, device)
        flags = None if valid is None else move(valid[key], given.source, device)
        blocks.append((block, flags, one))
    step = quantum(given.array)
    groups: Sequence[Sequence[Any]] = [blocks] if share else [[block] for block in blocks]
    found = []
    for group in groups:
        found.append(ops.estimate(group, known, edges, step, device, threads))
        task.advance(len(group))
    tell(found[0], task)
    task.finish()
    return found[0] if share else found
