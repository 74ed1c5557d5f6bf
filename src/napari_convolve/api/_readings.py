"""Readings of a convolution: two sequences, sums of random variables, the words of a text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from .._arrays import as_host_array
from ..ops.inspection import readings as ops
from ..ops.inspection.readings import CrossCorrelation, TextMatches
from . import _options as o
from ._convolution import convolve
from ._feature_maps import feature_maps


@o.validated
def cross_correlation(first: Any, second: Any, /, *, spacing: float = 1.0, normalize: bool = True) -> CrossCorrelation:
    """Compare two sequences at every shift: which follows the other, and by how much.

    Parameters
    ----------
    first, second : array_like, 1-D
        Real, finite numbers taken at equal distances; they may differ in length.
    spacing : float
        Distance of neighbouring samples: seconds, micrometres.
    normalize : bool
        Whether to give the correlation coefficient of the samples that overlap, between -1 and 1, instead of the sum of
        products, which falls with the overlap.

    Returns
    -------
    CrossCorrelation
        `lags`, `values`, the `overlap` of each, and `best()`, the lag where they are most alike.

    Raises
    ------
    TypeError, ValueError
        When the sequences are not such numbers.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> found = nc.cross_correlation([0, 0, 1, 3, 1, 0, 0, 0], [0, 0, 0, 0, 1, 3, 1, 0], spacing=0.5)
    >>> found.best(), float(found.values.max().round(6))
    (1.0, 1.0)
    """
    lines = [_sequence(name, given) for name, given in (("first", first), ("second", second))]
    if not spacing > 0:
        raise ValueError(f"spacing={spacing!r} must be positive and finite")
    return ops.correlate_sequences(lines[0], lines[1], spacing, normalize, _full)


@o.validated
def density_of_sum(*densities: Any, spacing: float | None = None) -> np.ndarray:
    """Find how the sum of independent random variables is distributed: the full convolution of their densities.

    Parameters
    ----------
    *densities : array_like
        Of one variable each, all with the same number of axes; not negative. Index 0 stands for the smallest value,
        in the result for the sum of these.
    spacing : float, optional
        Distance of neighbouring values, for densities per unit; without it they are probabilities.

    Returns
    -------
    ndarray
        As long as all of them less one for each after the first.

    Raises
    ------
    TypeError, ValueError
        When one is not finite, or negative somewhere.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> die = np.full(6, 1 / 6)  # 1 to 6
    >>> two = nc.density_of_sum(die, die)  # 2 to 12
    >>> [round(36 * p) for p in two.tolist()]
    [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1]
    """
    if not densities:
        raise TypeError("density_of_sum needs at least one density")
    given = [_density(number, one) for number, one in enumerate(densities)]
    if len({one.ndim for one in given}) > 1:
        raise ValueError(f"densities have {', '.join(str(one.ndim) for one in given)} axes; they must agree")
    step = 1.0
    if spacing is not None:
        if not 0 < spacing < float("inf"):
            raise ValueError(f"spacing={spacing!r} must be positive and finite")
        step = float(spacing) ** given[0].ndim
    total: np.ndarray = reduce(lambda a, b: np.maximum(_full(a, b), 0.0) * step, given)
    return total


@o.validated
def find_words(text: str, words: Sequence[str], /, *, ignore_case: bool = True) -> TextMatches:
    """Find words of a text as a network does: letters as channels, one detector for each word, a map for each detector.

    Every letter of the text is a column that is 1 in the row of that letter (one-hot). A word, written in the same way,
    is a kernel; the correlation counts the letters that are right at each place, and is the word's length where it is.

    Parameters
    ----------
    text : str
    words : sequence of str
        Each of at least one letter.
    ignore_case : bool
        Whether small and capital letters are the same.

    Returns
    -------
    TextMatches
        `places` of each word, and `maps`, the counts.

    Raises
    ------
    TypeError, ValueError
        When text or words are no text, or a word is empty.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> found = nc.find_words("The theory of the thing", ["the", "thing"])
    >>> found.places["the"], found.places["thing"], found.maps[0, 18:23].tolist()
    ((0, 4, 14), (18,), [2.0, 0.0, 0.0, 0.0, 0.0])
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, not {type(text).__name__}")
    if isinstance(words, str) or not all(isinstance(word, str) for word in words):
        raise TypeError(f"words={words!r} must be a sequence of str")
    if not words or not all(words):
        raise ValueError(f"words={words!r} must be at least one word of at least one letter each")
    if ignore_case:  # letter by letter: some capitals are two small letters
        text, words = "".join(map(_small, text)), ["".join(map(_small, word)) for word in words]
    return ops.match_words(text, words, _detect)


def _small(letter: str) -> str:
    lower = letter.lower()
    return lower if len(lower) == 1 else letter


def _detect(signal: Any, weights: Any) -> Any:
    if not signal.shape[1]:
        return np.zeros((len(weights), weights.shape[-1] - 1))
    return feature_maps(signal, weights, shape="full", boundary="constant", channel_axis=0)


def _full(image: Any, kernel: Any) -> Any:
    return convolve(image, kernel, shape="full", boundary="constant")


def _sequence(name: str, given: Any) -> np.ndarray:
    values = as_host_array(given, name)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"{name} of shape {values.shape} must be a sequence of at least one number")
    if values.dtype.kind == "c":
        raise TypeError(f"{name} is complex; sequences of real numbers are compared")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds {int((~np.isfinite(values)).sum())} numbers that are not finite")
    return values.astype(np.float64)


def _density(number: int, given: Any) -> np.ndarray:
    values = as_host_array(given, f"density {number}")
    if values.dtype.kind == "c":
        raise TypeError(f"density {number} is complex")
    if values.ndim == 0 or not values.size or not np.isfinite(values).all() or values.min() < 0:
        raise ValueError(f"density {number} must be an array of finite numbers that are not negative")
    return values.astype(np.float64)
