"""One window of a convolution, laid open: samples, weights, products, sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..._progress import Task
from ...backends import get_backend
from ...boundary import gather
from ...kernels import Kernel
from ...planning import Machine
from ..execution.execution import Execution
from ..filtering.window import Window, as_convolution, window_geometry, window_sum


@dataclass(frozen=True, eq=False)
class Patch:
    """What one sample of a result is made of; all arrays have the kernel's shape.

    Attributes
    ----------
    index : tuple of int
        Of the sample in the result.
    start : tuple of int
        Index, in the image, of the patch's first sample along the acted axes; may lie outside.
    values : ndarray
        The window's samples, after the boundary rule.
    supplied : ndarray of bool
        Which of them the boundary rule supplied, because they lie outside the image.
    valid : ndarray of bool
        Which of them count; all, unless a mask or ``nan="omit"`` leaves some out.
    weights : ndarray
        The kernel as applied to the samples: flipped for a convolution, conjugated for a complex correlation. Samples
        that are left out have the weight 0, and their share goes to the others: the positive weights keep their sum,
        and so do the negative ones.
    products : ndarray
        ``values * weights``, 0 where the weight is.
    sum : float or complex
        The result at `index`, which the products add up to; NaN where all samples under the weights of a sign are left
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

    def __str__(self) -> str:
        outside = int(self.supplied.sum())
        border = f", {outside} of {self.supplied.size} samples supplied by the boundary rule" if outside else ""
        return f"{self.sum:.6g} at {self.index}: {'x'.join(map(str, self.values.shape))} window{border}"


def look_at(image: np.ndarray, kernel: Kernel, window: Window, valid: np.ndarray | None, index: Sequence[int]) -> Patch:
    """The patch behind one sample of a result; see `napari_convolve.inspect`.

    Parameters
    ----------
    image : ndarray
    valid : ndarray of bool or None
        Of the image's shape.
    index : sequence of int
        One for each axis of the result, not negative.
    """
    applied, reach = as_convolution(kernel, window)
    sweep = window_geometry(image.shape, image.dtype.name, applied, window, reach, valid is not None, False)
    axes, lengths, compute = window.axes, applied.shape, sweep.problem.compute
    start = tuple(index[axis] + first for axis, first in zip(axes, sweep.first, strict=True))
    ranges = [(s, s + k) for s, k in zip(start, lengths, strict=True)]
    place = tuple(slice(None) if axis in axes else slice(i, i + 1) for axis, i in enumerate(index))
    backend = get_backend("numpy")
    block = gather(image[place], axes, ranges, window.boundary, window.cval, compute, backend).astype(compute)
    flags = None if valid is None else gather(valid[place], axes, ranges, window.boundary, True, "bool", backend)
    outside = [(np.arange(*r) < 0) | (np.arange(*r) >= image.shape[axis]) for axis, r in zip(axes, ranges, strict=True)]
    supplied = np.zeros(lengths, bool)
    for number, line in enumerate(outside):
        supplied |= line.reshape([-1 if a == number else 1 for a in range(len(lengths))])
    only = replace(window, operation="convolve", shape="valid", origin=(0,) * len(axes), dtype=None)
    # of a single window: nothing to compile, and the sum to rounding
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
    """Weights where some samples are left out: 0 there, the others of each sign larger, so that its sum stays.

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
