"""An image formed by a PSF, and back: ``H x`` where the image is, and ``H^T r`` where the object is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from .._arrays import Array
from ..backends import Backend
from ._frame import Frame
from ._psf import Psf
from ._slabs import Slabs, Tick

#: ``finish(first, part)`` takes the rows of the result from `first` on; `part` may be changed.
Finish = Callable[[int, Array], object]


class Blur(Protocol):
    """Both directions for one PSF and frame."""

    def forward(self, sharp: Array, finish: Finish) -> None: ...

    def backward(self, image: Array, finish: Finish) -> None: ...


def make_blur(psf: Psf, frame: Frame, dtype: str, backend: Backend, workers: int, tick: Tick) -> Blur:
    """The fastest way there is on a backend."""
    if backend.name == "numpy" and len(frame.grid) > 1:
        return _SlabBlur(psf, frame, dtype, workers, tick)
    return _WholeBlur(psf, frame, dtype, backend, workers, tick)


class _WholeBlur:
    """Transforms of the whole grid, for any backend."""

    def __init__(self, psf: Psf, frame: Frame, dtype: str, backend: Backend, workers: int, tick: Tick) -> None:
        self.frame, self.backend, self.workers, self.tick = frame, backend, workers, tick
        self.axes = tuple(range(len(frame.grid)))
        self.transfer = psf.transfer(frame.grid, dtype, backend, workers)

    def forward(self, sharp: Array, finish: Finish) -> None:
        finish(0, self._product(sharp, self.transfer)[self.frame.key])

    def backward(self, image: Array, finish: Finish) -> None:
        finish(0, self._product(image, self.backend.xp.conj(self.transfer)))

    def _product(self, signal: Array, response: Array) -> Array:
        spectrum = self.backend.fft(signal, self.frame.grid, self.axes, self.workers)
        spectrum *= response
        found = self.backend.ifft(spectrum, self.frame.grid, self.axes, self.workers, True)
        self.tick(1)
        return found


class _SlabBlur:
    """On the CPU, slab by slab."""

    def __init__(self, psf: Psf, frame: Frame, dtype: str, workers: int, tick: Tick) -> None:
        self.frame = frame
        self.slabs = Slabs(frame.grid, dtype, workers, tick)
        self.transfer = self.slabs.transfer(psf)

    def forward(self, sharp: np.ndarray, finish: Finish) -> None:
        self.slabs.filter(sharp, lambda columns: self.transfer[:, columns], self.frame.shape, finish)

    def backward(self, image: np.ndarray, finish: Finish) -> None:
        self.slabs.filter(image, lambda columns: np.conj(self.transfer[:, columns]), self.frame.grid, finish)
