"""Wiener deconvolution: ``X = conj(H) Y / (|H|^2 + nsr |L|^2)`` on a grid where the edges do no harm.

H is the transform of the PSF with its centre rolled to index 0, L is 1 or the discrete Laplacian. The mean is taken
away first and given back after, and frequency zero is divided by H alone, so that the mean of the result is the mean
of the image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..._arrays import Array, compute_dtype, dtype_name
from ..._progress import Task
from ...backends import SESSION, Backend
from ...planning import Machine, Problem
from ..execution.batches import Demand, Key, Step, global_plan, run_entries
from ..fourier.edge_extension import Frame, make_frame, row_parts
from ..fourier.missing_samples import fill_missing
from ..psf.psf_set import Psf, PsfSet
from .noise_to_signal import Nsr
from .penalty import Penalty
from .wiener_full_fft import WholeWiener
from .wiener_slab_fft import SlabWiener

REGULARIZATIONS = ("identity", "laplacian")
_STEPS = 2
#: Most steps of conjugate gradients for what lies beyond the edges, and steps for missing samples.
_EDGE_STEPS, _MASK_STEPS = 8, 8
#: Transforms that such a step takes.
_PER_STEP = 5
#: Seconds of one thread to fit a model of the spectra, and the samples from which on it takes as long.
_FIT, _LARGE = 0.25, 1 << 18
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
    demand = Demand(
        largest,
        transforms=(6 if most else 3) + _PER_STEP * most * (options.spectral or valid is not None),
        buffers=12 if most else 6,
        steps=_STEPS + most,
        beside=_FIT * min(1.0, math.sqrt(math.prod(acted) / _LARGE)) * options.spectral,
    )
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
        penalty = Penalty(nsr, options.regularization == "laplacian" and not options.spectral)
        frame = frames[psf.reach]
        step(0)
        solver = _solver(psf, penalty, frame, compute, device, threads, step)
        if penalty.number == 0 and solver.weakest < _WEAK:
            task.fall_back(
                f"nsr=0 amplifies noise without bound: the psf passes some frequencies at {solver.weakest:.1g} only; "
                "use nsr='auto' or a positive number"
            )
        steps = _edge_steps(solver.gain, options.spectral) if flags is None and most else most
        step()
        mean = _mean(block, flags, device, threads)
        guess = block if flags is None else fill_missing(block, flags, device, threads)
        found = solver.restore(guess, block, mean, flags, steps)
        shift = mean - _mean(found, flags, device, threads)

        def restore_mean(rows: slice) -> None:
            part = found[rows, ...]
            part += shift

        SESSION.run_all(restore_mean, row_parts(found.shape, device), threads)
        for _ in range(1 + most - steps):
            step()
        return found

    return run_entries(image, valid, psfs, problem, demand, plan, dtype, entry, source, workers, task)


def _solver(
    psf: Psf, penalty: Penalty, frame: Frame, dtype: str, backend: Backend, workers: int, step: Step
) -> SlabWiener | WholeWiener:
    """The fastest way there is on a backend."""
    if backend.name == "numpy" and len(frame.grid) > 1 and dtype.startswith("float"):
        return SlabWiener(psf, penalty, frame, dtype, workers, step)
    return WholeWiener(psf, penalty, frame, dtype, backend, workers, step)


def _edge_steps(gain: float, spectral: bool) -> int:
    """The more a filter amplifies, the more it matters that the samples beyond the edges fit the others."""
    steps = math.ceil(2 * math.log10(max(gain, 1.0) / (1.0 if spectral else _STRONG))) - spectral
    return min(max(steps, 2 if spectral else 0), _EDGE_STEPS)


def _mean(block: Array, valid: Array | None, backend: Backend, workers: int) -> Array:
    xp = backend.xp
    if valid is not None:
        kept = xp.where(valid, block, xp.zeros_like(block))
        return xp.sum(kept) / xp.sum(backend.astype(valid, dtype_name(block.dtype)))
    if not backend.threaded:
        return xp.mean(block)
    sums: dict[int, Any] = {}

    def add(rows: slice) -> None:
        sums[rows.start] = block[rows, ...].sum().item()

    SESSION.run_all(add, row_parts(block.shape, backend), workers)
    return sum(sums[start] for start in sorted(sums)) / math.prod(block.shape)
