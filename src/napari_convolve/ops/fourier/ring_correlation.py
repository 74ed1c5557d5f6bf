"""Fourier ring and shell correlation: the frequency up to which two images of one object agree.

With F and G the transforms of two images whose noise is independent, ``Re sum(F conj(G)) / sqrt(sum |F|^2 sum |G|^2)``
over rings (2-D) or shells (3-D) of equal frequency falls from 1 to 0 where noise dominates. One image is split into
the samples of even and of odd index along every axis, whose displacement is removed from the phases.

References: W. O. Saxton and W. Baumeister, Journal of Microscopy 127, 1982; M. van Heel and M. Schatz, Journal of
Structural Biology 151, 2005; S. Koho et al., Nature Communications 10, 2019.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._arrays import Array, short_repr
from ...backends import Backend
from .frequency_grid import rings_of
from .tapers import hann, tapered_transform

THRESHOLDS = ("1/7", "half-bit")
_RINGS = 64


@dataclass(frozen=True, eq=False, repr=False)
class RingCorrelation:
    """How well two images agree at each frequency.

    Attributes
    ----------
    frequency : ndarray
        Middle of each ring, in cycles per unit of the spacing.
    correlation : ndarray
        From -1 to 1.
    count : ndarray
        Frequencies in each ring.
    threshold : ndarray
        Where the correlation falls below it, noise dominates.
    resolution : float
        Length of the finest period on which the images agree, in units of the spacing; NaN when they agree on none.
    reason : str
        How it was found.
    """

    frequency: np.ndarray
    correlation: np.ndarray
    count: np.ndarray
    threshold: np.ndarray
    resolution: float
    reason: str

    __repr__ = short_repr

    def __str__(self) -> str:
        return f"resolution {self.resolution:.4g}: {self.reason}"


@dataclass
class Sums:
    """Sums over rings of the pairs of images added so far."""

    product: np.ndarray
    first: np.ndarray
    second: np.ndarray
    count: np.ndarray

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.product + other.product, self.first + other.first, self.second + other.second, self.count)


def halves(image: Array) -> list[tuple[Array, Array, tuple[int, ...], tuple[int, ...]]]:
    """Pairs of images made of samples of even and odd index, and the index of the first sample of each."""
    lengths = [n // 2 * 2 for n in image.shape]
    pairs = []
    for start in itertools.product((0, 1), repeat=image.ndim):
        if start[0]:
            continue
        other = tuple(1 - s for s in start)
        first, second = (
            image[tuple(slice(s, n, 2) for s, n in zip(at, lengths, strict=True))] for at in (start, other)
        )
        pairs.append((first, second, start, other))
    return pairs


def ring_width(shape: Sequence[int], spacing: Sequence[float]) -> float:
    """One step of the coarsest frequency grid, or more, so that there are at most 64 rings with enough frequencies."""
    return max(1 / min(n * d for n, d in zip(shape, spacing, strict=True)), 0.5 / min(spacing) / _RINGS)


def sums_of_pair(
    first: Array,
    second: Array,
    spacing: Sequence[float],
    apart: Sequence[float],
    width: float,
    windowed: bool,
    backend: Backend,
    workers: int,
) -> Sums:
    """Sums over the rings of a pair of images, the second displaced by `apart` samples."""
    shape = tuple(first.shape)
    grids = [np.fft.fftfreq(n) for n in shape[:-1]] + [np.fft.rfftfreq(shape[-1])]
    lines = np.meshgrid(*grids, indexing="ij", sparse=True)
    ring = rings_of([f / d for f, d in zip(lines, spacing, strict=True)], width)
    phase = sum((-2 * np.pi * f * a for f, a in zip(lines, apart, strict=True)), start=np.zeros(()))
    twice = np.full(len(grids[-1]), 2.0)
    twice[0] = 1.0
    if shape[-1] % 2 == 0:
        twice[-1] = 1.0
    weight = np.broadcast_to(twice, np.broadcast_shapes(*(f.shape for f in lines))).ravel()
    one, two = (_spectrum(part, windowed, backend, workers) for part in (first, second))
    two = two * np.exp(1j * phase)
    rings = int(ring.max()) + 1

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(ring, weight * values.ravel(), rings)

    return Sums(
        total((one * np.conj(two)).real), total(np.abs(one) ** 2), total(np.abs(two) ** 2), total(np.ones(one.shape))
    )


def correlation(sums: Sums, width: float, finest: float, threshold: str | float, reason: str) -> RingCorrelation:
    """The curve up to the frequency `finest`, and its crossing of the threshold; `width` is that of a ring."""
    rings = np.arange(len(sums.count))
    keep = (rings > 0) & (sums.count > 0) & (rings * width <= finest * (1 + 1e-9))
    norm = np.sqrt(sums.first * sums.second)[keep]
    values = np.divide(sums.product[keep], norm, out=np.zeros(norm.shape), where=norm > 0)
    frequency, count = rings[keep] * width, sums.count[keep]
    limit = _limit(threshold, count)
    place = _crossing(frequency, values, limit)
    if place is None:
        reason += (
            f"; the images agree up to the finest period there is, {1 / frequency[-1]:.3g}" if len(frequency) else ""
        )
        resolution = 1 / float(frequency[-1]) if len(frequency) else math.nan
    else:
        resolution = 1 / place if place > 0 else math.nan
    return RingCorrelation(frequency, values, count, limit, resolution, reason)


def _limit(threshold: str | float, count: np.ndarray) -> np.ndarray:
    if threshold == "half-bit":
        root = np.sqrt(np.maximum(count / 2, 1))  # half of the frequencies of a real image are redundant
        return np.asarray((0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root))
    return np.full(count.shape, 1 / 7 if isinstance(threshold, str) else float(threshold))


def _crossing(frequency: np.ndarray, values: np.ndarray, limit: np.ndarray) -> float | None:
    """The first frequency where the curve falls below the limit for two rings."""
    if not len(values):
        return None
    below = values < limit
    below[:-1] &= below[1:]
    if not below.any():
        return None
    at = int(np.argmax(below))
    if at == 0:
        return 0.0
    high, low = (values - limit)[at - 1], (values - limit)[at]
    share = high / (high - low) if high > 0 else 0.0
    return float(frequency[at - 1] + (frequency[at] - frequency[at - 1]) * share)


def _spectrum(image: Array, windowed: bool, backend: Backend, workers: int) -> np.ndarray:
    found = tapered_transform(image, hann if windowed else None, backend, workers)
    return np.asarray(backend.to_host(found)).astype(np.complex128)
