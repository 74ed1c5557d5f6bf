"""Interface of a backend: arrays, Fourier transforms and memory of a device; no boundaries, no algorithms."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .._arrays import Array, dtype_name
from .._progress import format_bytes


class BackendUnavailable(RuntimeError):
    """Raised for a known backend that cannot be used on this machine; the message has the reason."""


@dataclass(frozen=True)
class BackendInfo:
    """One line of `nc.available_backends()`.

    Attributes
    ----------
    name, device : str
        The backend's name and the device behind it.
    available : bool
        Whether it can be used.
    free, total : int
        Memory of the device in bytes.
    reason : str
        Reason why it is not available.
    """

    name: str
    available: bool
    device: str = ""
    free: int = 0
    total: int = 0
    reason: str = ""

    def __str__(self) -> str:
        if not self.available:
            return f"{self.name}: not available ({self.reason})"
        return f"{self.name}: {self.device}, {format_bytes(self.free)} of {format_bytes(self.total)} free"


class Backend(Protocol):
    """A device library; implementations have no mutable state."""

    name: str
    xp: Any
    #: Whether threads compute several tiles at once; False for devices that are parallel themselves.
    threaded: bool
    #: Exceptions of an allocation that does not fit.
    out_of_memory: tuple[type[BaseException], ...]
    #: Constants of the methods' cost models on this device; seconds to move one byte to it and back.
    rates: Mapping[str, float]
    transfer: float

    def info(self) -> BackendInfo: ...

    def owns(self, array: Any) -> bool: ...

    def to_device(self, host: np.ndarray) -> Array: ...

    def to_host(self, array: Array) -> np.ndarray: ...

    def empty(self, shape: tuple[int, ...], dtype: str) -> Array: ...

    def assign(self, target: Array, key: Any, value: Array | complex) -> None: ...

    def astype(self, array: Array, dtype: str) -> Array: ...

    def fft(self, array: Array, shape: Sequence[int], axes: Sequence[int], workers: int) -> Array: ...

    def ifft(self, array: Array, shape: Sequence[int], axes: Sequence[int], workers: int, real: bool) -> Array: ...

    def fast_length(self, length: int) -> int: ...

    def free_bytes(self) -> int: ...

    def release(self) -> None: ...


class ArrayApiBackend:
    """A `Backend` on any array API namespace; device libraries override methods by faster ones.

    Parameters
    ----------
    name
        Name that selects the backend.
    xp
        Namespace of the array API standard with the fft extension.
    device
        Device of new arrays.
    """

    threaded = False
    out_of_memory: tuple[type[BaseException], ...] = (MemoryError,)
    rates: Mapping[str, float] = {}
    transfer = 0.0

    def __init__(self, name: str, xp: Any, device: Any = None) -> None:
        self.name, self.xp, self.device = name, xp, device

    def info(self) -> BackendInfo:
        free = self.free_bytes()
        return BackendInfo(self.name, True, str(self.device or "cpu"), free, free)

    def owns(self, array: Any) -> bool:
        namespace = getattr(array, "__array_namespace__", None)
        return namespace is not None and namespace() is self.xp and array.device == self.device

    def to_device(self, host: np.ndarray) -> Array:
        return self.xp.asarray(host, device=self.device)

    def to_host(self, array: Array) -> np.ndarray:
        return np.asarray(array)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Array:
        return self.xp.empty(shape, dtype=getattr(self.xp, dtype), device=self.device)

    def assign(self, target: Array, key: Any, value: Array | complex) -> None:
        if hasattr(value, "dtype"):
            value = self.astype(value, dtype_name(target.dtype))
        target[key] = value

    def astype(self, array: Array, dtype: str) -> Array:
        if dtype_name(array.dtype) == dtype:
            return array
        return self.xp.astype(array, getattr(self.xp, dtype))

    def fft(self, array: Array, shape: Sequence[int], axes: Sequence[int], workers: int) -> Array:
        """FFT of the array zero-padded to `shape`; the half spectrum for a real array."""
        real = not dtype_name(array.dtype).startswith("complex")
        transform = self.xp.fft.rfftn if real else self.xp.fft.fftn
        return transform(array, s=tuple(shape), axes=tuple(axes))

    def ifft(self, array: Array, shape: Sequence[int], axes: Sequence[int], workers: int, real: bool) -> Array:
        """Inverse of `fft` on the grid `shape`; `real` for a half spectrum."""
        transform = self.xp.fft.irfftn if real else self.xp.fft.ifftn
        return transform(array, s=tuple(shape), axes=tuple(axes))

    def fast_length(self, length: int) -> int:
        """The next length without prime factors above 5."""
        return next_smooth(length)

    def free_bytes(self) -> int:
        return 1 << 32

    def release(self) -> None:
        """Release cached memory of the device."""


@functools.cache
def next_smooth(length: int) -> int:
    """The smallest number >= `length` of the form 2^a 3^b 5^c."""
    best = 1 << max(length - 1, 0).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            two = three << max(-(-length // three) - 1, 0).bit_length()
            best = min(best, two)
            three *= 3
        five *= 5
    return best


def move(array: Array, source: Backend, target: Backend) -> Array:
    """The array copied to another device through main memory."""
    return array if source is target else target.to_device(source.to_host(array))
