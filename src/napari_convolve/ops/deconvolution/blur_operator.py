"""Blur by a PSF and its adjoint: ``H x`` on the image's samples, ``H^T r`` on the object's grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from ..._arrays import Array
from ...backends import Backend
from ..fourier.edge_extension import PaddedGrid
from ..psf.psf_set import Psf
from .slab_fft import Slabs, Tick

#: Index of a box of an array, a slice with start and stop for each axis.
Box = tuple[slice, ...]
#: ``finish(box, part)`` takes the part of the result in `box`; `part` may be changed.
Finish = Callable[[Box, Array], object]


class Blur(Protocol):
    """Blur and adjoint for one PSF and padded grid."""

    def forward(self, sharp: Array, finish: Finish) -> None: ...

    def backward(self, image: Array, finish: Finish) -> None: ...


class PeriodicBlur(Blur, Protocol):
    """On one periodic grid."""

    def apply(self, signal: Array, adjoint: bool, shape: Sequence[int], finish: Finish) -> None:
        """The first samples, `shape` of them, of ``H s`` or ``H^T s``, for a signal that starts at index 0."""


def make_blur(psf: Psf, frame: PaddedGrid, dtype: str, backend: Backend, workers: int, tick: Tick) -> PeriodicBlur:
    """The fastest implementation on a backend."""
    if backend.name == "numpy" and len(frame.grid) > 1:
        return _SlabBlur(psf, frame, dtype, workers, tick)
    return _WholeBlur(psf, frame, dtype, backend, workers, tick)


class _WholeBlur:
    """Transforms of the whole grid, for any backend."""

    def __init__(self, psf: Psf, frame: PaddedGrid, dtype: str, backend: Backend, workers: int, tick: Tick) -> None:
        self.frame, self.backend, self.workers, self.tick = frame, backend, workers, tick
        self.axes = tuple(range(len(frame.grid)))
        self.transfer = psf.transfer(frame.grid, dtype, backend, workers)

    def forward(self, sharp: Array, finish: Finish) -> None:
        self.apply(sharp, False, self.frame.shape, finish)

    def backward(self, image: Array, finish: Finish) -> None:
        self.apply(image, True, self.frame.grid, finish)

    def apply(self, signal: Array, adjoint: bool, shape: Sequence[int], finish: Finish) -> None:
        spectrum = self.backend.fft(signal, self.frame.grid, self.axes, self.workers)
        spectrum *= self.backend.xp.conj(self.transfer) if adjoint else self.transfer
        found = self.backend.ifft(spectrum, self.frame.grid, self.axes, self.workers, True)
        self.tick(1)
        box = tuple(slice(0, n) for n in shape)
        finish(box, found[box])


class _SlabBlur:
    """On the CPU, slab by slab."""

    def __init__(self, psf: Psf, frame: PaddedGrid, dtype: str, workers: int, tick: Tick) -> None:
        self.frame = frame
        self.slabs = Slabs(frame.grid, dtype, workers, tick)
        self.transfer = self.slabs.transfer(psf)

    def forward(self, sharp: np.ndarray, finish: Finish) -> None:
        self.apply(sharp, False, self.frame.shape, finish)

    def backward(self, image: np.ndarray, finish: Finish) -> None:
        self.apply(image, True, self.frame.grid, finish)

    def apply(self, signal: np.ndarray, adjoint: bool, shape: Sequence[int], finish: Finish) -> None:
        rest = tuple(slice(0, n) for n in shape[1:])

        def response(columns: slice) -> np.ndarray:
            values = self.transfer[:, columns]
            return np.conj(values) if adjoint else values

        self.slabs.filter(
            signal, response, shape, lambda first, part: finish((slice(first, first + len(part)), *rest), part)
        )
