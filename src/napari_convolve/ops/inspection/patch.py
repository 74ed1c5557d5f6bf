"""One window of a convolution in detail: samples, weights, products, sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..._arrays import along_axis, short_repr
from ..._progress import Task
from ...backends import get_backend
from ...boundary import gather
from ...kernels import Kernel
from ...planning import Machine
from ..execution.execution import Execution
from ..filtering.window import Window, as_convolution, window_geometry, window_sum


@dataclass(frozen=True, eq=False, repr=False)
class Patch:
    """The terms of one sample of a result; all arrays have the kernel's shape.

    Attributes
    ----------
    index : tuple of int
        Of the sample in the result.
    start : tuple of int
        Index, in the image, of the patch's first sample along the acted axes; may lie outside.
    values : ndarray
        The window's samples, after the boundary rule.
    supplied : ndarray of bool
        Samples outside the image, supplied by the boundary rule.
    valid : ndarray of bool
        Samples that count; all, unless a mask or ``nan="omit"`` leaves some out.
    weights : ndarray
        The kernel as applied to the samples: flipped for a convolution, conjugated for a complex correlation. Samples
        that are left out have the weight 0; the others are scaled so that the positive and the negative weights keep
        their sums.
    products : ndarray
        ``values * weights``, 0 where the weight is 0.
    sum : float or complex
        The result at `index`, the sum of the products; NaN where all samples under the weights of one sign are left
        out.
    """

    index: tuple[int, ...]
    start: tuple[int, ...]
    values: np.ndarray
    supplied: np.ndarray
    valid: np.ndarray
    weights: np.ndarray
    products: np.ndarray
    sum: complex

    __repr__ = short_repr

    def __str__(self) -> str:
        outside = int(self.supplied.sum())
        border = f", {outside} of {self.supplied.size} samples supplied by the boundary rule" if outside else ""
        return f"{self.sum:.6g} at {self.index}: {'x'.join(map(str, self.values.shape))} window{border}"


def look_at(image: np.ndarray, kernel: Kernel, window: Window, valid: np.ndarray | None, index: Sequence[int]) -> Patch:
    """The window of one sample of a result (index not negative); see `napari_convolve.inspect`."""
    applied, center = as_convolution(kernel, window)
    geometry = window_geometry(image.shape, image.dtype.name, applied, window, center, valid is not None, False)
    axes, lengths, compute = window.axes, applied.shape, geometry.problem.compute
    start = tuple(index[axis] + first for axis, first in zip(axes, geometry.first, strict=True))
    ranges = [(s, s + k) for s, k in zip(start, lengths, strict=True)]
    place = tuple(slice(None) if axis in axes else slice(i, i + 1) for axis, i in enumerate(index))
    backend = get_backend("numpy")
    block = gather(image[place], axes, ranges, window.boundary, window.cval, compute, backend).astype(compute)
    flags = None if valid is None else gather(valid[place], axes, ranges, window.boundary, True, "bool", backend)
    outside = [(np.arange(*r) < 0) | (np.arange(*r) >= image.shape[axis]) for axis, r in zip(axes, ranges, strict=True)]
    supplied = np.zeros(lengths, bool)
    for number, line in enumerate(outside):
        supplied |= along_axis(line, number, len(lengths))
    only = replace(window, operation="convolve", shape="valid", origin=(0,) * len(axes), dtype=None)
    # method "fft" for a single window: nothing is compiled, and the sum is right to rounding
    run = Execution(backend, (Machine("numpy", 1, 1 << 30),), Task("inspect"), method="fft", workers=1)
    total = window_sum(block, Kernel(applied.values), only, flags, run)
    weights = applied.values[(slice(None, None, -1),) * applied.ndim]
    values = block.reshape(lengths)
    counts = np.ones(lengths, bool) if flags is None else flags.reshape(lengths).astype(bool)
    if window.nan == "omit":
        counts = counts & np.isfinite(values)
    if not counts.all():
        weights = shared(weights, counts)
    with np.errstate(all="ignore"):
        products = np.where(weights == 0, 0, values * weights)
    return Patch(tuple(index), start, values, supplied, counts, weights, products, total.reshape(-1)[0].item())


def shared(weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Weights where some samples are left out: 0 there, the others scaled so that the sum of each sign stays.

    Examples
    --------
    >>> shared(np.array([1.0, 2.0, -1.0, -1.0]), np.array([True, False, True, True])).tolist()
    [3.0, 0.0, -1.0, -1.0]
    """
    found = np.where(counts, weights, 0)
    for sign in (1, -1):
        part = sign * weights > 0
        left = float(weights[part & counts].sum())
        if left:
            found[part] *= float(weights[part].sum()) / left
    return found
