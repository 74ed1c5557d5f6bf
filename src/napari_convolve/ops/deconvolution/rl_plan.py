"""Richardson-Lucy deconvolution that is right at the edges; the iterations are those of `_lucy_steps`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ..._arrays import Array, compute_dtype, dtype_name
from ...backends import Backend, move
from ..execution.batches import PER_STEP, BatchItem, ItemCost, batch_problem, fits, run_batch
from ..execution.execution import Execution
from ..fourier.edge_extension import PaddedGrid
from ..psf.psf_set import PsfSet
from .blur_operator import make_blur
from .rl_iteration import LucyRun
from .rl_options import LucyOptions, Samples
from .rl_tiled import lucy_in_tiles
from .stopping_rule import BOX


def richardson_lucy(image: Array, psfs: PsfSet, options: LucyOptions, valid: Array | None, run: Execution) -> Array:
    """Deconvolve `image`; see `napari_convolve.richardson_lucy`."""
    compute = compute_dtype(dtype_name(image.dtype), wanted=options.dtype)
    out, source = options.dtype or compute, run.source
    if 0 in image.shape:
        return source.empty(tuple(image.shape), out)
    padded = object_grid([image.shape[a] for a in psfs.axes], psfs.size, options.edges, source)
    masked = valid is not None
    problem = batch_problem("richardson_lucy", image, psfs, compute, options.edges, masked=masked, run=run)
    buffers = 6.0 + 3 * options.accelerated + (options.tv > 0)
    if options.stop == "auto":
        buffers += 3 * min(1.0, BOX / math.prod(padded.grid))
    cost = ItemCost(
        padded.grid,
        transforms=4 * options.iterations,
        buffers=buffers,
        steps=options.iterations,
        alone=options.intermediate is not None,
        beside=PER_STEP * options.iterations,
    )
    if not any(fits(cost.bytes(problem), machine, run.max_memory) for machine in run.machines):
        return lucy_in_tiles(image, psfs, options, valid, problem, padded, cost.bytes(problem), run)

    def restored(item: BatchItem) -> Array:
        device, dtype = item.device, dtype_name(item.block.dtype)
        blur = make_blur(item.psf, padded, dtype, device, item.workers, lambda count: item.step(0))
        start, keep = options.start, options.intermediate
        if not isinstance(start, str):
            start = device.astype(move(start[item.key], source, device), dtype)
        given_back = None if keep is None else lambda number, found: keep(number, move(found, device, source))
        own = replace(options, start=start, intermediate=given_back)
        samples = Samples(item.block, item.valid, dtype, device)
        state = LucyRun(samples, item.psf, blur, padded, own, device, item.workers, device.empty)
        if not state.in_range:
            return item.block * math.nan  # which asks for double precision
        found, done, reason = state.iterate(item.step)
        item.step(options.iterations - done)
        if item.is_first:
            run.task.detail(iterations=done, stop=reason)
        return found[padded.key]

    return run_batch(image, valid, psfs, problem, cost, restored, run, out)


def object_grid(shape: Sequence[int], psf: Sequence[int], edges: str, backend: Backend) -> PaddedGrid:
    """The image's own grid, or one longer by the PSF."""
    if edges == "periodic":
        return PaddedGrid(tuple(shape), tuple(shape))
    lengths = [backend.fast_length(n + k - 1) if k > 1 else n for n, k in zip(shape, psf, strict=True)]
    return PaddedGrid(tuple(shape), tuple(lengths))
