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


@o.validated
@o.documented
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
    """Undo a known blur by the Richardson-Lucy iteration, the most likely object under Poisson noise.

    Nothing is shifted, whatever the parities of image, PSF and grid; the result is never negative.

    Parameters
    ----------
    image : array_like
        Non-negative numbers of at least one dimension; never modified.
    psf : Kernel or array_like
        The point spread function, its centre at `Kernel.center` (``N // 2`` by default), no larger than the image;
        divided by its sum. With as many axes as the image and fewer `axes`, it holds one PSF for each entry of the
        batch axes. The `Kernel.spacing` tells `tv` the lengths of the axes.
    iterations : int
        How often the object is updated, at most.
    acceleration : {"biggs-andrews", "none"} or None
        Extrapolate along the last two steps: about 50 plain iterations in 20.
    tv : float
        Weight of total variation, in lengths of the shortest step; 0.001 to 0.05 keep noise down and edges sharp.
        Slopes that one step would level (of less than about ``4 tv`` of the object for each axis) are smoothed
        instead: there the published rule overshoots, and the noise of rounding grows.
    background : float
        Light that the image holds everywhere and that is no part of the object.
    start : {"mean", "image"} or array_like
        The first object: flat, the image, or given.
    mask : array of bool, optional
        True where a sample counts; the others have no influence.
    saturation : float, optional
        Samples of at least this do not count either.
    stop : {"none", "auto"} or None
        ``"auto"`` stops when the residual is noise: when its power at frequencies that the PSF passes is down to that
        at frequencies it does not pass, or, where it passes all, to the estimated noise; or when the object hardly
        changes any more.
    edges : {"extend", "periodic"}
        Let the object reach beyond the image by the PSF, or take the image as one period.
    negative : {"raise", "clip"}
        Whether negative samples are an error, or set to 0, which is reported.
    axes : int, tuple of int, optional
        The axes the PSF acts on; by default the last ``psf.ndim``. All others are batch axes (time, channel).
    nan : {"raise", "omit"}
        Whether a NaN or infinite sample is an error, or treated like a masked one.
    intermediate : callable, optional
        ``intermediate(iteration, object)`` after every iteration; returning True stops and keeps that object. The
        array is used again, copy what should stay.
    dtype : dtype, optional
        Of the result; by default float32 for bool, 8 and 16 bit integers, float16 and float32, else float64.
        Integers are rounded and saturated, never wrapped.
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
        When the PSF is larger than the image, negative, not finite or sums to zero, `iterations` is below 1, or the
        image holds negative samples, or NaN and ``nan="raise"``.
    BackendUnavailable
        When the backend is known but cannot be used here.
    MemoryError
        Before the work starts, when it does not fit, not even in tiles.

    Notes
    -----
    Arrays of the grid's size that are held: at most 6 plain, 9 accelerated, 1 more with `tv` (2 with its work space);
    with ``stop="auto"`` three more, of 4 million samples at most.

    Where these do not fit into `max_memory`, or into what is free, every iteration is done tile by tile, each from the
    samples around it as far as the PSF reaches; the object and those before it are then kept in temporary files when
    need be (in the folder of ``TMPDIR``; as much as is not in memory). The report and a warning say so. The iterations
    are those of the whole: the length of an accelerated step, `stop` and `intermediate` see all tiles. The result
    differs by rounding only, at seams as elsewhere; measured in float32 on bright points in noise, 96x256x256 with a
    PSF of 17x33x33, relative to the largest value: 5e-6 after 10 iterations and 1.2e-5 after 20 plain ones,
    1.7e-5 and 4.3e-4 accelerated, 1.6e-5 and 1.9e-4 with ``tv=0.01``.

    With ``stop="auto"`` a box of 4 million samples in the middle is looked at.

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
