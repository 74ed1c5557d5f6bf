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

from ..._arrays import REAL_OF, Array, dtype_name
from ...backends import SESSION, Backend
from ..psf.psf_set import Psf
from .edge_prediction import Bridge, make_bridge

EDGES = ("extend", "periodic")
#: Length of the gap in lengths of the PSF.
_GAP = 1.5
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

    def bridges(self, psf: Psf, dtype: str) -> tuple[Bridge | None, ...]:
        """What fills the gap along each axis."""
        ends = enumerate(zip(self.shape, self.grid, strict=True))
        return tuple(make_bridge(psf, axis, n, length, dtype) for axis, (n, length) in ends)

    def extend(self, block: Array, mean: Array, psf: Psf, backend: Backend, workers: int = 1) -> Array:
        """The grid with `block` less its mean, and the gaps bridged."""
        xp, dtype = backend.xp, dtype_name(block.dtype)
        out = backend.empty(self.grid, dtype)

        def centred(rows: slice) -> None:
            backend.assign(out, (rows, *self.key[1:]), block[rows, ...] - mean)

        SESSION.run_all(centred, row_parts(self.shape, backend), workers)
        for axis, bridge in enumerate(self.bridges(psf, REAL_OF.get(dtype, dtype))):
            n, length = self.shape[axis], self.grid[axis]
            if bridge is None:
                continue
            # axes already bridged are full, the others still hold the image alone
            done, rest = [slice(None)] * axis, [slice(0, m) for m in self.shape[axis + 1 :]]
            if (side := bridge.side) is None:
                near = out[(*done, slice(0, n), *rest)]
            else:
                near = xp.concat(
                    [out[(*done, slice(n - side, n), *rest)], out[(*done, slice(0, side), *rest)]], axis=axis
                )
            weights = backend.astype(backend.to_device(bridge.weights), dtype)
            gap = _product(weights, near, axis, xp)
            backend.assign(out, (*done, slice(n, length), *rest), gap)
        return out


def row_parts(shape: Sequence[int], backend: Backend) -> list[slice]:
    """Rows that one thread takes at once; all where the backend has threads of its own."""
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


def make_frame(shape: Sequence[int], reach: Sequence[int], edges: str, backend: Backend) -> Frame:
    """The frame of an image for a PSF that reaches `reach` along each axis."""
    if edges == "periodic":
        return Frame(tuple(shape), tuple(shape))
    gaps = [math.ceil(_GAP * (2 * r + 1)) if r else 0 for r in reach]
    return Frame(tuple(shape), tuple(backend.fast_length(n + g) if g else n for n, g in zip(shape, gaps, strict=True)))
