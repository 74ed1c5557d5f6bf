"""`richardson_lucy`: validate, then delegate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np

from .._arrays import Array, dtype_name, wanted_dtype
from .._progress import Task
from .._registry import Param
from ..backends import Backend
from ..kernels import Kernel
from ..ops.deconvolution import rl_plan as ops
from ..ops.deconvolution.rl_options import ACCELERATIONS, STARTS, STOPS, LucyOptions
from ..ops.psf.psf_set import PsfSet
from . import _options as o
from ._deconvolution_arguments import Edges, MissingPolicy, any_sample, as_light, as_valid, quantum

NEGATIVE = ("raise", "clip")
_MOST = 10**9
#: Negative samples of so many units of rounding of the brightest one count as 0.
_ROUNDING = 16.0

Iterations = Annotated[int, Param(min=1, max=_MOST, label="iterations")]
Acceleration = Annotated[Literal["biggs-andrews", "none"] | None, Param(choices=ACCELERATIONS, label="acceleration")]
TotalVariation = Annotated[float, Param(min=0.0, max=1.0, step=0.001, label="total variation")]
Background = Annotated[float, Param(min=0.0, label="background")]
Start = Annotated[Any, Param(choices=STARTS, label="start", advanced=True)]
Saturation = Annotated[float | None, Param(label="saturated from", advanced=True)]
Stop = Annotated[Literal["none", "auto"] | None, Param(choices=STOPS, label="stop early")]
Intermediate = Callable[[int, Array], object] | None
Negative = Annotated[Literal["raise", "clip"], Param(choices=NEGATIVE, label="negative samples", advanced=True)]


@o.public
def richardson_lucy(
    image: Any,
    psf: Any,
    /,
    *,
    iterations: Iterations = 20,
    acceleration: Acceleration = "biggs-andrews",
    tv: TotalVariation = 0.0,
    background: Background = 0.0,
    start: Start = "mean",
    mask: Any = None,
    saturation: Saturation = None,
    stop: Stop = None,
    edges: Edges = "extend",
    negative: Negative = "raise",
    axes: o.Axes = None,
    nan: MissingPolicy = "raise",
    intermediate: Intermediate = None,
    dtype: o.DType = None,
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> Array:
    """Undo a known blur by Richardson-Lucy iteration, which maximises the likelihood under Poisson noise.

    The object is not shifted, for odd and even sizes of image, PSF and grid; the result is never negative.

    Parameters
    ----------
    image : array_like
        Non-negative numbers with at least one dimension; never modified.
    {psf}
        `tv` takes the pixel sizes from `Kernel.spacing`.
    iterations : int
        Largest number of iterations.
    acceleration : {"biggs-andrews", "none"} or None
        Extrapolate along the last two steps, which reaches the result of about 50 plain iterations in 20.
    tv : float
        Weight of total variation, in units of the smallest pixel size; 0.001 to 0.05 reduce noise and keep edges sharp.
        Slopes below about ``4 tv`` of the object per axis, which one iteration would flatten, are smoothed instead,
        because the published update overshoots there and amplifies rounding errors.
    {background}
    start : {"mean", "image"} or array_like
        Initial object: a constant (the image's mean), the image, or an array of the image's shape.
    {ignored.mask}
    saturation : float, optional
        Grey level from which samples are saturated; they are ignored like masked ones.
    stop : {"none", "auto"} or None
        ``"auto"`` stops when only noise is left in the residual: when its power at frequencies that the PSF transmits
        has fallen to its power at frequencies that the PSF blocks (or to the estimated noise, when the PSF blocks
        none); or when the object hardly changes.
    {object.edges}
    negative : {"raise", "clip"}
        Whether negative samples are an error, or are set to 0 with a note in the report.
    {psf.axes, raise.nan, intermediate, real.dtype, backend, workers, max_memory, progress, report}

    Returns
    -------
    {same.array}

    Raises
    ------
    {TypeError}
    ValueError
        When the PSF is larger than the image, negative, not finite or sums to zero; `iterations` is below 1; or the
        image contains negative samples with ``negative="raise"``, or NaN with ``nan="raise"``.
    {BackendUnavailable, MemoryError}

    Notes
    -----
    Memory: at most 6 arrays of the grid's size plain, 9 accelerated, 1 more with `tv` (2 with its work space), and
    three more of at most 4 million samples with ``stop="auto"``, which evaluates a box of that size in the middle.

    When these do not fit into `max_memory` or the free memory, every iteration runs tile by tile, with the PSF's
    support radius as overlap. The current and previous objects are kept in temporary files (in the folder ``TMPDIR``)
    as far as they do not fit into memory. The report and a warning say so. Step length of the acceleration, `stop` and
    `intermediate` use the whole image, so the result differs only by rounding, at seams as elsewhere. Measured in
    float32 on bright points in noise, 96x256x256 with a PSF of 17x33x33, relative to the largest value: 5e-6 after 10
    iterations and 1.2e-5 after 20 plain ones, 1.7e-5 and 4.3e-4 accelerated, 1.6e-5 and 1.9e-4 with ``tv=0.01``.

    References
    ----------
    W. H. Richardson, JOSA 62, 1972; L. B. Lucy, Astronomical Journal 79, 1974; M. Bertero and P. Boccacci, Astronomy
    and Astrophysics 437, 2005; D. S. C. Biggs and M. Andrews, Applied Optics 36, 1997; N. Dey et al., Microscopy
    Research and Technique 69, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_convolve as nc
    >>> sharp = np.zeros(32)
    >>> sharp[16] = 1
    >>> psf = nc.kernels.gaussian(sigma=1, ndim=1)
    >>> blurred = nc.convolve(sharp, psf)
    >>> found = nc.richardson_lucy(blurred, psf, iterations=50)
    >>> int(np.argmax(found)), bool(found.max() > 1.5 * blurred.max())
    (16, True)
    """
    task = Task("richardson_lucy", progress, report)
    kernel = o.host_kernel(psf, "psf")
    given = o.as_input(image, mask)
    psfs = as_light(given, kernel, axes, "richardson_lucy", negative=False)
    options = LucyOptions(
        iterations=iterations,
        accelerated=acceleration not in (None, "none"),
        tv=tv,
        spacing=_spacing(kernel, psfs, axes),
        background=background,
        start=_as_start(start, given.array.shape, given.source),
        edges=edges,
        stop=None if stop == "none" else stop,
        quantum=quantum(given.array),
        intermediate=intermediate,
        dtype=wanted_dtype(dtype, complex_result=None),
    )
    run = o.execution(given.source, task, backend, workers, max_memory)
    counted = _below(given.array, saturation, given.mask, given.source)
    valid = as_valid(given.array, counted, nan, psfs.axes, given.source)
    light = _without_negative(given.array, valid, negative, given.source, task)
    result = ops.richardson_lucy(light, psfs, options, valid, run)
    task.finish()
    return result


def _as_start(start: Any, shape: tuple[int, ...], source: Backend) -> Any:
    """``"mean"``, ``"image"``, or a non-negative array of the image's shape and library."""
    if isinstance(start, str):
        return start
    found = o.as_input(start, what="start")
    if tuple(found.array.shape) != tuple(shape):
        raise ValueError(f"start has shape {tuple(found.array.shape)}, the image {tuple(shape)}")
    host = np.asarray(found.source.to_host(found.array))
    if host.dtype.kind == "c" or not np.isfinite(host).all() or (host < 0).any():
        raise ValueError("start holds complex, negative or not finite numbers; an object of light is needed")
    return found.array if found.source is source else source.to_device(host)


def _spacing(kernel: Kernel, psfs: PsfSet, axes: Any) -> tuple[float, ...]:
    """Length of a step along each acted axis, in the order of the image, relative to the shortest."""
    given = kernel.spacing or (1.0,) * kernel.ndim
    if kernel.ndim == len(psfs.axes):
        order = psfs.axes if axes is None else tuple(a % len(psfs.shape) for a in np.atleast_1d(axes).tolist())
        lengths = [length for _, length in sorted(zip(order, given, strict=True))]
    else:
        lengths = [given[a] for a in psfs.axes]
    return tuple(length / min(lengths) for length in lengths)


def _below(image: Array, saturation: float | None, mask: Array | None, source: Backend) -> Array | None:
    """The mask without saturated samples."""
    if saturation is None:
        return mask
    if not saturation > 0:
        raise ValueError(f"saturation={saturation!r} must be above 0")
    wide = source.astype(image, "float64")
    # a NaN is not saturated: whether it may stand there is for `nan` to say
    below = ~(wide >= saturation)
    return below if mask is None else below & mask


def _without_negative(image: Array, valid: Array | None, negative: str, source: Backend, task: Task) -> Array:
    if dtype_name(image.dtype)[:3] in ("boo", "uin") or 0 in image.shape:
        return image
    xp = source.xp
    if not any_sample(image, lambda part: bool(xp.any(part < 0))):
        return image
    below = image < 0 if valid is None else (image < 0) & valid
    count = int(xp.count_nonzero(below))
    if not count:
        return image
    lowest = float(xp.min(xp.where(below, image, xp.zeros_like(image))))
    dark = xp.where(below, xp.zeros_like(image), image)
    highest = float(xp.max(dark if valid is None else xp.where(valid, dark, xp.zeros_like(dark))))
    name = dtype_name(image.dtype)
    if name.startswith("float") and -lowest <= _ROUNDING * float(np.finfo(name).eps) * highest:
        return dark  # the rounding of a transform that made the image
    if negative == "raise":
        raise ValueError(
            f"image holds {count} negative samples, down to {lowest:.4g}; Richardson-Lucy needs light: subtract the "
            "camera's offset, or use negative='clip'"
        )
    task.assume(f"{count} negative samples, down to {lowest:.4g}, set to 0")
    return dark
