"""Backend for NVIDIA GPUs: the only module that imports CuPy."""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._arrays import Array
from ._base import ArrayApiBackend, BackendInfo, BackendUnavailable

_HINT = "install one of the extras: pip install 'napari-convolve[cuda12]' or 'napari-convolve[cuda13]'"


class CupyBackend(ArrayApiBackend):
    """CuPy arrays and cuFFT on the current device."""

    # orders of magnitude for a data-centre GPU on PCIe, not measured
    rates: Mapping[str, float] = {"direct": 2e-11, "separable": 2e-11, "fft": 1e-11, "overlap-save": 2e-11}
    transfer = 1e-10

    def __init__(self) -> None:
        reason = probe()
        if reason:
            raise BackendUnavailable(f"backend 'cupy' is not available: {reason}")
        import array_api_compat.cupy as xp
        import cupy

        super().__init__("cupy", xp, cupy.cuda.Device())
        self._cupy = cupy
        self.out_of_memory = (cupy.cuda.memory.OutOfMemoryError, cupy.cuda.cufft.CuFFTError)

    def info(self) -> BackendInfo:
        free, total = self._cupy.cuda.Device().mem_info
        properties = self._cupy.cuda.runtime.getDeviceProperties(self._cupy.cuda.Device().id)
        return BackendInfo("cupy", True, properties["name"].decode(), int(free), int(total))

    def owns(self, array: Any) -> bool:
        return isinstance(array, self._cupy.ndarray)

    def to_device(self, host: np.ndarray) -> Array:
        return self._cupy.asarray(host)

    def to_host(self, array: Array) -> np.ndarray:
        return np.asarray(self._cupy.asnumpy(array))

    def empty(self, shape: tuple[int, ...], dtype: str) -> Array:
        return self._cupy.empty(shape, dtype=dtype)

    def assign(self, target: Array, key: Any, value: Array | complex) -> None:
        target[key] = value

    def astype(self, array: Array, dtype: str) -> Array:
        return array.astype(dtype, copy=False)

    def free_bytes(self) -> int:
        free: int = self._cupy.cuda.Device().mem_info[0]
        pool = self._cupy.get_default_memory_pool()
        limit: int = pool.get_limit()
        reusable: int = pool.free_bytes()
        return min(free + reusable, limit - pool.used_bytes()) if limit else free + reusable

    def release(self) -> None:
        self._cupy.fft.config.get_plan_cache().clear()
        self._cupy.get_default_memory_pool().free_all_blocks()


@functools.cache
def probe() -> str:
    """Reason why the GPU cannot be used, or an empty string after a self-test of its FFT.

    `cupy.is_available()` alone is not enough: the driver may be too old for the kernels, cuFFT may be missing.
    """
    if os.environ.get("NAPARI_CONVOLVE_NO_GPU"):
        return "switched off by NAPARI_CONVOLVE_NO_GPU"
    if importlib.util.find_spec("cupy") is None:
        return f"CuPy is not installed; {_HINT}"
    try:
        import array_api_compat.cupy  # noqa: F401
        import cupy

        if not cupy.is_available():
            return "CuPy finds no CUDA device or driver"
        signal = cupy.arange(16, dtype=cupy.float32)
        back = cupy.fft.irfft(cupy.fft.rfft(signal), n=16)
        if float(cupy.abs(back - signal).max()) > 1e-4:
            return "the device's FFT fails its self-test"
    except Exception as error:  # noqa: BLE001  a border: drivers and device libraries may raise anything
        return f"{type(error).__name__}: {error}"
    return ""
