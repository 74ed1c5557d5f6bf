"""A stand-in for a GPU: array_api_strict on its second device, with an allocator that can fail.

Arrays on ``device1`` refuse NumPy, other devices, implicit promotion and everything outside the
array API standard, as a GPU library's arrays do in one way or another. `Memory` plays the device's
allocator: it can refuse large blocks, or everything.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import array_api_strict as xp
import numpy as np

from napari_convolve.backends import BACKENDS, ArrayApiBackend

NAME = "standin"
DEVICE = xp.Device("device1")
HOST = xp.Device("CPU_DEVICE")


class DeviceOutOfMemory(Exception):
    """What this device raises when an allocation does not fit: no subclass of MemoryError."""


class Memory:
    """The allocator of the device: every block asks here first.

    Parameters
    ----------
    free
        Bytes that the device says are free.
    largest
        Blocks above this many bytes fail, whatever the device says; 0 refuses all.
    """

    def __init__(self, free: int = 1 << 30, largest: float = math.inf) -> None:
        self.free, self.largest = free, largest
        self.blocks = self.refused = self.released = self.largest_taken = 0
        self._lock = threading.Lock()

    def take(self, shape: Sequence[int], itemsize: int) -> None:
        """Count a block or refuse it."""
        size = math.prod(shape) * itemsize
        with self._lock:
            self.blocks += 1
            if size > self.largest:
                self.refused += 1
                raise DeviceOutOfMemory(f"the device has no room for {size} bytes")
            self.largest_taken = max(self.largest_taken, size)


class StandinBackend(ArrayApiBackend):
    """The strict namespace as a device library; whatever is not NumPy must work through it."""

    out_of_memory = (DeviceOutOfMemory,)
    transfer = 1e-3  # seconds per byte: nobody goes there unless asked to

    def __init__(self, memory: Memory) -> None:
        super().__init__(NAME, xp, DEVICE)
        self.memory = memory

    def to_device(self, host: np.ndarray) -> Any:
        self.memory.take(host.shape, host.dtype.itemsize)
        return xp.asarray(host, device=DEVICE)

    def to_host(self, array: Any) -> np.ndarray:
        return np.array(array.to_device(HOST))

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        self.memory.take(shape, np.dtype(dtype).itemsize)
        block = super().empty(shape, dtype)
        if "float" in dtype or "complex" in dtype:
            block[...] = math.nan  # what nobody writes must not pass for a zero
        return block

    def fft(self, array: Any, shape: Sequence[int], axes: Sequence[int], workers: int) -> Any:
        self.memory.take(self._grid(array, shape, axes), 8)
        return super().fft(array, shape, axes, workers)

    def ifft(self, array: Any, shape: Sequence[int], axes: Sequence[int], workers: int, real: bool) -> Any:
        self.memory.take(self._grid(array, shape, axes), 8)
        return super().ifft(array, shape, axes, workers, real)

    @staticmethod
    def _grid(array: Any, shape: Sequence[int], axes: Sequence[int]) -> list[int]:
        grid = list(array.shape)
        for axis, length in zip(axes, shape, strict=True):
            grid[axis] = length
        return grid

    def free_bytes(self) -> int:
        return self.memory.free

    def release(self) -> None:
        self.memory.released += 1


@contextlib.contextmanager
def standin(free: int = 1 << 30, largest: float = math.inf) -> Iterator[Memory]:
    """Register the stand-in for a while; an outer registration comes back afterwards."""
    memory = Memory(free, largest)
    backend = StandinBackend(memory)
    before = BACKENDS.get(NAME) if NAME in BACKENDS else None
    BACKENDS.register(NAME, lambda: backend)
    try:
        yield memory
    finally:
        BACKENDS.unregister(NAME)
        if before is not None:
            BACKENDS.register(NAME, before)


def on_device(host: np.ndarray) -> Any:
    """Put a NumPy array on the device."""
    return xp.asarray(np.asarray(host), device=DEVICE)


def on_host(array: Any) -> np.ndarray:
    """Fetch an array that must be on the device."""
    assert array.device == DEVICE, f"a result on {array.device}"
    return np.array(array.to_device(HOST))
