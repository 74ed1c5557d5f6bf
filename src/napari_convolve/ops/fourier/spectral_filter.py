"""Filters given by what they do at each frequency, on images whose edges are extended first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..._arrays import COMPLEX_OF, REAL_OF, Array, compute_dtype, dtype_name
from ..._progress import Task
from ...backends import Backend, get_backend
from ...planning import Machine
from ..execution.batches import Demand, Key, global_plan, global_problem, run_entries, whole_entries
from ..psf.psf_set import Psf
from .grid_response import GridResponse, on_frame
from .missing_samples import fill_missing
from .response_spec import Response

_STEPS = 2


@dataclass(frozen=True)
class Filter:
    """The options of a filter, validated.

    Attributes
    ----------
    operation : str
        The public function's name.
    axes : tuple of int
        Rising.
    spacing : tuple of float
        One for each of `axes`.
    edges : str
    dtype : str or None
        Of the result.
    """

    operation: str
    axes: tuple[int, ...]
    spacing: tuple[float, ...]
    edges: str
    dtype: str | None


#: Changes a block before it is filtered: ``prepare(block, key, device, workers)``.
Prepare = Callable[[Array, Key, Backend, int], Array]


def filter_image(
    image: Array,
    response: Response | None,
    options: Filter,
    valid: Array | None,
    *,
    source: Backend,
    machines: Sequence[Machine],
    workers: int | None,
    max_memory: int | None,
    task: Task,
    prepare: Prepare | None = None,
) -> Array:
    """Multiply the image's spectrum with a response; see `napari_convolve.filter_spectrum`.

    With `prepare`, each entry of the batch axes is changed by it first; without a response that is all.
    """
    given = dtype_name(image.dtype)
    real = not given.startswith("complex")
    compute = compute_dtype(given, wanted=options.dtype)
    if real:
        compute = REAL_OF.get(compute, compute)
    dtype = options.dtype or compute
    if 0 in image.shape:
        return source.empty(tuple(image.shape), dtype)
    lengths = [image.shape[a] for a in options.axes]
    on = None
    if response is not None:
        on = on_frame(response, lengths, options.spacing, options.edges, real, get_backend("numpy"))
        if on.changed:
            task.assume(
                "the response was made symmetric (a real image has each wave at a frequency and at its opposite): "
                "of two different gains the one farther from the median counts"
            )
    problem = global_problem(
        options.operation, image.shape, given, compute, options.axes, options.edges, valid is not None, task
    )
    grid = tuple(lengths) if on is None else on.frame.grid
    demand = Demand(grid, transforms=2, buffers=5, steps=_STEPS)
    plan = global_plan(problem, demand, machines, workers, max_memory)

    def entry(
        block: Array, flags: Array | None, psf: Psf, key: Key, device: Backend, threads: int, step: Callable[[], None]
    ) -> Array:
        if flags is not None:
            block = fill_missing(block, flags, device, threads)
        if prepare is not None:
            block = prepare(block, key, device, threads)
        step()
        if on is not None:
            block = filtered(block, on, device, threads)
        step()
        return block

    entries = whole_entries(image.shape, options.axes)
    return run_entries(image, valid, entries, problem, demand, plan, dtype, entry, source, workers, task)


def filtered(block: Array, on: GridResponse, backend: Backend, workers: int) -> Array:
    """The block's extension filtered; the mean is multiplied with the gain at zero apart from the rest."""
    xp, dtype = backend.xp, dtype_name(block.dtype)
    real = not dtype.startswith("complex")
    axes = tuple(range(block.ndim))
    mean = xp.mean(block)
    spectrum = backend.fft(on.frame.extend(block, mean, on.impulse, backend, workers), on.frame.grid, axes, workers)
    gains = backend.astype(backend.to_device(np.ascontiguousarray(on.values)), COMPLEX_OF.get(dtype, dtype))
    result = backend.ifft(spectrum * gains, on.frame.grid, axes, workers, real)[on.frame.key]
    gain = on.at_zero.real if real else on.at_zero
    return result + mean * gain
