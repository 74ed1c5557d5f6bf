"""Validate the parts of a step; every error is one sentence."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._arrays import dtype_name
from ..kernels import Kernel
from ..planning import ArraySpec, Plan
from ._operations import OPERATIONS, Operation
from ._values import immutable

_PLAN_KEYS = ("method", "backend", "tiles", "seconds", "bytes", "reason")
_MOST_AXES, _LONGEST_TEXT, _LONGEST_AXIS = 32, 400, 2**40


def complete_arguments(operation: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of an operation in the order of its signature, with defaults where nothing is given.

    Raises
    ------
    ValueError
        For an unknown operation, an unknown or missing argument, or text that is not one of the choices.
    TypeError
        For an argument that is no data, such as a function.
    """
    kept = {p.name: p for p in OPERATIONS.get(operation).recorded}
    for name in arguments:
        if name not in kept:
            raise ValueError(f"has the unknown argument {str(name)[:40]!r}; {operation} takes {', '.join(kept)}")
    found = {}
    for name, parameter in kept.items():
        if name not in arguments and parameter.default is inspect.Parameter.empty:
            raise ValueError(f"lacks the argument {name}")
        try:
            value = found[name] = immutable(arguments.get(name, parameter.default))
        except TypeError as error:
            raise TypeError(f"has the argument {name}: {error}") from error
        choices = parameter.limits.options()
        if choices is not None and isinstance(value, str) and value not in choices:
            raise ValueError(f"has {name}={value[:40]!r}, which is not one of {', '.join(map(repr, choices))}")
    return found


def non_default(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that differ from the defaults."""
    defaults = {p.name: p.default for p in operation.recorded}
    return {name: value for name, value in arguments.items() if not _same(value, defaults[name])}


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, np.ndarray | Kernel) or isinstance(value, bool) != isinstance(default, bool):
        return False
    return bool(value == default)


def as_spec(image: Any) -> ArraySpec | None:
    """Shape and dtype of an image."""
    if image is None or isinstance(image, ArraySpec):
        return image
    image = image if hasattr(image, "shape") and hasattr(image, "dtype") else np.asarray(image)
    return ArraySpec(tuple(image.shape), dtype_name(image.dtype))


def spec_from(data: Any) -> ArraySpec | None:
    """Validate shape and dtype from a recipe file."""
    if data is None:
        return None
    if not isinstance(data, Mapping) or set(data) != {"shape", "dtype"} or not isinstance(data["dtype"], str):
        raise ValueError("has an image that is not a shape and a dtype")
    return ArraySpec(_lengths(data["shape"], "shape", 0), data["dtype"][:_LONGEST_TEXT])


def plan_from(data: Any) -> Plan | None:
    """Validate a plan from a recipe file."""
    if data is None:
        return None
    if not isinstance(data, Mapping) or not {"method", "backend", "tiles"} <= set(data) <= set(_PLAN_KEYS):
        raise ValueError(f"has a plan whose keys are not {', '.join(_PLAN_KEYS)}")
    method, backend, reason = data["method"], data["backend"], data.get("reason", "")
    for text in (method, backend, reason):
        if not isinstance(text, str) or len(text) > _LONGEST_TEXT or not text.isprintable():
            raise ValueError(f"has a plan whose method, backend or reason is no short text: {str(text)[:40]!r}")
    numbers = []
    for key in ("seconds", "bytes"):
        number = data.get(key, 0)
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < math.inf:
            raise ValueError(f"has a plan whose {key} are no number: {str(number)[:40]!r}")
        numbers.append(number)
    return Plan(method, backend, _lengths(data["tiles"], "tiles", 1), float(numbers[0]), int(numbers[1]), reason)


def _lengths(data: Any, what: str, least: int) -> tuple[int, ...]:
    """Validate lengths along axes: integers from `least` on."""
    found = tuple(data) if isinstance(data, list | tuple) and len(data) <= _MOST_AXES else (None,)
    if all(isinstance(n, int) and not isinstance(n, bool) and least <= n < _LONGEST_AXIS for n in found):
        return found
    raise ValueError(f"has {what} that are no list of integers from {least}: {str(data)[:40]!r}")


def labels_from(data: Any) -> str | None:
    """Validate names of axes: one letter for each, or None."""
    if data is None or (isinstance(data, str) and data.isalpha() and len(data) <= _MOST_AXES):
        return data
    raise ValueError(f"has labels={str(data)[:40]!r}, which is not one letter for each axis")
