"""Spectrum of an image, with windows and without the cross of its edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..._arrays import COMPLEX_OF, Array, along_axis, compute_dtype, dtype_name, index_along
from ...backends import Backend
from ..execution.batches import BatchItem, ItemCost, batch_problem, run_batch, without_psf
from ..execution.execution import Execution
from .missing_samples import fill_missing
from .spectrum_data import Spectrum
from .tapers import samples

#: Treatments of the jump between opposite edges of an image.
SEAMS = ("periodic", "moisan")


@dataclass(frozen=True)
class SpectrumOptions:
    """Validated options: rising axes, spacing along each, order of the axes in the result, complex dtype or None."""

    axes: tuple[int, ...]
    spacing: tuple[float, ...]
    order: tuple[int, ...]
    window: str | None
    edges: str
    dtype: str | None


def spectrum_of(image: Array, options: SpectrumOptions, valid: Array | None, run: Execution) -> Spectrum:
    """See `napari_convolve.spectrum`."""
    given = dtype_name(image.dtype)
    compute = compute_dtype(given, wanted=options.dtype)
    out = options.dtype or COMPLEX_OF.get(compute, compute)
    lengths = [image.shape[a] for a in options.axes]
    if 0 in image.shape:
        return _named(run.source.empty(tuple(image.shape), out), options, given)
    items = without_psf(image.shape, options.axes)
    problem = batch_problem("spectrum", image, items, out, options.edges, masked=valid is not None, run=run)
    cost = ItemCost(tuple(lengths), transforms=2 if options.edges == "moisan" else 1, buffers=4, steps=1)
    taper = math.prod(along_axis(samples(options.window, n), axis, len(lengths)) for axis, n in enumerate(lengths))

    def transformed(item: BatchItem) -> Array:
        block, device = item.block, item.device
        if item.valid is not None:
            block = fill_missing(block, item.valid, device, item.workers)
        axes = tuple(range(block.ndim))
        found = None
        if options.edges == "moisan":
            found = periodic_component(block, device, item.workers)
        if options.window is not None:
            if found is not None:
                block = device.ifft(found, block.shape, axes, item.workers, False)
            weights = device.astype(device.to_device(np.asarray(taper)), dtype_name(block.dtype))
            found = None
            block = block * weights
        if found is None:
            found = device.fft(block, block.shape, axes, item.workers)
        item.step()
        return found / math.prod(lengths)

    values = run_batch(image, valid, items, problem, cost, transformed, run, out)
    return _named(values, options, given)


def _named(values: Array, options: SpectrumOptions, given: str) -> Spectrum:
    axes, spacing = tuple(options.axes[o] for o in options.order), tuple(options.spacing[o] for o in options.order)
    frequencies = tuple(np.fft.fftfreq(values.shape[a], s) for a, s in zip(axes, spacing, strict=True))
    return Spectrum(values, frequencies, axes, spacing, options.window, not given.startswith("complex"))


def periodic_component(block: Array, backend: Backend, workers: int) -> Array:
    """The spectrum of the image without the cross caused by the jump between opposite edges.

    The image is the sum of a periodic component and a smooth one, which has the jumps and elsewhere a Laplacian of 0;
    the spectrum of the smooth one is that of the jumps over ``sum(2 cos(2 pi f) - 2)`` (L. Moisan, "Periodic plus
    smooth image decomposition", J. Math. Imaging Vis. 39 (2011) 161).
    """
    dtype = dtype_name(block.dtype)
    jumps = backend.empty(tuple(block.shape), dtype)
    backend.assign(jumps, ..., 0)
    for axis, n in enumerate(block.shape):
        first, last = (index_along(block.ndim, axis, slice(i, i + 1)) for i in (0, n - 1))
        jump = block[last] - block[first]
        backend.assign(jumps, first, jumps[first] + jump)
        backend.assign(jumps, last, jumps[last] - jump)
    axes = tuple(range(block.ndim))
    total = np.zeros((1,) * block.ndim)
    for axis, n in enumerate(block.shape):
        line = 2 * np.cos(2 * np.pi * np.arange(n) / n) - 2
        total = total + along_axis(line, axis, block.ndim)
    total = np.array(np.broadcast_to(total, block.shape))
    total[(0,) * block.ndim] = np.inf  # the mean belongs to the periodic component
    inverse = backend.astype(backend.to_device(1 / total), dtype)
    spectra = [backend.fft(part, block.shape, axes, workers) for part in (block, jumps)]
    return spectra[0] - spectra[1] * inverse
