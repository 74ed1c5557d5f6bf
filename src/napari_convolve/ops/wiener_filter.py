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

from .._arrays import REAL_OF, Array, compute_dtype, dtype_name
from .._progress import Task
from ..backends import SESSION, Backend
from ..planning import Machine, Problem
from ._conjugate import conjugate_steps
from ._entries import Demand, Key, Step, global_plan, run_entries
from ._fill import fill_missing
from ._frame import Frame, make_frame
from ._nsr import Nsr, laplacian_power, nsr_on_grid
from ._psf import Psf, PsfSet

REGULARIZATIONS = ("identity", "laplacian")
_STEPS = 3
#: Most steps of conjugate gradients for what lies beyond the edges, and steps for missing samples.
_EDGE_STEPS, _MASK_STEPS = 8, 8
#: A filter with a number for `nsr` needs such steps when it amplifies more than this.
_STRONG = 100.0
#: With nsr=0, frequencies that the PSF passes weaker than this make a warning.
_WEAK = 1e-3


@dataclass(frozen=True)
class Filter:
    """The options of a Wiener filter, validated.

    Attributes
    ----------
    nsr : callable
        ``nsr(block, valid, psf, key, device, workers)``: what to use for one entry of the batch axes.
    spectral : bool
        Whether it is a model of the object's spectrum, which needs no other regularization and also tells what lies
        beyond the edges.
    regularization, edges : str
    dtype : str or None
        Of the result.
    """

    nsr: Callable[[Array, Array | None, Psf, Key, Backend, int], Nsr]
    spectral: bool
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
    most = _MASK_STEPS if valid is not None else _EDGE_STEPS if options.edges == "extend" else 0
    demand = Demand(largest, transforms=6 if most else 3, buffers=12 if most else 6, steps=_STEPS + most)
    plan = global_plan(problem, demand, machines, workers, max_memory)

    def entry(
        block: Array,
        flags: Array | None,
        psf: Psf,
        key: Key,
        device: Backend,
        threads: int,
        step: Step,
    ) -> Array:
        nsr = options.nsr(block, flags, psf, key, device, threads)
        frame = frames[psf.reach]
        transfer = _transfer(psf, frame, compute, device, threads)
        _warn_of_zeros(transfer, nsr, task, device)
        laplacian = options.regularization == "laplacian" and not options.spectral
        penalty = _penalty(nsr, laplacian, frame, transfer, device)
        response = _response(transfer, penalty, device)
        steps = most
        if flags is None and most:
            steps = _edge_steps(float(device.xp.max(device.xp.abs(response))), options.spectral)
        step()
        result = deconvolved(block, flags, psf, transfer, penalty, response, frame, steps, device, threads, step)
        for _ in range(most - steps):
            step()
        return result

    return run_entries(image, valid, psfs, problem, demand, plan, dtype, entry, source, workers, task)


def deconvolved(
    block: Array,
    valid: Array | None,
    psf: Psf,
    transfer: Array,
    penalty: Array,
    response: Array,
    frame: Frame,
    steps: int,
    backend: Backend,
    workers: int,
    step: Callable[[], None],
) -> Array:
    """The block deconvolved, its mean kept; samples that are not valid count nowhere."""
    mean = _mean(block, valid, backend)
    centred = block - mean
    guess = centred if valid is None else fill_missing(centred, valid, backend, workers)
    axes = tuple(range(block.ndim))
    spectrum = backend.fft(frame.extend(guess, psf, backend), frame.grid, axes, workers)
    step()
    spectrum = spectrum * response
    if steps:
        spectrum = conjugate_steps(spectrum, centred, valid, transfer, penalty, frame, steps, backend, workers, step)
    real = not dtype_name(block.dtype).startswith("complex")
    result = backend.ifft(spectrum, frame.grid, axes, workers, real)[frame.key]
    step()
    return result + (mean - _mean(result, valid, backend))


def _edge_steps(gain: float, spectral: bool) -> int:
    """The more a filter amplifies, the more it matters that the samples beyond the edges fit the others."""
    steps = math.ceil(2 * math.log10(max(gain, 1.0) / (1.0 if spectral else _STRONG)))
    return min(max(steps, 2 if spectral else 0), _EDGE_STEPS)


def _mean(block: Array, valid: Array | None, backend: Backend) -> Array:
    xp = backend.xp
    if valid is None:
        return xp.mean(block)
    kept = xp.where(valid, block, xp.zeros_like(block))
    return xp.sum(kept) / xp.sum(backend.astype(valid, dtype_name(block.dtype)))


def _transfer(psf: Psf, frame: Frame, dtype: str, backend: Backend, workers: int) -> Array:
    key = ("transfer", backend.name, psf.digest, frame.grid, dtype)
    return SESSION.cached(
        key,
        lambda: psf.transfer(frame.grid, dtype, backend, workers),
        lambda array: array.size * np.dtype(dtype).itemsize * 2,
    )


def _penalty(nsr: Nsr, laplacian: bool, frame: Frame, transfer: Array, backend: Backend) -> Array:
    """``nsr |L|^2`` on the grid of `transfer`, 0 at frequency zero."""
    half = tuple(transfer.shape) != frame.grid
    penalty: float | np.ndarray = nsr_on_grid(nsr, frame.shape, frame.grid, half=half)
    if laplacian:
        penalty = penalty * laplacian_power(frame.grid, half=half)
    elif not isinstance(penalty, np.ndarray):
        penalty = np.full(tuple(transfer.shape), penalty)
    penalty[(0,) * penalty.ndim] = 0.0
    return backend.astype(backend.to_device(np.ascontiguousarray(penalty)), REAL_OF[dtype_name(transfer.dtype)])


def _response(transfer: Array, penalty: Array, backend: Backend) -> Array:
    """``conj(H) / (|H|^2 + penalty)``, and 0 where it would be 0 / 0."""
    xp = backend.xp
    total = xp.real(transfer) ** 2 + xp.imag(transfer) ** 2 + penalty
    total = xp.where(total == 0, xp.ones_like(total), total)
    return xp.conj(transfer) / backend.astype(total, dtype_name(transfer.dtype))


def _warn_of_zeros(transfer: Array, nsr: Nsr, task: Task, backend: Backend) -> None:
    if isinstance(nsr, float | int) and nsr == 0:
        weakest = float(backend.xp.min(backend.xp.abs(transfer)))
        if weakest < _WEAK:
            task.fall_back(
                f"nsr=0 amplifies noise without bound: the psf passes some frequencies at {weakest:.1g} only; "
                "use nsr='auto' or a positive number"
            )
