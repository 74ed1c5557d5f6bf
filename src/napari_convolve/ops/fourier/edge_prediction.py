"""What stands in the gap between an image's end and its start on a longer grid: the best linear prediction.

It acts along one axis, so it may be applied before or after the transforms along others: after, there are fewer lines
to transform.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...backends import SESSION
from ..psf.psf_set import Psf

#: Samples on each side of the gap that predict it, in lengths of the PSF, and at most.
_SIDE, _MOST = 2, 160
#: The object's power is 1 at this frequency (cycles per sample); of the noise it is assumed to be.
_REFERENCE, _NOISE = 0.05, 0.01
#: Multiplications of a product that OpenBLAS does on the calling thread, and rows of its first matrix.
_ALONE, _ROWS = 1 << 18, 32


@dataclass(frozen=True, eq=False)
class Bridge:
    """The gap along one axis, as a product.

    Attributes
    ----------
    weights : ndarray
        One row for each sample of the gap; columns: the samples before it, then those after it, or all.
    start : int
        Where the gap begins.
    """

    weights: np.ndarray
    start: int

    @property
    def side(self) -> int | None:
        """Samples on each side that count; None when all do."""
        known = self.weights.shape[1]
        return None if known == self.start else known // 2

    def fill(self, lines: np.ndarray, axis: int) -> None:
        """Fill the gap along an axis of `lines`, on this thread alone.

        Complex lines are filled along any axis but the last.
        """
        real = lines.view(self.weights.dtype)
        rest = int(np.prod(real.shape[axis + 1 :], dtype=int))
        if axis == real.ndim - 1:
            self._fill(real.reshape(-1, real.shape[-1]).T)
            return
        for before in np.ndindex(real.shape[:axis]):
            self._fill(real[before].reshape(-1, rest))

    def _fill(self, lines: np.ndarray) -> None:
        """Along the first of two axes, by products so small that BLAS starts no threads of its own for them."""
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


def make_bridge(psf: Psf, axis: int, n: int, length: int, dtype: str) -> Bridge | None:
    """From `n` samples to `length` along an axis; None when there is no gap."""
    if n == length:
        return None
    key = ("bridge", psf.digest, axis, n, length, dtype)
    make = lambda: _weights(psf, axis, n, length).astype(dtype)  # noqa: E731
    return Bridge(SESSION.cached(key, make, lambda a: a.nbytes), n)


def _weights(psf: Psf, axis: int, n: int, length: int) -> np.ndarray:
    """Weights that predict the gap (rows) from the samples around it (columns: the image's end, then its start).

    A 1-D model along the axis: an object of power ``1/f^2`` behind the PSF summed over the other axes, plus noise.
    """
    others = tuple(a for a in range(psf.values.ndim) if a != axis)
    profile = np.abs(psf.values).sum(axis=others) if psf.is_complex else psf.values.sum(axis=others)
    reach = 2 * psf.reach[axis] + 1
    frequency = np.fft.rfftfreq(length)
    power = (np.maximum(frequency, 0.1 / reach) / _REFERENCE) ** -2.0
    covariance = np.fft.irfft(np.abs(np.fft.rfft(profile, length)) ** 2 * power + _NOISE, length)
    side = min(_SIDE * reach, _MOST)
    known = np.arange(n) if 2 * side >= n else np.concatenate((np.arange(n - side, n), length + np.arange(side)))
    among = covariance[np.abs(known[:, None] - known) % length]
    across = covariance[np.abs(np.arange(n, length)[:, None] - known) % length]
    return np.asarray(np.linalg.solve(among, across.T).T)
