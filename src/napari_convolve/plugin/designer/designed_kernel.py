"""The kernel of the Designer, made in the background with what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...kernels import Kernel
from ..kernel_input.kernel_python import expression
from ..plots.kernel_curves import noise_text
from .combine import Written, normalized


@dataclass(frozen=True)
class Made:
    """A kernel and what is said of it; `first` is the kernel before it was combined, `state` what was set then."""

    written: Written
    first: Kernel
    axes: tuple[str, ...]
    state: Any
    size: str
    noise: str


def made(
    first: Callable[[], Kernel],
    combine: Callable[[Written], Written],
    divide: bool,
    axes: tuple[str, ...],
    state: Any,
    progress: object,
) -> Made:
    """Make a kernel, in any thread; ValueError, TypeError, OSError or MemoryError with one sentence."""
    kernel = first()
    written = combine(Written(kernel, partial(expression, kernel)))
    if divide:
        written = normalized(written)
    return Made(written, kernel, axes, state, describe(written.kernel), noise_text(written.kernel))


def describe(kernel: Kernel) -> str:
    """Size, sum and centre on one line."""
    size = " × ".join(map(str, kernel.shape))
    center = ", ".join(map(str, kernel.center))
    shown = f" · shown: plane {kernel.center[0]}" if kernel.ndim > 2 else ""
    total = kernel.sum if abs(kernel.sum) > 1e-12 * abs(kernel.values).sum() else 0
    return f"{size} · sum {total:.4g} · centre {center}{shown}"


def program(written: Written, progress: object) -> str:
    """Python that makes a kernel; that it does is tried out."""
    return f"import napari_convolve as nc\n\nkernel = {written.python()}\n"
