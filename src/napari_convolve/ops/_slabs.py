"""Filters in the frequency domain on the CPU, by slabs that fit into its caches.

A transform of a whole array reads and writes all of it once per axis. Here the last axes are transformed slab by slab
and the first axis column block by column block, in which the product with the response and the inverse along that axis
are done at once; zeros that pad the input are not transformed, nor is output that nobody asked for. Slabs and blocks
are the same for any number of threads, and so is the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._arrays import COMPLEX_OF
from ..backends import SESSION
from ._psf import Psf

#: Samples of a slab and of a column block.
_SLAB, _BLOCK = 1 << 17, 1 << 16

Tick = Callable[[int], object]
#: ``finish(first, part)`` takes the rows from `first` on, while they are in the cache; `part` may be changed.
Finish = Callable[[int, np.ndarray], object]


class SlabFilter:
    """Products with responses on one grid of at least two axes, for real signals.

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
        self._buffer = np.empty((0, self.columns), self.kind)

    def response(self, psf: Psf) -> np.ndarray:
        """The PSF's transfer function, its centre at index 0; one row for each frequency of the first axis."""
        import scipy.fft

        values = psf.values.astype(self.dtype)
        first, *rest = psf.center
        held = self._held(len(values))

        def plane(z: int) -> None:
            wide = np.zeros(self.grid[1:], self.dtype)
            wide[tuple(slice(0, n) for n in values.shape[1:])] = values[z]
            wide = np.roll(wide, [-c for c in rest], tuple(range(wide.ndim)))
            held[z] = scipy.fft.rfftn(wide, workers=1).reshape(-1)

        found = np.empty((self.grid[0], self.columns), self.kind)
        rows = (np.arange(len(values)) - first) % self.grid[0]

        def block(columns: slice) -> None:
            part = np.zeros((self.grid[0], columns.stop - columns.start), self.kind)
            part[rows] = held[: len(values), columns]
            found[:, columns] = scipy.fft.fft(part, axis=0, overwrite_x=True, workers=1)

        self._each(plane, range(len(values)))
        self._each(block, self._blocks())
        return found

    def apply(
        self,
        signal: np.ndarray,
        response: Callable[[slice], np.ndarray],
        shape: Sequence[int],
        finish: Finish,
    ) -> None:
        """Hand the first samples of the filtered signal to `finish`.

        Parameters
        ----------
        signal : ndarray
            Starts at index 0 of the grid; zero where it is shorter.
        response : callable
            ``response(columns)``: what those columns of the spectrum are multiplied with, one row for each frequency
            of the first axis.
        shape : sequence of int
            How much of the filtered signal is wanted, from index 0 on.
        finish : callable
            Takes each slab of it, on any thread.
        """
        import scipy.fft

        held = self._held(max(len(signal), shape[0]))
        inner = tuple(range(1, len(self.grid) - 1))

        def forward(first: int) -> None:
            part = signal[first : first + self._thickness]
            part = scipy.fft.rfft(part, n=self.grid[-1], axis=-1, workers=1)
            for axis in reversed(inner):
                part = scipy.fft.fft(part, n=self.grid[axis], axis=axis, overwrite_x=True, workers=1)
            held[first : first + len(part)] = part.reshape(len(part), -1)

        def across(columns: slice) -> None:
            part = scipy.fft.fft(held[: len(signal), columns], n=self.grid[0], axis=0, workers=1)
            part *= response(columns)
            part = scipy.fft.ifft(part, axis=0, overwrite_x=True, workers=1)
            held[: shape[0], columns] = part[: shape[0]]

        def backward(first: int) -> None:
            part = held[first : min(first + self._thickness, shape[0])]
            part = part.reshape(len(part), *self.inner)
            for axis in inner:
                part = scipy.fft.ifft(part, axis=axis, workers=1)
                part = part[(slice(None),) * axis + (slice(0, shape[axis]),)]
            part = scipy.fft.irfft(part, n=self.grid[-1], axis=-1, overwrite_x=True, workers=1)
            finish(first, part[..., : shape[-1]])

        self._each(forward, range(0, len(signal), self._thickness))
        self._each(across, self._blocks())
        self._each(backward, range(0, shape[0], self._thickness))

    @property
    def _thickness(self) -> int:
        return max(1, _SLAB // self.columns)

    def _blocks(self) -> list[slice]:
        width = max(8, _BLOCK // self.grid[0])
        return [slice(c, min(c + width, self.columns)) for c in range(0, self.columns, width)]

    def _held(self, rows: int) -> np.ndarray:
        """The spectrum along the inner axes; one buffer, used again."""
        if len(self._buffer) < rows:
            self._buffer = np.empty((rows, self.columns), self.kind)
        return self._buffer

    def _each(self, function: Callable[[Any], None], items: Sequence[Any]) -> None:
        SESSION.run_all(function, items, min(self.workers, len(items)), self.tick)
