"""Filters in the frequency domain on the CPU, by slabs that fit into its caches.

A transform of a whole array reads and writes all of it once per axis. Here the last axes are transformed slab by slab
and the first axis column block by column block; products with a response and the inverse along that axis are done while
a block is in the cache. Padding (zeros, or the predicted gap) is added along an axis just before the transform along
it, so that it is not transformed along the others; output rows that are not needed are not transformed either. Slabs
and blocks are the same for any number of threads, and so is the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import COMPLEX_OF
from ...backends import SESSION
from ...methods._pruned import in_place
from ..fourier.edge_extension import GapPrediction
from ..psf.psf_set import Psf

#: Samples of a slab and of a column block.
_SLAB, _BLOCK = 1 << 17, 1 << 16
#: Extra length of the rows of work arrays, so that columns of 2^n rows do not share cache lines.
_PITCH = 8

Tick = Callable[[int], object]
#: ``finish(first, part)`` takes the rows from `first` on, while they are in the cache; `part` may be changed.
Finish = Callable[[int, np.ndarray], object]
#: ``use(columns, part)`` takes some columns of a spectrum, one row for each frequency of the first axis.
Use = Callable[[slice, np.ndarray], object]
#: ``take(columns)`` returns them.
Take = Callable[[slice], np.ndarray]


@dataclass(frozen=True, eq=False)
class Extension:
    """Padding of a signal that is extended by prediction instead of zeros.

    Attributes
    ----------
    mean : float
        Subtracted from all samples.
    gaps : tuple of GapPrediction or None
        Prediction of the rest of the grid along each axis; None where there is none.
    """

    mean: float
    gaps: tuple[GapPrediction | None, ...]


class Slabs:
    """Transforms of real signals on one grid of at least two axes.

    Spectra are arrays of two axes: frequencies of the first axis, and of all others.

    Parameters
    ----------
    grid : tuple of int
        Lengths of the transforms.
    dtype : str
        ``"float32"`` or ``"float64"``.
    workers : int
        Threads.
    tick : callable
        Called in the calling thread with the number of slabs and blocks done.
    """

    def __init__(self, grid: Sequence[int], dtype: str, workers: int, tick: Tick = lambda count: None) -> None:
        self.grid, self.dtype, self.workers, self.tick = tuple(grid), np.dtype(dtype), workers, tick
        self.kind = np.dtype(COMPLEX_OF[dtype])
        self.inner = (*self.grid[1:-1], self.grid[-1] // 2 + 1)
        self.columns = math.prod(self.inner)
        self.thickness = max(1, _SLAB // self.columns)
        self._middle = tuple(range(1, len(self.grid) - 1))
        self._buffer = np.empty((0, 0), self.kind)

    def empty(self) -> np.ndarray:
        """A new spectrum, not initialised."""
        return np.empty((self.grid[0], self.columns + _PITCH), self.kind)[:, : self.columns]

    def blocks(self) -> list[slice]:
        """The columns of a spectrum, in parts."""
        width = max(8, _BLOCK // self.grid[0])
        return [slice(c, min(c + width, self.columns)) for c in range(0, self.columns, width)]

    def each(self, function: Callable[[Any], object], items: Sequence[Any]) -> None:
        """Call a function for each item, on all threads."""
        SESSION.run_all(function, items, min(self.workers, len(items)), self.tick)

    def transfer(self, psf: Psf) -> np.ndarray:
        """The PSF's spectrum, its centre at index 0; see `response`."""
        response = self.response(psf)
        found = np.empty((self.grid[0], self.columns + _PITCH), response(slice(0, 1)).dtype)[:, : self.columns]

        def block(columns: slice) -> None:
            found[:, columns] = response(columns)

        self.each(block, self.blocks())
        return found

    def response(self, psf: Psf) -> Take:
        """The same by columns, in memory that the thread's next columns use: real for a PSF that is its mirror image.

        Lines and planes outside the PSF are not transformed, nor is half of one that is its mirror image.
        """
        import scipy.fft

        values, (first, *rest) = psf.values, psf.center
        around = psf.symmetric(float(np.finfo(self.dtype).eps))
        if around is not None:
            (first, *rest) = (n // 2 for n in around.shape)
            values = around[first:]
        planes = np.empty((len(values), self.columns), self.kind)

        def plane(z: int) -> None:
            lines = _laid(values[z].astype(self.dtype), -1, rest[-1], self.grid[-1])
            lines = scipy.fft.rfft(lines, axis=-1, workers=1)
            for axis in reversed(self._middle):
                lines = _laid(lines, axis - 1, rest[axis - 1], self.grid[axis])
                in_place(scipy.fft.fft, lines, axis - 1)
            planes[z] = lines.reshape(-1)

        self.each(plane, range(len(values)))

        def mirrored(columns: slice) -> np.ndarray:
            return np.asarray(scipy.fft.hfft(planes[:, columns], n=self.grid[0], axis=0, workers=1))

        def whole(columns: slice) -> np.ndarray:
            part = SESSION.scratch("transfer", (self.grid[0], columns.stop - columns.start), self.kind.name)
            part[: len(values) - first], part[len(values) - first : self.grid[0] - first] = planes[first:, columns], 0
            part[self.grid[0] - first :] = planes[:first, columns]
            in_place(scipy.fft.fft, part, 0)
            return part

        return whole if around is None else mirrored

    def analyse(self, signal: np.ndarray, use: Use, beyond: Extension | None = None) -> None:
        """Hand the spectrum of a signal, which starts at index 0 and is zero where it is shorter, to `use`."""
        held = self._forward(signal, len(signal), beyond)
        self.each(lambda columns: use(columns, self._across(held, len(signal), columns, beyond)), self.blocks())

    def synthesise(self, take: Take, shape: Sequence[int], finish: Finish) -> None:
        """Hand the first samples, `shape` of them, of a spectrum's signal to `finish`."""
        held = self._held(shape[0])
        self.each(lambda columns: self._along(held, take(columns), shape[0], columns), self.blocks())
        self._backward(held, shape, finish)

    def filter(
        self, signal: np.ndarray, response: Take, shape: Sequence[int], finish: Finish, beyond: Extension | None = None
    ) -> None:
        """Forward transform, product with ``response(columns)``, and inverse transform, in one pass."""
        held = self._forward(signal, max(len(signal), shape[0]), beyond)

        def product(columns: slice) -> None:
            part = self._across(held, len(signal), columns, beyond)
            part *= response(columns)
            self._along(held, part, shape[0], columns)

        self.each(product, self.blocks())
        self._backward(held, shape, finish)

    def _forward(self, signal: np.ndarray, rows: int, beyond: Extension | None) -> np.ndarray:
        """The spectrum along all axes but the first, in the buffer."""
        import scipy.fft

        held = self._held(rows)

        def slab(first: int) -> None:
            part = signal[first : first + self.thickness]
            if beyond is not None:
                wide = SESSION.scratch("lines", (*part.shape[:-1], self.grid[-1]), self.dtype.name)
                np.subtract(part, beyond.mean, out=wide[..., : part.shape[-1]])
                _fill(wide, wide.ndim - 1, part.shape[-1], beyond)
                part = wide
            part = scipy.fft.rfft(part, n=self.grid[-1], axis=-1, workers=1)
            target = held[first : first + len(part)].reshape(len(part), *self.inner)
            target[tuple(slice(0, n) for n in part.shape)] = part
            for axis in reversed(self._middle):
                lines = target[(slice(None), *(slice(0, n) for n in part.shape[1:axis]))]
                _fill(lines, axis, part.shape[axis], beyond)
                in_place(scipy.fft.fft, lines, axis)

        self.each(slab, range(0, len(signal), self.thickness))
        return held

    def _across(self, held: np.ndarray, rows: int, columns: slice, beyond: Extension | None) -> np.ndarray:
        import scipy.fft

        part = SESSION.scratch("columns", (self.grid[0], columns.stop - columns.start), self.kind.name)
        part[:rows] = held[:rows, columns]
        _fill(part, 0, rows, beyond)
        in_place(scipy.fft.fft, part, 0)
        return part

    def _along(self, held: np.ndarray, part: np.ndarray, rows: int, columns: slice) -> None:
        import scipy.fft

        in_place(scipy.fft.ifft, part, 0)
        held[:rows, columns] = part[:rows]

    def _backward(self, held: np.ndarray, shape: Sequence[int], finish: Finish) -> None:
        import scipy.fft

        def slab(first: int) -> None:
            part = held[first : min(first + self.thickness, shape[0])]
            part = part.reshape(len(part), *self.inner)
            for axis in self._middle:
                in_place(scipy.fft.ifft, part, axis)
                part = part[(slice(None),) * axis + (slice(0, shape[axis]),)]
            part = scipy.fft.irfft(part, n=self.grid[-1], axis=-1, workers=1)
            finish(first, part[..., : shape[-1]])

        self.each(slab, range(0, shape[0], self.thickness))

    def _held(self, rows: int) -> np.ndarray:
        """The work array, reused by the next call unless it is too large to keep."""
        if len(self._buffer) < rows:
            wide = SESSION.scratch("slabs", (rows, self.columns + _PITCH), self.kind.name)
            self._buffer = wide[:, : self.columns]
        return self._buffer


def _fill(lines: np.ndarray, axis: int, start: int, beyond: Extension | None) -> None:
    """Fill the gap of `lines` along an axis: with zeros, or with the prediction."""
    if beyond is None:
        lines[(slice(None),) * axis + (slice(start, None),)] = 0
    elif (gap := beyond.gaps[axis]) is not None:
        gap.fill(lines, axis)


def _laid(values: np.ndarray, axis: int, center: int, length: int) -> np.ndarray:
    """Values along an axis of the given length, their centre at index 0, the rest before it at the end."""
    shape = list(values.shape)
    shape[axis] = length
    wide, n = np.zeros(shape, values.dtype), values.shape[axis]
    turned, source = np.moveaxis(wide, axis, 0), np.moveaxis(values, axis, 0)
    turned[: n - center] = source[center:]
    turned[length - center :] = source[:center]
    return wide
