"""Filters in the frequency domain on the CPU, by slabs that fit into its caches.

A transform of a whole array reads and writes all of it once per axis. Here the last axes are transformed slab by slab
and the first axis column block by column block; products with a response and the inverse along that axis are done while
a block is in the cache; zeros that pad the input are not transformed, nor is output that nobody asked for. Slabs and
blocks are the same for any number of threads, and so is the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._arrays import COMPLEX_OF
from ..backends import SESSION
from ..methods._pruned import in_place
from ._psf import Psf

#: Samples of a slab and of a column block.
_SLAB, _BLOCK = 1 << 17, 1 << 16
#: Rows of work arrays are so much longer, that columns of 2^n rows do not fall into the same lines of the cache.
_PITCH = 8

Tick = Callable[[int], object]
#: ``finish(first, part)`` takes the rows from `first` on, while they are in the cache; `part` may be changed.
Finish = Callable[[int, np.ndarray], object]
#: ``use(columns, part)`` takes some columns of a spectrum, one row for each frequency of the first axis.
Use = Callable[[slice, np.ndarray], object]
#: ``take(columns)`` gives them.
Take = Callable[[slice], np.ndarray]


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
        """The PSF's spectrum, its centre at index 0."""
        import scipy.fft

        values = psf.values.astype(self.dtype)
        first, *rest = psf.center
        held = self._held(len(values))

        def plane(z: int) -> None:
            wide = np.zeros(self.grid[1:], self.dtype)
            wide[tuple(slice(0, n) for n in values.shape[1:])] = values[z]
            wide = np.roll(wide, [-c for c in rest], tuple(range(wide.ndim)))
            held[z] = scipy.fft.rfftn(wide, workers=1).reshape(-1)

        found = self.empty()
        rows = (np.arange(len(values)) - first) % self.grid[0]

        def block(columns: slice) -> None:
            part = np.zeros((self.grid[0], columns.stop - columns.start), self.kind)
            part[rows] = held[: len(values), columns]
            found[:, columns] = scipy.fft.fft(part, axis=0, overwrite_x=True, workers=1)

        self.each(plane, range(len(values)))
        self.each(block, self.blocks())
        return found

    def analyse(self, signal: np.ndarray, use: Use) -> None:
        """Hand the spectrum of a signal, which starts at index 0 and is zero where it is shorter, to `use`."""
        held = self._forward(signal, len(signal))
        self.each(lambda columns: use(columns, self._across(held, len(signal), columns)), self.blocks())

    def synthesise(self, take: Take, shape: Sequence[int], finish: Finish) -> None:
        """Hand the first samples, `shape` of them, of a spectrum's signal to `finish`."""
        held = self._held(shape[0])
        self.each(lambda columns: self._along(held, take(columns), shape[0], columns), self.blocks())
        self._backward(held, shape, finish)

    def filter(self, signal: np.ndarray, response: Take, shape: Sequence[int], finish: Finish) -> None:
        """Both in one, with a product in between: ``response(columns)`` is what those columns are multiplied with."""
        held = self._forward(signal, max(len(signal), shape[0]))

        def product(columns: slice) -> None:
            part = self._across(held, len(signal), columns)
            part *= response(columns)
            self._along(held, part, shape[0], columns)

        self.each(product, self.blocks())
        self._backward(held, shape, finish)

    def _forward(self, signal: np.ndarray, rows: int) -> np.ndarray:
        """The spectrum along all axes but the first, in the buffer."""
        import scipy.fft

        held = self._held(rows)

        def slab(first: int) -> None:
            part = signal[first : first + self.thickness]
            part = scipy.fft.rfft(part, n=self.grid[-1], axis=-1, workers=1)
            target = held[first : first + len(part)].reshape(len(part), *self.inner)
            target[tuple(slice(0, n) for n in part.shape)] = part
            for axis in reversed(self._middle):  # in place; what is longer than the signal is zero
                lines = target[(slice(None), *(slice(0, n) for n in part.shape[1:axis]))]
                lines[(slice(None),) * axis + (slice(part.shape[axis], None),)] = 0
                in_place(scipy.fft.fft, lines, axis)

        self.each(slab, range(0, len(signal), self.thickness))
        return held

    def _across(self, held: np.ndarray, rows: int, columns: slice) -> np.ndarray:
        import scipy.fft

        return np.asarray(scipy.fft.fft(held[:rows, columns], n=self.grid[0], axis=0, workers=1))

    def _along(self, held: np.ndarray, part: np.ndarray, rows: int, columns: slice) -> None:
        import scipy.fft

        held[:rows, columns] = scipy.fft.ifft(part, axis=0, overwrite_x=True, workers=1)[:rows]

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
        """The work array; one, used again, also by the next call when it is not too large."""
        if len(self._buffer) < rows:
            wide = SESSION.scratch("slabs", (rows, self.columns + _PITCH), self.kind.name)
            self._buffer = wide[:, : self.columns]
        return self._buffer
