"""`wiener`: validate, then delegate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import numpy as np

from .._arrays import Array, compute_dtype, dtype_name, wanted_dtype
from .._progress import Task
from .._registry import Param
from ..backends import Backend, backend_of
from ..kernels import Kernel
from ..ops import wiener_filter as ops
from ..ops._frame import EDGES
from ..ops._nsr import Nsr
from ..ops._psf import PsfSet, psf_set
from ..ops.noise import fit_power_law
from ._options import (
    Axes,
    BackendName,
    DType,
    MaxMemory,
    Progress,
    ReportCallback,
    Workers,
    as_axes,
    as_bytes,
    as_callback,
    as_input,
    as_workers,
    documented,
    machines_for,
    one_of,
)
from ._windows import as_backend, host_kernel

NAN_POLICIES = ("raise", "omit")

Edges = Annotated[Literal["extend", "periodic"], Param(choices=EDGES, label="edges", advanced=True)]
MissingPolicy = Annotated[Literal["raise", "omit"], Param(choices=NAN_POLICIES, label="NaN", advanced=True)]
Regularization = Annotated[
    Literal["identity", "laplacian"], Param(choices=ops.REGULARIZATIONS, label="regularization", advanced=True)
]
NoiseToSignal = Annotated[Any, Param(min=0.0, label="noise to signal")]


@documented
def wiener(
    image: Any,
    psf: Any,
    /,
    *,
    nsr: NoiseToSignal = "auto",
    regularization: Regularization = "identity",
    edges: Edges = "extend",
    axes: Axes = None,
    mask: Any = None,
    nan: MissingPolicy = "raise",
    dtype: DType = None,
    backend: BackendName = "auto",
    workers: Workers = None,
    max_memory: MaxMemory = None,
    progress: Progress = None,
    report: ReportCallback = None,
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
        image's `numpy.fft.fftn`; or estimated from each entry's spectrum. Frequency zero always has 0.
    regularization : {"identity", "laplacian"}
        L is 1, or the discrete Laplacian, which asks for a smooth result.
    edges : {"extend", "periodic"}
        Let the image fall off to its mean on a larger grid, or take it as one period.
    axes : int, tuple of int, optional
        The axes the PSF acts on; by default the last ``psf.ndim``. All others are batch axes (time, channel).
    mask : array of bool, optional
        True where a sample counts; the others are filled by normalised smoothing first.
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
    task = Task("wiener", as_callback("progress", progress), as_callback("report", report))
    kernel = host_kernel(psf)
    given = as_input(image, mask)
    psfs = as_psf_set(kernel, given.array.shape, axes)
    complex_result = compute_dtype(dtype_name(given.array.dtype), complex_kernel=psfs.is_complex).startswith("complex")
    options = ops.Filter(
        nsr=_as_nsr(nsr, psfs, axes, task),
        regularization=one_of("regularization", regularization, ops.REGULARIZATIONS),
        edges=one_of("edges", edges, EDGES),
        dtype=wanted_dtype(dtype, complex_result=complex_result),
    )
    machines = machines_for(as_backend(backend), given.source)
    threads, limit = as_workers(workers), as_bytes(max_memory)
    valid = as_valid(given.array, given.mask, nan, psfs.axes, given.source)
    result = ops.wiener_filter(
        given.array,
        psfs,
        options,
        valid,
        source=given.source,
        machines=machines,
        workers=threads,
        max_memory=limit,
        task=task,
    )
    task.finish()
    return result


def as_psf_set(kernel: Kernel, shape: tuple[int, ...], axes: Any) -> PsfSet:
    """The PSF, checked against an image of `shape` and the `axes` it acts on."""
    shape = tuple(shape)
    acted = _acted_axes(kernel, shape, axes)
    for axis in acted:
        if shape[axis] == 0:
            raise ValueError(f"image of shape {shape} has no samples along axis {axis}, which the psf acts on")
    return psf_set(kernel, shape, acted, negative=kernel.name == "otf")


def _acted_axes(kernel: Kernel, shape: tuple[int, ...], axes: Any) -> tuple[int, ...]:
    count = 1 if isinstance(axes, int | np.integer) else len(axes) if isinstance(axes, Sequence | np.ndarray) else None
    if count is not None and count < kernel.ndim == len(shape):
        return as_axes(axes, len(shape), count, "psf")
    return as_axes(axes, len(shape), kernel.ndim, "psf")


def as_valid(image: Array, mask: Array | None, nan: Any, axes: tuple[int, ...], source: Backend) -> Array | None:
    """Which samples count, None for all; ValueError for NaN that are not allowed and entries without any sample."""
    one_of("nan", nan, NAN_POLICIES)
    xp = source.xp
    if dtype_name(image.dtype)[:3] not in ("boo", "int", "uin") and 0 not in image.shape:
        finite = xp.isfinite(image)
        bad = ~finite if mask is None else ~finite & mask
        if bool(xp.any(bad)):
            if nan == "raise":
                places = np.argwhere(source.to_host(bad))
                first = tuple(int(i) for i in places[0])
                raise ValueError(
                    f"image holds {len(places)} NaN or infinite samples, the first at {first}; "
                    "use nan='omit' to fill them in"
                )
            mask = finite if mask is None else finite & mask
    if mask is None or bool(xp.all(mask)):
        return None
    if not bool(xp.all(xp.any(mask, axis=axes))):
        raise ValueError("image has no sample that counts: all are masked, NaN or infinite")
    return mask


def _as_nsr(nsr: Any, psfs: PsfSet, axes: Any, task: Task) -> Callable[..., Nsr]:
    """What an entry of the batch axes asks for its noise-to-signal ratio."""
    if isinstance(nsr, str):
        one_of("nsr", nsr, ("auto",))
        return lambda block, valid, psf, key, device, workers: fit_power_law(block, valid, psf, device, workers)
    if callable(nsr):
        return lambda *_: nsr
    device = backend_of(nsr)
    try:
        values = np.asarray(nsr if device is None else device.to_host(nsr))
    except ValueError as error:
        raise TypeError(f"nsr={nsr!r} must be a number, an array, a function of the frequencies, or 'auto'") from error
    if values.dtype.kind not in "iuf":
        raise TypeError(f"nsr={nsr!r} must be a number, an array, a function of the frequencies, or 'auto'")
    values = values.astype(np.float64)
    if np.isnan(values).any() or (values < 0).any():
        raise ValueError(
            f"nsr={nsr!r} must be at least 0 and not NaN" if values.ndim == 0 else "nsr holds negative numbers or NaN"
        )
    if values.ndim == 0:
        if math.isinf(float(values)):
            raise ValueError(f"nsr={nsr!r} must be finite")
        number = float(values)
        task.detail(nsr=number)
        return lambda *_: number
    grid = tuple(psfs.shape[a] for a in psfs.axes)
    if values.shape == psfs.shape and psfs.batch:
        return lambda block, valid, psf, key, *_: values[key]
    if values.shape != grid:
        raise ValueError(f"nsr has shape {values.shape}; the grid of the image's fftn has {grid}")
    return lambda *_: values
