"""The grid a global transform works on, and what stands outside the image there.

A transform is periodic: what leaves at one edge comes back at the other. With ``edges="extend"`` the grid is one and a
half PSF longer than the image, and the gap between the image's end and its start is bridged along one axis after the
other by the best linear prediction from the samples on both sides (Wiener, Kolmogorov; "kriging"), for objects with
the spectrum 1/f^2 of edges, seen through this PSF. Of the extensions compared (circular, edge taper, zeros, mirrored,
ramps to the mean on larger grids) it leaves the smallest error over the whole image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import Array, dtype_name
from ..backends import SESSION, Backend
from ._psf import Psf

EDGES = ("extend", "periodic")
#: Length of the gap in lengths of the PSF; samples on each side that predict it, likewise and at most.
_GAP, _SIDE, _MOST = 1.5, 2, 160
#: The object's power is 1 at this frequency (cycles per sample); of the noise it is assumed to be.
_REFERENCE, _NOISE = 0.05, 0.01
#: Samples that a thread takes at once.
_PART = 1 << 18


@dataclass(frozen=True)
class Frame:
    """An image of `shape` at index 0 of a grid; the rest of the grid is the gap between its end and its start.

    Attributes
    ----------
    shape, grid : tuple of int
    """

    shape: tuple[int, ...]
    grid: tuple[int, ...]

    @property
    def key(self) -> tuple[slice, ...]:
        """Index of the image in the grid."""
        return tuple(slice(0, n) for n in self.shape)

    def extend(
        self, block: Array, mean: Array, psf: Psf, backend: Backend, workers: int = 1, out: Array | None = None
    ) -> Array:
        """The grid with `block` less its mean, and the gaps bridged; in `out` when that is given."""
        xp, dtype = backend.xp, dtype_name(block.dtype)
        if out is None:
            out = backend.empty(self.grid, dtype)

        def centred(rows: slice) -> None:
            backend.assign(out, (rows, *self.key[1:]), block[rows, ...] - mean)

        n = self.shape[0]
        step = max(1, _PART * n // max(math.prod(self.shape), 1)) if backend.threaded else max(n, 1)
        SESSION.run_all(centred, (slice(at, min(at + step, n)) for at in range(0, n, step)), workers)
        for axis, (n, length) in enumerate(zip(self.shape, self.grid, strict=True)):
            if n == length:
                continue
            bridge = _cached_bridge(psf, axis, n, length)
            side = bridge.shape[1] // 2
            # axes already bridged are full, the others still hold the image alone
            done, rest = [slice(None)] * axis, [slice(0, m) for m in self.shape[axis + 1 :]]
            if bridge.shape[1] == n:
                near = out[(*done, slice(0, n), *rest)]
            else:
                near = xp.concat(
                    [out[(*done, slice(n - side, n), *rest)], out[(*done, slice(0, side), *rest)]], axis=axis
                )
            weights = backend.astype(backend.to_device(bridge), dtype)
            gap = _product(weights, near, axis, xp)
            backend.assign(out, (*done, slice(n, length), *rest), gap)
        return out


def _product(weights: Array, near: Array, axis: int, xp: Any) -> Array:
    """A matrix times every line of `near` along an axis."""
    before, after = near.shape[:axis], near.shape[axis + 1 :]
    rows, columns = weights.shape
    if not after:
        found = xp.matmul(xp.reshape(near, (-1, columns)), xp.matrix_transpose(weights))
    else:
        found = xp.matmul(weights, xp.reshape(near, (math.prod(before), columns, math.prod(after))))
    return xp.reshape(found, (*before, rows, *after))


def make_frame(shape: Sequence[int], reach: Sequence[int], edges: str, backend: Backend) -> Frame:
    """The frame of an image for a PSF that reaches `reach` along each axis."""
    if edges == "periodic":
        return Frame(tuple(shape), tuple(shape))
    gaps = [math.ceil(_GAP * (2 * r + 1)) if r else 0 for r in reach]
    return Frame(tuple(shape), tuple(backend.fast_length(n + g) if g else n for n, g in zip(shape, gaps, strict=True)))


def _cached_bridge(psf: Psf, axis: int, n: int, length: int) -> np.ndarray:
    return SESSION.cached(
        ("bridge", psf.digest, axis, n, length), lambda: _bridge(psf, axis, n, length), lambda a: a.nbytes
    )


def _bridge(psf: Psf, axis: int, n: int, length: int) -> np.ndarray:
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
