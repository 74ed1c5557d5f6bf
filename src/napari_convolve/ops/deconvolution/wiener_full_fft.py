"""A Wiener filter on whole spectra, for any device library.

A Wiener filter needs samples on the whole grid. Where there are none (the gap beyond the edges, masked samples) the
object that minimises ``|M (H x - y)|^2 + sum(penalty |X|^2)``, M being 1 where there are samples, has no closed form;
a few steps of conjugate gradients, preconditioned with the Wiener filter itself, come close from a filtered guess.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from ..._arrays import COMPLEX_OF, REAL_OF, Array
from ...backends import SESSION, Backend
from ..fourier.edge_extension import PaddedGrid
from ..psf.psf_set import Psf
from .penalty import Penalty


class WholeWiener:
    """One PSF and penalty on one grid; see `SlabWiener`."""

    def __init__(
        self,
        psf: Psf,
        penalty: Penalty,
        frame: PaddedGrid,
        dtype: str,
        backend: Backend,
        workers: int,
        step: Callable[..., None],
    ) -> None:
        self.psf, self.frame, self.dtype, self.step = psf, frame, dtype, step
        self.backend, self.workers = backend, workers
        self.axes = tuple(range(len(frame.grid)))
        self.real = not dtype.startswith("complex")
        self.kind = COMPLEX_OF.get(dtype, dtype)
        xp = backend.xp
        self.transfer = SESSION.cached(
            ("transfer", backend.name, psf.digest, frame.grid, dtype),
            lambda: psf.transfer(frame.grid, dtype, backend, workers),
            lambda array: array.size * np.dtype(self.kind).itemsize,
        )
        values = backend.to_device(penalty.on_grid(frame, half=self.real))
        self.penalty = backend.astype(values, REAL_OF.get(dtype, dtype))
        power = xp.real(self.transfer) ** 2 + xp.imag(self.transfer) ** 2
        total = power + self.penalty
        self.total = backend.astype(xp.where(total == 0, xp.ones_like(total), total), self.kind)
        self.response = xp.conj(self.transfer) / self.total

    @cached_property
    def weakest(self) -> float:
        """Smallest gain of the PSF at any frequency."""
        return float(self.backend.xp.min(self.backend.xp.abs(self.transfer)))

    @cached_property
    def gain(self) -> float:
        """Largest gain of the filter at any frequency."""
        return float(self.backend.xp.max(self.backend.xp.abs(self.response)))

    def restore(self, image: Array, given: Array, mean: Array, valid: Array | None, steps: int) -> Array:
        """The object inside the image, mean subtracted, from the filled image and the image as given."""
        extended = self.frame.extend(image, mean, self.psf, self.backend, self.workers)
        found = self._fft(extended) * self.response
        self.step(0)
        if steps:
            found = self._conjugate(found, given - mean, valid, steps)
        return self._ifft(found)

    def _conjugate(self, found: Array, block: Array, valid: Array | None, steps: int) -> Array:
        xp = self.backend.xp
        penalty = self.backend.astype(self.penalty, self.kind)
        twice = self._multiplicity(block)

        def seen(values: Array) -> Array:
            """``H^T M values``, from the samples of the image alone."""
            kept = values if valid is None else xp.where(valid, values, xp.zeros_like(values))
            return xp.conj(self.transfer) * self._fft(kept)

        def normal(spectrum: Array) -> Array:
            return seen(self._ifft(spectrum * self.transfer)) + penalty * spectrum

        def dot(a: Array, b: Array) -> float:
            return float(xp.sum(twice * (xp.real(a) * xp.real(b) + xp.imag(a) * xp.imag(b))))

        residual = seen(block) - normal(found)
        scaled = residual / self.total
        direction = scaled
        size = dot(residual, scaled)
        for _ in range(steps):
            if not size > 0:
                break
            applied = normal(direction)
            length = size / dot(direction, applied)
            found = found + length * direction
            residual = residual - length * applied
            scaled = residual / self.total
            size, before = dot(residual, scaled), size
            direction = scaled + (size / before) * direction
            self.step()
        return found

    def _fft(self, signal: Array) -> Array:
        return self.backend.fft(signal, self.frame.grid, self.axes, self.workers)

    def _ifft(self, spectrum: Array) -> Array:
        return self.backend.ifft(spectrum, self.frame.grid, self.axes, self.workers, self.real)[self.frame.key]

    def _multiplicity(self, like: Array) -> Array:
        """Number of frequencies of the full spectrum that each column of the half spectrum represents."""
        length = self.frame.grid[-1]
        twice = np.ones(length // 2 + 1 if self.real else length)
        if self.real:
            twice[1 : (length + 1) // 2] = 2.0
        return self.backend.astype(self.backend.to_device(twice), REAL_OF.get(self.dtype, self.dtype))
