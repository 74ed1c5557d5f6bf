"""Encode and decode the values in a recipe: numbers, text, arrays, kernels, rotations, noise models; never code.

Values that JSON has no form for become an object with one key, which names the kind of value.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from .._arrays import as_host_array, dtype_name
from ..backends import backend_of
from ..kernels import Kernel
from ..kernels._json import KERNEL_KEYS, describe_kernel, restore_kernel
from ..ops.fourier.drawn_filter import DrawnFilter, Region
from ..ops.fourier.spectrum_data import Peaks
from ..ops.noise.noise_model import NoiseEstimate, PowerSpectrum

#: Arrays of at most so many bytes are written as numbers in the JSON.
INLINE_BYTES = 4096
#: Frozen dataclasses that operations take as arguments, such as results of others; encoded field by field.
RECORDS: dict[str, type[Any]] = {
    "noise_estimate": NoiseEstimate,
    "peaks": Peaks,
    "drawn_filter": DrawnFilter,
    "region": Region,
}
#: Describes the samples of an array: nested lists under "values", or other keys when they are stored elsewhere.
Keep = Callable[[np.ndarray], dict[str, Any]]
#: Reads the samples of an array that are stored elsewhere, given its description.
Fetch = Callable[[Mapping[str, Any], np.dtype, tuple[int, ...]], np.ndarray]

_DTYPES = frozenset(
    {"bool", "float16", "float32", "float64", "complex64", "complex128"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
_NONFINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_NUMBER = re.compile(r"[-+.0-9a-z()]{1,80}")
_DEEPEST, _LARGEST, _MOST_AXES = 8, 2**63, 32


def immutable(value: Any, depth: int = 0) -> Any:
    """The immutable form of a value: tuples for lists, read-only NumPy arrays, Python numbers.

    Raises
    ------
    TypeError
        For functions and other objects, which are no data.
    """
    if value is None or isinstance(value, bool | int | float | complex | str | Kernel | PowerSpectrum):
        return value
    for record in RECORDS.values():
        if isinstance(value, record):
            return record(**{f.name: immutable(getattr(value, f.name), depth + 1) for f in fields(record)})
    if isinstance(value, np.bool_ | np.number):
        return value.item()
    if isinstance(value, np.dtype) or (
        isinstance(value, type) and issubclass(value, int | float | complex | np.generic)
    ):
        return dtype_name(value)
    if hasattr(value, "as_quat"):  # a scipy Rotation, which need not be imported
        return value
    if isinstance(value, list | tuple | range) and depth < _DEEPEST:
        return tuple(immutable(part, depth + 1) for part in value)
    device = backend_of(value)
    if device is not None or hasattr(value, "__array__"):
        array = as_host_array(value if device is None else device.to_host(value), "an array of a recipe")
        if array.flags.writeable or not array.flags.c_contiguous:
            array = np.array(array, order="C")
            array.flags.writeable = False
        return array
    what = "a function" if callable(value) else f"{type(value).__name__} {str(value)[:40]!r}"
    raise TypeError(f"{what} cannot be kept in a recipe, which holds numbers, text, arrays and kernels only")


def encode(value: Any, keep: Keep) -> Any:
    """A value from `immutable` as plain data; `keep` describes the samples of arrays."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": str(value)}
    if isinstance(value, complex):
        return {"number": str(value)}
    if isinstance(value, tuple):
        return [encode(part, keep) for part in value]
    if isinstance(value, np.ndarray):
        return {"array": {"dtype": value.dtype.name, "shape": list(value.shape), **keep(value)}}
    if isinstance(value, Kernel):
        described = encode(as_tuples(describe_kernel(value)), keep)
        return {"kernel": {**described, "values": encode(value.values, keep)}}
    if isinstance(value, PowerSpectrum):
        kept = {"shape": list(value.shape), "weights": [float(w) for w in value.weights], "floor": float(value.floor)}
        return {"power_spectrum": kept}
    for kind, record in RECORDS.items():
        if isinstance(value, record):
            return {kind: {f.name: encode(getattr(value, f.name), keep) for f in fields(record)}}
    if isinstance(value, dict):
        return {key: encode(part, keep) for key, part in value.items()}
    return {"rotation": encode(np.asarray(value.as_quat()), keep)}


