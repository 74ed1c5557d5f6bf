"""Peak memory as counted by the operating system, and times for images that fill the memory.

``python -m benchmarks.memory ROW CONTENDER [BYTES]`` runs one row in this process and prints time and memory; BYTES is
``max_memory`` for our side. Without CONTENDER it prints the list of contenders.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _processes
from ._inputs import crop, error
from ._measure import Effort
from ._registry import ROWS, Row, rows
from ._system import Load, available_memory, peak_resident, reset_peak, resident, wait_until_quiet
from ._timing import OURS, described, today, wait_for_compiler

#: ``max_memory`` for our side, beyond input and output.
BOUND = 32 << 20
#: Free memory, in float32 images, that a large row requires.
_ROOM = 12


def large_rows(chosen: list[Row], effort: Effort, say: Callable[[str], object]) -> dict[str, Any]:
    """Time and memory of the rows that need a process for each library; rounds in turns, as for the others."""
    found = {}
    for row in chosen:
        about = _processes.measured("benchmarks.memory", row.name)
        names, by_hand, needed = about["contenders"], about["by_hand"], about["samples"] * 4 * _ROOM
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for turn in range(2 if effort.rounds > 5 else 1):
            for name in names:
                if available_memory() < needed:
                    say(f"{row.name}: {name} is left out, too little memory is free")
                    continue
                wait_until_quiet(effort.patience)
                try:
                    runs[name].append(_processes.measured("benchmarks.memory", row.name, name))
                except _processes.Failed as reason:
                    say(f"{row.name}: {name} in round {turn}: {reason}")
        contenders = {}
        for name, each in runs.items():
            if not each:
                continue
            seconds = [s for one in each for s in one["seconds"]]
            contenders[name] = {
                "median": statistics.median(seconds),
                "minimum": min(seconds),
                "calls": len(seconds),
                "quiet": sum(one["quiet"] for one in each),
                "growth": max(one["growth"] for one in each),
                "error": each[0]["error"],
            } | ({"by_hand": True} if name in by_hand else {})
        if OURS in contenders:
            used = {"plan": runs[OURS][0]["plan"], "contenders": contenders, "date": today()}
            found[row.name] = described(row) | used
        say(_line(row, contenders))
    return found


def bounded_row(row: Row, say: Callable[[str], object], limit: int = BOUND) -> dict[str, Any]:
    """Memory beyond input and output under ``max_memory``, which is doubled where it is refused as too small."""
    try:
        one = _processes.measured("benchmarks.memory", row.name, OURS, str(limit), timeout=120.0)
    except _processes.Failed as reason:
        say(f"{row.name}: max_memory: {reason}")
        return {"failed": str(reason)}
    beyond = one["growth"] - one["result"]
    say(f"{row.name}: {beyond / 2**20:.0f} MiB beyond input and output, max_memory {one['bound'] / 2**20:.0f} MiB")
    return {"growth": beyond, "bound": one["bound"], "plan": one["plan"]}


def _line(row: Row, contenders: dict[str, Any]) -> str:
    each = [f"{name} {one['median']:.2f} s {one['growth'] / 2**30:.2f} GiB" for name, one in contenders.items()]
    return f"{row.name}: " + ", ".join(each)


def about(row: Row) -> dict[str, Any]:
    """The contenders of a row, and the size of its image."""
    work = row.make()
    by_hand = [name for name, peer in work.peers.items() if peer.by_hand]
    return {"contenders": [OURS, *work.peers], "by_hand": by_hand, "samples": work.image.size}


def measure_here(row: Row, name: str, limit: int | None) -> dict[str, Any]:
    """Growth and times of one contender, in this process."""
    work = row.make()
    before: Callable[[], object] = lambda: None  # noqa: E731
    options: dict[str, Any] = {}
    reports: list[Any] = []
    if name == OURS:
        options["report"] = reports.append
        call: Callable[[Any, Any], Any] = lambda image, kernel: work.ours(image, kernel, **options)  # noqa: E731
    else:
        call, before = work.peers[name].call, work.peers[name].before
    before()
    call(crop(work.image, work.reach), work.kernel(0))  # libraries loaded, threads started
    wait_for_compiler()
    kernels = [work.kernel(number) for number in (1, 2)]
    judged = work.expected is not None and row.memory and limit is None
    exact = work.expected(work.image, kernels[0]) if judged and work.expected else None
    if limit is not None:
        options["max_memory"] = limit
    if not reset_peak():
        raise OSError("this system does not let a process forget its peak memory")
    held = resident()
    seconds, quiet, growth, deviation, size = [], 0, 0, None, 0
    for kernel in kernels if row.memory and limit is None else kernels[:1]:
        load, start = Load(), time.perf_counter()
        result = _accepted(call, work.image, kernel, options)
        seconds.append(time.perf_counter() - start)
        quiet += load.foreign() < 0.15
        if not growth:
            growth = peak_resident() - held
            size = result.nbytes if isinstance(result, np.ndarray) else 0
            deviation = error(result, exact) if exact is not None else None
        del result
    return {
        "seconds": seconds, "quiet": quiet, "growth": growth, "result": size, "error": deviation,
        "plan": str(reports[-1].plan) if reports else "", "bound": options.get("max_memory"),
    }  # fmt: skip


def _accepted(call: Callable[[Any, Any], Any], image: Any, kernel: Any, options: dict[str, Any]) -> Any:
    """The result, with the limit doubled until the call is not refused (which is before any work)."""
    while True:
        try:
            return call(image, kernel)
        except MemoryError:
            if "max_memory" not in options:
                raise
            options["max_memory"] *= 2


if __name__ == "__main__":
    list(rows())
    name, *rest = sys.argv[1:]
    if rest:
        print(json.dumps(measure_here(ROWS[name], rest[0], int(rest[1]) if rest[1:] else None)))
    else:
        print(json.dumps(about(ROWS[name])))
