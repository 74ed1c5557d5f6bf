"""Frequency response given as a function, a radial curve or an array: validation and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .frequency_grid import takes_one

#: Gains at a frequency and its negative that differ by less than this share of the largest gain are equal.
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Curve:
    """A radial gain: linear between the given rising frequencies (cycles per unit), and constant beyond."""

    frequencies: np.ndarray
    gains: np.ndarray

    def __call__(self, *lines: np.ndarray) -> np.ndarray:
        """The gain at frequencies, one array for each axis."""
        radius = np.sqrt(sum((f * f for f in lines), start=np.zeros(1)))
        return np.asarray(np.interp(radius, self.frequencies, self.gains))


#: A function of the frequencies (cycles per unit), or values on the grid of an fftn.
Response = Callable[..., Any] | np.ndarray


def as_response(response: Any) -> Response:
    """Validate a response: a function is returned as it is, a pair of sequences as a `Curve`, else an array of numbers.

    Raises
    ------
    TypeError
        When it does not hold numbers.
    ValueError
        When it is ragged or not finite, or the frequencies of a curve do not rise.
    """
    if callable(response):
        return response  # type: ignore[no-any-return]
    if isinstance(response, tuple) and len(response) == 2:
        return _as_curve(*response)
    values = _numbers(response, "response")
    if values.ndim == 0:
        raise ValueError(f"response={response!r} is a single number; give a function, a curve or an array")
    if not np.isfinite(values).all():
        raise ValueError("response holds NaN or infinite values; every frequency needs a finite gain")
    return values


def _as_curve(frequencies: Any, gains: Any) -> Curve:
    f, g = _numbers(frequencies, "the curve's frequencies"), _numbers(gains, "the curve's gains")
    if f.ndim != 1 or f.shape != g.shape or f.size < 2:
        raise ValueError(f"a curve is a pair of at least 2 frequencies and as many gains, not {f.shape} and {g.shape}")
    if f.dtype.kind == "c" or g.dtype.kind == "c":
        raise TypeError("a curve holds real numbers; give a function for a complex response")
    if not (np.isfinite(f).all() and f[0] >= 0 and (np.diff(f) > 0).all()):
        raise ValueError("the frequencies of a curve must rise from 0 or above")
    if np.isinf(g).any():
        raise ValueError("the gains of a curve must not be infinite; NaN says that a gain does not matter")
    return Curve(f, g)


def _numbers(values: Any, what: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{what} is not a regular array ({error})") from error
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{what} has dtype {array.dtype}; numbers or a function of the frequencies are needed")
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def evaluate(response: Callable[..., Any], lines: Sequence[np.ndarray], *, missing: bool = False) -> np.ndarray:
    """The values of a function at frequencies that broadcast against each other, as float64 or complex128.

    Parameters
    ----------
    response : callable
        Of one array for each axis; of one argument, with several axes: of the frequency's length.
    lines : sequence of ndarray
        Frequencies in cycles per unit, one array for each axis.
    missing : bool
        Whether NaN is allowed, for "does not matter".

    Raises
    ------
    TypeError, ValueError
        When it does not return finite numbers of the right shape.
    """
    shape = np.broadcast_shapes(*(f.shape for f in lines))
    radial = len(lines) > 1 and not isinstance(response, Curve) and takes_one(response)
    with np.errstate(all="ignore"):
        given = response(np.sqrt(sum(f * f for f in lines))) if radial else response(*lines)
    found = _numbers(given, "what response returns")
    try:
        values = np.broadcast_to(found, shape)
    except ValueError as error:
        raise ValueError(
            f"response returns an array of shape {found.shape} for frequencies of shape {shape}"
        ) from error
    if np.isinf(values).any() or (not missing and np.isnan(values).any()):
        raise ValueError("response returns NaN or infinite values; every frequency needs a finite gain")
    return values


def symmetric(forward: np.ndarray, backward: np.ndarray) -> tuple[np.ndarray, bool]:
    """Make a response symmetric, from its values at frequencies and at their negatives; and whether it was changed.

    A real signal stays real if ``R(-f) = conj(R(f))``. Where the two values of a pair differ, the one farther from the
    median of all counts for both: a notch or a pass band drawn on one side then works on both. At equal distances the
    mean counts.
    """
    partner = np.conj(backward)
    scale = max(np.abs(forward).max(initial=0.0), np.abs(backward).max(initial=0.0))
    if not (np.abs(forward - partner) > _SAME * scale).any():
        return forward, False
    if forward.dtype.kind == "c":
        usual = np.median(np.abs([forward, backward]))
    else:
        usual = np.median([forward, backward])
    here, there = np.abs(forward - usual), np.abs(partner - usual)
    mean = (forward + partner) / 2
    return np.where(here > there, forward, np.where(there > here, partner, mean)), True


def opposite(values: np.ndarray) -> np.ndarray:
    """The values of a full fftn grid at the negative frequencies."""
    axes = tuple(range(values.ndim))
    return np.asarray(np.roll(np.flip(values, axes), 1, axes))
