"""Storage of the cost constants measured on this machine, in the user's cache folder."""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import sys
from pathlib import Path

from ._numpy import cpu_count

_VERSION = 2


def cache_folder() -> Path:
    """The user's cache folder for this package, whether or not it exists."""
    if folder := os.environ.get("NAPARI_CONVOLVE_CACHE"):
        return Path(folder)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expanduser(base)) / "napari-convolve"


def _machine() -> str:
    return f"{platform.machine()} {platform.processor()} {cpu_count()} cores"


def load_rates() -> dict[str, float]:
    """The constants stored for this machine; empty when there are none, or the file is invalid."""
    try:
        kept = json.loads((cache_folder() / "calibration.json").read_text("utf-8"))
        sound = kept["version"] == _VERSION and kept["machine"] == _machine()
        rates = {str(name): float(value) for name, value in kept["rates"].items()} if sound else {}
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {name: value for name, value in rates.items() if 0 < value < math.inf}


def store_rates(rates: dict[str, float] | None) -> None:
    """Store the constants, or remove them with None; a folder that cannot be written is no error."""
    with contextlib.suppress(OSError, RuntimeError):
        path = cache_folder() / "calibration.json"
        if rates is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({"version": _VERSION, "machine": _machine(), "rates": rates}), "utf-8")
        fresh.replace(path)
