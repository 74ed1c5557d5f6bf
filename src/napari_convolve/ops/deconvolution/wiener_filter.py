"""Wiener deconvolution: ``X = conj(H) Y / (|H|^2 + nsr |L|^2)`` on a grid where the edges do no harm.

H is the transform of the PSF with its centre rolled to index 0, L is 1 or the discrete Laplacian. The mean is
subtracted first and added again at the end, and frequency zero is divided by H alone, so the result has the mean of the
image.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..._arrays import Array, compute_dtype, dtype_name
from ...backends import SESSION
from ..execution.batches import BatchItem, ItemCost, batch_problem, run_batch
from ..execution.execution import Execution
from ..fourier.edge_extension import PaddedGrid, make_grid, row_parts
from ..fourier.missing_samples import fill_missing
from ..psf.psf_set import PsfSet
from .noise_to_signal import Nsr
from .penalty import Penalty
from .wiener_full_fft import WholeWiener
from .wiener_slab_fft import SlabWiener

REGULARIZATIONS = ("identity", "laplacian")
_STEPS = 2
#: Most steps of conjugate gradients for the samples beyond the edges, and for missing samples.
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
class WienerOptions:
    """The options of a Wiener filter, validated.

    Attributes
    ----------
    nsr : callable
        ``nsr(item)``: the ratio of one batch item.
    spectral : bool
        Whether it is a model of the object's spectrum: it then needs no other regularization, and also predicts the
        samples beyond the edges.
    regularization, edges : str
    dtype : str or None
        Of the result.
    """

    nsr: Callable[[BatchItem], Nsr]
    spectral: bool
    regularization: str
    edges: str
    dtype: str | None


def wiener_filter(image: Array, psfs: PsfSet, options: WienerOptions, valid: Array | None, run: Execution) -> Array:
    """Deconvolve `image`; see `napari_convolve.wiener`."""
    compute = compute_dtype(dtype_name(image.dtype), complex_kernel=psfs.is_complex, wanted=options.dtype)
    dtype = options.dtype or compute
    if 0 in image.shape:
        return run.source.empty(tuple(image.shape), dtype)
    acted = [image.shape[a] for a in psfs.axes]
    grids = {psf.reach: make_grid(acted, psf.reach, options.edges, run.source) for psf in psfs.psfs}
    largest = max((padded.grid for padded in grids.values()), key=math.prod)
    problem = batch_problem("wiener", image, psfs, compute, options.edges, masked=valid is not None, run=run)
    most = _MASK_STEPS if valid is not None else _EDGE_STEPS if options.edges == "extend" else 0
    cost = ItemCost(
        largest,
        transforms=(6 if most else 3) + _PER_STEP * most * (options.spectral or valid is not None),
        buffers=12 if most else 6,
        steps=_STEPS + most,
        beside=_FIT * min(1.0, math.sqrt(math.prod(acted) / _LARGE)) * options.spectral,
    )

    def restored(item: BatchItem) -> Array:
        nsr = options.nsr(item)
        penalty = Penalty(nsr, options.regularization == "laplacian" and not options.spectral)
        item.step(0)
        solver = _solver(item, penalty, grids[item.psf.reach], compute)
        if penalty.number == 0 and solver.weakest < _WEAK:
            run.task.fall_back(
                f"nsr=0 amplifies noise without bound: the psf passes some frequencies at {solver.weakest:.1g} only; "
                "use nsr='auto' or a positive number"
            )
        steps = _edge_steps(solver.gain, options.spectral) if item.valid is None and most else most
        item.step()
        mean = _mean(item.block, item)
        guess = item.block
        if item.valid is not None:
            guess = fill_missing(guess, item.valid, item.device, item.workers)
        found = solver.restore(guess, item.block, mean, item.valid, steps)
        shift = mean - _mean(found, item)

        def restore_mean(rows: slice) -> None:
            part = found[rows, ...]
            part += shift

        SESSION.run_all(restore_mean, row_parts(found.shape, item.device), item.workers)
        for _ in range(1 + most - steps):
            item.step()
        return found

    return run_batch(image, valid, psfs, problem, cost, restored, run, dtype)


def _solver(item: BatchItem, penalty: Penalty, padded: PaddedGrid, dtype: str) -> SlabWiener | WholeWiener:
    """The faster of the two solvers where it applies."""
    if item.device.name == "numpy" and len(padded.grid) > 1 and dtype.startswith("float"):
        return SlabWiener(item.psf, penalty, padded, dtype, item.workers, item.step)
    return WholeWiener(item.psf, penalty, padded, dtype, item.device, item.workers, item.step)


def _edge_steps(gain: float, spectral: bool) -> int:
    """The more a filter amplifies, the more it matters that the samples beyond the edges fit the others."""
    steps = math.ceil(2 * math.log10(max(gain, 1.0) / (1.0 if spectral else _STRONG))) - spectral
    return min(max(steps, 2 if spectral else 0), _EDGE_STEPS)


def _mean(block: Array, item: BatchItem) -> Array:
    """Mean over the samples of the item that count."""
    backend, xp = item.device, item.device.xp
    if item.valid is not None:
        kept = xp.where(item.valid, block, xp.zeros_like(block))
        return xp.sum(kept) / xp.sum(backend.astype(item.valid, dtype_name(block.dtype)))
    if not backend.threaded:
        return xp.mean(block)
    sums: dict[int, Any] = {}

    def add(rows: slice) -> None:
        sums[rows.start] = block[rows, ...].sum().item()

    SESSION.run_all(add, row_parts(block.shape, backend), item.workers)
    return sum(sums[start] for start in sorted(sums)) / math.prod(block.shape)
