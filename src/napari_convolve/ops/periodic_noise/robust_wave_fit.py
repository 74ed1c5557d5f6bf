"""Robust fit of an image-wide sinusoid, separated from image content.

Image content is local; a wave of stripes or hum has the same frequency, amplitude and phase everywhere. The image is
cut into overlapping patches under a Hann window. Each gives a complex amplitude at the wave's frequency: that of the
wave plus that of the content, which is small in flat regions and large at edges. A location estimate with heavy tails
(Student's t with one degree of freedom, by iteratively reweighted least squares) finds the amplitude on which the flat
patches agree; a phase that changes from patch to patch gives the error of the frequency.

References: K. Lange, R. Little, J. Taylor, "Robust statistical modeling using the t distribution", JASA 84 (1989) 881.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._arrays import COMPLEX_OF, Array, along_axis, dtype_name
from ...backends import Backend
from ..fourier.sinusoids import Wave

#: Candidate lengths of patches, and the least number of periods in one.
_LENGTHS, _PERIODS = (16, 32, 64, 128, 256), 3.0
#: With fewer patches a standard error means little.
_ENOUGH = 30
#: Largest error of a frequency, in bins of the whole image; steps of the search within.
_OFF, _SEARCH = 1.0, 9
#: Most steps of a fit and of a trial fit, and the relative change at which to stop.
_STEPS, _TRIAL, _SETTLED = 60, 8, 1e-5
#: Variance of the location estimate in units of scale² over the count, for two dimensions and one degree of freedom;
#: overlapping windows count half.
_EFFICIENCY, _WORTH = 5 / 3, 0.5


@dataclass(frozen=True)
class WaveFit:
    """A fitted wave (place in cycles per sample, not bins), standard error of its amplitude, and number of patches."""

    wave: Wave
    error: float
    patches: int

    @property
    def significance(self) -> float:
        """Amplitude in standard errors."""
        return abs(self.wave.amplitude) / self.error if self.error else math.inf

    def halved(self) -> WaveFit:
        """For a real wave that equals its negative frequency: the fitted amplitude is the sum of both."""
        wave = Wave(self.wave.place, complex(self.wave.amplitude.real / 2))
        return WaveFit(wave, self.error / 2, self.patches)


@dataclass(frozen=True)
class _Patches:
    """Complex amplitudes on a grid of patches, and positions along each axis, in samples from the image's middle."""

    amplitudes: np.ndarray
    lines: tuple[np.ndarray, ...]

    @property
    def middles(self) -> np.ndarray:
        """Positions of all patches, shape (n, ndim)."""
        return np.stack(np.meshgrid(*self.lines, indexing="ij"), axis=-1).reshape(-1, len(self.lines))


def fit_wave(
    block: Array, place: Sequence[float] | np.ndarray, backend: Backend, *, refine: bool = True, few: bool = True
) -> WaveFit | None:
    """Fit the block-wide wave near one frequency.

    Parameters
    ----------
    place : sequence of float
        Cycles per sample along each axis.
    refine : bool
        Whether the frequency may be off by up to a bin of the block.
    few : bool
        Whether few patches, or one as long as the block, are accepted for a wave of low frequency; otherwise the result
        is None.
    """
    shape = tuple(block.shape)
    real = not dtype_name(block.dtype).startswith("complex")
    at = np.array(place, dtype=np.float64)
    single = real and is_own_opposite(at, shape)
    lengths = patch_lengths(shape, at, real and not single, few)
    if not lengths:
        return None
    changes = refine and not single
    tried = [_fit(block, at, length, changes, backend, steps=_TRIAL) for length in lengths] if len(lengths) > 1 else []
    chosen = min(range(len(tried)), key=lambda i: tried[i].error, default=0)
    best = _fit(block, at, lengths[chosen], changes, backend)
    return best.halved() if single else best


