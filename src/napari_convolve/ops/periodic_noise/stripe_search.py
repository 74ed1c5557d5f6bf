"""Search for periodic noise (stripes, hum): image-wide sinusoids.

Such a wave is a peak of one bin in the spectrum, far above the bins around it. Peaks are tried one after another, the
highest first. When a robust fit confirms that the wave is the same all over the image (`robust_wave_fit`), it is
subtracted before the next search.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from ..._arrays import Array, dtype_name
from ...backends import Backend
from ..fourier.sinusoids import Wave
from ..fourier.tapers import samples, tapered_transform
from .robust_wave_fit import WaveFit, fit_wave, waves_on
from .weighted_wave_fit import weigh

#: Bins on each side of a peak that belong to it, and to its surroundings, by the number of axes.
_OWN, _AROUND = {1: 3, 2: 2}, {1: 32, 2: 7, 3: 5}
#: Least height over the surroundings (logarithm of a ratio of amplitudes), and least amplitude in standard errors.
_HEIGHT, _SURE = 1.6, 25.0
#: Waves below this share of the image's standard deviation are ignored: interpolation and compression cause some.
_VISIBLE = 1e-3
#: Probability that the highest bin of pure noise passes.
_CHANCE = 1e-3
#: Bins around frequency zero that are not searched; number of rejected peaks after which the search ends.
_LOW, _PATIENCE = 4, 12
#: Rounds in which each wave is fitted with the others subtracted.
_ROUNDS = 2


def find_stripes(blocks: Sequence[Array], count: int, backend: Backend, workers: int) -> list[list[WaveFit]]:
    """The waves of periodic noise that blocks of one shape share: for each wave, one fit for each block.

    Frequencies are common to all blocks; amplitudes and phases are not.
    """
    found: list[list[WaveFit]] = []
    refused: list[np.ndarray] = []
    shape = np.array(blocks[0].shape)
    rest = list(blocks)
    spread = math.sqrt(sum(_variance(block, backend) for block in blocks) / max(len(blocks), 1))
    while len(found) < count and len(refused) < _PATIENCE:
        place = _highest(rest, refused, backend, workers)
        if place is None:
            break
        fits = [fit_wave(block, place, backend, few=False) for block in rest]
        known = [fit for fit in fits if fit is not None]
        if len(known) < len(fits) or not _is_noise(known, spread):
            refused.append(place * shape)
            continue
        surest = max(known, key=lambda fit: fit.significance)
        again = [fit_wave(block, surest.wave.place, backend, refine=False, few=False) for block in rest]
        waves = [fit for fit in again if fit is not None]
        found.append(waves)
        refused.append(np.array(surest.wave.place) * shape)  # the residual of a fit is no second wave
        rest = [block - waves_on([fit.wave], block, backend) for block, fit in zip(rest, waves, strict=True)]
    return found


def _is_noise(fits: Sequence[WaveFit], spread: float) -> bool:
    sure = math.sqrt(float(np.mean([fit.significance**2 for fit in fits])))
    amplitude = math.sqrt(float(np.mean([abs(fit.wave.amplitude) ** 2 for fit in fits])))
    return sure >= _SURE and amplitude >= _VISIBLE * spread


def _variance(block: Array, backend: Backend) -> float:
    xp = backend.xp
    return float(xp.mean(xp.abs(block - xp.mean(block)) ** 2))


def fit_waves(block: Array, places: Sequence[Sequence[float]], backend: Backend, *, refine: bool) -> list[WaveFit]:
    """Image-wide waves near these frequencies (cycles per sample), each fitted with the others subtracted."""
    waves: list[Wave] = [Wave(tuple(place), 0j) for place in places]
    fits: list[WaveFit] = [WaveFit(wave, math.inf, 0) for wave in waves]
    for again in range(_ROUNDS if len(waves) > 1 else 1):
        for i, wave in enumerate(waves):
            others = [other for j, other in enumerate(waves) if j != i and other.amplitude]
            alone = block - waves_on(others, block, backend) if others else block
            fit = fit_wave(alone, wave.place, backend, refine=refine and not again)
            assert fit is not None
            fits[i] = weigh(alone, fit, backend, refine=refine)
            waves[i] = fits[i].wave
    return fits


def _highest(
    blocks: Sequence[Array], refused: Sequence[np.ndarray], backend: Backend, workers: int
) -> np.ndarray | None:
    """Place (cycles per sample) of the peak that is highest over its surroundings; None if none is high enough."""
    from scipy.ndimage import maximum_filter, uniform_filter

    shape = tuple(blocks[0].shape)
    ndim = len(shape)
    real = not dtype_name(blocks[0].dtype).startswith("complex")
    power = np.zeros(shape)
    for block in blocks:
        power += _power(block, backend, workers)
    if not power.max() > 0:
        return None
    size = 0.5 * np.log(power + 1e-20 * power.max())
    own, around = _OWN.get(ndim, 2), _AROUND.get(ndim, 4)
    inner = [min(2 * own + 1, n) for n in shape]
    outer = [min(2 * around + 1, n) for n in shape]
    inside, whole = math.prod(inner), math.prod(outer)
    if whole < 3 * inside:
        return None
    means = [uniform_filter(size, lengths, mode="wrap") for lengths in (inner, outer)]
    height = size - (means[1] * whole - means[0] * inside) / (whole - inside)
    height[power < maximum_filter(power, 3, mode="wrap")] = -np.inf
    bins = np.meshgrid(*(np.round(np.fft.fftfreq(n, 1 / n)) for n in shape), indexing="ij", sparse=True)
    _forget(height, bins, np.zeros(ndim), _LOW, shape)
    for place in refused:
        _forget(height, bins, place, own, shape)
        _forget(height, bins, -place, own, shape)
    at = np.unravel_index(int(np.argmax(height)), shape)
    if height[at] < max(_HEIGHT, _by_chance(power.size / (2 if real else 1), len(blocks))):
        return None
    # between the bins, to a fraction of one
    return np.array([_between(power, at, axis) / n for axis, n in enumerate(shape)])


def _power(block: Array, backend: Backend, workers: int) -> np.ndarray:
    xp = backend.xp
    found = tapered_transform(block, partial(samples, "hann"), backend, workers, half=False)
    return np.asarray(backend.to_host(xp.real(found) ** 2 + xp.imag(found) ** 2), dtype=np.float64)


def _by_chance(bins: float, blocks: int) -> float:
    """Height (over the mean logarithm) that any bin of noise exceeds with the probability `_CHANCE`.

    Powers of noise are exponentially distributed; their mean logarithm is Euler's constant below that of their mean.
    """
    highest = math.log(bins / _CHANCE)
    if blocks > 1:  # means of several exponentials: their tail, by the bound of Chernoff
        highest = 1 + math.sqrt(2 * highest / blocks) + highest / blocks
    return 0.5 * (math.log(highest) + (0.5772 if blocks == 1 else 0.5772 / blocks))


def _forget(
    height: np.ndarray, bins: Sequence[np.ndarray], place: np.ndarray, radius: float, shape: Sequence[int]
) -> None:
    near: np.ndarray = np.ones((1,) * len(bins), bool)
    for b, p, n in zip(bins, place, shape, strict=True):
        away = np.abs(b - p)
        near = near & (np.minimum(away, n - away) <= radius)
    height[np.broadcast_to(near, height.shape)] = -np.inf


def _between(power: np.ndarray, at: Sequence[np.intp], axis: int) -> float:
    n = power.shape[axis]
    k = int(at[axis])
    low, middle, high = (math.sqrt(np.take(power, (k + d) % n, axis)[_without(at, axis)]) for d in (-1, 0, 1))
    shift = 2 * (high - low) / (low + 2 * middle + high) if n >= 4 else 0.0  # exact for a Hann window
    return (k if k <= n // 2 else k - n) + shift


def _without(at: Sequence[np.intp], axis: int) -> tuple[np.intp, ...]:
    return tuple(i for a, i in enumerate(at) if a != axis)
