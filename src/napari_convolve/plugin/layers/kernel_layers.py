"""Kernels as files of napari: opened as image layers, saved from image layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...kernels import Kernel
from .layer_data import LayerTuple


def reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerTuple]] | None:
    """Return the function that reads kernel files; None for several files at once."""
    return read if isinstance(path, str) else None


def read(path: str) -> list[LayerTuple]:
    """Open a kernel file as a layer."""
    return [kernel_tuple(Kernel.load(path), Path(path).stem)]


def write(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Save an image layer as a kernel: the one it was made from, with all it knows, or else its numbers."""
    known = meta.get("metadata", {}).get("kernel")
    values = np.asarray(data)
    kernel = known if isinstance(known, Kernel) and np.array_equal(known.values, values) else Kernel(values)
    kernel.save(path)
    return [path]


def kernel_tuple(kernel: Kernel, name: str = "") -> LayerTuple:
    """A kernel as an image layer whose origin is the kernel's centre; other panels find the kernel itself in it.

    Napari shows no image of one dimension: such a kernel becomes a row, which panels take along one axis again.
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