def as_tuples(value: Any) -> Any:
    """Nested mappings and sequences with tuples for all sequences."""
    if isinstance(value, Mapping):
        return {key: as_tuples(part) for key, part in value.items()}
    return tuple(as_tuples(part) for part in value) if isinstance(value, list | tuple) else value


def nested_lists(array: np.ndarray) -> dict[str, Any]:
    """The samples of an array as nested lists; complex ones as pairs, NaN and infinities as text."""
    real = np.stack([array.real, array.imag], axis=-1) if array.dtype.kind == "c" else array
    if real.dtype.kind == "f" and not np.isfinite(real).all():
        names = np.array([x if math.isfinite(x) else str(x) for x in real.ravel().tolist()], dtype=object)
        real = names.reshape(real.shape)
    return {"values": real.tolist()}


def decode(data: Any, fetch: Fetch, depth: int = 0) -> Any:
    """The value of plain data from `encode`; ValueError when it is malformed."""
    if depth > _DEEPEST:
        raise ValueError("is nested too deeply")
    if data is None or isinstance(data, bool | str):
        return data
    if isinstance(data, int | float):
        if isinstance(data, float) and not math.isfinite(data):
            raise ValueError("holds a number that is not finite")
        if abs(data) >= _LARGEST and isinstance(data, int):
            raise ValueError("holds an integer that is too large")
        return data
    if isinstance(data, list | tuple):
        return tuple(decode(part, fetch, depth + 1) for part in data)
    if not isinstance(data, Mapping) or len(data) != 1:
        raise ValueError(f"must be a value, or an object of one key out of {', '.join(_KINDS)}")
    kind, held = next(iter(data.items()))
    if kind not in _KINDS:
        raise ValueError(f"has the unknown kind {str(kind)[:40]!r}; known are {', '.join(_KINDS)}")
    return _KINDS[kind](held, fetch, depth)


def _number(text: Any, fetch: Fetch, depth: int) -> float | complex:
    if isinstance(text, str) and text in _NONFINITE:
        return _NONFINITE[text]
    if isinstance(text, str) and _NUMBER.fullmatch(text):
        try:
            number = complex(text)
        except ValueError:
            number = complex(math.nan)
        if cmath.isfinite(number):
            return number
    raise ValueError(f"{str(text)[:40]!r} is no number")


def _array(held: Any, fetch: Fetch, depth: int) -> np.ndarray:
    if not isinstance(held, Mapping) or not isinstance(held.get("dtype"), str) or held["dtype"] not in _DTYPES:
        raise ValueError("is no array: its dtype must be one of bool, int8 to uint64, float16 to complex128")
    shape, dtype = held.get("shape"), np.dtype(held["dtype"])
    if not isinstance(shape, list | tuple) or len(shape) > _MOST_AXES or not all(map(_is_length, shape)):
        raise ValueError("is no array: its shape must be a list of integers from 0")
    unknown = sorted(set(held) - {"dtype", "shape", "values", "member", "sha256"})
    if unknown:
        raise ValueError(f"is no array: unknown key {str(unknown[0])[:40]!r}")
    if "values" not in held:
        array = fetch(held, dtype, tuple(shape))
    elif isinstance(held["values"], np.ndarray):
        array = held["values"]
        if (array.dtype, array.shape) != (dtype, tuple(shape)):
            raise ValueError(f"is no array: {array.dtype}{array.shape} is not {dtype}{tuple(shape)}")
    else:
        array = _from_lists(held["values"], dtype, tuple(shape))
    result: np.ndarray = immutable(array)
    return result


def _is_length(n: Any) -> bool:
    return isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**40


