"""Sums over windows with missing samples: NaN, infinite, or masked.

A non-finite sample makes exactly those windows NaN that have it under a non-zero weight. Masked samples are left out by
normalised convolution (Knutsson and Westin 1993), ``S * conv(f m, w) / conv(m, w)`` with ``S = sum(w)``, separately for
the positive and the negative weights of the kernel.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import REAL_OF, Array, all_finite, dtype_name, in_steps
from ...backends import Backend
from ...kernels import Kernel
from ...methods import Factors, Method, PreparedKernel, valid_key

#: Windows with less than this share of the weight valid are summed directly, since the rounding of an FFT matters.
_WEAK = 1e-3
_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class WindowSum:
    """The computation of a tile: one kernel, and one rule for missing samples.

    Parameters
    ----------
    method : Method
        Sums over windows of blocks without missing samples.
    weights : PreparedKernel
        As a convolution applies them.
    omit : bool
        Whether non-finite samples are left out like masked ones; otherwise their windows become NaN.
    parts : tuple
        The kernel's `signed_parts`, needed where samples can be left out.
    rounded : bool
        Whether the sums are integers, but for the rounding of the method.
    """

    method: Method
    weights: PreparedKernel
    omit: bool
    parts: tuple[tuple[float, PreparedKernel], ...] = ()
    rounded: bool = False

    def __call__(self, block: Array, valid: Array | None, out: Array, backend: Backend, workers: int) -> None:
        """Fill `out` with the sums over all windows inside `block`.

        Without a mask the sums are computed before samples are checked: the check costs as much as a small kernel.
        """
        xp = backend.xp
        if valid is not None and bool(xp.all(valid)):
            valid = None
        if valid is None and (self.method.run(block, self.weights, out, backend, workers) or all_finite(block, xp)):
            if self.rounded:
                backend.assign(out, ..., xp.round(out) + 0.0)  # which makes -0 a 0
            return
        clean, missing, bad = split_missing(block, valid, self.omit, xp)
        if missing is None:
            self.method.run(clean, self.weights, out, backend, workers)
        else:
            backend.assign(out, ..., self._normalised(clean, missing, backend, workers))
        if bad is not None:
            hit = count_flags(bad, self.weights.values != 0, self.weights.axes, backend) > 0
            backend.assign(out, ..., xp.where(hit, xp.asarray(math.nan, dtype=out.dtype, device=out.device), out))

    def _normalised(self, clean: Array, valid: Array, backend: Backend, workers: int) -> Array:
        xp, axes = backend.xp, self.weights.axes
        complex_image = dtype_name(clean.dtype).startswith("complex")
        clean = backend.astype(clean, "complex128" if complex_image else "float64")
        ones = backend.astype(valid, "float64")
        shape = tuple(n - k + 1 for n, k in zip(_acted(clean.shape, axes), self.weights.values.shape, strict=True))
        lengths = list(clean.shape)
        for axis, n in zip(axes, shape, strict=True):
            lengths[axis] = n
        total = xp.zeros(tuple(lengths), dtype=clean.dtype, device=clean.device)
        for sign, part in self.parts:
            share = float(part.values.sum())
            samples = backend.empty(tuple(lengths), dtype_name(clean.dtype))
            weight = backend.empty(tuple(lengths), "float64")
            self.method.run(clean, _as(part, dtype_name(clean.dtype)), samples, backend, workers)
            self.method.run(ones, part, weight, backend, workers)
            any_valid = count_flags(valid, part.values != 0, axes, backend) > 0
            safe = xp.where(any_valid & (weight > 0), weight, xp.ones_like(weight))
            ratio = samples / backend.astype(safe, dtype_name(clean.dtype))
            if not self.method.keeps_ratio:
                _refine(ratio, any_valid & (weight < _WEAK * share), clean, ones, part, backend)
            nothing = xp.asarray(math.nan, dtype=ratio.dtype, device=ratio.device)
            total = total + sign * share * xp.where(any_valid, ratio, nothing)
        return total


def split_missing(block: Array, valid: Array | None, omit: bool, xp: Any) -> tuple[Array, Array | None, Array | None]:
    """The block with 0 for missing samples, the samples that count (None for all), and those whose windows become NaN.

    Non-finite samples are left out like masked ones with `omit`; otherwise their windows become NaN.
    """
    finite = None if all_finite(block, xp) else xp.isfinite(block)
    if finite is None:
        kept, there, bad = valid, valid, None
    else:
        kept = finite if valid is None else finite & valid
        there = kept if omit else valid
        bad = None if omit else ~finite if valid is None else ~finite & valid
    clean = block if kept is None else xp.where(kept, block, xp.zeros_like(block))
    return clean, there, bad


def signed_parts(kernel: Kernel, axes: tuple[int, ...]) -> tuple[tuple[float, PreparedKernel], ...]:
    """The positive and the negative weights, in float64, with their factors when they have any."""
    parts = []
    for sign in (1.0, -1.0):
        values = np.maximum(sign * kernel.values, 0.0)
        if values.any():
            found = Kernel(values).factors()
            terms: Factors = tuple(found) if found is not None and len(found) == 1 else ()
            parts.append((sign, PreparedKernel(values, axes, terms)))
    return tuple(parts)


def _refine(ratio: Array, weak: Array, clean: Array, ones: Array, part: PreparedKernel, backend: Backend) -> None:
    """Replace the ratio of windows with little valid weight by direct sums."""
    xp = backend.xp
    where = [np.asarray(backend.to_host(index)) for index in xp.nonzero(weak)]
    if not where[0].size:
        return
    strides = np.cumprod([1, *clean.shape[:0:-1]])[::-1]
    taps = np.argwhere(part.values != 0)
    offsets = (np.asarray(part.values.shape) - 1 - taps) @ strides[list(part.axes)]
    flat, flat_ones = xp.reshape(clean, (-1,)), xp.reshape(ones, (-1,))
    weights = backend.to_device(part.values[tuple(taps.T)])
    step = max(1, _CHUNK // len(taps))
    for span in in_steps(where[0].size, step):
        chosen = [index[span] for index in where]
        base = sum(index * stride for index, stride in zip(chosen, strides, strict=True))
        index = backend.to_device((base[:, None] + offsets).reshape(-1))
        shape = (len(base), len(taps))
        samples = xp.reshape(xp.take(flat, index), shape)
        held = xp.reshape(xp.take(flat_ones, index), shape)
        weight = xp.sum(held * weights, axis=1)
        value = xp.sum(samples * weights, axis=1) / backend.astype(weight, dtype_name(samples.dtype))
        _scatter(ratio, chosen, backend.to_host(value), backend)


def _scatter(target: Array, where: list[np.ndarray], values: np.ndarray, backend: Backend) -> None:
    if isinstance(target, np.ndarray):
        target[tuple(where)] = values
        return
    host = backend.to_host(target).copy()
    host[tuple(where)] = values
    target[...] = backend.to_device(host)


def _as(part: PreparedKernel, dtype: str) -> PreparedKernel:
    if REAL_OF.get(dtype) is None:
        return part
    factors = tuple(tuple(vector.astype(dtype) for vector in term) for term in part.factors)
    return PreparedKernel(part.values.astype(dtype), part.axes, factors)


def _acted(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(shape[a] for a in axes)


def count_flags(flags: Array, support: np.ndarray, axes: tuple[int, ...], backend: Backend) -> Array:
    """Number of flagged samples (int32) under the support of a convolution kernel, for every window inside the block.

    `support` has one axis for each of `axes`; the result is shorter than `flags` by its length less one along them.
    """
    counts = backend.astype(flags, "int32")
    if support.all():
        for axis, k in zip(axes, support.shape, strict=True):
            counts = _box(counts, axis, 0, k, counts.shape[axis] - k + 1, backend)
        return counts
    # rows of a general support are a few runs of taps; each is a difference of running sums
    *other, last = axes
    lengths = [flags.shape[a] - k + 1 for a, k in zip(axes, support.shape, strict=True)]
    total: Array = 0 * counts[valid_key(counts.ndim, axes, [0] * len(axes), lengths)]
    for row in itertools.product(*map(range, support.shape[:-1])):
        starts = [k - 1 - j for k, j in zip(support.shape[:-1], row, strict=True)]
        lines = counts[valid_key(counts.ndim, other, starts, lengths[:-1])]
        for first, stop in _runs(support[row]):
            total = total + _box(lines, last, support.shape[-1] - stop, stop - first, lengths[-1], backend)
    return total


def _box(counts: Array, axis: int, offset: int, width: int, length: int, backend: Backend) -> Array:
    """Sums of `width` neighbours along an axis, the first window starting at `offset`."""
    if width == 1:
        return counts[valid_key(counts.ndim, (axis,), (offset,), (length,))]
    running = backend.xp.cumulative_sum(counts, axis=axis, dtype=backend.xp.int32, include_initial=True)
    upper = running[valid_key(counts.ndim, (axis,), (offset + width,), (length,))]
    return upper - running[valid_key(counts.ndim, (axis,), (offset,), (length,))]


def _runs(row: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
