"""Wiener deconvolution: ``X = conj(H) Y / (|H|^2 + nsr |L|^2)`` on a grid where the edges do no harm.

H is the transform of the PSF with its centre rolled to index 0, L is 1 or the discrete Laplacian. The mean is taken
away first and given back after, and frequency zero is divided by H alone, so that the mean of the result is the mean
of the image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .._arrays import Array, compute_dtype, dtype_name
from .._progress import Task
from ..backends import SESSION, Backend
from ..planning import Machine, Problem
from ._entries import Demand, Key, global_plan, run_entries
from ._fill import fill_missing
from ._frame import Frame, make_frame
from ._nsr import Nsr, laplacian_power, nsr_on_grid
from ._psf import Psf, PsfSet

REGULARIZATIONS = ("identity", "laplacian")
_STEPS = 4
#: Steps of expectation maximisation for missing samples.
_REFILLS = 5
#: With nsr=0, frequencies that the PSF passes weaker than this make a warning.
_WEAK = 1e-3


@dataclass(frozen=True)
class Filter:
    """The options of a Wiener filter, validated.

    Attributes
    ----------
    nsr : callable
        ``nsr(block, valid, psf, key, device, workers)``: what to use for one entry of the batch axes.
    regularization, edges : str
    dtype : str or None
        Of the result.
    """

    nsr: Callable[[Array, Array | None, Psf, Key, Backend, int], Nsr]
    regularization: str
    edges: str
    dtype: str | None


def wiener_filter(
    image: Array,
    psfs: PsfSet,
    options: Filter,
    valid: Array | None,
    *,
    source: Backend,
    machines: Sequence[Machine],
    workers: int | None,
    max_memory: int | None,
    task: Task,
) -> Array:
    """Deconvolve `image`; see `napari_convolve.wiener`."""
    given = dtype_name(image.dtype)
    compute = compute_dtype(given, complex_kernel=psfs.is_complex, wanted=options.dtype)
    dtype = options.dtype or compute
    if 0 in image.shape:
        return source.empty(tuple(image.shape), dtype)
    acted = [image.shape[a] for a in psfs.axes]
    frames = {psf.reach: make_frame(acted, psf.reach, options.edges, source) for psf in psfs.psfs}
    largest = max((frame.grid for frame in frames.values()), key=math.prod)
    problem = Problem(
        operation="wiener",
        shape=tuple(image.shape),
        dtype=given,
        out=tuple(image.shape),
        compute=compute,
        axes=psfs.axes,
        kernel=psfs.size,
        taps=math.prod(psfs.size),
        boundary=options.edges,
        masked=valid is not None,
        responsive=task.responsive,
    )
    demand = Demand(largest, transforms=3, buffers=6, steps=_STEPS)
    plan = global_plan(problem, demand, machines, workers, max_memory)

    def entry(
        block: Array,
        flags: Array | None,
        psf: Psf,
        key: Key,
        device: Backend,
        threads: int,
        step: Callable[[], None],
    ) -> Array:
        nsr = options.nsr(block, flags, psf, key, device, threads)
        if flags is not None:
            block = fill_missing(block, flags, device, threads)
        frame = frames[psf.reach]
        transfer = _transfer(psf, frame, compute, device, threads)
        _warn_of_zeros(transfer, nsr, task, device)
        response = _response(transfer, nsr, options.regularization, frame, compute, device)
        step()
        if flags is not None:
            block = _refilled(block, flags, psf, response * transfer, frame, device, threads)
        step()
        return filtered(block, flags, psf, response, frame, device, threads, step)

    return run_entries(image, valid, psfs, problem, demand, plan, dtype, entry, source, workers, task)


def filtered(
    block: Array,
    valid: Array | None,
    psf: Psf,
    response: Array,
    frame: Frame,
    backend: Backend,
    workers: int,
    step: Callable[[], None],
) -> Array:
    """The block filtered by a response that keeps the mean; samples that are not valid do not count in it."""
    mean = _mean(block, valid, backend)
    axes = tuple(range(block.ndim))
    spectrum = backend.fft(frame.extend(block - mean, psf, backend), frame.grid, axes, workers)
    step()
    real = not dtype_name(block.dtype).startswith("complex")
    result = backend.ifft(spectrum * response, frame.grid, axes, workers, real)[frame.key]
    step()
    return result + (mean - _mean(result, valid, backend))


def _refilled(
    block: Array, valid: Array, psf: Psf, forward: Array, frame: Frame, backend: Backend, workers: int
) -> Array:
    """The block with its missing samples as the deconvolved object, blurred again, would have them.

    A few steps of expectation maximisation; `forward` deconvolves and blurs.
    """
    for _ in range(_REFILLS):
        again = filtered(block, valid, psf, forward, frame, backend, workers, lambda: None)
        block = backend.xp.where(valid, block, again)
    return block


def _mean(block: Array, valid: Array | None, backend: Backend) -> Array:
    xp = backend.xp
    if valid is None:
        return xp.mean(block)
    flags = backend.astype(valid, dtype_name(block.dtype))
    return xp.sum(block * flags) / xp.sum(flags)


def _transfer(psf: Psf, frame: Frame, dtype: str, backend: Backend, workers: int) -> Array:
    key = ("transfer", backend.name, psf.digest, frame.grid, dtype)
    return SESSION.cached(
        key,
        lambda: psf.transfer(frame.grid, dtype, backend, workers),
        lambda array: array.size * np.dtype(dtype).itemsize * 2,
    )


def _response(transfer: Array, nsr: Nsr, regularization: str, frame: Frame, dtype: str, backend: Backend) -> Array:
    """``conj(H) / (|H|^2 + nsr |L|^2)``, the inverse of H at frequency zero, and 0 where it would be 0 / 0."""
    xp = backend.xp
    half = not dtype.startswith("complex")
    penalty: float | np.ndarray = nsr_on_grid(nsr, frame.shape, frame.grid, half=half)
    if regularization == "laplacian":
        penalty = penalty * laplacian_power(frame.grid, half=half)
    elif not isinstance(penalty, np.ndarray):
        penalty = np.full(tuple(transfer.shape), penalty)
    penalty[(0,) * penalty.ndim] = 0.0
    power = xp.real(transfer) ** 2 + xp.imag(transfer) ** 2
    total = power + backend.astype(backend.to_device(np.ascontiguousarray(penalty)), dtype_name(power.dtype))
    nothing = total == 0
    total = xp.where(nothing, xp.ones_like(total), total)
    return xp.conj(transfer) / backend.astype(total, dtype_name(transfer.dtype))


def _warn_of_zeros(transfer: Array, nsr: Nsr, task: Task, backend: Backend) -> None:
    if isinstance(nsr, float | int) and nsr == 0:
        weakest = float(backend.xp.min(backend.xp.abs(transfer)))
        if weakest < _WEAK:
            task.fall_back(
                f"nsr=0 amplifies noise without bound: the psf passes some frequencies at {weakest:.1g} only; "
                "use nsr='auto' or a positive number"
            )
