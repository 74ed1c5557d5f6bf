"""Fit a parametric spectrum to the periodogram of an image by maximum likelihood (Whittle).

The spectra of images fall off like a power of the frequency, steeper where the object itself is blurred, and not the
same along every axis. With k the length of the frequency f, the object's power is modelled as

    S_x(f) = exp(a - b log k - sum_d c_d |f_d| - sum_d e_d f_d^2 / k^2).

Behind a PSF with transfer function H and in white noise of power S_n, the periodogram is distributed exponentially
around ``|H|^2 S_x + S_n``. All parameters maximise that likelihood. A weak prior holds c and e near 0, and the object's
power never grows with the frequency: where H is near 0, nothing else would limit it. The fit uses a sample of some
tens of thousands of frequencies.

References: P. Whittle, "Estimation and information in stationary time series", Ark. Mat. 2, 1953; D. J. Field,
"Relations between the statistics of natural images and the response properties of cortical cells", JOSA A 4, 1987.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import Array
from ...backends import Backend

#: Frequencies taken from each octave; low octaves have fewer and are taken whole.
_PER_OCTAVE = 4000
#: Weight of the prior that holds the roll-off and the anisotropy near 0.
_RIDGE = 1.0
_ITERATIONS = 60


@dataclass(frozen=True, eq=False)
class Sample:
    """Sampled frequencies of a grid.

    Attributes
    ----------
    shape : tuple of int
        Of the signal.
    half : bool
        Whether `index` refers to the half spectrum of a real signal.
    index : ndarray
        Into the flattened spectrum.
    frequencies : tuple of ndarray
        Cycles per sample, one array for each axis.
    weights : ndarray
        Number of frequencies of the full spectrum that each represents.
    """

    shape: tuple[int, ...]
    half: bool
    index: np.ndarray
    frequencies: tuple[np.ndarray, ...]
    weights: np.ndarray

    @property
    def count(self) -> int:
        return len(self.index)

    def of(self, spectrum: Array, backend: Backend) -> np.ndarray:
        """The values of a spectrum at these frequencies, on the host."""
        flat = backend.xp.reshape(spectrum, (-1,))
        return np.asarray(backend.to_host(backend.xp.take(flat, backend.to_device(self.index), axis=0)))


@functools.lru_cache(maxsize=8)
def sample_frequencies(shape: tuple[int, ...], half: bool) -> Sample:
    """Sample the frequencies of a signal, without zero: all low ones, and a random part of each higher octave.

    The sample of a shape is always the same.
    """
    rng = np.random.default_rng(20120)
    lows = [-(n // 2) for n in shape]
    highs = [(n - 1) // 2 for n in shape]
    if half:
        lows[-1], highs[-1] = 0, shape[-1] // 2
    chosen, weights = [], []
    outer: list[tuple[int, int]] = list(zip(lows, highs, strict=True))
    level = 1
    while True:
        inner = [
            (max(low, -(n >> level) // 2), min(high, (n >> level) // 2))
            for (low, high), n in zip(outer, shape, strict=True)
        ]
        last = all(a == 0 == b for a, b in inner) or _size(inner) == _size(outer)
        if last:
            inner = [(0, 0)] * len(shape)
        points = _between_boxes(outer, inner, rng)
        if len(points):
            chosen.append(points)
            weights.append(np.full(len(points), (_size(outer) - _size(inner)) / len(points)))
        if last:
            break
        outer, level = inner, level + 1
    if not chosen:
        return Sample(shape, half, np.zeros(0, np.int64), tuple(np.zeros(0) for _ in shape), np.zeros(0))
    places, counts = np.concatenate(chosen), np.concatenate(weights)
    if half:  # inner columns represent their mirror image too
        inside = (places[:, -1] > 0) & (2 * places[:, -1] < shape[-1])
        counts = counts * np.where(inside, 2.0, 1.0)
    lengths = [*shape[:-1], shape[-1] // 2 + 1 if half else shape[-1]]
    index = np.ravel_multi_index([places[:, a] % n for a, n in enumerate(lengths)], lengths)
    return Sample(shape, half, index.astype(np.int64), tuple(places[:, a] / n for a, n in enumerate(shape)), counts)


def _size(box: Sequence[tuple[int, int]]) -> int:
    return math.prod(high - low + 1 for low, high in box)


def _between_boxes(
    outer: Sequence[tuple[int, int]], inner: Sequence[tuple[int, int]], rng: np.random.Generator
) -> np.ndarray:
    """Points of one box outside another: all of them, or a random sample."""
    if _size(outer) <= 4 * _PER_OCTAVE:
        axes = [np.arange(low, high + 1) for low, high in outer]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    else:
        draws = [rng.integers(low, high + 1, 2 * _PER_OCTAVE) for low, high in outer]
        points = np.unique(np.stack(draws, axis=-1), axis=0)
    inside = np.all([(points[:, a] >= low) & (points[:, a] <= high) for a, (low, high) in enumerate(inner)], axis=0)
    points = np.asarray(points[~inside])
    if len(points) > _PER_OCTAVE:
        points = points[rng.permutation(len(points))[:_PER_OCTAVE]]
    return np.asarray(points)


def features(frequencies: Sequence[np.ndarray], lowest: float) -> list[np.ndarray]:
    """Terms whose weighted sum is the logarithm of the object's power."""
    squared: Any = 0.0
    for f in frequencies:
        squared = squared + f * f
    squared = np.maximum(squared, lowest**2)
    found = [np.ones(1), -0.5 * np.log(squared) - 2.0, *(-2.0 * np.abs(f) for f in frequencies)]
    if len(frequencies) > 1:
        found += [1 / len(frequencies) - f * f / squared for f in frequencies]
    return found


