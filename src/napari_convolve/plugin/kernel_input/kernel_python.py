"""Python expressions that make a given kernel."""

from __future__ import annotations

import numpy as np

import napari_convolve as nc

from ...kernels import Kernel
from ...kernels._design import grid_arguments, remake

_DESIGNED = "from_response"


def expression(kernel: Kernel) -> str:
    """Python expression for an equal kernel, with `nc` for the package.

    Examples
    --------
    >>> expression(nc.kernels.gaussian(sigma=2.0, ndim=3))
    'nc.kernels.gaussian(sigma=2.0, ndim=3)'
    >>> expression(nc.Kernel([[1, 2, 1]]))
    'nc.Kernel([[1.0, 2.0, 1.0]])'
    """
    found = _call(kernel)
    if found is not None and found[1] == kernel:
        return found[0]
    short = found is not None and np.array_equal(found[1].values, kernel.values) and found[1].center == kernel.center
    weights = found[0] if found is not None and short else repr(kernel.values.tolist())
    return f"nc.Kernel({', '.join([weights, *grid_arguments(kernel)])})"


def _call(kernel: Kernel) -> tuple[str, Kernel] | None:
    """The call of a catalogue entry or of `kernel_from_response`, and its result; None if there is none."""
    given = dict(kernel.parameters)
    if kernel.name != _DESIGNED or "gains" not in given:
        found = None if kernel.name == "custom" else remake(kernel)
        words = [f"{key}={value!r}" for key, value in (found or (None, {}))[1].items()]
        return None if found is None else (f"nc.kernels.{kernel.name}({', '.join(words)})", found[0])
    try:
        size, curve = given["size"], (given["frequencies"], given["gains"])
        options = {"window": given["window"], "ndim": given["ndim"]}
        if kernel.spacing:
            options |= {"spacing": kernel.spacing, "units": kernel.units}
        words = [repr(curve), repr(size), *(f"{key}={value!r}" for key, value in options.items())]
        return f"nc.kernel_from_response({', '.join(words)})", nc.kernel_from_response(curve, size, **options)
    except (TypeError, ValueError, KeyError):  # the parameters of a kernel from a file can be anything
        return None
