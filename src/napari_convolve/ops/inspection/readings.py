"""Applications of convolution: correlation of sequences, search of words in a text, test of a system for linearity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._arrays import short_repr
from ..._progress import ReadOnly

#: ``full(image, kernel)``: a convolution of two arrays, zeros outside, of length N + K - 1.
Full = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class CrossCorrelation:
    """Similarity of two sequences for every shift of one against the other.

    Attributes
    ----------
    lags : ndarray, shape (n + m - 1,)
        Shifts, in the unit of the spacing; at a positive lag the second sequence is delayed.
    values : ndarray
        The sum of products over the overlap; or, normalised, the correlation coefficient of the samples that overlap.
    overlap : ndarray of int
        Number of samples that overlap.
    """

    lags: NDArray[Any]
    values: NDArray[Any]
    overlap: NDArray[np.int64]

    __repr__ = short_repr

    def best(self, least: float = 0.5) -> float:
        """The lag of the largest value among those with an overlap of at least this share of the largest one."""
        enough = self.overlap >= least * self.overlap.max()
        return float(self.lags[np.argmax(np.where(enough, self.values, -np.inf))])


def correlate_sequences(
    first: NDArray[Any], second: NDArray[Any], spacing: float, normalize: bool, full: Full
) -> CrossCorrelation:
    """See `napari_convolve.cross_correlation`.

    The value at lag k is ``sum_i first[i] second[i + k]``: a full convolution with the first sequence reversed.
    """
    n, m = len(first), len(second)
    lags = np.arange(-(n - 1), m)
    overlap = np.minimum(np.minimum(n, m), np.minimum(lags + n, m - lags))
    if not normalize:
        return CrossCorrelation(lags * spacing, full(second, first[::-1]), overlap)
    first, second = first - first.mean(), second - second.mean()  # keeps rounding in the sums below small
    product = full(second, first[::-1])
    ones, others = np.ones(n), np.ones(m)
    sums = full(others, first[::-1]), full(second, ones)
    squares = full(others, (first * first)[::-1]), full(second * second, ones)
    scatter = [q - s * s / overlap for s, q in zip(sums, squares, strict=True)]
    flat = np.minimum(*(s / max(float(q.max()), 1e-300) for s, q in zip(scatter, squares, strict=True))) <= 1e-12
    with np.errstate(all="ignore"):
        values = (product - sums[0] * sums[1] / overlap) / np.sqrt(scatter[0] * scatter[1])
    return CrossCorrelation(lags * spacing, np.where(flat, 0.0, np.clip(values, -1, 1)), overlap)


@dataclass(frozen=True, eq=False)
class TextMatches:
    """Positions of words in a text.

    Attributes
    ----------
    text : str
        As it was compared.
    maps : ndarray, shape (words, len(text))
        Feature map of each word: the number of matching letters when it begins at each place.
    places : mapping of str to tuple of int
        For each word the places where all its letters match.
    """

    text: str
    maps: NDArray[np.float64]
    places: Mapping[str, tuple[int, ...]]


def one_hot(text: str, alphabet: str) -> NDArray[np.float64]:
    """One-hot encoding: a row for each letter of the alphabet, a column for each letter of the text."""
    letters = np.array(list(text), dtype="U1")
    return np.asarray(np.array(list(alphabet), dtype="U1")[:, None] == letters, dtype=np.float64)


def match_words(text: str, words: Sequence[str], detect: Callable[[Any, Any], Any]) -> TextMatches:
    """See `napari_convolve.find_words`; `detect(image, weights)` applies a layer with zeros outside."""
    alphabet = "".join(sorted({letter for word in words for letter in word}))
    signal = one_hot(text, alphabet)
    maps = []
    for word in words:
        counts = detect(signal, one_hot(word, alphabet)[None])[0]
        maps.append(counts[len(word) - 1 : len(word) - 1 + len(text)])
    found = np.stack(maps) if text else np.zeros((len(words), 0))
    right = [np.flatnonzero(row > len(word) - 0.5).tolist() for word, row in zip(words, found, strict=True)]
    places = {word: tuple(at) for word, at in zip(words, right, strict=True)}
    return TextMatches(text, found, ReadOnly(places))


@dataclass(frozen=True)
class SystemCheck:
    """Whether a system is linear and shift-invariant, so that its impulse response describes it completely.

    Attributes
    ----------
    additive, homogeneous, shift_invariant : float
        Largest deviations from ``s(a + b) = s(a) + s(b)``, from ``s(2.5 a) = 2.5 s(a)`` and from ``s(shifted a) =
        shifted s(a)`` far from the borders, relative to the largest response.
    tolerance : float
        Largest deviation that counts as rounding.
    """

    additive: float
    homogeneous: float
    shift_invariant: float
    tolerance: float

    @property
    def is_linear(self) -> bool:
        """Whether the response to a weighted sum is the weighted sum of the responses."""
        return max(self.additive, self.homogeneous) <= self.tolerance

    @property
    def is_shift_invariant(self) -> bool:
        """Whether a shifted input gives the shifted response."""
        return self.shift_invariant <= self.tolerance

    @property
    def is_lti(self) -> bool:
        """Whether it is a convolution."""
        return self.is_linear and self.is_shift_invariant

    def __str__(self) -> str:
        words = [
            "linear" if self.is_linear else f"not linear (by {max(self.additive, self.homogeneous):.2g})",
            "shift-invariant" if self.is_shift_invariant else f"not shift-invariant (by {self.shift_invariant:.2g})",
        ]
        return ", ".join(words)


def check_system(
    system: Callable[[NDArray[Any]], Any], shape: Sequence[int], margin: Sequence[int], tolerance: float, seed: int = 0
) -> SystemCheck:
    """Apply a system to random images of `shape`, their sums, multiples and shifts.

    Shifts are compared at a distance of `margin` from the borders along each axis; `tolerance` as in `SystemCheck`.
    """
    rng = np.random.default_rng(seed)
    a, b = 1 + rng.random(tuple(shape)), 1 + rng.random(tuple(shape))  # positive, like images
    answers = [np.asarray(system(x)) for x in (a, b, a + b, 2.5 * a)]
    if any(one.shape != a.shape for one in answers):
        raise ValueError(f"an image of shape {a.shape} gives one of shape {answers[0].shape}; it must be the same")
    shifts = tuple(3 if n > 2 * m + 3 else 0 for n, m in zip(shape, margin, strict=True))
    moved = np.asarray(system(np.roll(a, shifts, range(a.ndim))))
    inside = tuple(slice(m + s, n - m) for n, m, s in zip(shape, margin, shifts, strict=True))
    shifted = np.roll(answers[0], shifts, range(a.ndim))
    size = max(float(np.nanmax(np.abs(one))) for one in answers) or 1.0

    def off(x: NDArray[Any], y: NDArray[Any]) -> float:
        both = np.isnan(x) & np.isnan(y)  # windows without a valid sample are NaN for any image
        return float(np.nan_to_num(np.where(both, 0.0, np.abs(x - y)), nan=np.inf).max()) / size

    return SystemCheck(
        additive=off(answers[2], answers[0] + answers[1]),
        homogeneous=off(answers[3], 2.5 * answers[0]),
        shift_invariant=off(moved[inside], shifted[inside]),
        tolerance=tolerance,
    )
