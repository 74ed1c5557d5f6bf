"""Values from the operating system: load of other processes, memory of this one, description of the machine."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib.metadata
import os
import platform
import time
from pathlib import Path

#: Foreign load, in cores, that still counts as quiet.
QUIET = 0.15
#: Libraries whose versions belong to the figures.
LIBRARIES = (
    "numpy", "scipy", "numba", "opencv-python-headless", "scikit-image", "SimpleITK", "RedLionfish", "cupy-cuda12x",
    "cupy-cuda13x", "torch", "cucim-cu12",
)  # fmt: skip


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Load:
    """CPU time that other processes use, from the time this object is made or restarted."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self._start, self._busy, self._own = time.perf_counter(), _busy_seconds(), _own_seconds()

    def foreign(self) -> float:
        """Cores used by other processes since the start; 0 where the system does not count it.

        The counters of the system have a resolution of 10 ms, so that short intervals give 0.
        """
        seconds = time.perf_counter() - self._start
        if self._busy is None or seconds < 0.02:
            return 0.0
        others = (_busy_seconds() or 0.0) - self._busy - (_own_seconds() - self._own)
        return max(0.0, others - 0.02) / seconds


def wait_until_quiet(patience: float) -> bool:
    """Wait for at most `patience` seconds until there is no other load."""
    end = time.perf_counter() + patience
    while True:
        load = Load()
        time.sleep(0.1)
        if load.foreign() < QUIET:
            return True
        if time.perf_counter() > end:
            return False


def _busy_seconds() -> float | None:
    try:
        with open("/proc/stat") as file:
            fields = [int(text) for text in file.readline().split()[1:9]]
    except OSError:
        return None
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def resident() -> int:
    """Resident bytes of this process now."""
    return _status("VmRSS")


def peak_resident() -> int:
    """Peak resident bytes since `reset_peak`, or since the start."""
    return _status("VmHWM")


def reset_peak() -> bool:
    """Return free memory to the system and reset the peak; False where the system cannot."""
    gc.collect()
    if hasattr(c := ctypes.CDLL(None), "malloc_trim"):
        c.malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _status(field: str) -> int:
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


def available_memory() -> int:
    """Bytes that can be allocated without swapping."""
    with open("/proc/meminfo") as file:
        fields = dict(line.split(":", 1) for line in file)
    return int(fields["MemAvailable"].split()[0]) * 1024


def machine() -> dict[str, str]:
    """Processor, memory, system and versions, for the head of a table."""
    found = {
        "processor": _processor(),
        "cores": str(cores()),
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _processor() -> str:
    name, flags = platform.processor() or platform.machine(), ""
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as file:
        fields = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
        fields = {key.strip(): value.strip() for key, value in fields.items()}
        name = f"{fields['model name']} (family {fields['cpu family']}, model {fields['model']})"
        flags = fields["flags"]
    best = next((text for text in ("avx512f", "avx2") if text in flags.split()), "")
    return f"{name}, {best}" if best else name
