"""`fourier_ring_correlation`: validate, then delegate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from .._arrays import compute_dtype, dtype_name
from .._progress import Task
from .._registry import Param
from ..backends import cpu_count, move
from ..kernels._values import as_spacing
from ..ops.fourier import ring_correlation as ops
from ..ops.fourier.ring_correlation import RingCorrelation
from ..ops.psf.psf_set import PsfSet
from . import _options as o
from ._deconvolution_arguments import Edges, MissingPolicy, as_valid


@o.public_with_masks("image", "other")
def fourier_ring_correlation(
    image: Any,
    other: Any = None,
    /,
    *,
    threshold: Annotated[str | float, Param(min=0, choices=ops.THRESHOLDS, label="threshold")] = "1/7",
    spacing: Annotated[float | Sequence[float] | None, Param(min=0, label="sample distance", advanced=True)] = None,
    edges: Edges = "extend",
    axes: o.Axes = None,
    nan: MissingPolicy = "raise",
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> RingCorrelation:
    """Measure the resolution of an image by Fourier ring correlation (FRC; Fourier shell correlation in 3-D).

    Parameters
    ----------
    {real.image}
    other : array_like, optional
        A second image of the same object with independent noise. None splits the image into samples of even and odd
        index, which resolves periods down to 4 samples and requires noise that is independent between samples. The
        noise of a deconvolved image is not: deconvolve two halves of the data instead.
    threshold : {"1/7", "half-bit"} or float
        Correlation at which the resolution is read off.
    {spacing, hann.edges}
    axes : int, tuple of int, optional
        Axes to act on; all by default. All items along the other axes are summed into one curve.
    nan : {"raise", "omit"}
        Whether a NaN or infinite sample is an error, or is replaced by the mean.
    {backend, workers, progress, report}

    Returns
    -------
    RingCorrelation
        Correlation over frequency, the threshold, and the resolution in the unit of `spacing`.

    Raises
    ------
    TypeError, ValueError
        When the images do not contain real numbers or differ in shape, or an option has the wrong type or value.

    References
    ----------
    W. O. Saxton and W. Baumeister, Journal of Microscopy 127, 1982; S. Koho et al., Nature Communications 10, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_convolve as nc
    >>> rng = np.random.default_rng(0)
    >>> blurred = nc.convolve(rng.normal(size=(128, 128)), nc.kernels.gaussian(sigma=3))
    >>> takes = [blurred + 0.01 * rng.normal(size=blurred.shape) for _ in range(2)]
    >>> 5 < nc.fourier_ring_correlation(*takes).resolution < 12
    True
    """
    task = Task("fourier_ring_correlation", progress, report)
    given = [o.as_input(one) for one in (image, other) if one is not None]
    shape = tuple(given[0].array.shape)
    for one in given:
        if dtype_name(one.array.dtype).startswith("complex"):
            raise TypeError(f"image has dtype {dtype_name(one.array.dtype)}; real numbers are needed")
        if tuple(one.array.shape) != shape:
            raise ValueError(f"the images have different shapes: {shape} and {tuple(one.array.shape)}")
    acted = tuple(sorted(o.as_axes(axes, shape, len(shape) if axes is None else np.size(axes), "image")))
    lengths = as_spacing(1.0 if spacing is None else spacing, len(acted))
    assert lengths is not None
    if any(shape[a] < (8 if len(given) == 1 else 4) for a in acted):
        raise ValueError(f"image of shape {shape} is too small for rings: 8 samples are needed, 4 with a second image")
    threads, device = workers or cpu_count(), o.device_for(given[0].source, backend)
    batch = tuple(a for a in range(len(shape)) if a not in acted)
    blocks = []
    for one in given:
        valid = as_valid(one.array, one.mask, nan, acted, one.source)
        array = one.source.astype(one.array, compute_dtype(dtype_name(one.array.dtype)))
        if valid is not None:
            xp = one.source.xp
            mean = xp.sum(xp.where(valid, array, xp.zeros_like(array))) / int(xp.count_nonzero(valid))
            array = xp.where(valid, array, mean)
        blocks.append((array, one.source))
    sums, step = None, 1 if len(given) == 2 else 2
    items = PsfSet(acted, batch, shape, ())
    steps = [step * d for d in lengths]
    width = ops.ring_width([shape[a] // step for a in acted], steps)
    task.begin(items.count())
    for key in items.item_keys():
        parts = [move(array[key], source, device) for array, source in blocks]
        pairs = [(*parts, (0,) * len(acted), (0,) * len(acted))] if len(parts) == 2 else ops.halves(parts[0])
        for first, second, here, there in pairs:
            apart = [(t - h) / step for h, t in zip(here, there, strict=True)]
            pair = ops.sums_of_pair(first, second, steps, apart, width, edges != "periodic", device, threads)
            sums = pair if sums is None else sums + pair
        task.advance()
    if sums is None:
        raise ValueError(f"image of shape {shape} is empty")
    reason = ("two images" if len(given) == 2 else "samples of even and odd index") + f", threshold {threshold}"
    hosts = [one.source.to_host(one.array) for one in given]
    if len(hosts) == 2 and np.array_equal(hosts[0], hosts[1]):
        reason += "; the two images are the same, which says nothing about resolution"
        task.assume("the two images are the same, which says nothing about resolution")
    found = ops.correlation(sums, width, 0.5 / min(steps), threshold, reason)
    task.detail(resolution=found.resolution)
    task.finish()
    return found
