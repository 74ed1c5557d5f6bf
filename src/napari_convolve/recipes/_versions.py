"""Versions of the libraries that affect a result, recorded in recipes and compared with the installed ones."""

from __future__ import annotations

import functools
import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .. import __version__

PACKAGE = "napari-convolve"
_TEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,63}")
_MOST = 16


@functools.cache
def _of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def versions_here(backend: str = "numpy") -> dict[str, str]:
    """Versions of everything that affects the last bits of a result; Numba is optional."""
    found = {PACKAGE: __version__, "python": platform.python_version()}
    packages = ("numpy", "scipy", "numba") if backend == "numpy" else ("numpy", "scipy", "numba", backend)
    return found | {name: text for name in packages if (text := _of(name))}


def as_versions(data: Any) -> dict[str, str]:
    """Validate names and versions from a file; ValueError for anything but a few short words."""
    if not isinstance(data, Mapping) or len(data) > _MOST:
        raise ValueError(f"versions must be an object of at most {_MOST} names")
    for text in (*data, *data.values()):
        if not isinstance(text, str) or not _TEXT.fullmatch(text):
            raise ValueError(f"versions holds {str(text)[:40]!r}, which is no name or version")
    return dict(data)


def as_version(text: Any) -> str:
    """A version from a file, made safe to print."""
    return text if isinstance(text, str) and _TEXT.fullmatch(text) else "of an unknown version"


def differences(written: Mapping[str, str], backend: str = "numpy") -> tuple[str, ...]:
    """The versions that differ between recipe and installation, one phrase each."""
    here = versions_here(backend)
    names = [*written, *(name for name in here if name not in written)] if written else []
    pairs = ((name, written.get(name, "none"), here.get(name, "none")) for name in names)
    return tuple(f"{name} {then}, here {now}" for name, then, now in pairs if then != now)
