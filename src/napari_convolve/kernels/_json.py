"""JSON representation of kernels, with or without their values, for all kernel files.

``{"format": "napari-convolve kernel", "version": 1, "name": …, "center": …, "spacing": …, "units": …,
"parameters": {…}, "values": [[…], …], "imaginary": [[…], …]}``; only version and values are required, `imaginary` is
for complex kernels.
"""

from __future__ import annotations

import codecs
import json
from typing import Any

import numpy as np

from ._kernel import Kernel
from ._values import Values

FORMAT = "napari-convolve kernel"
VERSION = 1
KEYS = ("format", "version", "name", "center", "spacing", "units", "parameters")


def describe(kernel: Kernel) -> dict[str, Any]:
    """Return all of a kernel but its values, as JSON takes it."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": kernel.name,
        "center": kernel.center,
        "spacing": kernel.spacing,
        "units": kernel.units,
        "parameters": dict(kernel.parameters),
    }


def restore(values: Values, description: Any) -> Kernel:
    """Return the kernel of these values and what :func:`describe` wrote; ValueError for anything else."""
    if not isinstance(description, dict):
        raise ValueError(f"the description of a kernel must be an object, got {type(description).__name__}")
    unknown = [key for key in description if key not in KEYS]
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; a kernel has {', '.join(KEYS)} and values")
    if description.get("format", FORMAT) != FORMAT:
        raise ValueError(f"format is {description['format']!r}, not {FORMAT!r}")
    version = description.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"version must be a whole number from 1, got {version!r}")
    if version > VERSION:
        raise ValueError(f"written in version {version} of the format, this program reads up to version {VERSION}")
    parameters = description.get("parameters", {})
    if not isinstance(parameters, dict):
        raise ValueError(f"parameters must be an object, got {parameters!r}")
    center, spacing = description.get("center"), description.get("spacing")
    return Kernel(values, center, spacing, description.get("units"), description.get("name", "custom"), parameters)


def dumps(kernel: Kernel) -> str:
    """Return a kernel as JSON text, one row of values per line."""
    description = json.dumps(describe(kernel), indent=1, ensure_ascii=False, allow_nan=False)
    parts = {"values": kernel.values.real}
    if kernel.values.dtype.kind == "c":
        parts["imaginary"] = kernel.values.imag
    blocks = (f',\n "{key}": {json.dumps(array.tolist())}'.replace("], [", "],\n  [") for key, array in parts.items())
    return description.removesuffix("\n}") + "".join(blocks) + "\n}\n"


def loads(text: str) -> Kernel:
    """Return the kernel that :func:`dumps` wrote, or one of a plain array of numbers.

    Raises
    ------
    ValueError
        For anything else: NaN, duplicate or unknown keys, deep nesting, rows of different length, newer versions.
    """
    content = parse(text)
    if isinstance(content, list):
        return Kernel(numbers(content, "values"))
    if not isinstance(content, dict) or "values" not in content:
        raise ValueError('a kernel is an array of numbers, or an object with "version" and "values"')
    values = numbers(content.pop("values"), "values")
    if "imaginary" in content:
        imaginary = numbers(content.pop("imaginary"), "imaginary")
        if imaginary.shape != values.shape:
            raise ValueError(f"values and imaginary differ in shape: {values.shape} and {imaginary.shape}")
        values = values + 1j * imaginary
    return restore(values, content)


def parse(text: str) -> Any:
    """Return what JSON text says; ValueError with the line for what is not JSON or is meant to deceive."""
    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("brackets are nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} in line {error.lineno}") from error


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; ValueError when a key comes twice."""
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ValueError(f"the key {key!r} comes twice")
        content[key] = value
    return content


def refuse(constant: str) -> float:
    """Refuse what Python's JSON reads beyond the standard: NaN and Infinity."""
    raise ValueError(f"values must be finite, got {constant}")


def numbers(nested: Any, what: str) -> Values:
    """Return nested lists as an array; the error names the first row of another length, or the first non-number."""
    shape = []
    level = [nested]
    while level and isinstance(level[0], list):
        shape.append(len(level[0]))
        for i, row in enumerate(level):
            if not isinstance(row, list) or len(row) != shape[-1]:
                raise ValueError(f"{what} is ragged: row {i + 1} differs in length from row 1")
        level = [item for row in level for item in row]
        if len(shape) > 16:
            raise ValueError("brackets are nested too deeply")
    for item in level:
        if isinstance(item, bool) or not isinstance(item, int | float):
            raise ValueError(f"{what} must hold numbers, got {str(item)[:40]!r}")
    try:
        return np.array(level, dtype=float).reshape(shape)
    except OverflowError as error:
        raise ValueError(f"{what} holds a number that is too large") from error


def decode(data: bytes) -> str:
    """Return text in UTF-8, or in UTF-16 with its byte order mark."""
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"not text: byte {error.start} is not {encoding.upper()}") from error
