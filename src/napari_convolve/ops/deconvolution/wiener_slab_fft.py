"""A Wiener filter on the CPU, slab by slab; the formulas are those of `wiener_full_fft`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from ...backends import SESSION
from ..fourier.edge_extension import PaddedGrid
from ..psf.psf_set import Psf
from .penalty import Penalty
from .slab_fft import Extension, Slabs, Take

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
        self, psf: Psf, penalty: Penalty, frame: PaddedGrid, dtype: str, workers: int, step: Callable[..., None]
    ) -> None:
        self.frame, self.step = frame, step
        self.slabs, self._psf = Slabs(frame.grid, dtype, workers, lambda count: step(0)), psf
        self._penalty = penalty.by_columns(frame, self.slabs)
        self._number = penalty.number

    @cached_property
    def transfer(self) -> np.ndarray:
        """The PSF's spectrum."""
        if not self._kept:
            return self.slabs.transfer(self._psf)
        key = ("slabs", self._psf.digest, self.slabs.grid, self.slabs.dtype.name)
        return SESSION.cached(key, lambda: self.slabs.transfer(self._psf), lambda array: array.nbytes)

    @property
    def _kept(self) -> bool:
        return self.slabs.grid[0] * self.slabs.columns * self.slabs.kind.itemsize <= _KEPT

    @cached_property
    def _by_columns(self) -> Take:
        """The PSF's spectrum by columns; computed on the fly when it is used once and not kept."""
        if self._kept or "transfer" in self.__dict__:
            return lambda columns: self.transfer[:, columns]
        return self.slabs.response(self._psf)

    @cached_property
    def weakest(self) -> float:
        """Smallest gain of the PSF at any frequency."""
        return min(self._over_blocks(lambda columns: float(np.abs(self.transfer[:, columns]).min())))

    @cached_property
    def gain(self) -> float:
        """Largest gain of the filter at any frequency."""
        if self._number:
            return 0.5 / math.sqrt(self._number)  # no more than this
        return max(self._over_blocks(lambda columns: float(np.abs(self._response(columns)).max())))

    def restore(
        self, image: np.ndarray, given: np.ndarray, mean: float, valid: np.ndarray | None, steps: int
    ) -> np.ndarray:
        """The object inside the image, mean subtracted, from the filled image and the image as given."""
        out = np.empty(self.frame.shape, self.slabs.dtype)
        beyond = Extension(mean, self.frame.gap_predictions(self._psf, self.slabs.dtype.name))

        def keep(first: int, part: np.ndarray) -> None:
            out[first : first + len(part)] = part

        if not steps:
            self.slabs.filter(image, self._response, self.frame.shape, keep, beyond)
            return out
        found = self._conjugate(image, given, beyond, valid, steps)
        self.slabs.synthesise(lambda columns: found[:, columns].copy(), self.frame.shape, keep)
        return out

    def _total(self, transfer: np.ndarray, columns: slice) -> np.ndarray:
        """``|H|^2`` and the penalty; where both are 0, 1."""
        total: np.ndarray = np.square(transfer.real)
        if transfer.dtype.kind == "c":
            total += np.square(transfer.imag)
        power = total[0, 0]
        total += self._penalty(columns)
        if columns.start == 0:
            total[0, 0] = power
        if not self._number:
            total[total == 0] = 1
        return total

    def _response(self, columns: slice) -> np.ndarray:
        transfer = self._by_columns(columns)
        total = self._total(transfer, columns)
        if transfer.dtype.kind == "f":
            np.divide(transfer, total, out=total)
            return total
        found: np.ndarray = np.conj(transfer)
        _divide(found, total)
        return found

    def _conjugate(
        self, image: np.ndarray, given: np.ndarray, beyond: Extension, valid: np.ndarray | None, steps: int
    ) -> np.ndarray:
        """The object's spectrum after some steps of conjugate gradients from the filtered extension."""
        slabs, transfer = self.slabs, self.transfer
        found, residual, direction, applied = (slabs.empty() for _ in range(4))
        blurred = np.empty_like(given)
        sizes: dict[int, float] = {}

        def start(columns: slice, part: np.ndarray) -> None:
            part *= self._response(columns)
            found[:, columns] = part

        def see(first: int, part: np.ndarray) -> None:
            rows = slice(first, first + len(part))
            blurred[rows] = part if valid is None else np.where(valid[rows], part, 0)

        def missing(first: int, part: np.ndarray) -> None:
            rows = slice(first, first + len(part))
            apart = given[rows] - beyond.mean - part
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
            _divide(scaled, self._total(transfer[:, columns], columns))
            if share:
                scaled += np.asarray(share, slabs.dtype) * direction[:, columns]
            direction[:, columns] = scaled

        def square(columns: slice) -> None:
            part = residual[:, columns]
            power = np.square(part.real) + np.square(part.imag)
            sizes[columns.start] = self._sum(columns, power / self._total(transfer[:, columns], columns))

        def apply(columns: slice, part: np.ndarray) -> None:
            part *= np.conj(transfer[:, columns])
            part += penalised(direction, columns)
            applied[:, columns] = part
            along = direction[:, columns]
            sizes[columns.start] = self._sum(columns, along.real * part.real + along.imag * part.imag)

        def total() -> float:
            return sum(sizes[start] for start in sorted(sizes))

        slabs.analyse(image, start, beyond)
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
        """Sum over the full spectrum from the values of its half."""
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