def is_own_opposite(place: np.ndarray, shape: Sequence[int]) -> bool:
    """Whether a real wave equals its negative frequency: half a cycle per sample, or none, along each axis."""
    return all(abs(2 * p - round(2 * p)) * n < 0.5 for p, n in zip(place, shape, strict=True))


def waves_on(waves: Sequence[Wave], block: Array, backend: Backend) -> Array:
    """The sum of waves (places in cycles per sample) on the samples of a block, in its dtype."""
    xp, dtype = backend.xp, dtype_name(block.dtype)
    kind = COMPLEX_OF.get(dtype, dtype)
    total = xp.zeros_like(block)
    for wave in waves:
        product = None
        for axis, (n, p) in enumerate(zip(block.shape, wave.place, strict=True)):
            line = np.exp(2j * np.pi * p * np.arange(n)) * (wave.amplitude if axis == 0 else 1)
            factor = backend.astype(backend.to_device(along_axis(line, axis, block.ndim)), kind)
            product = factor if product is None else product * factor
        total = total + (product if kind == dtype else 2 * xp.real(product))
    return total


def patch_lengths(shape: tuple[int, ...], place: np.ndarray, apart: bool, few: bool) -> list[tuple[int, ...]]:
    """Lengths with enough periods of the wave, and `apart`, of its beat with the negative frequency."""
    fastest = float(np.abs(place).max())
    if apart:
        fastest = min(fastest, float(np.abs(2 * place - np.round(2 * place)).max()))
    found: list[tuple[int, ...]] = []
    short: list[tuple[int, ...]] = []
    for length in _LENGTHS:
        lengths = tuple(min(length, n) for n in shape)
        count = math.prod(_count(n, m) for n, m in zip(shape, lengths, strict=True))
        if length * fastest >= _PERIODS and lengths not in found:
            (found if count >= _ENOUGH else short).append(lengths)
    return found or (short[:1] or [shape] if few else [])


def _count(n: int, length: int) -> int:
    """Patches along an axis that overlap by half."""
    return 1 if length >= n else math.ceil((n - length) / (length / 2)) + 1


def _fit(
    block: Array, place: np.ndarray, lengths: tuple[int, ...], refine: bool, backend: Backend, steps: int = _STEPS
) -> WaveFit:
    middle = (np.array(block.shape) - 1) / 2
    patches = _patches(block, place, lengths, backend)
    change = np.zeros(len(place))
    long = np.array(block.shape) >= 4
    if refine and patches.amplitudes.size > 2 * len(place) + 2:
        change = np.where(long, _search(patches, block.shape), 0.0)
        for again in range(2 if steps == _STEPS else 1):
            amplitude, scale, change = _robust(
                patches, change, np.where(long, _OFF / np.array(block.shape), 0.0), steps
            )
            if not again and steps == _STEPS:  # at the right frequency a patch gives the full amplitude
                place, change = place + change, np.zeros(len(place))
                patches = _patches(block, place, lengths, backend)
    else:
        amplitude, scale, change = _robust(patches, change, np.zeros(len(place)), steps)
    place = place + change
    at_origin = amplitude * np.exp(-2j * np.pi * float(place @ middle))
    count = max(1.0, _WORTH * patches.amplitudes.size)
    error = scale * math.sqrt(_EFFICIENCY / count)
    return WaveFit(Wave(tuple(place), complex(at_origin)), error, patches.amplitudes.size)


def _patches(block: Array, place: np.ndarray, lengths: tuple[int, ...], backend: Backend) -> _Patches:
    """Amplitudes of ``exp(2 pi i place (x - middle))`` in patches under Hann windows that overlap by half."""
    xp, dtype = backend.xp, dtype_name(block.dtype)
    kind = COMPLEX_OF.get(dtype, dtype)
    values = backend.astype(block - xp.mean(block), kind)
    lines = []
    for axis, (n, length, p) in enumerate(zip(block.shape, lengths, place, strict=True)):
        line, middles = hann_patches(n, length, p)
        weights = backend.astype(backend.to_device(line), kind)
        values = xp.moveaxis(xp.tensordot(weights, values, axes=((1,), (axis,))), 0, axis)
        lines.append(middles)
    return _Patches(np.asarray(backend.to_host(values)).astype(np.complex128), tuple(lines))


