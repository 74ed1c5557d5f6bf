"""Pruned FFT convolution on the CPU, which skips the zeros of the padding and transforms no line twice.

The grid is longer than the block, only part of the result is needed, and the boundary rule repeats lines of the image.
So each line of the image is transformed once, and copied to all its positions in the block. Then, for a few columns at
a time that fit into the cache, the first convolved axis is extended likewise, padded, transformed, multiplied by the
kernel's spectrum, transformed back and cut to the needed planes; these are transformed back along the other axes.
Memory: one half spectrum of the planes of the image.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft

from .._arrays import in_steps
from ..backends import SESSION, get_backend
from ..boundary import gather, runs, source_indices

#: Complex samples of a block of columns, which is padded, transformed and multiplied within a core's cache.
_COLUMN_SAMPLES = 1 << 16
#: Complex samples of the planes that are transformed together.
_SLAB_SAMPLES = 1 << 18


@dataclass(frozen=True, eq=False)
class Laid:
    """Positions in the block of the image's lines along an axis.

    `used` are the indices, in the image, of the lines in the block. `runs` are pairs of a slice of the block and a
    slice of those lines, or None for zeros.
    """

    used: slice | np.ndarray
    runs: list[tuple[slice, slice | None]]

    def lay(self, target: np.ndarray, lines: np.ndarray, axis: int) -> None:
        """Copy lines to their positions along an axis of `target`, with zeros after the end of the block."""
        for to, source in (*self.runs, (slice(self.runs[-1][0].stop, None), None)):
            _at(target, axis, to)[...] = 0 if source is None else _at(lines, axis, source)


def laid(boundary: str, start: int, stop: int, n: int) -> Laid:
    """Positions of the lines for a block ``start … stop - 1``, which may exceed an axis of length `n`."""
    index = source_indices(boundary, start, stop, n)
    used = np.unique(index[index >= 0])
    order = np.where(index < 0, -1, np.searchsorted(used, index))
    if used.size and used[-1] - used[0] + 1 == used.size:
        return Laid(slice(int(used[0]), int(used[-1]) + 1), runs(order))
    return Laid(used, runs(order))


def convolve_pruned(
    image: np.ndarray,
    axes: Sequence[int],
    ranges: Sequence[tuple[int, int]],
    boundary: str,
    spectrum: np.ndarray,
    starts: Sequence[int],
    out: np.ndarray,
    workers: int,
) -> None:
    """Write the part of a circular convolution that begins at `starts` into `out`.

    `image` is real and is convolved along at least two `axes`, in rising order. Their `ranges` may exceed the image,
    which is extrapolated by the `boundary` rule with the constant 0. `spectrum` is the kernel's half spectrum on the
    grid of fast lengths for these ranges, of length 1 along batch axes.
    """
    grid = [get_backend("numpy").fast_length(stop - start) for start, stop in ranges]
    first, *middle_axes, last = axes
    placed = [laid(boundary, *span, image.shape[axis]) for axis, span in zip(axes[:-1], ranges[:-1], strict=True)]
    for axis, one in zip(axes[:-1], placed, strict=True):
        image = _at(image, axis, one.used)
    shape = list(image.shape)
    for axis, n in zip(middle_axes, grid[1:-1], strict=True):
        shape[axis] = n
    shape[last] = grid[-1] // 2 + 1
    planes, kept = image.shape[first], out.shape[first]
    shape[first] = max(planes, kept)
    half = np.empty(shape, np.result_type(out.dtype, np.complex64))

    def forward(index: slice) -> None:
        """Transform planes of the image along all axes but the first."""
        lines = gather(_at(image, first, index), (last,), ranges[-1:], boundary, 0, out.dtype.name, _SCRATCH)
        lines = scipy.fft.rfft(lines.astype(out.dtype, copy=False), n=grid[-1], axis=last, workers=1)
        target = _at(half, first, index)
        if not middle_axes:
            target[...] = lines
            return
        *outer, inner = middle_axes
        for axis, one in zip(outer, placed[1:-1], strict=True):
            laid_out = np.empty([shape[a] if a == axis else n for a, n in enumerate(lines.shape)], half.dtype)
            one.lay(laid_out, lines, axis)
            lines = laid_out
        placed[-1].lay(target, lines, inner)
        for axis in middle_axes:
            in_place(scipy.fft.fft, target, axis)

    def middle(columns: tuple[slice, ...]) -> None:
        """Convolve along the first axis: here the product with the kernel's spectrum is taken."""
        block = half[columns]
        z = SESSION.scratch("columns", tuple(grid[0] if a == first else n for a, n in enumerate(block.shape)), kind)
        placed[0].lay(z, block, first)
        in_place(scipy.fft.fft, z, first)
        z *= spectrum[tuple(slice(None) if n == 1 else c for n, c in zip(spectrum.shape, columns, strict=True))]
        in_place(scipy.fft.ifft, z, first)
        _at(block, first, slice(0, kept))[...] = _at(z, first, slice(starts[0], starts[0] + kept))

    def backward(index: slice) -> None:
        """Transform planes of the result back along all axes but the first."""
        lines = _at(half, first, index)
        for axis, start in zip(middle_axes, starts[1:-1], strict=True):
            in_place(scipy.fft.ifft, lines, axis)
            lines = _at(lines, axis, slice(start, start + out.shape[axis]))
        lines = scipy.fft.irfft(lines, n=grid[-1], axis=last, workers=1)
        _at(out, first, index)[...] = _at(lines, last, slice(starts[-1], starts[-1] + out.shape[last]))

    kind = half.dtype.name
    step = max(1, min(64, _SLAB_SAMPLES * shape[first] // max(half.size, 1)))
    SESSION.run_all(forward, in_steps(planes, step), workers)
    split = middle_axes[0] if middle_axes else last
    width = max(1, _COLUMN_SAMPLES * shape[split] // max(half.size // shape[first] * grid[0], 1))
    columns = itertools.product(*[in_steps(n, width) if a == split else [slice(None)] for a, n in enumerate(shape)])
    SESSION.run_all(middle, columns, workers)
    SESSION.run_all(backward, in_steps(kept, step), workers)


def transformed(values: np.ndarray, grid: Sequence[int], workers: int) -> np.ndarray:
    """Half spectrum on `grid` of a real array of at least two axes, without transforming lines of zeros."""
    lines = scipy.fft.rfft(values, n=grid[-1], axis=-1, workers=workers)
    for axis in reversed(range(1, values.ndim - 1)):
        lines = scipy.fft.fft(lines, n=grid[axis], axis=axis, workers=workers, overwrite_x=True)
    planes, spectrum = len(lines), np.empty((grid[0], *lines.shape[1:]), lines.dtype)
    width = max(1, _COLUMN_SAMPLES * lines.shape[1] // max(spectrum.size, 1))

    def columns(index: slice) -> None:
        z = SESSION.scratch("columns", spectrum[:, index].shape, lines.dtype.name)
        z[:planes], z[planes:] = lines[:, index], 0
        in_place(scipy.fft.fft, z, 0)
        spectrum[:, index] = z

    SESSION.run_all(columns, in_steps(lines.shape[1], width), workers)
    return spectrum


def in_place(transform: Callable[..., np.ndarray], lines: np.ndarray, axis: int) -> None:
    """Transform a complex array in place."""
    found = transform(lines, axis=axis, overwrite_x=True, workers=1)
    if not np.may_share_memory(found, lines):  # scipy may overwrite its input, but need not
        lines[...] = found


class _Scratch:
    """Allocator of gathered lines, which reuses the memory of the thread's previous lines."""

    def empty(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        return SESSION.scratch("lines", shape, dtype)

    def assign(self, target: np.ndarray, key: Any, value: Any) -> None:
        target[key] = value


_SCRATCH = _Scratch()


def _at(array: np.ndarray, axis: int, index: slice | np.ndarray) -> np.ndarray:
    return array[(slice(None),) * axis + (index,)]
