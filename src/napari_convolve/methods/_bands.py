"""Compiled sums over windows of an image, read in place: the boundary rule is in lookup tables of sample indices.

A call prepares the weights once and returns a function that computes any part of the result, on any thread.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import dtype_name
from ..backends import SESSION
from ..boundary import MODES, IndexRule
from . import _compiled
from ._base import PreparedKernel, SampleSource, Tiles

#: Samples of all work arrays together, most of a core's second-level cache.
_SAMPLES = 3 << 16
#: The same for volumes and tall halos, where fewer halos gain more than the cache.
_DEEP_SAMPLES = 1 << 19
#: Planes of the result that are computed together.
_ACROSS = 8
#: Largest length of a lookup table that is cached.
_SHORT = 1 << 13
Kernel3 = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class _Lookup:
    """An image of at least two axes as flat memory, with lookup tables of its samples along each axis.

    `steps` are strides in samples; `first` is the index of the first sample that the first result depends on, and
    `kernel` the length of the kernel, along each axis.
    """

    flat: np.ndarray
    shape: Sequence[int]
    steps: Sequence[int]
    first: Sequence[int]
    kernel: Sequence[int]
    boundary: str
    cval: Any

    def table(self, axis: int, key: slice) -> np.ndarray:
        """Offsets, along an axis, of the samples that a part of the result depends on; -1: the constant."""
        start, stop = key.start + self.first[axis], key.stop + self.first[axis] + self.kernel[axis] - 1
        make = _table if stop - start <= _SHORT else _table.__wrapped__
        return make(MODES.get(self.boundary), start, stop, self.shape[axis], self.steps[axis])

    def run(self, key: slice) -> tuple[int, int]:
        """Start and stop of the part of the last axis' table that lies inside the image, where it rises by one."""
        start, length = key.start + self.first[-1], key.stop - key.start + self.kernel[-1] - 1
        a = min(max(-start, 0), length)
        return a, max(min(self.shape[-1] - start, length), a)


@functools.lru_cache(maxsize=128)
def _table(rule: IndexRule, start: int, stop: int, n: int, step: int) -> np.ndarray:
    """Offsets of the samples of a range along an axis of length `n`; -1: the constant."""
    if 0 <= start and stop <= n:
        table = np.arange(start, stop) * step
    else:
        index = rule(np.arange(start, stop), n)
        table = np.where(index < 0, -1, index * step)
    table.flags.writeable = False  # shared by all callers
    return table


def plane_tiles(image: np.ndarray, weights: PreparedKernel, source: SampleSource) -> Tiles | None:
    """Direct sums over the whole kernel; None when the image cannot be read in place."""
    if not _compiled.readable_in_place(image):
        return None
    dtype = weights.dtype
    lookup = _lookup(image, weights, source)
    lengths, samples = lookup.kernel, dtype_name(image.dtype)
    kernel = weights.values[(slice(None, None, -1),) * weights.values.ndim].reshape(lengths)
    deep = len(lengths) > 2 and lengths[-3] > 1
    inner = 3 if deep else 2
    depth, height, width = lengths[-3:] if deep else (1, *lengths[-2:])
    code = _compiled.planes_code(depth, height, width, dtype, samples)
    more = _compiled.planes_code(depth, height, width, dtype, samples, add=True)
    loop = code.parts[1]
    taps = []
    for lead in itertools.product(*map(range, lengths[:-inner])):
        laid = [_compiled.plane_weights(loop, plane) for plane in kernel[lead].reshape(depth, height, width)]
        taps.append((lead, np.array(laid)))
    functions = [(code if number == 0 else more).function() for number in range(len(taps))]

    def tile(key: tuple[slice, ...], out: np.ndarray, workers: int) -> bool:
        flag = 0.0
        for (lead, laid), function in zip(taps, functions, strict=True):
            for call in _calls(lookup, key, out, lead, deep):
                ty, tx, size = block(call.ny, call.nx, (depth, height, width), out.itemsize)
                scratch = SESSION.scratch("samples", (size,), dtype)
                flag += function(lookup.flat, laid, call.out, *call.tables, scratch, *call.run, call.ny, call.nx,
                                 call.so, ty, tx, lookup.cval)  # fmt: skip
        return not math.isnan(flag)

    return tile


