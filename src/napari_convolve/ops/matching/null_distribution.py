"""Null distribution of the scores in an image: the peaks that chance alone gives, estimated from the image itself.

Where there is no feature, the peaks of the score map are those of a random field. The expected number of them above a
score g falls as ``N(g) = N(g0) (g / g0)^(d - 1) ((e^2 - g^2) / (e^2 - g0^2))^k``: the law of high peaks of a field of
correlation coefficients in d dimensions (R. Adler, The Geometry of Random Fields, 1981; K. Worsley, Adv. Appl. Probab.
26, 1994). k grows with the number of independent samples; e is 1, or less where the noise is so smooth that no window
of it can equal the template. k and e are fitted to the highest peaks by maximum likelihood, after peaks far above
chance, and all whose windows overlap theirs, have been left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: The law is fitted to this share of the peaks, the highest ones, and to at least so many.
_TAIL, _LEAST = 0.03, 30
#: A second law, of the peaks between these ranks (as shares of all), checks the first: where it expects one peak, the
#: first may expect this many. In noise alone it is at most 6 (white, coloured, Poisson; a bead, a texture).
_BODY, _TRUST = (0.03, 0.3), 8.0
#: An end below 1 must raise the log-likelihood by this.
_GAIN = 2.0
#: Ranks at which there are few features even in a crowded image.
_MIDDLE = (0.2, 0.5)
#: Peaks above the score at which chance gives this many are features.
_STRONG = 0.01
_ROUNDS = 6
#: With fewer peaks than this nothing is fitted.
_FEWEST = 20
_BINS = 64


@dataclass(frozen=True)
class Law:
    """Expected number of chance peaks above a score.

    Attributes
    ----------
    level, number : float
        Score above which the law was fitted, and the number of peaks above it in the whole searched region.
    power, end, ndim
        k, e and d of the law.
    """

    level: float
    number: float
    power: float
    end: float
    ndim: int

    def expected(self, threshold: np.ndarray) -> np.ndarray:
        """Peaks at `threshold` or more; below the level the number at the level, which is a lower bound."""
        score = np.clip(threshold, self.level, self.end)
        with np.errstate(divide="ignore"):
            fall = np.log(np.maximum(self.end**2 - score**2, 0)) - math.log(self.end**2 - self.level**2)
        return np.asarray(self.number * np.exp((self.ndim - 1) * np.log(score / self.level) + self.power * fall))


@dataclass(frozen=True, eq=False)
class NullScores:
    """Null distribution of the scores in an image: the peaks that chance gives.

    Attributes
    ----------
    edges, counts : ndarray
        Histogram of the peaks away from features, scaled to the whole searched region; `counts` is one shorter.
    share : float
        Share of the searched region away from features.
    laws : tuple of Law
        Of windows inside the image, and of those that reach beyond its border.
    """

    edges: np.ndarray
    counts: np.ndarray
    share: float
    laws: tuple[Law, ...]

    @property
    def level(self) -> float:
        """The score above which the laws are fitted; they do not hold for lower ones."""
        return max(law.level for law in self.laws)

    def expected(self, threshold: Any) -> np.ndarray:
        """Expected number of chance detections at a score of `threshold` or more."""
        scores = np.asarray(threshold, float)
        return np.asarray(sum(law.expected(scores) for law in self.laws))

    def threshold(self, false_alarms: float) -> float:
        """The score above which chance gives `false_alarms` detections in the image."""
        return _score_at(self.expected, min(law.level for law in self.laws), false_alarms)


def _score_at(expected: Callable[[Any], np.ndarray], low: float, number: float) -> float:
    """The score, at least `low`, at which `number` peaks are expected."""
    high = 1.0
    if expected(low) <= number:
        return low
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expected(middle) > number else (low, middle)
    return high


@dataclass(frozen=True, eq=False)
class ScorePeaks:
    """All peaks of a score map.

    Attributes
    ----------
    places, heights : ndarray
        Those with a positive score.
    searched : ndarray of bool or None
        The searched region of the map; None for all.
    shape : tuple of int
        Of the map.
    axes, window : sequence of int
        The acted axes and the length of the template's window along each.
    border : sequence of tuple of int
        Along each of `axes`, start and stop of the places whose windows lie inside the image.
    samples : int
        Number of samples of the template that count, for the law where there are too few peaks.
    """

    places: np.ndarray
    heights: np.ndarray
    searched: np.ndarray | None
    shape: tuple[int, ...]
    axes: Sequence[int]
    window: Sequence[int]
    border: Sequence[tuple[int, int]]
    samples: int

    @property
    def total(self) -> int:
        """Number of places searched."""
        return math.prod(self.shape) if self.searched is None else int(np.count_nonzero(self.searched))

    def inside(self) -> np.ndarray:
        """Which peaks have their window inside the image."""
        inside = np.ones(len(self.heights), bool)
        for axis, (first, last) in zip(self.axes, self.border, strict=True):
            inside &= (self.places[:, axis] >= first) & (self.places[:, axis] < last)
        return inside

    def near(self, chosen: np.ndarray) -> np.ndarray:
        """The part of the map whose windows share samples with those of the `chosen` peaks."""
        near = np.zeros(self.shape, bool)
        for place in self.places[chosen]:
            key = [slice(int(p), int(p) + 1) for p in place]
            for axis, length in zip(self.axes, self.window, strict=True):
                key[axis] = slice(max(int(place[axis]) - length + 1, 0), int(place[axis]) + length)
            near[tuple(key)] = True
        return near


def learn(peaks: ScorePeaks) -> NullScores:
    """Null distribution of a score map, from the peaks that are not near features."""
    heights = peaks.heights
    null = _null(peaks, np.ones(len(heights), bool), 1.0, middle=True)
    before = np.zeros(len(heights), bool)
    for number in range(_ROUNDS):
        # from all peaks each time: a better law may class fewer of them as features
        strong = heights >= null.threshold(_STRONG)
        if number and (strong == before).all():
            break
        near = peaks.near(strong)
        free = ~near[tuple(peaks.places.T)]
        if np.count_nonzero(free) < _FEWEST:
            break
        taken = near if peaks.searched is None else near & peaks.searched
        null = _null(peaks, free, 1 - np.count_nonzero(taken) / max(peaks.total, 1))
        before = strong
    return null


def _null(peaks: ScorePeaks, free: np.ndarray, share: float, middle: bool = False) -> NullScores:
    """The laws of the `free` peaks, which lie in a `share` of the map."""
    counts, edges = np.histogram(peaks.heights[free], bins=_BINS, range=(0, 1))
    inside = peaks.inside()
    parts = [peaks.heights[free & inside], peaks.heights[free & ~inside]]
    if middle or min(map(len, parts)) < 4 * _LEAST:
        parts = [peaks.heights[free]]
    ndim = len(peaks.axes)
    if len(parts[0]) < _FEWEST:
        # white noise: each independent place has a score of variance 1 / (samples - 1)
        spread = max(peaks.samples - 1, 2)
        law = Law(1 / math.sqrt(spread), peaks.total / max(peaks.samples, 1), spread / 2, 1.0, ndim)
        return NullScores(edges, counts / share, share, (law,))
    laws = tuple(_law(part, share, ndim, _MIDDLE) if middle else _safe_law(part, share, ndim) for part in parts)
    return NullScores(edges, counts / share, share, laws)


def _safe_law(heights: np.ndarray, share: float, ndim: int) -> Law:
    """The law of the highest peaks; where they include many faint features, of the peaks below them."""
    law = _law(heights, share, ndim)
    if len(heights) * _BODY[0] < 2:
        return law
    body = _law(heights, share, ndim, _BODY)
    return body if law.expected(np.array(_score_at(body.expected, body.level, 1.0))) > _TRUST else law


def _law(heights: np.ndarray, share: float, ndim: int, ranks: tuple[float, float] | None = None) -> Law:
    """The law of the highest peaks, or of those between two `ranks`."""
    ordered = np.minimum(np.sort(heights)[::-1], 1 - 1e-9)
    middle = ranks is not None
    if ranks is not None:
        first, last = (int(rank * len(ordered)) for rank in ranks)
    else:
        first, last = 0, min(max(int(_TAIL * len(ordered)), _LEAST), len(ordered) - 1)
    tail, level, top = ordered[first:last], float(ordered[last]), float(ordered[first])
    ends = [1.0]
    if not middle:
        ends += [top + (1 - top) * step**2 for step in np.linspace(0.02, 0.98, 40)]
    found = [(*_best_power(tail, level, top if middle else None, end, ndim), end) for end in ends]
    likelihood, power, end = max(found)
    if likelihood < found[0][0] + _GAIN:
        likelihood, power, end = found[0]
    return Law(level, float(last / share), power, float(end), ndim)


def _best_power(tail: np.ndarray, level: float, top: float | None, end: float, ndim: int) -> tuple[float, float]:
    """Maximum log-likelihood of peaks above `level` (and below `top`), and its power k."""
    from scipy.optimize import minimize_scalar

    slope = 2 * tail / (end**2 - tail**2)
    fall = np.log(end**2 - tail**2) - math.log(end**2 - level**2)
    rise = (ndim - 1) * np.log(tail / level)

    def cost(logarithm: float) -> float:
        power = math.exp(logarithm)
        rate = power * slope - (ndim - 1) / tail
        if (rate <= 0).any():
            return 1e12
        value = float(np.sum(np.log(rate) + rise + power * fall))
        if top is not None:
            above = (ndim - 1) * math.log(top / level) + power * math.log((end**2 - top**2) / (end**2 - level**2))
            value -= len(tail) * math.log(max(1 - math.exp(above), 1e-300))
        return -value

    best = minimize_scalar(cost, bounds=(math.log(0.1), math.log(1e7)), method="bounded")
    return -float(best.fun), math.exp(float(best.x))
