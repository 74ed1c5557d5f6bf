"""Backend for the CPU: NumPy arrays and scipy.fft."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._arrays import Array
from ._base import ArrayApiBackend, BackendInfo


class NumpyBackend(ArrayApiBackend):
    """NumPy arrays, with scipy.fft because it preserves float32 and uses threads."""

    threaded = True

    def __init__(self) -> None:
        super().__init__("numpy", np, "cpu")

    def info(self) -> BackendInfo:
        free, total = memory()
        return BackendInfo("numpy", True, f"CPU ({platform.machine()}, {cpu_count()} cores)", free, total)

    def owns(self, array: Any) -> bool:
        return isinstance(array, np.ndarray)

    def to_device(self, host: np.ndarray) -> Array:
        return np.asarray(host)

    def assign(self, target: Array, key: Any, value: Array | complex) -> None:
        target[key] = value  # NumPy casts while it copies

    def astype(self, array: Array, dtype: str) -> Array:
        return array.astype(dtype, copy=False)

    def fft(self, array: Array, shape: Sequence[int], axes: Sequence[int], workers: int) -> Array:
        import scipy.fft

        transform = scipy.fft.fftn if array.dtype.kind == "c" else scipy.fft.rfftn
        return transform(array, s=tuple(shape), axes=tuple(axes), workers=workers)

    def ifft(self, array: Array, shape: Sequence[int], axes: Sequence[int], workers: int, real: bool) -> Array:
        import scipy.fft

        transform = scipy.fft.irfftn if real else scipy.fft.ifftn
        return transform(array, s=tuple(shape), axes=tuple(axes), workers=workers, overwrite_x=True)

    def free_bytes(self) -> int:
        return memory()[0]


def cpu_count() -> int:
    """Number of CPU cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> tuple[int, int]:
    """Available and total main memory in bytes, within the limits of the container and of the process."""
    free, total = _system_memory()
    for limit, used in (_cgroup(), _address_space()):
        if 0 < limit < total:
            total = limit
        if limit > 0:
            free = min(free, max(limit - used, 0))
    return free, total


def _system_memory() -> tuple[int, int]:
    try:
        with open("/proc/meminfo") as file:
            text = file.read()
        found = (text.partition(key)[2].split(maxsplit=1)[0] for key in ("MemAvailable:", "MemTotal:"))
        return tuple(int(size) * 1024 for size in found)  # type: ignore[return-value]
    except (OSError, IndexError):
        pass
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        total = 8 << 30  # unknown: assume a small machine
    return total // 2, total


def _cgroup() -> tuple[int, int]:
    try:
        with open("/sys/fs/cgroup/memory.max") as limit, open("/sys/fs/cgroup/memory.current") as used:
            return int(limit.read()), int(used.read())
    except (OSError, ValueError):
        return 0, 0


def _address_space() -> tuple[int, int]:
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if not 0 < limit < 1 << 62:
            return 0, 0
        with open("/proc/self/statm", "rb") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        return 0, 0
    return limit, used
