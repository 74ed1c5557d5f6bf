"""Rules for all arrays: accepted inputs, precision of the computation, casts of results; helpers for indices."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Protocol

import numpy as np

#: An array of any library; the algorithms use the array API standard only.
Array = Any

FLOATS = ("float32", "float64")
COMPLEX_OF = {"float32": "complex64", "float64": "complex128"}
REAL_OF = {"complex64": "float32", "complex128": "float64"}
#: Longest text of one value in the representation of a result.
_SHORT = 60
_SINGLE = {"bool", "int8", "uint8", "int16", "uint16", "float16", "float32", "complex64"}
#: Integers up to this one are exact in float64.
_EXACT = 2**53


class Allocator(Protocol):
    """The part of a `Backend` that boundary rules use."""

    def empty(self, shape: tuple[int, ...], dtype: str) -> Array: ...

    def assign(self, target: Array, key: Any, value: Array | complex) -> None: ...


def dtype_name(dtype: Any) -> str:
    """The plain name of a dtype of any library: ``"float32"``, ``"bool"``."""
    try:
        return _name(np.dtype(dtype))
    except TypeError:
        return str(dtype).rsplit(".", 1)[-1]


@functools.lru_cache(maxsize=64)
def _name(dtype: np.dtype) -> str:
    """Cached, because NumPy assembles the name at each access."""
    return str(dtype.name)


def as_host_array(image: Any, what: str = "image") -> np.ndarray:
    """`image` as a NumPy array of numbers in native byte order; ragged lists and other dtypes raise."""
    try:
        array = np.asarray(image)
    except ValueError as error:
        raise ValueError(f"{what} is not a regular array: its rows differ in length ({error})") from error
    check_numbers(array.dtype, what)
    if array.dtype.byteorder not in "=|":
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.itemsize > {"f": 8, "c": 16}.get(array.dtype.kind, 16):  # longdouble
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return array


def check_numbers(dtype: np.dtype, what: str = "image") -> None:
    """Raise TypeError unless `dtype` is one of numbers."""
    if dtype.kind not in "biufc":
        raise TypeError(f"{what} has dtype {dtype}; numbers are needed (bool, integer, float or complex)")


def in_c_order(array: Array) -> Array:
    """The array in C order: a sum over it then adds in the same order, with bitwise equal results."""
    return np.ascontiguousarray(array) if isinstance(array, np.ndarray) else array


def by_axis(ndim: int, axes: Sequence[int], values: Iterable[Any], other: Any) -> tuple[Any, ...]:
    """One value per axis of an array: the given values for `axes`, `other` for the remaining axes."""
    found = [other] * ndim
    for axis, value in zip(axes, values, strict=True):
        found[axis] = value
    return tuple(found)


def index_along(ndim: int, axis: int, part: Any) -> tuple[Any, ...]:
    """Index that takes `part` along one axis and everything along the others."""
    return by_axis(ndim, (axis,), (part,), slice(None))


def along_axis(line: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    """A 1-D array shaped so that it broadcasts along one axis of `ndim`."""
    return line.reshape(by_axis(ndim, (axis,), (-1,), 1))


def in_steps(length: int, step: int) -> list[slice]:
    """Slices of `step` that cover a length, the last one shorter."""
    return [slice(first, min(first + step, length)) for first in range(0, length, step)]


def compute_dtype(image: str, *, complex_kernel: bool = False, wanted: str | None = None) -> str:
    """Name of the dtype a result is computed in: its precision follows the image, never the kernel.

    The `wanted` dtype of the result can raise this precision, not lower it.
    """
    real = "float32" if image in _SINGLE else "float64"
    if wanted in ("float64", "complex128", "int32", "uint32", "int64", "uint64"):
        real = "float64"
    if complex_kernel or image.startswith("complex") or (wanted or "").startswith("complex"):
        return COMPLEX_OF[real]
    return real


def wanted_dtype(dtype: Any, *, complex_result: bool | None) -> str | None:
    """Validate the `dtype` option and return its plain name (None stays None).

    `complex_result` is None for operations whose result is always real. A dtype that is not one of numbers raises
    TypeError, one that would drop or invent an imaginary part ValueError.
    """
    if dtype is None:
        return None
    try:
        wanted = np.dtype(dtype)
    except TypeError as error:
        raise TypeError(f"dtype={dtype!r} is not a dtype; give e.g. 'float32' or 'uint16'") from error
    if wanted.kind not in "iufc" or wanted.itemsize > {"f": 8, "c": 16}.get(wanted.kind, 16):
        raise TypeError(f"dtype={wanted.name} cannot hold the result; choose an integer, float32, float64 or complex")
    if complex_result is None and wanted.kind == "c":
        raise ValueError(f"dtype={wanted.name} is complex, the result is real; choose an integer, float32 or float64")
    if complex_result and wanted.kind != "c":
        raise ValueError(f"dtype={wanted.name} would drop the imaginary part of a complex result; choose complex64")
    return str(wanted.name)


def warn_if_inexact(image: np.ndarray) -> None:
    """Warn when 64-bit integers are too large for float64 to represent exactly."""
    wide = dtype_name(image.dtype) in ("int64", "uint64") and image.size > 0
    if wide and (int(image.max()) > _EXACT or int(image.min()) < -_EXACT):
        text = f"{image.dtype.name} values beyond 2**53 are rounded: the result is computed in float64"
        warnings.warn(text, UserWarning, stacklevel=4)


def cast(array: Array, dtype: str, xp: Any) -> Array:
    """`array` as `dtype`; integers are rounded half to even and saturated, and NaN raises ValueError."""
    if dtype_name(array.dtype) == dtype:
        return array
    target = getattr(xp, dtype)
    if "int" not in dtype:
        return xp.astype(array, target)
    missing = int(xp.count_nonzero(xp.isnan(array)))
    if missing:
        raise ValueError(f"{missing} NaN in the result cannot be cast to {dtype}; use nan='omit', or a float dtype")
    limits = np.iinfo(dtype)
    # the limits may not be representable in this precision: clip to floats inside, set the largest value by itself
    real = np.dtype(dtype_name(array.dtype)).type
    low, high = real(limits.min), real(limits.max)
    top = np.nextafter(high, real(0)) if int(high) > limits.max else high
    rounded = xp.round(array)
    inside = xp.astype(xp.clip(rounded, float(low), float(top)), target)
    return xp.where(rounded >= float(high), xp.asarray(limits.max, dtype=target, device=array.device), inside)


def all_finite(block: Array, xp: Any) -> bool:
    """Whether all samples are finite: usually decided by one sum, which any NaN or infinity spoils."""
    if dtype_name(block.dtype)[:3] in ("boo", "int", "uin"):
        return True
    if bool(xp.isfinite(xp.sum(block))):
        return True
    return bool(xp.all(xp.isfinite(block)))


def short_repr(thing: Any) -> str:
    """A dataclass in one line: arrays by shape and dtype, other values as far as they are short."""

    def shown(value: Any) -> str:
        if hasattr(value, "shape") and hasattr(value, "dtype"):
            return f"<{' x '.join(map(str, value.shape))} {dtype_name(value.dtype)}>"
        text = repr(value)
        return text if len(text) <= _SHORT and "\n" not in text else f"<{type(value).__name__}>"

    values = ", ".join(f"{f.name}={shown(getattr(thing, f.name))}" for f in fields(thing) if f.repr)
    return f"{type(thing).__name__}({values})"
