"""Estimate the noise of an image: fit a model of the object's spectrum behind the PSF to the periodogram.

The model and its fit are those of `whittle_fit`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._arrays import COMPLEX_OF, Array, compute_dtype, dtype_name, in_c_order
from ...backends import Backend
from ..fourier.missing_samples import fill_missing
from ..fourier.tapers import hann, tapered_transform
from ..psf.psf_set import Psf
from .fit_quality import NoiseFit
from .whittle_fit import Sample, features, fit, sample_frequencies

#: Lower bound of the noise, as a share of the image's power: 50 dB, as the extension beyond the edges is not known
#: better, and 90 dB for a periodic image.
_FLOOR = {"extend": 1e-5, "periodic": 1e-9}
#: No PSF is known better than to 0.7 percent of its amplitude: this share of the object's power may come through where
#: it should not. Without it, frequencies that the PSF hardly passes would need an object of any power. A periodic image
#: comes from a simulation, whose PSF is exact.
_UNSURE = 5e-5
#: With fewer frequencies than this nothing is fitted, and the ratio is this constant.
_FEW, _DEFAULT = 12, 0.01


@dataclass(frozen=True)
class PowerSpectrum:
    """A function of the frequencies, in cycles per sample, that is also an array on the fftn grid of its image.

    Attributes
    ----------
    shape : tuple of int
        Of the image along the acted axes.
    weights : tuple of float
        Of the model's features: constant, logarithm of the frequency, roll-off and anisotropy for each axis.
    floor : float
        Added at every frequency.
    """

    shape: tuple[int, ...]
    weights: tuple[float, ...]
    floor: float = 0.0

    def __call__(self, *frequencies: np.ndarray) -> np.ndarray:
        """The value at frequencies, one array for each axis, broadcast against each other."""
        parts = features(frequencies, 1 / max(self.shape))
        level, *slopes = self.weights
        exponent: Any = 0.0
        for weight, part in zip(slopes, parts[1:], strict=True):
            exponent = exponent + weight * part
        # the level is not clipped: it follows the square of the image's unit
        return np.asarray(np.exp(level + np.clip(exponent, -60.0, 60.0)) + self.floor)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        lines = [np.fft.fftfreq(n) for n in self.shape]
        return np.asarray(self(*np.meshgrid(*lines, indexing="ij", sparse=True)), dtype=dtype)


@dataclass(frozen=True)
class NoiseEstimate:
    """Noise and signal spectrum estimated from an image; `wiener` takes it as `nsr`.

    Attributes
    ----------
    nsr : PowerSpectrum, float or array
        Power of the noise over power of the object: callable with frequencies in cycles per sample, and an array on
        the grid of the image's `numpy.fft.fftn` through `numpy.asarray`.
    noise : float
        Standard deviation of the noise, in the image's units.
    spectrum : PowerSpectrum, float or array
        Power of the object per sample, like `nsr`.
    predicted_error : float
        Root mean square error that a Wiener filter with this `nsr` leaves, if the model is right.
    reason : str
        How it was found.
    """

    nsr: Any
    noise: float
    spectrum: Any
    predicted_error: float
    reason: str

    def ratio(self) -> float:
        """Power of the noise over power of the object, all frequencies together."""
        if not isinstance(self.spectrum, PowerSpectrum):
            return float(np.mean(np.asarray(self.nsr, dtype=np.float64)))
        sample = sample_frequencies(self.spectrum.shape, True)
        return self.noise**2 / float(np.average(self.spectrum(*sample.frequencies), weights=sample.weights))

    def __str__(self) -> str:
        return f"noise {self.noise:.4g}, predicted error {self.predicted_error:.4g}: {self.reason}"


@dataclass(frozen=True)
class FittedNoise(NoiseEstimate):
    """An estimate with the spectra that it was fitted to."""

    fit: NoiseFit = field(repr=False, compare=False)


@dataclass(frozen=True)
class Known:
    """Prior knowledge of the noise.

    Attributes
    ----------
    sigma : float or None
        Standard deviation.
    gain, offset, read_noise : float
        Of a camera, in grey levels: the variance is ``gain * (image - offset) + read_noise**2``; `gain` is None for an
        unknown camera.
    """

    sigma: float | None = None
    gain: float | None = None
    offset: float = 0.0
    read_noise: float = 0.0

    def power(self, mean: float) -> float | None:
        """Mean variance of the noise in an image of that mean, None when unknown."""
        if self.sigma is not None:
            return self.sigma**2
        if self.gain is not None:
            return self.gain * max(mean - self.offset, 0.0) + self.read_noise**2
        return None


def estimate(
    blocks: Sequence[tuple[Array, Array | None, Psf | None]],
    known: Known,
    edges: str,
    quantum: float,
    backend: Backend,
    workers: int,
) -> NoiseEstimate:
    """One estimate for images of one shape that share object and noise.

    Parameters
    ----------
    blocks : sequence of (array, array of bool or None, Psf or None)
        Samples, which of them count, and the PSF that blurred them.
    edges : str
        ``"periodic"`` or ``"extend"``; with the latter a window suppresses the jump at the edges.
    quantum : float
        Step between neighbouring values (1 for integers); its rounding noise is the least noise possible.
    """
    shape = tuple(blocks[0][0].shape)
    half = not any(dtype_name(block.dtype).startswith("complex") for block, _, _ in blocks)
    half = half and not any(psf is not None and psf.is_complex for _, _, psf in blocks)
    sample = sample_frequencies(shape, half)
    if sample.count < _FEW:
        return _constant(_DEFAULT, 0.0, f"the image has only {sample.count} frequencies; nsr {_DEFAULT} was assumed")
    blurred = any(psf is not None for _, _, psf in blocks)
    power, transfer, mean = np.zeros(sample.count), np.zeros(sample.count), 0.0
    for block, valid, psf in blocks:
        block = in_c_order(backend.astype(block, compute_dtype(dtype_name(block.dtype))))
        if valid is not None:
            block = fill_missing(block, valid, backend, workers)
        average = backend.xp.mean(block)
        mean += float(average if half else backend.xp.real(average)) / len(blocks)
        power += _periodogram(block, sample, edges, backend, workers) / len(blocks)
        gain = 1.0 if psf is None else _transfer(psf, shape, sample, dtype_name(block.dtype), backend, workers)
        transfer += gain / len(blocks)
    scale = float(np.sum(sample.weights * power) / np.sum(sample.weights))
    if not 0 < scale < math.inf:
        return _constant(math.inf, 0.0, "the image is constant: nothing but its mean can be restored")
    given = known.power(mean)
    least = max(_FLOOR[edges], quantum**2 / 12 / scale)
    noise_power = None if given is None else max(given / scale, least)
    unsure = 0.0 if edges == "periodic" or not blurred else _UNSURE
    weights, noise_power = fit(power / scale, transfer + unsure, sample, len(blocks), noise_power, least)
    how = "fitted with it" if given is None else "given" if known.sigma is not None else "from the camera"
    return _result(weights, noise_power, scale, (power, transfer), unsure, sample, shape, how)


def _result(
    weights: np.ndarray,
    noise: float,
    scale: float,
    measured: tuple[np.ndarray, np.ndarray],
    unsure: float,
    sample: Sample,
    shape: tuple[int, ...],
    how: str,
) -> NoiseEstimate:
    power, transfer = measured
    log_noise = math.log(noise)
    spectrum = PowerSpectrum(shape, (float(weights[0] + math.log(scale)), *map(float, weights[1:])))
    nsr = PowerSpectrum(shape, (float(log_noise - weights[0]), *(-float(w) for w in weights[1:])), unsure)
    signal = spectrum(*sample.frequencies)
    disturbed = noise * scale + unsure * signal
    left = signal * disturbed / (transfer * signal + disturbed)
    error = math.sqrt(float(np.sum(sample.weights * left) / np.sum(sample.weights)))
    ratio = 10 * math.log10(float(np.sum(sample.weights * transfer * signal) / np.sum(sample.weights)) / noise / scale)
    reason = (
        f"spectrum falling like k^-{weights[1]:.2g} fitted at {sample.count} frequencies, noise {how}, "
        f"signal to noise {ratio:.0f} dB"
    )
    fit = NoiseFit(sample.frequencies, sample.weights, power, signal, transfer, unsure, noise * scale)
    return FittedNoise(nsr, math.sqrt(noise * scale), spectrum, error, reason, fit)


def _constant(nsr: float, noise: float, reason: str) -> NoiseEstimate:
    return NoiseEstimate(nsr, noise, 0.0, 0.0, reason)


def _periodogram(block: Array, sample: Sample, edges: str, backend: Backend, workers: int) -> np.ndarray:
    """Power per sample at the chosen frequencies, under a Hann window unless the image is periodic."""
    taper = None if edges == "periodic" else hann
    found = sample.of(tapered_transform(block, taper, backend, workers, half=sample.half), backend)
    energy = math.prod(float(np.mean(taper(n) ** 2)) for n in block.shape) if taper else 1.0
    return np.asarray(np.abs(found.astype(np.complex128)) ** 2 / (math.prod(block.shape) * energy))


def _transfer(
    psf: Psf, shape: tuple[int, ...], sample: Sample, dtype: str, backend: Backend, workers: int
) -> np.ndarray:
    kind = dtype if sample.half else COMPLEX_OF.get(dtype, dtype)
    spectrum = psf.transfer(shape, kind, backend, workers)
    power: np.ndarray = np.abs(sample.of(spectrum, backend)) ** 2
    return power
