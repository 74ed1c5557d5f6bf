"""Other uses of convolution: lag between sequences, sums of random variables, words of a text."""

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


@o.public_with_masks()
def cross_correlation(first: Any, second: Any, /, *, spacing: float = 1.0, normalize: bool = True) -> CrossCorrelation:
    """Cross-correlate two sequences at every lag: which one follows the other, and by how much.

    Parameters
    ----------
    first, second : array_like, 1-D
        Real, finite numbers sampled at equal distances; the lengths may differ.
    spacing : float
        Distance between neighbouring samples, for example in seconds or micrometres; the unit of the lags.
    normalize : bool
        Return the correlation coefficient of the overlapping samples, between -1 and 1, instead of the sum of products,
        which decreases with the overlap.

    Returns
    -------
    CrossCorrelation
        `lags`, `values`, the `overlap` of each in samples, and `best()`, the lag of the highest value.

    Raises
    ------
    TypeError, ValueError
        When the sequences are not one-dimensional, real and finite.

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


@o.public_with_masks()
def density_of_sum(*densities: Any, spacing: float | None = None) -> np.ndarray:
    """Compute the distribution of a sum of independent random variables: the full convolution of their densities.

    Parameters
    ----------
    *densities : array_like
        One density per variable, non-negative, all with the same number of axes. Index 0 is the smallest value; in the
        result it is the sum of the smallest values.
    spacing : float, optional
        Distance between neighbouring values, for densities per unit; None for probabilities.

    Returns
    -------
    ndarray
        Density of the sum; along each axis as long as all of them together, minus the number of densities, plus 1.

    Raises
    ------
    TypeError, ValueError
        When a density is not finite, has negative values, or has another number of axes.

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


@o.public
def find_words(text: str, words: Sequence[str], /, *, ignore_case: bool = True) -> TextMatches:
    """Find words in a text like a convolutional network: letters as channels, one kernel and one map per word.

    Every letter of the text is a one-hot column, with a 1 in the row of that letter. A word in the same encoding is a
    kernel. The correlation counts the matching letters at each position, and equals the word's length at a match.

    Parameters
    ----------
    text : str
        Text to search.
    words : sequence of str
        Words to find, each of at least one letter.
    ignore_case : bool
        Treat upper and lower case as equal.

    Returns
    -------
    TextMatches
        `places`, the start positions of each word, and `maps`, the counts.

    Raises
    ------
    TypeError, ValueError
        When text or words are not strings, or a word is empty.

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
