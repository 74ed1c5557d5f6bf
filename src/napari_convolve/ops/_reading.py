"""What one bin of a spectrum says, in the numbers that a person asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._spectrum import Spectrum


@dataclass(frozen=True)
class Reading:
    """One bin of a spectrum in words that a person asks for.

    Attributes
    ----------
    amplitude : float
    frequency : tuple of float
        Cycles per unit along each axis.
    period : float
        Distance from crest to crest; infinite at frequency zero.
    angle : float
        Degrees of the direction that the wave travels in, in the last two axes, from the last axis (x) towards the
        one before (y, down); of a real wave the one from -90 to 90.
    phase : float
        Degrees of the cosine at the first sample.
    """

    amplitude: float
    frequency: tuple[float, ...]
    period: float
    angle: float
    phase: float


def read_bin(spectrum: Spectrum, at: tuple[float, ...]) -> Reading:
    """What a spectrum without batch axes says at the bin nearest to a frequency."""
    index = tuple(int(np.argmin(np.abs(line - f))) for line, f in zip(spectrum.frequencies, at, strict=True))
    frequency = tuple(float(line[i]) for line, i in zip(spectrum.frequencies, index, strict=True))
    length = float(np.linalg.norm(frequency))
    y, x = frequency[-2:] if len(frequency) > 1 else (0.0, frequency[0])
    angle = float(np.degrees(np.arctan2(y, x)))
    if spectrum.real and not -90 < angle <= 90:
        angle += 180 if angle <= -90 else -180
    place = tuple(index[spectrum.axes.index(a)] for a in range(len(index)))
    return Reading(
        float(spectrum.amplitude[place]),
        frequency,
        1 / length if length else float("inf"),
        angle + 0.0,
        float(spectrum.phase[place]),
    )
