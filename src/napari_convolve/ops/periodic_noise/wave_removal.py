"""Remove periodic noise from images with batch axes: frequencies are common, amplitudes fitted for each batch item."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._arrays import REAL_OF, Array, compute_dtype, dtype_name
from ...backends import Backend
from ..execution.batches import BatchItem, Key, without_psf
from ..fourier.missing_samples import fill_missing
from ..fourier.sinusoids import Wave, canonical
from ..fourier.spectrum_data import Peaks
from .robust_wave_fit import waves_on
from .stripe_search import find_stripes, fit_waves

#: Most batch items used in the search, evenly spread.
_SEARCHED = 16


def search(
    image: Array, valid: Array | None, axes: tuple[int, ...], count: int, source: Backend, workers: int
) -> list[tuple[float, ...]]:
    """Frequencies (cycles per sample along each axis) of the image-wide waves."""
    if 0 in image.shape:
        return []
    keys = [key for key, _ in without_psf(image.shape, axes).items()]
    chosen = np.unique(np.linspace(0, len(keys) - 1, min(len(keys), _SEARCHED)).round().astype(int))
    blocks = [_block(image, valid, keys[i], source, workers) for i in chosen]
    waves = [max(fits, key=lambda fit: fit.significance).wave for fits in find_stripes(blocks, count, source, workers)]
    return [canonical(wave, _unsigned(blocks[0])).place for wave in waves]


def _block(image: Array, valid: Array | None, key: Key, source: Backend, workers: int) -> Array:
    kind = compute_dtype(dtype_name(image.dtype))
    block = source.astype(image[key], kind)
    return block if valid is None else fill_missing(block, valid[key], source, workers)


def _unsigned(block: Array) -> float:
    return 0.05 / float(max(block.shape))


class Remover:
    """Subtracts the waves at some frequencies, and records them.

    Parameters
    ----------
    places : sequence of sequence of float
        Frequencies in cycles per sample, one number for each acted axis.
    refine : bool
        Whether they are exact to a bin only.
    """

    def __init__(self, places: Sequence[Sequence[float]], *, refine: bool) -> None:
        self.places = [tuple(float(p) for p in place) for place in places]
        self.refine = refine
        self._found: dict[tuple[int, ...], list[Wave]] = {}
        self._errors: dict[tuple[int, ...], list[float]] = {}

    def __call__(self, item: BatchItem) -> Array:
        """The item's block without the waves."""
        waves = self.fit(item.block, item.key, item.device)
        return item.block - waves_on(waves, item.block, item.device)

    def fit(self, block: Array, key: Key, backend: Backend) -> list[Wave]:
        """The waves of one batch item."""
        fits = fit_waves(block, self.places, backend, refine=self.refine)
        waves = [fit.wave for fit in fits]
        if dtype_name(block.dtype) not in REAL_OF:
            waves = [canonical(wave, _unsigned(block)) for wave in waves]
        batch_index = tuple(i for i in key if isinstance(i, int))
        self._errors[batch_index], self._found[batch_index] = [fit.error for fit in fits], waves
        return waves

    def fit_all(self, image: Array, valid: Array | None, axes: tuple[int, ...], source: Backend, workers: int) -> None:
        """Fit the waves of all batch items of an image."""
        if self.places and 0 not in image.shape:
            for key, _ in without_psf(image.shape, axes).items():
                self.fit(_block(image, valid, key, source, workers), key, source)

    def peaks(self, image: Array, axes: tuple[int, ...], spacing: Sequence[float], order: Sequence[int]) -> Peaks:
        """All waves, with frequencies in cycles per unit along the axes in the given order."""
        batch = tuple(n for a, n in enumerate(image.shape) if a not in axes)
        count = len(self.places)
        amplitude, phase = np.full((*batch, count), np.nan), np.full((*batch, count), np.nan)
        frequency = np.full((*batch, count, len(axes)), np.nan)
        factor = 1 if dtype_name(image.dtype).startswith("complex") else 2
        for key, waves in self._found.items():
            for i, wave in enumerate(waves):
                amplitude[(*key, i)] = factor * abs(wave.amplitude)
                phase[(*key, i)] = np.degrees(np.angle(wave.amplitude))
                frequency[(*key, i)] = [wave.place[o] / spacing[o] + 0.0 for o in order]
        return Peaks(amplitude, frequency, phase)

    def errors(self, image: Array, axes: tuple[int, ...]) -> np.ndarray:
        """Standard errors of the amplitudes of all waves: the expected residual of each."""
        batch = tuple(n for a, n in enumerate(image.shape) if a not in axes)
        found = np.full((*batch, len(self.places)), np.nan)
        factor = 1 if dtype_name(image.dtype).startswith("complex") else 2
        for key, errors in self._errors.items():
            found[key] = factor * np.array(errors)
        return found
