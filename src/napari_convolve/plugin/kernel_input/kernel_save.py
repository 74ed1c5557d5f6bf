"""Save dialog for kernels."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QWidget

from ...kernels import Kernel
from ...kernels.files import FORMATS
from ..widgets.actions import save_as


def save_kernel(
    owner: QWidget, say: Callable[[str], object], kernel: Kernel, title: str, suffix: str = ".json"
) -> None:
    """Ask for a file and save a kernel in it; the format of `suffix` is offered first."""
    filters = ";;".join(f"*{known}" for known in sorted(FORMATS, key=lambda known: known != suffix))
    save_as(owner, say, title, f"{kernel.name}{suffix}", filters, kernel.save)
