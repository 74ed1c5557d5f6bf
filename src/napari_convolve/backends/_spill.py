"""Work arrays that are too large for memory: files mapped into the address space, whose pages are given back."""

from __future__ import annotations

import math
import mmap
import os
import shutil
import tempfile
from typing import IO

import numpy as np

from .._progress import format_bytes

_CHUNK = 1 << 24


class Spill:
    """Makes arrays on the CPU, in memory or in temporary files that nobody else sees and that vanish with them.

    Parameters
    ----------
    files : bool
        Whether the arrays are kept in files, in the folder of `tempfile.gettempdir` (TMPDIR says which).
    """

    def __init__(self, files: bool) -> None:
        self.files = files
        self._maps: list[mmap.mmap] = []

    def empty(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """An array, not initialised.

        Raises
        ------
        OSError
            When the disk is full.
        """
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if not self.files or not size:
            return np.empty(shape, dtype)
        with tempfile.TemporaryFile(prefix="napari-convolve-") as file:
            _reserve(file, size)
            held = mmap.mmap(file.fileno(), size)
        self._maps.append(held)
        return np.frombuffer(held, dtype).reshape(shape)

    def settle(self) -> None:
        """Give the memory back that was read and written; its content stays in the files."""
        if hasattr(mmap, "MADV_DONTNEED"):  # elsewhere the system takes it back when it needs it
            for held in self._maps:
                held.madvise(mmap.MADV_DONTNEED)


def check_disk(needed: int) -> None:
    """OSError when temporary files of so many bytes do not fit."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"{format_bytes(needed)} of temporary files do not fit into {folder}, where {format_bytes(free)} are "
            "free; set TMPDIR to a larger disk"
        )


def _reserve(file: IO[bytes], size: int) -> None:
    """Take the space on the disk now: a mapped file that finds it full later ends the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    zeros = bytes(min(size, _CHUNK))
    for first in range(0, size, len(zeros)):
        file.write(zeros[: size - first])
    file.flush()
