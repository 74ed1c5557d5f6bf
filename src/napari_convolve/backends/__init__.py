"""Backends: device libraries, one module each, registered by the decorator `backend`."""

from __future__ import annotations

import contextlib
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
        Name that selects the backend; also its attribute `name`.

    Notes
    -----
    The class is called without arguments each time the backend is selected. It raises `BackendUnavailable` with the
    reason where the device or its library is missing. `ArrayApiBackend` implements a backend for any library of the
    array API standard; its methods can be overridden by faster ones.
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
        For a known backend that is not available on this machine, with the reason.
    """
    return BACKENDS.get(name)()


def usable_backends() -> list[Backend]:
    """All available backends, the CPU first."""
    found = []
    for name in BACKENDS:
        with contextlib.suppress(BackendUnavailable):
            found.append(get_backend(name))
    return found


def backend_of(array: Any) -> Backend | None:
    """The backend that an array belongs to, None for lists and arrays of other libraries."""
    if _NUMPY.owns(array):
        return _NUMPY
    if not hasattr(array, "__array_namespace__") and not hasattr(array, "__cuda_array_interface__"):
        return None
    return next((backend for backend in usable_backends() if backend.owns(array)), None)


def available_backends() -> dict[str, BackendInfo]:
    """Device and memory of each backend, or the reason why it is not available.

    Returns
    -------
    dict of str to BackendInfo
        One entry per known backend; `reason` explains why one is not `available`.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.available_backends()["numpy"].available
    True
    """
    result = {}
    for name in BACKENDS:
        try:
            result[name] = get_backend(name).info()
        except BackendUnavailable as error:
            result[name] = BackendInfo(name, False, reason=str(error).split("is not available: ", 1)[-1])
    return result


def clear_cache() -> None:
    """Release kernel spectra, compiled code, threads, and cached device memory.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.clear_cache()
    """
    SESSION.clear()
    for backend in usable_backends():
        backend.release()
