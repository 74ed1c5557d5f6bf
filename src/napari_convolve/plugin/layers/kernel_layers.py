"""Reader and writer of kernel files for napari, and kernels as image layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...kernels import Kernel
from .layer_data import LayerTuple


def reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerTuple]] | None:
    """The function that reads a kernel file; None for several files at once, as npe2 expects."""
    return read if isinstance(path, str) else None


def read(path: str) -> list[LayerTuple]:
    """Open a kernel file as a layer."""
    return [kernel_tuple(Kernel.load(path), Path(path).stem)]


def write(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Save an image layer as a kernel: with all properties if it shows a `Kernel` unchanged, else its values."""
    known = meta.get("metadata", {}).get("kernel")
    values = np.asarray(data)
    kernel = known if isinstance(known, Kernel) and np.array_equal(known.values, values) else Kernel(values)
    kernel.save(path)
    return [path]


def kernel_tuple(kernel: Kernel, name: str = "") -> LayerTuple:
    """A kernel as an image layer with the centre at the world's origin and the kernel itself in its metadata.

    A 1-D kernel becomes a row, since napari shows no 1-D images; panels use it along one axis again.
    """
    if kernel.ndim == 1:
        spacing = kernel.spacing * 2 if kernel.spacing else None
        kernel = Kernel(kernel.values[None], (0, *kernel.center), spacing, kernel.units, kernel.name)
    spacing = kernel.spacing or (1.0,) * kernel.ndim
    options: dict[str, Any] = {
        "name": name or kernel.name,
        "scale": spacing,
        "translate": [-c * s for c, s in zip(kernel.center, spacing, strict=True)],
        "units": (kernel.units or "pixel",) * kernel.ndim,
        "metadata": {"kernel": kernel},
        "rgb": False,
    }
    return np.array(kernel.values), options, "image"
