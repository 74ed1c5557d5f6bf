"""Read the second array of an operation: ``--kernel NAME -p key=value``, ``--psf FILE``, ``--template FILE``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import typer

from ..bigdata.files import FileError, read, readable
from ..kernels import BANKS, KERNELS, Kernel, bank, make, read_weights

_WORDS = {"none": None, "true": True, "false": False}


def second_array(role: str, text: str, settings: Sequence[str]) -> Any:
    """The second array of an operation: a kernel, or the weights of ``feature-maps``."""
    return layer_weights(text, settings) if role == "weights" else weights_from(role, text, settings)


def layer_weights(text: str, settings: Sequence[str]) -> tuple[Kernel, ...] | np.ndarray:
    """The weights of ``--weights``: a bank by its name, or the array of a plain NPY file."""
    if text in BANKS:
        try:
            return bank(text, **settings_from(settings))
        except (TypeError, ValueError) as error:
            raise typer.BadParameter(str(error)) from error
    if Path(text).suffix.lower() != ".npy":
        raise typer.BadParameter(f"--weights must be an .npy file or one of the banks {', '.join(BANKS)}, got {text}")
    if settings:
        raise typer.BadParameter(f"-p {settings[0]} belongs to a bank, --weights is the file {text}")
    try:
        return read_weights(text)
    except ValueError as error:
        raise FileError(str(error)) from error


def weights_from(role: str, text: str, settings: Sequence[str]) -> Kernel:
    """The kernel of ``--kernel``, ``--psf`` or ``--template``: a file, or the name of a kernel with its parameters.

    Raises
    ------
    typer.BadParameter
        For an unknown name or wrong parameters.
    FileError, FileNotFoundError
        When the file holds no kernel or does not exist.
    """
    path = Path(text)
    if role == "template" and path.suffix.lower() in readable():
        return _template(path)
    if text in KERNELS and role != "template":
        try:
            return make(text, **settings_from(settings))
        except (TypeError, ValueError) as error:
            raise typer.BadParameter(str(error)) from error
    if not path.suffix and not path.exists():
        choices = "" if role == "template" else f"; the kernels are {', '.join(KERNELS)}"
        raise typer.BadParameter(f"--{role} {text!r} is no file{choices}")
    if settings:
        raise typer.BadParameter(f"-p {settings[0]} belongs to a kernel made by its name, --{role} is the file {text}")
    try:
        return Kernel.load(path)
    except ValueError as error:
        raise FileError(str(error)) from error


def write_kernel_file(kernel: Kernel, target: Path) -> None:
    """Write a kernel file; FileError when the format cannot hold the kernel."""
    try:
        kernel.save(target)
    except ValueError as error:
        raise FileError(str(error)) from error


def _template(path: Path) -> Kernel:
    """An image file as a template; FileError unless all its axes are spatial."""
    image = read(path)
    if len(image.spatial) < image.data.ndim:
        raise FileError(f"{path.name} has the axes {' '.join(image.axes)}; a template has spatial ones only")
    try:
        return Kernel(image.data, name=path.stem)
    except ValueError as error:
        raise FileError(f"{path.name}: {error}") from error


def settings_from(texts: Sequence[str]) -> dict[str, Any]:
    """The values of ``-p key=value`` options.

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
    """Parse a number, numbers separated by commas, true, false or none; other text is returned as it is.

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
    """Parse an integer, a float or a fraction such as 1/4."""
    try:
        return int(text)
    except ValueError:
        top, slash, bottom = text.partition("/")
        if slash and float(bottom) == 0:
            raise ValueError(f"{text!r} divides by zero") from None
        return float(top) / float(bottom) if slash else float(text)
