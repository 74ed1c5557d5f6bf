"""Stopping rule of an iteration: the residual holds nothing but noise.

White noise is as strong at every frequency, whether it is the same all over the image or, as that of photons, stronger
where it is brighter. What the PSF passes is explained little by little; what it does not pass stays noise for ever.
So the residual's power where the PSF passes is compared with its power where it does not: in the beginning it is
larger, it falls below when noise begins to be explained too. No level of the noise has to be known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..._arrays import Array
from ...backends import Backend
from ..psf.psf_set import Psf
from .blur_operator import Box

#: Gain in power above which the PSF passes a frequency, and below which it does not.
_PASSED, _LOST = 1e-2, 1e-4
#: Share of the frequencies that must be lost, and their number, for a comparison.
_SHARE, _FEW = 0.02, 50
#: Iterations end when the residual's power inside the PSF's passband is at most this multiple of that outside. Of 1.1,
#: 1, 0.9 and 0.8 it came nearest to the best number of iterations, on the sets of `benchmarks.deconvolution_quality`.
ENOUGH = 0.8
#: Samples of the box that is evaluated, in the middle of larger images.
BOX = 1 << 22


def middle(shape: Sequence[int], psf: Psf) -> Box:
    """A box of `BOX` samples in the middle of an image, no shorter than the PSF along any axis."""
    shrink = min(1.0, (BOX / math.prod(shape)) ** (1 / len(shape)))
    lengths = [max(round(n * shrink), k) for n, k in zip(shape, psf.values.shape, strict=True)]
    return tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(shape, lengths, strict=True))


class Residual:
    """The residual in a box, and its power inside the PSF's passband relative to that outside.

    Holds one box of samples, its spectrum, and two weights for each frequency. `scale` is the order of magnitude of
    the image, whose square may be too large or too small for float32.
    """

    def __init__(
        self, shape: Sequence[int], psf: Psf, dtype: str, scale: float, backend: Backend, workers: int
    ) -> None:
        self._backend, self._workers, self._scale = backend, workers, scale
        self._place = middle(shape, psf)
        lengths = [s.stop - s.start for s in self._place]
        gain = np.abs(np.asarray(backend.to_host(psf.transfer(lengths, dtype, backend, workers)))) ** 2
        passed, lost = gain > _PASSED, gain < _LOST
        #: whether enough frequencies lie outside the passband
        self.applies = bool(passed.any() and np.count_nonzero(lost) >= max(_FEW, _SHARE * lost.size))
        if self.applies:
            self._box = backend.empty(tuple(lengths), dtype)
            weights = (flags / np.count_nonzero(flags) for flags in (passed, lost))
            self._passed, self._lost = (backend.astype(backend.to_device(w), dtype) for w in weights)

    def note(self, box: Box, part: Array) -> None:
        """Store the part of the residual in `box`."""
        shared = [(max(b.start, p.start), min(b.stop, p.stop)) for b, p in zip(box, self._place, strict=True)]
        if all(start < stop for start, stop in shared):
            of = tuple(slice(x - b.start, y - b.start) for (x, y), b in zip(shared, box, strict=True))
            to = tuple(slice(x - p.start, y - p.start) for (x, y), p in zip(shared, self._place, strict=True))
            self._backend.assign(self._box, to, part[of] / self._scale)

    def excess(self) -> float:
        """Mean power inside the passband over mean power outside."""
        xp = self._backend.xp
        spectrum = self._backend.fft(self._box, self._box.shape, range(len(self._box.shape)), self._workers)
        power = xp.abs(spectrum) ** 2
        passed, lost = float(xp.sum(power * self._passed)), float(xp.sum(power * self._lost))
        return passed / lost if lost > 0 else math.inf