def _from_lists(nested: Any, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    pairs = dtype.kind == "c"
    level = [nested]
    for length in (*shape, 2) if pairs else shape:
        if any(not isinstance(row, list | tuple) or len(row) != length for row in level):
            raise ValueError(f"is no array: its values do not have the shape {shape}")
        level = [item for row in level for item in row]
    if dtype.kind in "fc":
        level = [_NONFINITE.get(item, item) if isinstance(item, str) else item for item in level]
        fits = all(isinstance(item, int | float) and not isinstance(item, bool) for item in level)
    elif dtype.kind == "b":
        fits = all(isinstance(item, bool) for item in level)
    else:
        fits = all(isinstance(item, int) and not isinstance(item, bool) for item in level)
    if not fits:
        raise ValueError(f"is no array: its values must be numbers of {dtype}")
    part = np.dtype(f"f{dtype.itemsize // 2}") if pairs else dtype
    try:
        with np.errstate(all="ignore"):
            flat = np.array(level, dtype=part)
    except OverflowError as error:
        raise ValueError(f"is no array: a value is too large for {dtype}") from error
    return flat.view(dtype).reshape(shape) if pairs else flat.reshape(shape)


def _kernel(held: Any, fetch: Fetch, depth: int) -> Kernel:
    if not isinstance(held, Mapping) or set(held) != {*KERNEL_KEYS, "values"}:
        raise ValueError(f"is no kernel: it must have {', '.join(KERNEL_KEYS)} and values")
    values = decode(held["values"], fetch, depth + 1)
    if not isinstance(values, np.ndarray):
        raise ValueError("is no kernel: its values must be an array")
    parameters = held["parameters"]
    if not isinstance(parameters, Mapping):
        raise ValueError("is no kernel: its parameters must be an object")
    described = {key: decode(held[key], fetch, depth + 1) for key in KERNEL_KEYS if key != "parameters"}
    described["parameters"] = {key: decode(part, fetch, depth + 1) for key, part in parameters.items()}
    try:
        return restore_kernel(values, described)
    except (TypeError, ValueError) as error:
        raise ValueError(f"is no kernel: {error}") from error


def _rotation(held: Any, fetch: Fetch, depth: int) -> Any:
    quaternions = decode(held, fetch, depth + 1)
    if not isinstance(quaternions, np.ndarray) or quaternions.shape[-1:] != (4,) or quaternions.ndim > 2:
        raise ValueError("is no rotation: it must be an array of quaternions")
    if quaternions.dtype != np.float64 or not (np.abs(np.linalg.norm(quaternions, axis=-1) - 1) < 1e-6).all():
        raise ValueError("is no rotation: its quaternions must be float64 of length 1")
    from scipy.spatial.transform import Rotation

    # normalizing again would change the last bits
    return Rotation(quaternions, normalize=False)


def _power_spectrum(held: Any, fetch: Fetch, depth: int) -> PowerSpectrum:
    if not isinstance(held, Mapping) or set(held) != {"shape", "weights", "floor"}:
        raise ValueError("is no power spectrum: it must have a shape, weights and a floor")
    shape, weights, floor = (decode(held[key], fetch, depth + 1) for key in ("shape", "weights", "floor"))
    if not isinstance(shape, tuple) or not all(map(_is_length, shape)):
        raise ValueError("is no power spectrum: its shape must be a list of integers from 0")
    if not isinstance(weights, tuple) or not all(isinstance(w, int | float) for w in weights):
        raise ValueError("is no power spectrum: its weights must be a list of numbers")
    if not isinstance(floor, int | float):
        raise ValueError("is no power spectrum: its floor must be a number")
    return PowerSpectrum(shape, tuple(map(float, weights)), float(floor))


def _record(kind: str) -> Callable[[Any, Fetch, int], Any]:
    """The decoder of one of the `RECORDS`."""
    record = RECORDS[kind]
    names = [f.name for f in fields(record)]

    def made(held: Any, fetch: Fetch, depth: int) -> Any:
        what = f"is no {kind.replace('_', ' ')}"
        if not isinstance(held, Mapping) or set(held) != set(names):
            raise ValueError(f"{what}: it must have {', '.join(names)}")
        parts = {key: decode(held[key], fetch, depth + 1) for key in names}
        for key, part in parts.items():
            if not isinstance(part, PowerSpectrum | float | int | str | np.ndarray | tuple):
                raise ValueError(f"{what}: {key} must be a number, an array, a power spectrum or text")
        try:
            return record(**parts)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{what}: {error}") from error

    return made


_KINDS: dict[str, Callable[[Any, Fetch, int], Any]] = {
    "number": _number,
    "array": _array,
    "kernel": _kernel,
    "rotation": _rotation,
    "power_spectrum": _power_spectrum,
    **{kind: _record(kind) for kind in RECORDS},
}
