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


@o.validated
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
    """Estimate an image's noise and the spectrum of the object behind the PSF.

    A model of the object's spectrum (a power law with a roll-off and an anisotropy along the axes) times the PSF's
    transfer, plus white noise, is fitted to the image's periodogram by maximum (Whittle) likelihood.

    Parameters
    ----------
    image : array_like
        Numbers of at least one dimension; never modified.
    psf : Kernel or array_like, optional
        The point spread function, as for `wiener`; None: the image is what it is.
    noise : float, optional
        Standard deviation of the noise, when it is known.
    gain : float, optional
        Grey levels per photo-electron of a known camera, whose noise has the variance
        ``gain * (image - offset) + read_noise**2``.
    offset, read_noise : float
        Grey levels without light, and their standard deviation.
    share : bool
        One estimate for all entries of the batch axes, or a list with one for each.
    edges : {"extend", "periodic"}
        ``"periodic"`` when the image is one period; otherwise a Hann window is put over it.
    axes : int, tuple of int, optional
        The axes the PSF acts on; by default the last ``psf.ndim``, all without a PSF. Others are batch axes.
    mask : array of bool, optional
        True where a sample counts; the others are filled by normalised smoothing.
    nan : {"raise", "omit"}
        Whether a NaN or infinite sample is an error, or treated like a masked one.
    backend : str
        Where it is computed.
    workers : int, optional
        Number of CPU threads; all by default.
    progress, report : callable, optional
        As for `wiener`.

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
        acted = o.as_axes(axes, len(shape), len(shape) if axes is None else np.size(axes), "image")
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