def hann_patches(n: int, length: int, place: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights that project patches of an axis onto ``exp(2 pi i place (x - middle))``, and the patches' positions."""
    starts = np.linspace(0, n - length, _count(n, length))
    t = (np.arange(n) - starts[:, None] + 0.5) / length
    window = np.where((t > 0) & (t < 1), np.sin(np.pi * np.clip(t, 0, 1)) ** 2, 0.0)
    waves = np.exp(-2j * np.pi * place * (np.arange(n) - (n - 1) / 2))
    return window / window.sum(axis=1, keepdims=True) * waves, starts + (length - 1) / 2 - (n - 1) / 2


def _search(patches: _Patches, shape: Sequence[int]) -> np.ndarray:
    """Approximate error of the frequency: where the phases of all patches, whatever their amplitude, agree best."""
    z = patches.amplitudes
    size = np.abs(z)
    even = z / (size + float(np.median(size)) + np.finfo(float).tiny)
    steps = [np.linspace(-_OFF, _OFF, _SEARCH) / n for n in shape]
    for axis, (offsets, line) in enumerate(zip(steps, patches.lines, strict=True)):
        waves = np.exp(-2j * np.pi * np.multiply.outer(offsets, line))
        even = np.moveaxis(np.tensordot(waves, even, axes=((1,), (axis,))), 0, axis)
    best = np.unravel_index(int(np.argmax(np.abs(even))), even.shape)
    return np.array([offsets[i] for offsets, i in zip(steps, best, strict=True)])


def _robust(patches: _Patches, change: np.ndarray, within: np.ndarray, steps: int) -> tuple[complex, float, np.ndarray]:
    """Amplitude, scale of the patches about it, change of the frequency: iteratively reweighted least squares."""
    z, middles = patches.amplitudes.ravel(), patches.middles
    free = np.flatnonzero((within > 0) & (np.ptp(middles, axis=0) > 0))
    lead = np.exp(2j * np.pi * middles @ change)
    turned = z * np.conj(lead)
    amplitude = complex(np.median(turned.real), np.median(turned.imag))
    square = float(np.median(np.abs(turned - amplitude) ** 2)) + np.finfo(float).tiny
    for _ in range(steps):
        rest = z - amplitude * lead
        weights = 3 / (1 + np.abs(rest) ** 2 / square)
        columns = [lead, 1j * lead, *(2j * np.pi * amplitude * lead * middles[:, a] for a in free)]
        step = weighted_solution(columns, rest, weights)
        amplitude += complex(step[0], step[1])
        if len(free):
            change = change.copy()
            change[free] += step[2:]
            change = np.clip(change, -2 * within, 2 * within)
            lead = np.exp(2j * np.pi * middles @ change)
        square = float(np.mean(weights * np.abs(z - amplitude * lead) ** 2)) / 2 + np.finfo(float).tiny
        if abs(complex(step[0], step[1])) <= _SETTLED * abs(amplitude):
            break
    return amplitude, math.sqrt(square), change


def weighted_solution(columns: Sequence[np.ndarray], target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Real factors of complex columns by weighted least squares; 0 for columns without influence."""
    matrix = np.stack(columns, axis=1)
    normal = np.real(np.conj(matrix.T) @ (weights[:, None] * matrix))
    right = np.real(np.conj(matrix.T) @ (weights * target))
    scale = np.sqrt(np.maximum(np.diag(normal), np.finfo(float).tiny))
    return np.asarray(np.linalg.lstsq(normal / np.outer(scale, scale), right / scale, rcond=1e-12)[0] / scale)
