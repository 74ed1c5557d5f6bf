"""Regularization term of a Wiener filter, ``nsr |L|^2``, on a whole grid or by columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..fourier.edge_extension import PaddedGrid
from ..fourier.frequency_grid import laplacian_power
from ..noise.noise_model import PowerSpectrum
from .noise_to_signal import LARGE, Nsr, nsr_on_grid
from .slab_fft import Slabs, Take


@dataclass(frozen=True, eq=False)
class Penalty:
    """Noise-to-signal ratio, times the power of the Laplacian where asked for.

    Attributes
    ----------
    nsr : float, ndarray, or callable
    laplacian : bool
    """

    nsr: Nsr
    laplacian: bool

    @property
    def number(self) -> float | None:
        """The value at all frequencies but zero when it is constant, else None."""
        return min(float(self.nsr), LARGE) if isinstance(self.nsr, int | float) and not self.laplacian else None

    def on_grid(self, frame: PaddedGrid, *, half: bool) -> np.ndarray:
        """Its values on the frame's grid, 0 at frequency zero."""
        found: Any = nsr_on_grid(self.nsr, frame.shape, frame.grid, half=half)
        if self.laplacian:
            found = found * laplacian_power(frame.grid, half=half)
        elif not isinstance(found, np.ndarray):
            lengths = (*frame.grid[:-1], frame.grid[-1] // 2 + 1 if half else frame.grid[-1])
            found = np.full(lengths, found)
        found = np.ascontiguousarray(found)
        found[(0,) * found.ndim] = 0.0
        return np.asarray(found)

    def by_columns(self, frame: PaddedGrid, slabs: Slabs) -> Take:
        """Values at some columns of a spectrum of `slabs`; that at frequency zero is not used."""
        real = slabs.dtype
        if self.number is not None:
            alone = np.asarray(self.number, real)
            return lambda columns: alone
        rows, lines = _lines(slabs.grid)
        if isinstance(self.nsr, int | float):
            scale = math.sqrt(min(float(self.nsr), LARGE))
            rise: np.ndarray = ((2 - 2 * np.cos(2 * np.pi * rows)) * scale).astype(real)[:, None]
            others = np.asarray(sum(2 - 2 * np.cos(2 * np.pi * line) for line in lines) * scale, real)
            return lambda columns: np.square(rise + others[columns])
        if isinstance(self.nsr, PowerSpectrum) and not self.laplacian:
            found = np.empty((slabs.grid[0], slabs.columns), real)
            model, narrow = self.nsr, [line.astype(real) for line in (rows[:, None], *lines)]

            def fill(columns: slice) -> None:
                found[:, columns] = np.minimum(model(narrow[0], *(line[columns] for line in narrow[1:])), LARGE)

            slabs.each(fill, slabs.blocks())
        else:
            whole = self.on_grid(frame, half=True)
            found = whole.astype(real).reshape(slabs.grid[0], -1)
        return lambda columns: found[:, columns]


def _lines(grid: Sequence[int]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Frequencies of the rows, and along each other axis those of the columns of a half spectrum."""
    inner = [np.fft.fftfreq(n) for n in grid[1:-1]] + [np.fft.rfftfreq(grid[-1])]
    return np.fft.fftfreq(grid[0]), [line.ravel() for line in np.meshgrid(*inner, indexing="ij")]
