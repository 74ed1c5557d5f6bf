"""A large transform on the CPU that never touches the zeros of its padding.

The grid is longer than the block, and only part of the result is wanted. So the planes along the first acted axis are
transformed where there are samples, then, a few columns at a time while they are in the cache, that axis is padded,
transformed, multiplied by the kernel's spectrum, transformed back and cut to the wanted planes; those are transformed
back. Memory: one half spectrum of the unpadded planes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft

from ..backends import SESSION

#: Complex samples of a column block: padded, transformed and multiplied within a core's cache.
_COLUMN_SAMPLES = 1 << 16


def convolve(
    block: np.ndarray,
    spectrum: np.ndarray,
    grid: Sequence[int],
    axes: Sequence[int],
    starts: Sequence[int],
    out: np.ndarray,
    workers: int,
) -> None:
    """Write the cut of the circular convolution that begins at `starts` into `out`.

    Parameters
    ----------
    block : ndarray
        Real samples; acted on along `axes`, at least two, in rising order.
    spectrum : ndarray
        The kernel's half spectrum on `grid`, of length 1 along batch axes.
    out : ndarray
        As long as wanted.
    """
    first, *rest = axes
    inner = list(grid[1:])
    planes = block.shape[first]
    kept = out.shape[first]
    shape = list(block.shape)
    for axis, n in zip(rest, inner, strict=True):
        shape[axis] = n
    shape[rest[-1]] = inner[-1] // 2 + 1
    shape[first] = max(planes, kept)
    half = np.empty(shape, np.result_type(block.dtype, np.complex64))

    def plane(array: np.ndarray, index: slice) -> np.ndarray:
        return array[(slice(None),) * first + (index,)]

    def forward(index: slice) -> None:
        rows = scipy.fft.rfft(plane(block, index), n=inner[-1], axis=rest[-1], workers=1)
        if len(rest) > 1:
            rows = scipy.fft.fftn(rows, s=inner[:-1], axes=rest[:-1], workers=1, overwrite_x=True)
        plane(half, index)[...] = rows

    def middle(columns: tuple[slice, ...]) -> None:
        padded = list(half[columns].shape)
        padded[first] = grid[0]
        z = np.zeros(padded, half.dtype)
        plane(z, slice(0, planes))[...] = plane(half[columns], slice(0, planes))
        z = scipy.fft.fft(z, axis=first, workers=1, overwrite_x=True)
        z *= spectrum[tuple(slice(None) if n == 1 else c for n, c in zip(spectrum.shape, columns, strict=True))]
        z = scipy.fft.ifft(z, axis=first, workers=1, overwrite_x=True)
        plane(half[columns], slice(0, kept))[...] = plane(z, slice(starts[0], starts[0] + kept))

    def backward(index: slice) -> None:
        rows = plane(half, index)
        if len(rest) > 1:
            rows = scipy.fft.ifftn(rows, axes=rest[:-1], workers=1)
            rows = rows[_cut(rows.ndim, rest[:-1], starts[1:-1], [out.shape[a] for a in rest[:-1]])]
        lines = scipy.fft.irfft(rows, n=inner[-1], axis=rest[-1], workers=1)
        plane(out, index)[...] = lines[_cut(lines.ndim, rest[-1:], starts[-1:], [out.shape[rest[-1]]])]

    step = max(1, min(64, (1 << 18) * planes // max(half.size, 1)))
    SESSION.run_all(forward, _slices(planes, step), workers)
    split = rest[-1] if len(rest) == 1 else rest[0]
    width = max(1, _COLUMN_SAMPLES * half.shape[split] // max(half.size // half.shape[first] * grid[0], 1))
    cuts = _slices(half.shape[split], width)
    columns = [tuple(cut if a == split else slice(None) for a in range(half.ndim)) for cut in cuts]
    SESSION.run_all(middle, columns, workers)
    SESSION.run_all(backward, _slices(kept, step), workers)


def _slices(length: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, length)) for start in range(0, length, step)]


def _cut(ndim: int, axes: Sequence[int], starts: Sequence[int], lengths: Sequence[int]) -> tuple[slice, ...]:
    key = [slice(None)] * ndim
    for axis, start, length in zip(axes, starts, lengths, strict=True):
        key[axis] = slice(start, start + length)
    return tuple(key)
