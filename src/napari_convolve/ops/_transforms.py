"""Correlations of one block with many weights, which share the block's transform."""

from __future__ import annotations

import numpy as np

from .._arrays import Array
from ..backends import SESSION
from ..methods import Weights, valid_key
from ..methods.fft import inverse, kernel_spectrum
from ._blocks import Block


def correlate(block: Block, name: str, weights: Weights) -> Array:
    """Sums over all windows inside the block, in the dtype of the weights, as `Method.run` makes them.

    Parameters
    ----------
    name : str
        The form of the block: see `Block.form`.
    weights : Weights
        As a convolution applies them.
    """
    backend, axes, dtype = block.backend, block.axes, str(weights.values.dtype)
    spectrum = block.spectrum(name, dtype)
    kernel = kernel_spectrum(weights, block.grid, block.raw.ndim, backend, block.workers)
    starts = [k - 1 for k in weights.values.shape]
    lengths = [block.raw.shape[a] - s for a, s in zip(axes, starts, strict=True)]
    if backend.name != "numpy":
        result = backend.ifft(spectrum * kernel, block.grid, axes, block.workers, True)
        return result[valid_key(result.ndim, axes, starts, lengths)]
    product = SESSION.scratch("scores.product", spectrum.shape, str(spectrum.dtype))
    np.multiply(spectrum, kernel, out=product)
    return inverse(product, block.grid, axes, starts, lengths, block.workers)
