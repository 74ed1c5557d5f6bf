"""``--kernel NAME -p key=value`` or ``--kernel FILE``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from ..bigdata.files import FileError
from ..kernels import KERNELS, Kernel, make

_WORDS = {"none": None, "true": True, "false": False}


def kernel_from(text: str, settings: Sequence[str], option: str = "--kernel") -> Kernel:
    """The kernel that a name with parameters, or a file, stands for.

    Raises
    ------
    typer.BadParameter
        For an unknown name or wrong parameters.
    FileError, FileNotFoundError
        For a file that does not hold a kernel, or is not there.
    """
    if text in KERNELS:
        try:
            return make(text, **settings_from(settings))
        except (TypeError, ValueError) as error:
            raise typer.BadParameter(str(error)) from error
    path = Path(text)
    if not path.suffix and not path.exists():
        names = ", ".join(KERNELS)
        raise typer.BadParameter(f"{option} {text!r} is neither a file nor one of the kernels {names}")
    if settings:
        raise typer.BadParameter(f"-p {settings[0]} belongs to a kernel made by its name, {option} is the file {text}")
    try:
        return Kernel.load(path)
    except ValueError as error:
        raise FileError(str(error)) from error


def settings_from(texts: Sequence[str]) -> dict[str, Any]:
    """Parameters from ``key=value`` texts.

    Examples
    --------
    >>> settings_from(["sigma=2,1.5", "ndim=3", "integrate=true"])
    {'sigma': (2, 1.5), 'ndim': 3, 'integrate': True}
    """
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip().replace("-", "_")
        if not equals or not key or not value.strip():
            raise typer.BadParameter(f"-p {text!r} must read key=value, such as sigma=2")
        if key in found:
            raise typer.BadParameter(f"-p {key} is given twice")
        found[key] = value_from(value.strip())
    return found


def value_from(text: str) -> Any:
    """A number, numbers separated by commas, true, false or none; anything else stays text.

    Examples
    --------
    >>> [value_from(text) for text in ("2", "1e-3", "1/4,1/2,1/4", "true", "1 2; 3 4")]
    [2, 0.001, (0.25, 0.5, 0.25), True, '1 2; 3 4']
    """
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        numbers = tuple(number_from(part) for part in text.split(","))
    except ValueError:
        return text
    return numbers if "," in text else numbers[0]


def number_from(text: str) -> int | float:
    """An integer where it is written as one, else a float or a simple fraction."""
    try:
        return int(text)
    except ValueError:
        top, slash, bottom = text.partition("/")
        if slash and float(bottom) == 0:
            raise ValueError(f"{text!r} divides by zero") from None
        return float(top) / float(bottom) if slash else float(text)
