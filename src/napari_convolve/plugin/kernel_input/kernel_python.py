"""A kernel as the Python expression that makes it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

import napari_convolve as nc

from ...kernels import KERNELS, Kernel

_DESIGNED = "from_response"


def expression(kernel: Kernel) -> str:
    """Python for an equal kernel, with `nc` for the package.

    Examples
    --------
    >>> expression(nc.kernels.gaussian(sigma=2.0, ndim=3))
    'nc.kernels.gaussian(sigma=2.0, ndim=3)'
    >>> expression(nc.Kernel([[1, 2, 1]]))
    'nc.Kernel([[1.0, 2.0, 1.0]])'
    """
    short = _call(kernel)
    if short is None:
        return _literal(kernel)
    call, made = short
    if made == kernel:
        return call
    return f"nc.Kernel({call}, {_placed(kernel)})"


def _call(kernel: Kernel) -> tuple[str, Kernel] | None:
    """The call of a catalogue entry, or of the design for a response, that made these weights; None if none did."""
    given = dict(kernel.parameters)
    try:
        if kernel.name == _DESIGNED and "gains" in given:
            size, window, ndim = (given[key] for key in ("size", "window", "ndim"))
            curve = (given["frequencies"], given["gains"])
            made = nc.kernel_from_response(
                curve, size, window=window, ndim=ndim, spacing=kernel.spacing, units=kernel.units
            )
            text = f"nc.kernel_from_response({curve!r}, {size}, window={window!r}, ndim={ndim}"
            text += f", spacing={kernel.spacing!r}, units={kernel.units!r})" if kernel.spacing else ")"
        elif kernel.name in KERNELS and kernel.name != "custom":
            design = KERNELS.get(kernel.name)
            made = design(**given)
            text = f"nc.kernels.{kernel.name}({_arguments(design.signature, given)})"
        else:
            return None
    except (TypeError, ValueError):  # a kernel of a file may say anything of itself
        return None
    same = np.array_equal(made.values, kernel.values) and made.center == kernel.center
    return (text, made) if same else None


def _arguments(signature: inspect.Signature, given: Mapping[str, Any]) -> str:
    """Those that differ from their defaults."""
    changed = {k: v for k, v in given.items() if v != signature.parameters[k].default}
    return ", ".join(f"{key}={value!r}" for key, value in changed.items())


def _literal(kernel: Kernel) -> str:
    rest = _placed(kernel)
    return f"nc.Kernel({kernel.values.tolist()!r}{', ' if rest else ''}{rest})"


def _placed(kernel: Kernel) -> str:
    """Centre, spacing and unit where they are not what a kernel has by itself."""
    said: dict[str, Any] = {}
    if kernel.center != tuple(n // 2 for n in kernel.shape):
        said["center"] = kernel.center
    if kernel.spacing is not None:
        said["spacing"] = kernel.spacing
    if kernel.units is not None:
        said["units"] = kernel.units
    return ", ".join(f"{key}={value!r}" for key, value in said.items())
