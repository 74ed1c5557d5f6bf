"""How well a model of object and noise fits an image: spectra over rings, excess, and expected error of a filter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..._arrays import short_repr
from ..fourier.frequency_grid import ring_means

#: Rings of a profile hold at least this many frequencies.
_LEAST = 8
#: A model with a larger `NoiseFit.excess` is wrong.
POOR = 0.6


@dataclass(frozen=True, eq=False)
class NoiseProfile:
    """Mean powers over rings of equal frequency, in the image's units squared; `noise` is the same in all rings.

    `frequencies` ascend, in cycles per unit of the spacing; `expected` is the model of `observed`: the object seen
    through the PSF, plus noise.
    """

    frequencies: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    object: np.ndarray
    noise: float

    __repr__ = short_repr

    @property
    def finest(self) -> float | None:
        """Period of the finest detail stronger than the noise; None when all or none is."""
        strong = self.expected > 2 * self.noise
        if strong.all() or not strong[0]:
            return None
        return float(1 / self.frequencies[np.argmin(strong) - 1])


@dataclass(frozen=True, eq=False, repr=False)
class NoiseFit:
    """The spectra that a model of object and noise was fitted to, at sampled frequencies.

    Attributes
    ----------
    frequencies : tuple of ndarray
        Cycles per sample along each axis.
    weights : ndarray
        Number of frequencies of the whole spectrum that each represents.
    observed, object : ndarray
        Power of the image, and of the fitted object without blur.
    transfer : ndarray
        ``|H|^2`` of the PSF.
    unsure : float
        Error of `transfer`, as a share of the object's power that counts as noise.
    noise : float
        Fitted power of the noise.
    """

    frequencies: tuple[np.ndarray, ...]
    weights: np.ndarray
    observed: np.ndarray
    object: np.ndarray
    transfer: np.ndarray
    unsure: float
    noise: float

    def profile(self, spacing: Sequence[float] | None = None, rings: int = 40) -> NoiseProfile:
        """Averages over at most `rings` rings, equally wide in the logarithm of the frequency."""
        steps = spacing or (1.0,) * len(self.frequencies)
        length = np.sqrt(sum((f / step) ** 2 for f, step in zip(self.frequencies, steps, strict=True)))
        edges = np.geomspace(length.min(), length.max() * (1 + 1e-9), rings + 1)
        ring = np.clip(np.searchsorted(edges, length, "right") - 1, 0, rings - 1)
        joined, group, held = np.zeros(rings, int), 0, 0
        for i, count in enumerate(np.bincount(ring, minlength=rings)):  # neighbours with few frequencies are joined
            joined[i] = group
            held += int(count)
            if held >= _LEAST:
                group, held = group + 1, 0
        ring = np.minimum(joined, max(group - 1, 0))[ring]
        mean = partial(ring_means, ring, weights=self.weights)
        expected = mean((self.transfer + self.unsure) * self.object) + self.noise
        return NoiseProfile(np.exp(mean(np.log(length))), mean(self.observed), expected, mean(self.object), self.noise)

    @property
    def excess(self) -> float:
        """How much less likely the image is than under the right model, in nats for each frequency.

        About 0 when the model is right, and 0.4 at most in 96 scenes; above `POOR` the model is wrong: the noise is not
        white (the image was resampled or filtered), or this PSF did not blur the image.
        """
        ratio = self.observed / ((self.transfer + self.unsure) * self.object + self.noise)
        return float(np.mean(ratio - np.log(np.maximum(ratio, 1e-300)))) - 1 - float(np.euler_gamma)

    def error(self, nsr: float) -> float:
        """Expected root mean square error of a Wiener filter with a constant `nsr`.

        The mean over all frequencies of ``|1 - W H|^2 S_x + |W|^2 S_n``.
        """
        blurred = self.transfer + nsr
        noise = self.noise + self.unsure * self.object
        left = (nsr / blurred) ** 2 * self.object + self.transfer / blurred**2 * noise
        return math.sqrt(float(np.average(left, weights=self.weights)))
