"""How much of an image is noise: a power-law object behind the PSF, fitted to the periodogram.

Natural and microscopy images have spectra close to ``A k^-beta``. Behind a PSF with transfer function H and with white
noise of power S_n the periodogram is exponentially distributed around ``|H|^2 A k^-beta + S_n``; the three parameters
maximise that (Whittle) likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._arrays import Array, dtype_name
from ..backends import Backend
from ._fill import fill_missing
from ._nsr import frequencies
from ._psf import Psf

#: Bins of log frequency and of log |H|^2 that the periodogram is averaged in before the fit.
_BINS = (48, 64)
#: |H|^2 below this counts as nothing.
_FLOOR = 1e-12


@dataclass(frozen=True)
class PowerLaw:
    """An object's spectrum ``amplitude * k^-exponent`` in white noise of power `noise`; powers are per sample."""

    amplitude: float
    exponent: float
    noise: float

    def signal(self, *lines: np.ndarray) -> np.ndarray:
        """Power of the object at frequencies in cycles per sample, one array for each axis."""
        radius = np.sqrt(sum((f * f for f in lines), start=np.zeros(1)))
        with np.errstate(divide="ignore"):
            return np.asarray(self.amplitude * radius**-self.exponent)

    def __call__(self, *lines: np.ndarray) -> np.ndarray:
        """The noise-to-signal ratio."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(self.noise / self.signal(*lines), nan=np.inf)


def fit_power_law(block: Array, valid: Array | None, psf: Psf, backend: Backend, workers: int) -> PowerLaw:
    """Fit the model to one image of all acted axes."""
    from scipy.optimize import minimize

    if valid is not None:
        block = fill_missing(block, valid, backend, workers)
    shape = tuple(block.shape)
    power = _periodogram(block, backend, workers)
    transfer = np.abs(np.fft.rfftn(_rolled(psf, shape))) ** 2
    radius = np.sqrt(sum((f * f for f in frequencies(shape, half=True)), start=np.zeros(1)))
    count, mean, k, h = _binned(power, radius, transfer)
    scale = float(np.sum(count * mean) / np.sum(count))
    if not scale > 0:
        return PowerLaw(0.0, 2.0, 0.0)  # a constant image
    mean = mean / scale
    log_k = np.log(k)

    def cost(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        a, beta, n = parameters
        signal, noise = h * np.exp(a - beta * log_k), np.exp(n)
        model = signal + noise
        value = count * (np.log(model) + mean / model)
        slope = count * (1 - mean / model) / model
        gradient = [np.sum(slope * signal), np.sum(-slope * signal * log_k), np.sum(slope * noise)]
        return float(value.sum()), np.asarray(gradient)

    top = np.log(np.percentile(mean, 5) + 1e-12)
    best = None
    for start in ((-6.0, 2.0, top), (-8.0, 3.0, top - 2)):
        found = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=[(-40, 20), (0.0, 6.0), (-40, 5)])
        if best is None or found.fun < best.fun:
            best = found
    assert best is not None
    a, beta, n = best.x
    return PowerLaw(float(np.exp(a)) * scale, float(beta), float(np.exp(n)) * scale)


def _periodogram(block: Array, backend: Backend, workers: int) -> np.ndarray:
    """Power per sample of the block under a Hann window."""
    xp, dtype = backend.xp, dtype_name(block.dtype)
    block = xp.abs(block) if dtype.startswith("complex") else block
    values = backend.astype(block, "float64")
    values = values - xp.mean(values)
    energy = 1.0
    for axis, n in enumerate(values.shape):
        window = np.hanning(n + 2)[1:-1] if n > 2 else np.ones(n)
        energy *= float(np.mean(window**2))
        shape = [1] * values.ndim
        shape[axis] = n
        values = values * backend.to_device(window.reshape(shape))
    spectrum = backend.fft(values, values.shape, tuple(range(values.ndim)), workers)
    power = xp.real(spectrum) ** 2 + xp.imag(spectrum) ** 2
    return np.asarray(backend.to_host(power)) / (math.prod(values.shape) * energy)


def _rolled(psf: Psf, shape: Sequence[int]) -> np.ndarray:
    values = np.abs(psf.values) if psf.is_complex else psf.values
    out = np.zeros(tuple(shape))
    out[tuple(slice(0, n) for n in values.shape)] = values
    return np.asarray(np.roll(out, [-c for c in psf.center], axis=tuple(range(out.ndim))))


def _binned(power: np.ndarray, radius: np.ndarray, transfer: np.ndarray) -> tuple[np.ndarray, ...]:
    """Means over bins of similar frequency and transfer: the model is nearly constant in each."""
    keep = radius > 0
    radius, transfer, power = radius[keep], np.maximum(transfer[keep], _FLOOR), power[keep]
    low, high = np.log(radius.min()), np.log(radius.max())
    rows = np.clip((np.log(radius) - low) / max(high - low, 1e-9) * _BINS[0], 0, _BINS[0] - 1).astype(int)
    columns = np.clip(np.log(transfer) / np.log(_FLOOR) * _BINS[1], 0, _BINS[1] - 1).astype(int)
    index = rows * _BINS[1] + columns
    count = np.bincount(index, minlength=_BINS[0] * _BINS[1]).astype(float)
    used = count > 0
    means = [
        np.bincount(index, values, count.size)[used] / count[used]
        for values in (power, np.log(radius), np.log(transfer))
    ]
    return count[used], means[0], np.exp(means[1]), np.exp(means[2])
