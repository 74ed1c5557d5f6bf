"""The rules for arrays that hold everywhere: which inputs, which precision, how a result is cast."""

from __future__ import annotations

import functools
import warnings
from typing import Any, Protocol

import numpy as np

#: An array of whatever library; the algorithms use the array API standard only.
Array = Any

FLOATS = ("float32", "float64")
COMPLEX_OF = {"float32": "complex64", "float64": "complex128"}
REAL_OF = {"complex64": "float32", "complex128": "float64"}
_SINGLE = {"bool", "int8", "uint8", "int16", "uint16", "float16", "float32", "complex64"}
#: the widest integers that every computed sample can hold exactly
_EXACT = 2**53


class Allocator(Protocol):
    """What the boundary rules need to know of a device library."""

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
    """Remembered, for NumPy puts the name together anew each time."""
    return str(dtype.name)


def as_host_array(image: Any, what: str = "image") -> np.ndarray:
    """NumPy array of native byte order for anything `numpy.asarray` takes.

    Raises
    ------
    TypeError
        For objects, strings, records and dates.
    ValueError
        For ragged lists.
    """
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
    """TypeError unless it is a dtype of numbers.

    Raises
    ------
    TypeError
        For objects, strings, records and dates.
    """
    if dtype.kind not in "biufc":
        raise TypeError(f"{what} has dtype {dtype}; numbers are needed (bool, integer, float or complex)")


def in_c_order(array: Array) -> Array:
    """An array whose memory is in C order, so that sums over it add in the same order, to the same bits."""
    return np.ascontiguousarray(array) if isinstance(array, np.ndarray) else array


def compute_dtype(image: str, *, complex_kernel: bool = False, wanted: str | None = None) -> str:
    """Name of the dtype a result is computed in; the image decides, a kernel never promotes it.

    Parameters
    ----------
    image
        Name of the image's dtype.
    complex_kernel
        Whether the result is complex because the kernel is.
    wanted
        The dtype asked for, which may ask for more precision but never lowers it.
    """
    real = "float32" if image in _SINGLE else "float64"
    if wanted in ("float64", "complex128", "int32", "uint32", "int64", "uint64"):
        real = "float64"
    if complex_kernel or image.startswith("complex") or (wanted or "").startswith("complex"):
        return COMPLEX_OF[real]
    return real


def wanted_dtype(dtype: Any, *, complex_result: bool | None) -> str | None:
    """Validate the `dtype` option and return its plain name (None stays None).

    `complex_result` is None where a result is never complex, whatever was given.

    Raises
    ------
    TypeError
        When it is no dtype of numbers.
    ValueError
        When a complex result would lose its imaginary part, or would be made of a real one.
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
    """Warn when 64-bit integers exceed what float64 holds exactly."""
    wide = dtype_name(image.dtype) in ("int64", "uint64") and image.size > 0
    if wide and (int(image.max()) > _EXACT or int(image.min()) < -_EXACT):
        text = f"{image.dtype.name} values beyond 2**53 are rounded: the result is computed in float64"
        warnings.warn(text, UserWarning, stacklevel=4)


def cast(array: Array, dtype: str, xp: Any) -> Array:
    """`array` as `dtype`; integers are rounded half to even and saturated, never wrapped.

    Raises
    ------
    ValueError
        When a NaN has no place in an integer dtype.
    """
    if dtype_name(array.dtype) == dtype:
        return array
    target = getattr(xp, dtype)
    if "int" not in dtype:
        return xp.astype(array, target)
    missing = int(xp.count_nonzero(xp.isnan(array)))
    if missing:
        raise ValueError(f"{missing} NaN in the result cannot be cast to {dtype}; use nan='omit', or a float dtype")
    limits = np.iinfo(dtype)
    # the limits may not be floats of this precision: clip to floats inside and set the rest apart
    real = np.dtype(dtype_name(array.dtype)).type
    low, high = real(limits.min), real(limits.max)
    top = np.nextafter(high, real(0)) if int(high) > limits.max else high
    rounded = xp.round(array)
    inside = xp.astype(xp.clip(rounded, float(low), float(top)), target)
    return xp.where(rounded >= float(high), xp.asarray(limits.max, dtype=target, device=array.device), inside)


def all_finite(block: Array, xp: Any) -> bool:
    """Whether no sample is NaN or infinite; one cheap sum in the common case."""
    if dtype_name(block.dtype)[:3] in ("boo", "int", "uin"):
        return True
    if bool(xp.isfinite(xp.sum(block))):
        return True
    return bool(xp.all(xp.isfinite(block)))