def lines(image: np.ndarray, weights: PreparedKernel, source: SampleSource) -> Tiles | None:
    """Sums over the kernel's separable terms; None when the image cannot be read in place."""
    if not _compiled.readable_in_place(image) or not fits_lines(image.ndim, weights.axes):
        return None
    lookup = _lookup(image, weights, source)
    samples, dtype, lengths = dtype_name(image.dtype), weights.dtype, lookup.kernel
    deep = len(lengths) > 2 and lengths[-3] > 1
    kernel = (lengths[-3] if deep else 1, lengths[-2], lengths[-1])
    terms = [_vectors(weights, term, image.ndim) for term in weights.factors]
    flat = all(_compiled.is_flat(v) for term in terms for v in term)
    at_once = 1 if deep else len(terms)
    steps = []
    for number, part in enumerate([terms] if not deep else [[term] for term in terms]):
        code = _compiled.lines_code(kernel, at_once, dtype, samples, flat, add=number > 0)
        columns, rows = code.parts[1:3]
        laid = [np.stack([_compiled.column_weights(columns, term[1]) for term in part]),
                np.stack([_compiled.plane_weights(rows, term[2][None]) for term in part])]  # fmt: skip
        if deep:
            laid = [_compiled.column_weights(code.parts[3], part[0][0]), laid[0][0], laid[1][0]]
        steps.append((code.function(), laid))

    def tile(key: tuple[slice, ...], out: np.ndarray, workers: int) -> bool:
        flag = 0.0
        for function, laid in steps:
            for call in _calls(lookup, key, out, (0,) * (out.ndim - 2 - deep), deep):
                ty, tx, tz, sizes = passes(call.ny, call.nx, len(call.tables[3]), kernel, out.itemsize)
                scratch = [SESSION.scratch(f"pass {n}", (size,), dtype) for n, size in enumerate(sizes)]
                depths = (call.so, call.sz, ty, tx, tz) if deep else (call.so, ty, tx)
                flag += function(lookup.flat, *laid, call.out, *call.tables, *scratch, *call.run, call.ny, call.nx,
                                 *depths, lookup.cval)  # fmt: skip
        return not math.isnan(flag)

    return tile


def fits_lines(ndim: int, axes: Sequence[int]) -> bool:
    """Whether all convolved axes are among the last three."""
    return all(axis >= ndim - 3 for axis in axes)


def sum_inside(make: Callable[..., Tiles | None], block: np.ndarray, weights: PreparedKernel, out: np.ndarray) -> bool:
    """Sums over all windows inside a block."""
    block = _compiled.strided(block, weights.dtype)
    tiles = make(block, weights, SampleSource((0,) * len(weights.axes), "reflect", 0.0))
    assert tiles is not None
    return tiles(tuple(slice(0, n) for n in out.shape), out, 1)


@dataclass(frozen=True, eq=False)
class _Call:
    """Arguments of one driver call: tables (planes, rows, columns, planes of the result), layout of the result."""

    tables: tuple[np.ndarray, ...]
    run: tuple[int, int]
    out: np.ndarray
    ny: int
    nx: int
    so: int
    sz: int


def _calls(lookup: _Lookup, key: tuple[slice, ...], out: np.ndarray, lead: tuple[int, ...], deep: bool) -> list[_Call]:
    """Driver calls for one part of the result: one for a kernel in a plane, else one per volume."""
    if out.ndim == 1:
        out, key = out[None], (slice(0, 1), *key)
    so = _compiled.sample_strides(out)
    bases, outs = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for axis, tap in enumerate(lead):
        n = out.shape[axis]
        bases = _sum(bases, lookup.table(axis, key[axis])[tap : tap + n])
        outs = _sum(outs, np.arange(n) * so[axis])
    rows, cols = lookup.table(len(key) - 2, key[-2]), lookup.table(len(key) - 1, key[-1])
    run, results, (ny, nx) = lookup.run(key[-1]), _compiled.flat(out), out.shape[-2:]
    if not deep:
        return [_Call((bases, rows, cols, outs), run, results, ny, nx, so[-2], 0)]
    through, across = lookup.table(len(key) - 3, key[-3]), np.arange(out.shape[-3]) * so[-3]
    return [
        _Call((_sum(base, through), rows, cols, o + across), run, results, ny, nx, so[-2], so[-3])
        for base, o in zip(bases[:, None], outs, strict=True)
    ]


