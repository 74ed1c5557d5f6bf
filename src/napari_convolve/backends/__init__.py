"""Device libraries: one module each, one registry of them.

A backend is added by one decorator, `backend`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .._registry import Registry
from ._base import ArrayApiBackend, Backend, BackendInfo, BackendUnavailable, move
from ._numpy import NumpyBackend, cpu_count
from ._session import SESSION, ScratchArrays

__all__ = [
    "BACKENDS",
    "SESSION",
    "ArrayApiBackend",
    "Backend",
    "BackendInfo",
    "BackendUnavailable",
    "NumpyBackend",
    "ScratchArrays",
    "available_backends",
    "backend",
    "backend_of",
    "clear_cache",
    "cpu_count",
    "get_backend",
    "move",
    "usable_backends",
]

BACKENDS: Registry[Callable[[], Backend]] = Registry("backend")
_NUMPY = NumpyBackend()
BACKENDS.register("numpy", lambda: _NUMPY)
F = TypeVar("F", bound=Callable[[], Backend])


def backend(name: str) -> Callable[[F], F]:
    """Register a backend: decorates its class, or a function that returns one.

    Parameters
    ----------
    name
        What users choose it by; also the `name` of the backend.

    Notes
    -----
    The class is called without arguments each time the backend is asked for. It raises `BackendUnavailable` with the
    reason where the device or its library is missing. `ArrayApiBackend` does all that a library of the array API
    standard needs, and documents what a backend may do better.
    """

    def register(factory: F) -> F:
        BACKENDS.register(name, factory)
        return factory

    return register


@backend("cupy")
def _cupy() -> Backend:
    from ._cupy import CupyBackend

    return CupyBackend()


def get_backend(name: str) -> Backend:
    """The backend called `name`.

    Raises
    ------
    ValueError
        For an unknown name.
    BackendUnavailable
        For a known one that this machine lacks, with the reason.
    """
    return BACKENDS.get(name)()


def usable_backends() -> list[Backend]:
    """Every backend that works on this machine, the CPU first."""
    found = []
    for name in BACKENDS:
        try:
            found.append(BACKENDS.get(name)())
        except BackendUnavailable:
            continue
    return found


def backend_of(array: Any) -> Backend | None:
    """The backend whose arrays `array` belongs to, None for anything else (lists, other libraries)."""
    if _NUMPY.owns(array):
        return _NUMPY
    if not hasattr(array, "__array_namespace__") and not hasattr(array, "__cuda_array_interface__"):
        return None
    return next((backend for backend in usable_backends() if backend.owns(array)), None)


def available_backends() -> dict[str, BackendInfo]:
    """What can compute here: device, memory, and why not.

    Returns
    -------
    dict of str to BackendInfo
        One entry for every known backend; `available` tells whether it can be used, `reason` why not.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.available_backends()["numpy"].available
    True
    """
    result = {}
    for name in BACKENDS:
        try:
            result[name] = BACKENDS.get(name)().info()
        except BackendUnavailable as error:
            text = str(error)
            result[name] = BackendInfo(name, False, reason=text.split("is not available: ", 1)[-1])
    return result


def clear_cache() -> None:
    """Forget kernel spectra and compiled code, end the threads, and give cached device memory back.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.clear_cache()
    """
    SESSION.clear()
    for backend in usable_backends():
        backend.release()