def fit(
    power: np.ndarray, transfer: np.ndarray, sample: Sample, copies: int, noise: float | None, least: float
) -> tuple[np.ndarray, float]:
    """Weights of the features and power of the noise (if `noise` is None), started from two slopes.

    Parameters
    ----------
    power, transfer : ndarray
        Periodogram, averaged over `copies` images, and ``|H|^2``, both at the frequencies of `sample`.
    least : float
        Lower bound of the noise.
    """
    lowest = 1 / max(sample.shape)
    matrix = np.stack([np.broadcast_to(f, sample.count) for f in features(sample.frequencies, lowest)], axis=1)
    level = noise if noise is not None else max(2 * float(np.percentile(power, 10)), least)
    weights = sample.weights * copies / 2
    found = []
    for slope in (2.0, 3.5):
        start = np.zeros(matrix.shape[1] + 1)
        start[0], start[1], start[-1] = -2.0, slope, math.log(level)
        axes, fixed = len(sample.shape), noise is not None
        found.append(_fisher_scoring(start, axes, matrix, power, transfer, weights, fixed, math.log(least)))
    best = min(found, key=lambda pair: pair[0])[1]
    return best[:-1], float(np.exp(best[-1]))


def _fisher_scoring(
    start: np.ndarray,
    axes: int,
    matrix: np.ndarray,
    power: np.ndarray,
    transfer: np.ndarray,
    weights: np.ndarray,
    fixed: bool,
    least: float,
) -> tuple[float, np.ndarray]:
    """Least cost and its parameters, the logarithm of the noise last, by damped Fisher scoring."""
    ridge = np.zeros(start.size)
    ridge[2:-1] = _RIDGE
    free = np.ones(start.size, bool)
    free[-1] = not fixed

    def model(at: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        seen = transfer * np.exp(np.clip(matrix @ at[:-1], -80.0, 80.0))
        total = seen + np.exp(at[-1])
        cost = float(np.sum(weights * (np.log(total) + power / total)) + 0.5 * np.sum(ridge * at * at))
        return cost, seen, total

    at, damping = start, 1e-3
    cost, seen, total = model(at)
    for _ in range(_ITERATIONS):
        slopes = np.concatenate((matrix * (seen / total)[:, None], (np.exp(at[-1]) / total)[:, None]), axis=1)
        gradient = slopes.T @ (weights * (1 - power / total)) + ridge * at
        information = (slopes.T * weights) @ slopes + np.diag(ridge + 1e-9)
        step = np.zeros(start.size)
        gained = math.inf
        while damping < 1e8:
            damped = information + damping * np.diag(np.diag(information))
            step[free] = np.linalg.solve(damped[np.ix_(free, free)], gradient[free])
            new = at - np.clip(step, -3.0, 3.0)
            new[-1] = max(new[-1], least) if not fixed else new[-1]
            new[1] = min(max(new[1], 0.0), 8.0)
            # power must not grow with the frequency: where all axes are at their highest, the roll-off may cancel k^-b
            new[2 : 2 + axes] = np.maximum(new[2 : 2 + axes], -new[1] / axes)
            new_cost, new_seen, new_total = model(new)
            if new_cost <= cost:
                gained, damping = cost - new_cost, damping / 5
                at, cost, seen, total = new, new_cost, new_seen, new_total
                break
            damping *= 4
        if not 1e-3 < gained < math.inf:
            break
    return cost, at
