"""Padded grid of a global FFT, filled by linear prediction from the edges of the image.

An FFT is periodic, so that a filter mixes opposite edges. With ``edges="extend"`` the grid is one and a half PSF longer
than the image. The gap between the image's end and its start is filled along one axis after the other by the best
linear prediction from the samples on both sides (Wiener, Kolmogorov; "kriging"), for objects with the spectrum 1/f^2 of
edges, blurred by this PSF. Of the extensions compared (circular, edge taper, zeros, mirrored, ramps to the mean on
larger grids) it leaves the smallest error over the whole image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import REAL_OF, Array, dtype_name
from ...backends import SESSION, Backend
from ..psf.psf_set import Psf

EDGES = ("extend", "periodic")
#: Length of the gap in lengths of the PSF.
_GAP = 1.5
#: Samples that a thread processes at once.
_PART = 1 << 18
#: Samples on each side of the gap that predict it: in lengths of the PSF, and the upper limit.
_SIDE, _MOST = 2, 160
#: The frequency (cycles per sample) at which the object's power is 1, and the assumed power of the noise.
_REFERENCE, _NOISE = 0.05, 0.01
#: Size of a matrix product that OpenBLAS computes on the calling thread, and rows of its first matrix.
_ALONE, _ROWS = 1 << 18, 32


@dataclass(frozen=True)
class PaddedGrid:
    """An image of `shape` at index 0 of a larger `grid`; the rest is the gap between its end and its start."""

    shape: tuple[int, ...]
    grid: tuple[int, ...]

    @property
    def key(self) -> tuple[slice, ...]:
        """Index of the image in the grid."""
        return tuple(slice(0, n) for n in self.shape)

    def gap_predictions(self, psf: Psf, dtype: str) -> tuple[GapPrediction | None, ...]:
        """The prediction of the gap along each axis, None where there is no gap."""
        ends = enumerate(zip(self.shape, self.grid, strict=True))
        return tuple(predict_gap(psf, axis, n, length, dtype) for axis, (n, length) in ends)

    def extend(self, block: Array, mean: Array, psf: Psf, backend: Backend, workers: int = 1) -> Array:
        """The grid with `block` less its mean, and the gaps filled."""
        xp, dtype = backend.xp, dtype_name(block.dtype)
        out = backend.empty(self.grid, dtype)

        def centred(rows: slice) -> None:
            backend.assign(out, (rows, *self.key[1:]), block[rows, ...] - mean)

        SESSION.run_all(centred, row_parts(self.shape, backend), workers)
        for axis, prediction in enumerate(self.gap_predictions(psf, REAL_OF.get(dtype, dtype))):
            n, length = self.shape[axis], self.grid[axis]
            if prediction is None:
                continue
            # axes already filled are complete, the others still hold the image alone
            done, rest = [slice(None)] * axis, [slice(0, m) for m in self.shape[axis + 1 :]]
            if (side := prediction.side) is None:
                near = out[(*done, slice(0, n), *rest)]
            else:
                near = xp.concat(
                    [out[(*done, slice(n - side, n), *rest)], out[(*done, slice(0, side), *rest)]], axis=axis
                )
            weights = backend.astype(backend.to_device(prediction.weights), dtype)
            gap = _product(weights, near, axis, xp)
            backend.assign(out, (*done, slice(n, length), *rest), gap)
        return out


def row_parts(shape: Sequence[int], backend: Backend) -> list[slice]:
    """Rows that one thread processes at once; all rows where the backend has threads of its own."""
    n = shape[0]
    step = max(1, _PART * n // max(math.prod(shape), 1)) if backend.threaded else max(n, 1)
    return [slice(at, min(at + step, n)) for at in range(0, n, step)]


def _product(weights: Array, near: Array, axis: int, xp: Any) -> Array:
    """A matrix times every line of `near` along an axis."""
    before, after = near.shape[:axis], near.shape[axis + 1 :]
    rows, columns = weights.shape
    if not after:
        found = xp.matmul(xp.reshape(near, (-1, columns)), xp.matrix_transpose(weights))
    else:
        found = xp.matmul(weights, xp.reshape(near, (math.prod(before), columns, math.prod(after))))
    return xp.reshape(found, (*before, rows, *after))


def make_grid(shape: Sequence[int], reach: Sequence[int], edges: str, backend: Backend) -> PaddedGrid:
    """The padded grid of an image for a PSF of support radius `reach` along each axis."""
    if edges == "periodic":
        return PaddedGrid(tuple(shape), tuple(shape))
    gaps = [math.ceil(_GAP * (2 * r + 1)) if r else 0 for r in reach]
    return PaddedGrid(
        tuple(shape), tuple(backend.fast_length(n + g) if g else n for n, g in zip(shape, gaps, strict=True))
    )


@dataclass(frozen=True, eq=False)
class GapPrediction:
    """Linear prediction of the gap along one axis.

    Attributes
    ----------
    weights : ndarray
        One row for each sample of the gap; columns: the samples before it, then those after it, or all.
    start : int
        Index of the first sample of the gap.
    """

    weights: np.ndarray
    start: int

    @property
    def side(self) -> int | None:
        """Samples used on each side; None when all samples are used."""
        known = self.weights.shape[1]
        return None if known == self.start else known // 2

    def fill(self, lines: np.ndarray, axis: int) -> None:
        """Fill the gap along an axis of `lines`, on this thread alone; of complex lines not the last axis."""
        real = lines.view(self.weights.dtype)
        rest = int(np.prod(real.shape[axis + 1 :], dtype=int))
        if axis == real.ndim - 1:
            self._fill(real.reshape(-1, real.shape[-1]).T)
            return
        for before in np.ndindex(real.shape[:axis]):
            self._fill(real[before].reshape(-1, rest))

    def _fill(self, lines: np.ndarray) -> None:
        """Along the first of two axes, by products so small that BLAS does not start threads."""
        side, gap = self.side, lines[self.start :]
        width = max(1, _ALONE // (min(_ROWS, len(gap)) * self.weights.shape[1]))
        for column in range(0, lines.shape[1], width):
            columns = slice(column, column + width)
            near = lines[: self.start, columns]
            if side is not None:
                near = np.concatenate((near[-side:], near[:side]))
            for row in range(0, len(gap), _ROWS):
                part = self.weights[row : row + _ROWS]
                np.matmul(part, near, out=gap[row : row + _ROWS, columns])


def predict_gap(psf: Psf, axis: int, n: int, length: int, dtype: str) -> GapPrediction | None:
    """Prediction from `n` samples to `length` along an axis, kept for the next call; None when there is no gap."""
    if n == length:
        return None
    key = ("gap", psf.digest, axis, n, length, dtype)
    make = lambda: _weights(psf, axis, n, length).astype(dtype)  # noqa: E731
    return GapPrediction(SESSION.cached(key, make, lambda a: a.nbytes), n)


def _weights(psf: Psf, axis: int, n: int, length: int) -> np.ndarray:
    """Weights that predict the gap (rows) from the samples around it (columns: the image's end, then its start).

    A 1-D model: an object of power ``1/f^2``, blurred by the PSF summed over the other axes, plus noise.
    """
    others = tuple(a for a in range(psf.values.ndim) if a != axis)
    profile = np.abs(psf.values).sum(axis=others) if psf.is_complex else psf.values.sum(axis=others)
    size = 2 * psf.reach[axis] + 1
    frequency = np.fft.rfftfreq(length)
    power = (np.maximum(frequency, 0.1 / size) / _REFERENCE) ** -2.0
    covariance = np.fft.irfft(np.abs(np.fft.rfft(profile, length)) ** 2 * power + _NOISE, length)
    side = min(_SIDE * size, _MOST)
    known = np.arange(n) if 2 * side >= n else np.concatenate((np.arange(n - side, n), length + np.arange(side)))
    among = covariance[np.abs(known[:, None] - known) % length]
    across = covariance[np.abs(np.arange(n, length)[:, None] - known) % length]
    return np.asarray(np.linalg.solve(among, across.T).T)
