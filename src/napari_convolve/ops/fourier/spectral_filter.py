"""Filter images by a frequency response, after extending their edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..._arrays import COMPLEX_OF, REAL_OF, Array, compute_dtype, dtype_name
from ...backends import Backend, get_backend
from ..execution.batches import BatchItem, ItemCost, batch_problem, run_batch, without_psf
from ..execution.execution import Execution
from .grid_response import GridResponse, response_on_padded_grid
from .missing_samples import fill_missing
from .response_spec import Response

_STEPS = 2


@dataclass(frozen=True)
class FilterOptions:
    """Validated options: the public function's name, rising axes, spacing along each, dtype of the result."""

    operation: str
    axes: tuple[int, ...]
    spacing: tuple[float, ...]
    edges: str
    dtype: str | None


#: Preprocessing of a batch item: returns its block.
Prepare = Callable[[BatchItem], Array]


def filter_image(
    image: Array,
    response: Response | None,
    options: FilterOptions,
    valid: Array | None,
    run: Execution,
    prepare: Prepare | None = None,
) -> Array:
    """Multiply the image's spectrum with a response; see `napari_convolve.filter_spectrum`.

    Each batch item goes through `prepare` first; the response may be None.
    """
    given = dtype_name(image.dtype)
    real = not given.startswith("complex")
    compute = compute_dtype(given, wanted=options.dtype)
    if real:
        compute = REAL_OF.get(compute, compute)
    dtype = options.dtype or compute
    if 0 in image.shape:
        return run.source.empty(tuple(image.shape), dtype)
    lengths = [image.shape[a] for a in options.axes]
    on = None
    if response is not None:
        on = response_on_padded_grid(response, lengths, options.spacing, options.edges, real, get_backend("numpy"))
        if on.changed:
            run.task.assume(
                "the response was made symmetric (a real image has each wave at a frequency and at its opposite): "
                "of two different gains the one farther from the median counts"
            )
    items = without_psf(image.shape, options.axes)
    masked = valid is not None
    problem = batch_problem(options.operation, image, items, compute, options.edges, masked=masked, run=run)
    grid = tuple(lengths) if on is None else on.padded.grid
    cost = ItemCost(grid, transforms=2, buffers=5, steps=_STEPS)

    def filtered_item(item: BatchItem) -> Array:
        block = item.block
        if item.valid is not None:
            block = fill_missing(block, item.valid, item.device, item.workers)
        if prepare is not None:
            block = prepare(replace(item, block=block))
        item.step()
        if on is not None:
            block = filtered(block, on, item.device, item.workers)
        item.step()
        return block

    return run_batch(image, valid, items, problem, cost, filtered_item, run, dtype)


def filtered(block: Array, on: GridResponse, backend: Backend, workers: int) -> Array:
    """Filter the extended block; its mean is multiplied with the gain at zero separately."""
    xp, dtype = backend.xp, dtype_name(block.dtype)
    real = not dtype.startswith("complex")
    axes = tuple(range(block.ndim))
    mean = xp.mean(block)
    spectrum = backend.fft(on.padded.extend(block, mean, on.impulse, backend, workers), on.padded.grid, axes, workers)
    gains = backend.astype(backend.to_device(np.ascontiguousarray(on.values)), COMPLEX_OF.get(dtype, dtype))
    result = backend.ifft(spectrum * gains, on.padded.grid, axes, workers, real)[on.padded.key]
    gain = on.at_zero.real if real else on.at_zero
    return result + mean * gain
