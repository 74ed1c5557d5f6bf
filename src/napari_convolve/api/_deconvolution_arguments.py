"""Validation of the arguments that deconvolutions share: PSF, missing samples, noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import numpy as np

from .._arrays import Array, all_finite, dtype_name
from .._progress import Task
from .._registry import Param
from ..backends import Backend, backend_of
from ..kernels import Kernel
from ..ops.deconvolution.noise_to_signal import Nsr
from ..ops.execution.batches import BatchItem
from ..ops.fourier.edge_extension import EDGES
from ..ops.noise import noise_model as ops
from ..ops.noise.fit_quality import POOR
from ..ops.noise.noise_model import FittedNoise, NoiseEstimate, PowerSpectrum
from ..ops.psf.psf_set import PsfSet, psf_set
from ..planning import parts
from . import _options as o

MISSING_POLICIES = ("raise", "omit")
#: Samples that are searched at once, so that temporary arrays stay small.
_LOOK = 1 << 22

Edges = Annotated[Literal["extend", "periodic"], Param(choices=EDGES, label="edges", advanced=True)]
MissingPolicy = Annotated[Literal["raise", "omit"], Param(choices=MISSING_POLICIES, label="NaN", advanced=True)]


def as_psf_set(kernel: Kernel, shape: tuple[int, ...], axes: Any, *, negative: bool = True) -> PsfSet:
    """The PSF, checked against an image of `shape` and the `axes` it acts on.

    `negative` allows negative weights in a PSF given as a transfer function.
    """
    shape = tuple(shape)
    acted = _acted_axes(kernel, shape, axes)
    for axis in acted:
        if shape[axis] == 0:
            raise ValueError(f"image of shape {shape} has no samples along axis {axis}, which the psf acts on")
    return psf_set(kernel, shape, acted, negative=negative and kernel.name == "otf")


def as_light(given: o.Input, kernel: Kernel, axes: Any, method: str, *, negative: bool = True) -> PsfSet:
    """The PSF for an image of light: both must be real."""
    if dtype_name(given.array.dtype).startswith("complex"):
        raise TypeError(f"image has dtype {dtype_name(given.array.dtype)}; {method} needs real numbers of light")
    psfs = as_psf_set(kernel, given.array.shape, axes, negative=negative)
    if psfs.is_complex:
        raise ValueError(f"psf is complex; {method} needs a real one")
    return psfs


def _acted_axes(kernel: Kernel, shape: tuple[int, ...], axes: Any) -> tuple[int, ...]:
    count = 1 if isinstance(axes, int | np.integer) else len(axes) if isinstance(axes, Sequence | np.ndarray) else None
    if count is not None and count < kernel.ndim == len(shape):
        return o.as_axes(axes, shape, count, "psf")
    return o.as_axes(axes, shape, kernel.ndim, "psf")


def as_valid(image: Array, mask: Array | None, nan: Any, axes: tuple[int, ...], source: Backend) -> Array | None:
    """Mask of valid samples, None for all; ValueError for NaN that are not allowed and batch items without any."""
    xp = source.xp

    def lost(part: Array) -> bool:
        with np.errstate(all="ignore"):  # a sum that overflows is no news
            return not all_finite(part, xp)

    if dtype_name(image.dtype)[:3] not in ("boo", "int", "uin") and any_sample(image, lost):
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


def any_sample(image: Array, found: Callable[[Array], bool]) -> bool:
    """Whether `found` is true for any sample, evaluated part by part."""
    if isinstance(image, np.ndarray):  # a broadcast axis repeats one sample
        image = image[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in image.strides)]
    return any(found(image[box]) for box in parts(image.shape, most=_LOOK))


def quantum(image: Array) -> float:
    """The step between neighbouring values: 1 for integers, none for floats."""
    return 1.0 if dtype_name(image.dtype)[:3] in ("boo", "int", "uin") else 0.0


def as_known(noise: float | None, gain: float | None, offset: float, read_noise: float) -> ops.Known:
    if noise is not None and gain is not None:
        raise ValueError("give either noise or the camera's gain, not both")
    if gain is None and (offset or read_noise):
        raise ValueError("offset and read_noise belong to a camera: give its gain too")
    return ops.Known(noise, gain, offset, read_noise)


_NO_NSR = "nsr={!r} must be a number, an array, a function of the frequencies, a NoiseEstimate, or 'auto'"


def as_nsr(nsr: Any, psfs: PsfSet, edges: str, step: float, task: Task) -> Callable[[BatchItem], Nsr]:
    """A function that returns the noise-to-signal ratio of a batch item."""
    if isinstance(nsr, str):
        if nsr != "auto":
            raise ValueError(f"nsr={nsr!r} must be 'auto', a number, an array, a function or a NoiseEstimate")
        return _estimated(edges, step, task)
    if isinstance(nsr, NoiseEstimate):
        tell(nsr, task)
        return lambda item: nsr.nsr
    if isinstance(nsr, list | tuple) and is_estimate(nsr):
        if len(nsr) != psfs.count():
            raise ValueError(f"nsr has {len(nsr)} estimates for {psfs.count()} batch items")
        by_key = {str(key): one.nsr for (key, _), one in zip(psfs.items(), nsr, strict=True)}
        return lambda item: by_key[str(item.key)]
    if callable(nsr):
        return lambda item: nsr
    device = backend_of(nsr)
    try:
        values = np.asarray(nsr if device is None else device.to_host(nsr))
    except ValueError as error:
        raise TypeError(_NO_NSR.format(nsr)) from error
    if values.dtype.kind not in "iuf":
        raise TypeError(_NO_NSR.format(nsr))
    return _numeric(nsr, values.astype(np.float64), psfs, task)


def _numeric(nsr: Any, values: np.ndarray, psfs: PsfSet, task: Task) -> Callable[[BatchItem], Nsr]:
    if np.isnan(values).any() or (values < 0).any():
        what = (
            f"nsr={nsr!r} must be at least 0 and not NaN" if values.ndim == 0 else "nsr holds negative numbers or NaN"
        )
        raise ValueError(what)
    if values.ndim == 0:
        if math.isinf(float(values)):
            raise ValueError(f"nsr={nsr!r} must be finite")
        number = float(values)
        task.detail(nsr=number)
        return lambda item: number
    grid = tuple(psfs.shape[a] for a in psfs.axes)
    if values.shape == psfs.shape and psfs.batch:
        return lambda item: values[item.key]
    if values.shape != grid:
        raise ValueError(f"nsr has shape {values.shape}; the grid of the image's fftn has {grid}")
    return lambda item: values


def _estimated(edges: str, step: float, task: Task) -> Callable[[BatchItem], Nsr]:
    """Estimate the noise of each batch item, and report the first estimate."""

    def nsr(item: BatchItem) -> Nsr:
        seen = [(item.block, item.valid, item.psf)]
        found = ops.estimate(seen, ops.Known(), edges, step, item.device, item.workers)
        if item.is_first:
            tell(found, task)
        result: Nsr = found.nsr
        return result

    return nsr


def is_estimate(nsr: Any) -> bool:
    """Whether `nsr` is, or will be, a model of the object's spectrum."""
    if isinstance(nsr, list | tuple):
        return bool(nsr) and all(isinstance(one, NoiseEstimate) for one in nsr)
    return isinstance(nsr, str | NoiseEstimate | PowerSpectrum)


def tell(found: NoiseEstimate, task: Task) -> None:
    """Put an estimate into the report."""
    task.detail(nsr=found.ratio(), noise=found.noise, predicted_error=found.predicted_error, estimate=found)
    if isinstance(found, FittedNoise) and found.fit.excess > POOR:
        task.assume(
            f"a poor fit (excess {found.fit.excess:.2g}): the noise is not white, as after resampling, or the PSF is "
            "another one; compare with a number for noise to signal (nsr), or with Richardson-Lucy"
        )
