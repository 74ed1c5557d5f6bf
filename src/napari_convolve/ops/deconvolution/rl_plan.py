"""Richardson-Lucy deconvolution that is right at the edges; the iterations are those of `_lucy_steps`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ..._arrays import Array, compute_dtype, dtype_name
from ..._progress import Task
from ...backends import Backend
from ...planning import Machine, Problem
from ..execution.batches import PER_STEP, Demand, Key, Step, fits, global_plan, run_entries
from ..execution.tiles import move
from ..fourier.edge_extension import Frame
from ..psf.psf_set import Psf, PsfSet
from .blur_operator import make_blur
from .rl_iteration import LucyRun
from .rl_options import Lucy, Samples
from .rl_tiled import lucy_in_tiles
from .stopping_rule import BOX


def lucy(
    image: Array,
    psfs: PsfSet,
    options: Lucy,
    valid: Array | None,
    *,
    source: Backend,
    machines: Sequence[Machine],
    workers: int | None,
    max_memory: int | None,
    task: Task,
) -> Array:
    """Deconvolve `image`; see `napari_convolve.richardson_lucy`."""
    given = dtype_name(image.dtype)
    compute = compute_dtype(given, wanted=options.dtype)
    dtype = options.dtype or compute
    if 0 in image.shape:
        return source.empty(tuple(image.shape), dtype)
    frame = lucy_frame([image.shape[a] for a in psfs.axes], psfs.size, options.edges, source)
    problem = Problem(
        operation="richardson_lucy",
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
    buffers = 6.0 + 3 * options.accelerated + (options.tv > 0)
    if options.stop == "auto":
        buffers += 3 * min(1.0, BOX / math.prod(frame.grid))
    demand = Demand(
        frame.grid,
        transforms=4 * options.iterations,
        buffers=buffers,
        steps=options.iterations,
        alone=options.intermediate is not None,
        beside=PER_STEP * options.iterations,
    )
    whole = demand.bytes(problem)
    if not any(fits(whole, machine, max_memory) for machine in machines):
        return lucy_in_tiles(
            image,
            psfs,
            options,
            valid,
            problem,
            frame,
            whole,
            source=source,
            machines=machines,
            workers=workers,
            max_memory=max_memory,
            task=task,
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
        blur = make_blur(psf, frame, compute, device, threads, lambda count: step(0))
        start = options.start
        if not isinstance(start, str):
            start = device.astype(move(start[key], source, device), compute)
        keep = options.intermediate
        given_back = None if keep is None else lambda number, found: keep(number, move(found, device, source))
        run = LucyRun(
            Samples(block, flags, compute, device),
            flags,
            psf,
            blur,
            frame,
            replace(options, start=start, intermediate=given_back),
            device,
            threads,
            device.empty,
        )
        found, done, reason = run.iterate(step)
        step(options.iterations - done)
        if not any(isinstance(k, int) and k for k in key):
            task.detail(iterations=done, stop=reason)
        return found[frame.key]

    return run_entries(image, valid, psfs, problem, demand, plan, dtype, entry, source, workers, task)


def lucy_frame(shape: Sequence[int], psf: Sequence[int], edges: str, backend: Backend) -> Frame:
    """The image's own grid, or one longer by the PSF."""
    if edges == "periodic":
        return Frame(tuple(shape), tuple(shape))
    lengths = [backend.fast_length(n + k - 1) if k > 1 else n for n, k in zip(shape, psf, strict=True)]
    return Frame(tuple(shape), tuple(lengths))
