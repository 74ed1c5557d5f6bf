"""The kernel of the Kernel Designer with its texts, made in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...kernels import Kernel
from ..kernel_input.kernel_python import expression
from ..plots.kernel_curves import noise_gain_text
from .combine import ScriptedKernel, normalized


@dataclass(frozen=True)
class DesignedKernel:
    """A kernel with its texts; `first` is the kernel before it was combined, `state` the values of the fields."""

    written: ScriptedKernel
    first: Kernel
    axes: tuple[str, ...]
    state: Any
    size: str
    noise: str


def design(
    first: Callable[[], Kernel],
    combine: Callable[[ScriptedKernel], ScriptedKernel],
    divide: bool,
    axes: tuple[str, ...],
    state: Any,
    progress: object,
) -> DesignedKernel:
    """Make the kernel, in any thread; ValueError, TypeError, OSError or MemoryError if that fails."""
    kernel = first()
    written = combine(ScriptedKernel(kernel, partial(expression, kernel)))
    if divide:
        written = normalized(written)
    return DesignedKernel(written, kernel, axes, state, size_text(written.kernel), noise_gain_text(written.kernel))


def size_text(kernel: Kernel) -> str:
    """Size, sum and centre on one line."""
    size = " × ".join(map(str, kernel.shape))
    center = ", ".join(map(str, kernel.center))
    shown = f" · shown: plane {kernel.center[0]}" if kernel.ndim > 2 else ""
    total = kernel.sum if abs(kernel.sum) > 1e-12 * abs(kernel.values).sum() else 0
    return f"{size} · sum {total:.4g} · centre {center}{shown}"


def program(written: ScriptedKernel, progress: object) -> str:
    """Python script that makes a kernel."""
    return f"import napari_convolve as nc\n\nkernel = {written.python()}\n"
