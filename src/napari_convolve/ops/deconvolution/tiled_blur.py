"""A blur computed tile by tile, each from the samples it depends on: equal to that of the whole, to rounding.

Each tile has a grid of its own that is longer by the PSF. The tile begins at index 0, followed by its halo after the
end; its halo before the start is at the end of that periodic grid. The object's grid is periodic too, so halos are read
modulo its length; an image is shorter than the object's grid and 0 beyond its end.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from ..._arrays import Array
from ...backends import Backend
from ...planning import cut
from ..fourier.edge_extension import PaddedGrid
from ..psf.psf_set import Psf
from .blur_operator import Box, Finish, make_blur
from .slab_fft import Tick

Piece = tuple[slice, slice]
#: Samples that are copied at once.
_PIECE = 1 << 17


class TiledBlur:
    """Blur and its adjoint for one PSF and padded grid, between arrays on the CPU; transforms run on a device.

    Parameters
    ----------
    tile, grid : tuple of int
        Of each tile, and of its transforms: at least the PSF longer, or the frame's grid.
    """

    def __init__(
        self,
        psf: Psf,
        frame: PaddedGrid,
        tile: Sequence[int],
        grid: Sequence[int],
        dtype: str,
        device: Backend,
        workers: int,
        tick: Tick,
    ) -> None:
        self.frame, self.tile, self.grid, self.dtype = frame, tuple(tile), tuple(grid), dtype
        self.psf, self.device, self.tick = psf, device, tick
        self.inner = make_blur(psf, PaddedGrid(self.tile, self.grid), dtype, device, workers, tick)

    def forward(self, sharp: np.ndarray, finish: Finish) -> None:
        self._each(sharp, False, self.frame.shape, finish)

    def backward(self, image: np.ndarray, finish: Finish) -> None:
        self._each(image, True, self.frame.grid, finish)

    def _each(self, signal: np.ndarray, adjoint: bool, shape: tuple[int, ...], finish: Finish) -> None:
        block = np.empty(self.grid, self.dtype)
        for place in cut(shape, self.tile):
            self._fill(block, signal, place, adjoint)
            lengths = tuple(s.stop - s.start for s in place)

            def placed(box: Box, part: Array, place: Box = place) -> None:
                there = (slice(b.start + p.start, b.stop + p.start) for b, p in zip(box, place, strict=True))
                finish(tuple(there), self.device.to_host(part))

            self.inner.apply(self.device.to_device(block), adjoint, lengths, placed)
            self.tick(1)

    def _fill(self, block: np.ndarray, signal: np.ndarray, place: Box, adjoint: bool) -> None:
        """The samples that the tile at `place` depends on, in the order of its grid."""
        block[...] = 0
        for pieces in itertools.product(
            *(list(self._along(a, s, signal.shape[a], adjoint)) for a, s in enumerate(place))
        ):
            (to, of), rest = pieces[0], pieces[1:]
            # some rows at a time: a signal in a file gives copies
            step = max(1, _PIECE // max(math.prod(p.stop - p.start for p, _ in rest), 1))
            for first in range(0, to.stop - to.start, step):
                rows = [slice(s.start + first, min(s.start + first + step, s.stop)) for s in (to, of)]
                block[(rows[0], *(p for p, _ in rest))] = signal[(rows[1], *(p for _, p in rest))]

    def _along(self, axis: int, place: slice, length: int, adjoint: bool) -> Iterator[Piece]:
        period, grid = self.frame.grid[axis], self.grid[axis]
        if grid == period:
            yield slice(0, length), slice(0, length)
            return
        center, last = self.psf.center[axis], self.psf.values.shape[axis] - 1
        before, after = (center, last - center) if adjoint else (last - center, center)
        yield from _pieces(place.start, place.stop + after, 0, period, length)
        yield from _pieces(place.start - before, place.start, grid - before, period, length)


def _pieces(start: int, stop: int, at: int, period: int, length: int) -> Iterator[Piece]:
    """Target and source slices of the positions `start` to `stop` of a signal that is read modulo `period`."""
    while start < stop:
        first = start % period
        count = min(stop - start, period - first)
        held = min(count, length - first)
        if held > 0:
            yield slice(at, at + held), slice(first, first + held)
        start, at = start + count, at + count