def _sum(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """All pairwise sums of two tables; the constant stays the constant."""
    lost = (some < 0)[:, None] | (others < 0)
    return np.where(lost, -1, some[:, None] + others).reshape(-1)


def _lookup(image: np.ndarray, weights: PreparedKernel, source: SampleSource) -> _Lookup:
    """The lookup tables of an image, with at least two axes."""
    shown = image[None] if image.ndim == 1 else image
    first, lengths = [0] * shown.ndim, [1] * shown.ndim
    for axis, start, k in zip(weights.axes, source.first, weights.values.shape, strict=True):
        first[axis - image.ndim], lengths[axis - image.ndim] = start, k
    cval = weights.values.dtype.type(np.real(source.cval))
    steps = _compiled.sample_strides(shown)
    return _Lookup(_compiled.flat(shown), shown.shape, steps, first, lengths, source.boundary, cval)


def _vectors(weights: PreparedKernel, term: tuple[np.ndarray, ...], ndim: int) -> list[np.ndarray]:
    """Correlation weights along the last three axes; a single 1 along axes that are not convolved."""
    found = [np.ones(1, weights.values.dtype)] * 3
    for axis, vector in zip(weights.axes, term, strict=True):
        found[axis - ndim] = vector[::-1]
    if len(found[0]) == 1:  # no separate pass
        found[1] = found[1] * found[0]
    return found


@functools.lru_cache(maxsize=256)
def block(ny: int, nx: int, kernel: Kernel3, itemsize: int) -> tuple[int, int, int]:
    """Rows and columns of the blocks of `plane_tiles`, and the size of its work array."""
    depth, height, width = kernel

    def size(ty: int, tx: int) -> int:
        return depth * (ty + height - 1) * (tx + width - 1) + 64

    ty, tx = _best(ny, nx, kernel, lambda ty, tx: size(ty, tx) * itemsize // 4, depth * height * width / 2, _SAMPLES)
    return ty, tx, size(ty, tx)


@functools.lru_cache(maxsize=256)
def passes(ny: int, nx: int, nz: int, kernel: Kernel3, itemsize: int) -> tuple[int, int, int, tuple[int, ...]]:
    """Rows, columns and planes of the blocks of `lines`, and the sizes of its work arrays."""
    depth, height, width = kernel
    tz = min(nz, max(_ACROSS, depth // 2))

    def sizes(ty: int, tx: int) -> tuple[int, ...]:
        found = ((ty + height - 1) * (tx + width - 1) + 64, ty * (tx + width - 1) + 64)
        return (*found, (tz + depth - 1) * ty * tx + 64) if depth > 1 else found

    work = 0.5 * height + width + 0.5 * depth
    most = _DEEP_SAMPLES if depth > 1 or height > 64 else _SAMPLES
    ty, tx = _best(ny, nx, kernel, lambda ty, tx: sum(sizes(ty, tx)) * itemsize // 4, work, most)
    return ty, tx, tz, sizes(ty, tx)


def _best(
    ny: int, nx: int, kernel: Kernel3, size: Callable[[int, int], int], work: float, most: int
) -> tuple[int, int]:
    """The fastest block size: short rows need more calls, and every block copies its halo."""
    columns = sorted({min(nx, t) for t in (256, 512, 1024, 2048, 4096)})
    rows = sorted({min(ny, t) for t in (4, 8, 16, 32, 64, 128, 256)})
    choices = list(itertools.product(rows, columns))
    fitting = [one for one in choices if size(*one) <= most] or choices

    def cost(one: tuple[int, int]) -> float:
        ty, tx = one
        copied = (ty + kernel[1] - 1) / ty * (tx + kernel[2] - 1) / tx
        return (1 + 96 / tx) * (1 + kernel[2] / (2 * tx)) * (work + 1) + 2 * copied

    return min(fitting, key=cost)
