"""JSON representation of kernels, with or without their values, for all kernel files.

``{"format": "napari-convolve kernel", "version": 1, "name": …, "center": …, "spacing": …, "units": …,
"parameters": {…}, "values": [[…], …], "imaginary": [[…], …]}``; only version and values are required, `imaginary` is
for complex kernels.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .._files import parse_json
from ._kernel import Kernel
from ._values import Values

KERNEL_FORMAT = "napari-convolve kernel"
KERNEL_VERSION = 1
KERNEL_KEYS = ("format", "version", "name", "center", "spacing", "units", "parameters")


def describe_kernel(kernel: Kernel) -> dict[str, Any]:
    """Return all of a kernel but its values, as an object for JSON."""
    return {
        "format": KERNEL_FORMAT,
        "version": KERNEL_VERSION,
        "name": kernel.name,
        "center": kernel.center,
        "spacing": kernel.spacing,
        "units": kernel.units,
        "parameters": dict(kernel.parameters),
    }


def restore_kernel(values: Values, description: Any) -> Kernel:
    """Return the kernel of these values and a description by :func:`describe_kernel`; ValueError if it is invalid."""
    if not isinstance(description, dict):
        raise ValueError(f"the description of a kernel must be an object, got {type(description).__name__}")
    unknown = [key for key in description if key not in KERNEL_KEYS]
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; a kernel has {', '.join(KERNEL_KEYS)} and values")
    if description.get("format", KERNEL_FORMAT) != KERNEL_FORMAT:
        raise ValueError(f"format is {description['format']!r}, not {KERNEL_FORMAT!r}")
    version = description.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"version must be a whole number from 1, got {version!r}")
    if version > KERNEL_VERSION:
        raise ValueError(
            f"written in version {version} of the format, this program reads up to version {KERNEL_VERSION}"
        )
    parameters = description.get("parameters", {})
    if not isinstance(parameters, dict):
        raise ValueError(f"parameters must be an object, got {parameters!r}")
    center, spacing = description.get("center"), description.get("spacing")
    return Kernel(values, center, spacing, description.get("units"), description.get("name", "custom"), parameters)


def kernel_to_json(kernel: Kernel) -> str:
    """Return a kernel as JSON text, one row of values per line."""
    description = json.dumps(describe_kernel(kernel), indent=1, ensure_ascii=False, allow_nan=False)
    parts = {"values": kernel.values.real}
    if kernel.values.dtype.kind == "c":
        parts["imaginary"] = kernel.values.imag
    blocks = (f',\n "{key}": {json.dumps(array.tolist())}'.replace("], [", "],\n  [") for key, array in parts.items())
    return description.removesuffix("\n}") + "".join(blocks) + "\n}\n"


def kernel_from_json(text: str) -> Kernel:
    """Return a kernel from the text of :func:`kernel_to_json`, or from a plain array of numbers.

    ValueError for anything else: NaN, duplicate or unknown keys, deep nesting, ragged rows, newer versions.
    """
    content = parse_json(text)
    if isinstance(content, list):
        return Kernel(array_of_lists(content, "values"))
    if not isinstance(content, dict) or "values" not in content:
        raise ValueError('a kernel is an array of numbers, or an object with "version" and "values"')
    values = array_of_lists(content.pop("values"), "values")
    if "imaginary" in content:
        imaginary = array_of_lists(content.pop("imaginary"), "imaginary")
        if imaginary.shape != values.shape:
            raise ValueError(f"values and imaginary differ in shape: {values.shape} and {imaginary.shape}")
        values = values + 1j * imaginary
    return restore_kernel(values, content)


def array_of_lists(nested: Any, what: str) -> Values:
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
