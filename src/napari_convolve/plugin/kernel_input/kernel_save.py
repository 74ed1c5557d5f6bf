"""A kernel into a file that a person chooses."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from ...kernels import Kernel
from ...kernels.files import FORMATS
from ..jobs.job import sentence


def save_kernel(owner: QWidget, kernel: Kernel, title: str, suffix: str = ".json") -> str:
    """Ask for a file and save a kernel in it; returns what came of it, nothing when no file was chosen."""
    filters = ";;".join(f"*{known}" for known in sorted(FORMATS, key=lambda known: known != suffix))
    path, _ = QFileDialog.getSaveFileName(owner, title, f"{kernel.name}{suffix}", filters)
    if not path:
        return ""
    try:
        kernel.save(path)
    except (ValueError, OSError) as error:
        return sentence(error)
    return f"Saved as {Path(path).name}."
