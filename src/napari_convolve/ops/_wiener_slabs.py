"""A Wiener filter on the CPU, slab by slab; the formulas are those of `_wiener_whole`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from ..backends import SESSION
from ._frame import Frame
from ._penalty import Penalty
from ._psf import Psf
from ._slabs import Slabs

#: Larger transfer functions are not kept for the next image.
_KEPT = 32 << 20


class SlabWiener:
    """One PSF and penalty on one grid.

    Parameters
    ----------
    psf, penalty, frame
    dtype : str
        ``"float32"`` or ``"float64"``.
    workers : int
    step : callable
        Called after each conjugate step, and with 0 in between.
    """

    def __init__(
        self, psf: Psf, penalty: Penalty, frame: Frame, dtype: str, workers: int, step: Callable[..., None]
    ) -> None:
        self.frame, self.step = frame, step
        self.slabs = Slabs(frame.grid, dtype, workers, lambda count: step(0))
        self.transfer = self._transfer(psf)
        self._penalty = penalty.by_columns(frame, self.slabs)
        self._number = penalty.number

    def _transfer(self, psf: Psf) -> np.ndarray:
        size = self.slabs.grid[0] * self.slabs.columns * self.slabs.kind.itemsize
        if size > _KEPT:
            return self.slabs.transfer(psf)
        key = ("slabs", psf.digest, self.slabs.grid, self.slabs.dtype.name)
        return SESSION.cached(key, lambda: self.slabs.transfer(psf), lambda array: size)

    @cached_property
    def weakest(self) -> float:
        """The least that the PSF passes of any frequency."""
        return min(self._over_blocks(lambda columns: float(np.abs(self.transfer[:, columns]).min())))

    @cached_property
    def gain(self) -> float:
        """The most that the filter amplifies any frequency."""
        if self._number:
            return 0.5 / math.sqrt(self._number)  # no more than this
        return max(self._over_blocks(lambda columns: float(np.abs(self._response(columns)).max())))

    def restore(
        self, extended: np.ndarray, block: np.ndarray | None, valid: np.ndarray | None, steps: int
    ) -> np.ndarray:
        """The object within the frame, from the image on the whole grid and, when some of it is not valid, without."""
        out = np.empty(self.frame.shape, self.slabs.dtype)

        def keep(first: int, part: np.ndarray) -> None:
            out[first : first + len(part)] = part

        if not steps:
            self.slabs.filter(extended, self._response, self.frame.shape, keep)
            return out
        found = self._conjugate(extended, extended[self.frame.key] if block is None else block, valid, steps)
        self.slabs.synthesise(lambda columns: found[:, columns].copy(), self.frame.shape, keep)
        return out

    def _total(self, columns: slice) -> np.ndarray:
        """``|H|^2`` and the penalty; where both are 0, 1."""
        part = self.transfer[:, columns]
        total: np.ndarray = np.square(part.real)
        total += np.square(part.imag)
        power = total[0, 0]
        total += self._penalty(columns)
        if columns.start == 0:
            total[0, 0] = power
        if not self._number:
            total[total == 0] = 1
        return total

    def _response(self, columns: slice) -> np.ndarray:
        found: np.ndarray = np.conj(self.transfer[:, columns])
        _divide(found, self._total(columns))
        return found

    def _conjugate(self, extended: np.ndarray, block: np.ndarray, valid: np.ndarray | None, steps: int) -> np.ndarray:
        """The object's spectrum after some steps of conjugate gradients from the filtered extension."""
        slabs, transfer = self.slabs, self.transfer
        found, residual, direction, applied = (slabs.empty() for _ in range(4))
        blurred = np.empty_like(block)
        sizes: dict[int, float] = {}

        def start(columns: slice, part: np.ndarray) -> None:
            part *= self._response(columns)
            found[:, columns] = part

        def see(first: int, part: np.ndarray) -> None:
            rows = slice(first, first + len(part))
            blurred[rows] = part if valid is None else np.where(valid[rows], part, 0)

        def missing(first: int, part: np.ndarray) -> None:
            rows = slice(first, first + len(part))
            apart = block[rows] - part
            blurred[rows] = apart if valid is None else np.where(valid[rows], apart, 0)

        def penalised(of: np.ndarray, columns: slice) -> np.ndarray:
            weighed = of[:, columns] * self._penalty(columns)
            if columns.start == 0:
                weighed[0, 0] = 0
            return weighed

        def begin(columns: slice, part: np.ndarray) -> None:
            part *= np.conj(transfer[:, columns])
            part -= penalised(found, columns)
            residual[:, columns] = part
            rescale(columns, part, 0.0)

        def rescale(columns: slice, part: np.ndarray, share: float) -> None:
            """The next direction, from the residual `part` and a share of the last."""
            scaled = part.copy()
            _divide(scaled, self._total(columns))
            if share:
                scaled += np.asarray(share, slabs.dtype) * direction[:, columns]
            direction[:, columns] = scaled

        def square(columns: slice) -> None:
            part = residual[:, columns]
            sizes[columns.start] = self._sum(
                columns, (np.square(part.real) + np.square(part.imag)) / self._total(columns)
            )

        def apply(columns: slice, part: np.ndarray) -> None:
            part *= np.conj(transfer[:, columns])
            part += penalised(direction, columns)
            applied[:, columns] = part
            along = direction[:, columns]
            sizes[columns.start] = self._sum(columns, along.real * part.real + along.imag * part.imag)

        def total() -> float:
            return sum(sizes[start] for start in sorted(sizes))

        slabs.analyse(extended, start)
        slabs.synthesise(lambda columns: found[:, columns] * transfer[:, columns], self.frame.shape, missing)
        slabs.analyse(blurred, begin)
        slabs.each(square, slabs.blocks())
        size = total()
        for _ in range(steps):
            if not size > 0:
                break
            slabs.synthesise(lambda columns: direction[:, columns] * transfer[:, columns], self.frame.shape, see)
            slabs.analyse(blurred, apply)
            length = np.asarray(size / total(), slabs.dtype)

            def advance(columns: slice, length: np.ndarray = length) -> None:
                found[:, columns] += length * direction[:, columns]
                residual[:, columns] -= length * applied[:, columns]
                square(columns)

            slabs.each(advance, slabs.blocks())
            size, before = total(), size
            share = size / before

            def turn(columns: slice, share: float = share) -> None:
                rescale(columns, residual[:, columns], share)

            slabs.each(turn, slabs.blocks())
            self.step()
        return found

    def _sum(self, columns: slice, values: np.ndarray) -> float:
        """Of a half spectrum's values, for the full one."""
        width = self.slabs.inner[-1]
        at = np.arange(columns.start, columns.stop) % width
        once = (at == 0) | (2 * at == self.slabs.grid[-1])
        sums = values.sum(axis=0, dtype=np.float64)
        return float(2 * sums.sum() - sums[once].sum())

    def _over_blocks(self, function: Callable[[slice], float]) -> list[float]:
        found: list[float] = []
        self.slabs.each(lambda columns: found.append(function(columns)), self.slabs.blocks())
        return found


def _divide(values: np.ndarray, by: np.ndarray) -> None:
    """Complex by real numbers, in place: several times faster than complex by complex."""
    inverse = 1 / by
    values.real *= inverse
    values.imag *= inverse
