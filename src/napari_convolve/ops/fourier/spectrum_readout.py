"""Readout of one bin or peak of a spectrum: amplitude, period, angle and phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .sinusoids import wave_at
from .spectrum_data import Spectrum

#: Bins from the pointer within which a peak is searched; bins around it, and the factor by which it must exceed them.
_NEAR, _AROUND, _STANDS_OUT = 2, 8, 6.0


@dataclass(frozen=True)
class SpectrumReading:
    """Values of one bin or peak of a spectrum.

    Attributes
    ----------
    amplitude : float
    frequency : tuple of float
        Cycles per unit along each axis.
    period : float
        Distance from crest to crest; infinite at frequency zero.
    angle : float
        Degrees of the wave's direction in the last two axes, from the last axis (x) towards the one before (y, down);
        of a real wave the one from -90 to 90.
    phase : float
        Degrees of the cosine at the first sample.
    between : bool
        Whether it is a peak whose frequency was found between the bins, not one bin.
    """

    amplitude: float
    frequency: tuple[float, ...]
    period: float
    angle: float
    phase: float
    between: bool = False


def read_bin(spectrum: Spectrum, at: tuple[float, ...]) -> SpectrumReading:
    """The bin nearest to a frequency, of a spectrum without batch axes."""
    index = tuple(int(np.argmin(np.abs(line - f))) for line, f in zip(spectrum.frequencies, at, strict=True))
    frequency = tuple(float(line[i]) for line, i in zip(spectrum.frequencies, index, strict=True))
    place = tuple(index[spectrum.axes.index(a)] for a in range(len(index)))
    period, angle = _period_and_angle(frequency, spectrum.real)
    return SpectrumReading(float(spectrum.amplitude[place]), frequency, period, angle, float(spectrum.phase[place]))


def read_peak(windowed: Spectrum, at: tuple[float, ...]) -> SpectrumReading | None:
    """The wave of a peak within a few bins of a frequency (cycles per unit); None where none stands out.

    The spectrum is under a window, without batch axes, with its axes rising and frequency zero first.
    """
    shape, values = windowed.shape, np.asarray(windowed.values)
    steps = [1 / (n * s) for n, s in zip(shape, windowed.spacing, strict=True)]
    pointed = np.array([round(f / step) for f, step in zip(at, steps, strict=True)])
    if np.abs(pointed).max() <= _NEAR:  # only the mean and its leakage
        return None
    size = np.abs(_box(values, pointed, 2 * _NEAR))
    inner = size[(slice(_NEAR, -_NEAR),) * size.ndim]
    best = np.array(np.unravel_index(int(np.argmax(inner)), inner.shape))
    peak = pointed + best - _NEAR
    height = float(inner[tuple(best)])
    touching = size[tuple(slice(b + _NEAR - 1, b + _NEAR + 2) for b in best)]
    around = np.abs(_box(values, peak, _AROUND))
    if height < touching.max() or not height > _STANDS_OUT * float(np.median(around)) or not peak.any():
        return None
    wave = wave_at(values, windowed.window, windowed.real, [int(p) for p in peak])
    frequency = tuple(p * step for p, step in zip(wave.place, steps, strict=True))
    sign = -1.0 if np.dot(frequency, at) < 0 else 1.0  # a real wave has both; take the one pointed at
    frequency = tuple(sign * f + 0.0 for f in frequency)
    period, angle = _period_and_angle(frequency, windowed.real)
    phase = sign * float(np.degrees(np.angle(wave.amplitude)))
    return SpectrumReading((2 if windowed.real else 1) * abs(wave.amplitude), frequency, period, angle, phase, True)


def _box(values: np.ndarray, middle: np.ndarray, half: int) -> np.ndarray:
    offsets = np.arange(-half, half + 1)
    return np.asarray(values[np.ix_(*(np.mod(m + offsets, n) for m, n in zip(middle, values.shape, strict=True)))])


def _period_and_angle(frequency: tuple[float, ...], real: bool) -> tuple[float, float]:
    length = float(np.linalg.norm(frequency))
    y, x = frequency[-2:] if len(frequency) > 1 else (0.0, frequency[0])
    angle = float(np.degrees(np.arctan2(y, x)))
    if real and not -90 < angle <= 90:
        angle += 180 if angle <= -90 else -180
    return 1 / length if length else float("inf"), angle + 0.0
