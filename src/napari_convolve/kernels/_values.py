"""Validation of a kernel's values, centre and spacing."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import isfinite, prod
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from .._arrays import as_host_array

Values: TypeAlias = npt.NDArray[Any]
"""Weights: always float64 or complex128."""

MAX_VALUES = 2**26
"""A kernel of more values (512 MiB of float64) is refused before anything is allocated."""


def as_values(x: Any, what: str = "kernel") -> Values:
    """Return `x` as a new read-only C-contiguous array of float64, or complex128 when `x` is complex.

    Parameters
    ----------
    x
        Anything `numpy.asarray` takes, of numbers; a GPU array is copied to the host.
    what
        The name that the errors use.

    Raises
    ------
    TypeError
        When `x` does not hold numbers.
    ValueError
        When `x` is ragged, empty, without dimensions, partly masked or not finite.
    """
    if hasattr(x, "__cuda_array_interface__"):
        x = x.get()
    masked = int(np.count_nonzero(x.mask)) if isinstance(x, np.ma.MaskedArray) else 0
    if masked:
        raise ValueError(f"{what} has {masked} masked values; fill them first")
    array = as_host_array(x, what)
    if array.ndim == 0:
        raise ValueError(f"{what} needs at least 1 dimension, got the single value {array!s}")
    if array.size == 0:
        raise ValueError(f"{what} is empty: shape {array.shape}")
    kind = np.complex128 if array.dtype.kind == "c" else np.float64
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.array(array, dtype=kind, order="C", subok=False)
    bad = ~np.isfinite(values)
    if bad.any():
        first = tuple(int(i[0]) for i in np.nonzero(bad))
        raise ValueError(
            f"{what} must be finite, got {np.count_nonzero(bad)} NaN or infinite of {bad.size} values, "
            f"the first at index {first}"
        )
    values.flags.writeable = False
    return values


def as_center(center: SupportsIndex | Sequence[SupportsIndex] | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return `center` as one index per axis of `shape`, by default ``N // 2``."""
    if center is None:
        return tuple(n // 2 for n in shape)
    given = tuple(center) if isinstance(center, Sequence | np.ndarray) else (center,)
    if any(isinstance(c, bool | np.bool_) for c in given):
        raise TypeError(f"center must hold integers, got {center!r}")
    try:
        indices = tuple(operator.index(c) for c in given)
    except TypeError as error:
        raise TypeError(f"center must hold integers, got {center!r}") from error
    if len(indices) != len(shape):
        raise ValueError(f"center needs one index per axis of shape {shape}, got {indices}")
    if not all(0 <= c < n for c, n in zip(indices, shape, strict=True)):
        raise ValueError(f"center must lie inside shape {shape}, got {indices}")
    return indices


def as_spacing(spacing: float | Sequence[float] | None, ndim: int) -> tuple[float, ...] | None:
    """Return `spacing` as one positive length per axis; a single number counts for every axis."""
    if spacing is None:
        return None
    given = tuple(spacing) if isinstance(spacing, Sequence | np.ndarray) else (spacing,) * ndim
    if any(isinstance(s, bool | str | bytes | complex) for s in (*given, spacing)):
        raise TypeError(f"spacing must be a number or one number per axis, got {spacing!r}")
    try:
        lengths = tuple(float(s) for s in given)
    except TypeError as error:
        raise TypeError(f"spacing must be a number or one number per axis, got {spacing!r}") from error
    if len(lengths) != ndim:
        raise ValueError(f"spacing needs one length per axis ({ndim}), got {len(lengths)}: {lengths}")
    if not all(isfinite(s) and s > 0 for s in lengths):
        raise ValueError(f"spacing must be positive and finite, got {lengths}")
    return lengths


def guard(shape: Sequence[int], what: str = "kernel") -> None:
    """Raise ValueError when an array of `shape` would be unreasonably large; allocates nothing."""
    count = prod(shape)
    if count > MAX_VALUES:
        raise ValueError(
            f"{what} of shape {'x'.join(map(str, shape))} needs {count * 8:.3g} bytes, "
            f"the limit is {MAX_VALUES * 8:.3g}: choose a smaller size"
        )


def frozen(value: Any) -> Any:
    """Return a parameter as numbers, text, None and tuples of these, so that it can neither change nor be code."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Sequence):
        return tuple(frozen(v) for v in value)
    raise TypeError(f"parameters of a kernel are numbers, text or sequences of these, got {type(value).__name__}")
