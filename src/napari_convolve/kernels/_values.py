"""Validation of a kernel's values, centre and spacing."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Annotated, Any, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from .._arrays import as_host_array
from .._registry import Param, check

Values: TypeAlias = npt.NDArray[Any]
"""Weights: always float64 or complex128."""

#: Limit of values in a kernel (512 MiB of float64), checked before anything is allocated.
MAX_VALUES = 2**26
_SPACING = Annotated[float | Sequence[float], Param(min=0)]


def as_values(x: Any, what: str = "kernel") -> Values:
    """Return `x` as a new read-only C-contiguous array of float64, or complex128 when `x` is complex.

    A GPU array is copied to the host. TypeError when `x` does not contain numbers, ValueError when it is ragged, empty,
    without dimensions, partly masked or not finite; `what` is its name in the errors.
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
    """Return `spacing` as one positive length per axis; a single number is for all axes."""
    if spacing is None:
        return None
    given = check("spacing", _SPACING, spacing)
    lengths: tuple[float, ...] = given if isinstance(given, tuple) else (given,) * ndim
    if len(lengths) != ndim:
        raise ValueError(f"spacing needs one length per axis ({ndim}), got {len(lengths)}: {lengths}")
    if not all(lengths):
        raise ValueError(f"spacing must be positive, got {lengths}")
    return lengths


def guard(shape: Sequence[int], what: str = "kernel") -> None:
    """Raise ValueError when an array of `shape` would be too large."""
    count = prod(shape)
    if count > MAX_VALUES:
        raise ValueError(
            f"{what} of shape {'x'.join(map(str, shape))} needs {count * 8:.3g} bytes, "
            f"the limit is {MAX_VALUES * 8:.3g}: choose a smaller size"
        )


def frozen(value: Any) -> Any:
    """Return a parameter as numbers, text, None and tuples of these, which are immutable and contain no code."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Sequence):
        return tuple(frozen(v) for v in value)
    raise TypeError(f"parameters of a kernel are numbers, text or sequences of these, got {type(value).__name__}")
