"""Make kernels from field values, in any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

import numpy as np

from ...kernels import KERNELS, Kernel
from ..layers.layer_data import Source, View, load_samples


class KernelCache:
    """Makes kernels of the catalogue and keeps the newest, so that several threads do not make the same one twice."""

    def __init__(self) -> None:
        self._lock, self._key = Lock(), ""
        self._kernel: Kernel | None = None

    def __call__(self, name: str, given: Mapping[str, Any], unit: str | None) -> Kernel:
        key = repr((name, sorted(given.items()), unit))
        with self._lock:
            if self._kernel is None or key != self._key:
                kernel = KERNELS.get(name)(**given)
                self._kernel, self._key = kernel if unit is None else kernel_with(kernel, units=unit), key
            return self._kernel


def finished_kernel(make: Callable[[], Kernel], view: View, divide: bool) -> Kernel:
    """A kernel adapted to a view, and perhaps divided by its sum."""
    kernel = kernel_for_view(make(), view)
    return kernel.normalized() if divide else kernel


def kernel_from_layer(source: Source) -> Kernel:
    """The kernel of a layer: the one in its metadata if the data are still its values, else the data."""
    if source.rgb:
        raise ValueError(f"{source.name!r} is an RGB layer; a kernel needs one number per pixel")
    values = load_samples(source.data)
    known = source.metadata.get("kernel")
    if isinstance(known, Kernel) and np.array_equal(known.values, values):
        return known
    whole = View("", tuple(range(source.ndim)), source.axes)
    unit = source.unit_of(whole)
    return Kernel(values, spacing=source.spacing if unit else None, units=unit, name=source.name)


def kernel_with(kernel: Kernel, **changes: Any) -> Kernel:
    """A copy of a kernel with some attributes changed."""
    names = ("values", "center", "spacing", "units", "name", "parameters")
    return Kernel(**{name: changes.get(name, getattr(kernel, name)) for name in names})


def kernel_for_view(kernel: Kernel, view: View) -> Kernel:
    """A kernel without the leading axes of length 1 that exceed a view; ValueError if it does not fit."""
    spare = kernel.ndim - view.ndim
    if spare > 0 and all(n == 1 for n in kernel.shape[:spare]):
        spacing = kernel.spacing[spare:] if kernel.spacing else None
        values = kernel.values.reshape(kernel.shape[spare:])
        return kernel_with(kernel, values=values, center=kernel.center[spare:], spacing=spacing)
    if spare:
        raise ValueError(
            f"{kernel.name!r} has {kernel.ndim} dimensions, {view.label!r} acts on {view.ndim}: "
            "choose another kernel, or other axes under 'act on'"
        )
    return kernel
