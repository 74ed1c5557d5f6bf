"""Time one row: ours and the peers in turns; measure the accuracy and profile our side."""

from __future__ import annotations

import cProfile
import pstats
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ._inputs import error
from ._measure import Contender, Effort, measure
from ._registry import Peer, Row, Work
from ._system import wait_until_quiet

OURS = "napari-convolve"
_COMPILER = "napari-convolve-compile"


def time_row(row: Row, effort: Effort, peers: Callable[[str], bool] = lambda name: True) -> dict[str, Any]:
    """Seconds and errors of all contenders of a row.

    Parameters
    ----------
    peers
        ``peers(name)`` decides whether a peer takes part.
    """
    work = row.make()
    rivals = {name: peer for name, peer in work.peers.items() if peers(name)}
    exact = work.expected(work.image, work.kernel(0)) if work.expected else None
    errors: dict[str, float] = {}

    def contender(name: str, call: Callable[[Any], Any], peer: Peer | None) -> Contender:
        def check(argument: Any, result: Any) -> None:
            if peer is None:
                wait_for_compiler()
            if exact is not None and (peer is None or peer.comparable):
                errors[name] = error(result, exact)

        prepare = (lambda number: work.kernel(0)) if row.cached else work.kernel
        return Contender(prepare, call, check=check, before=peer.before if peer else lambda: None)

    contenders_by_name = {OURS: contender(OURS, lambda kernel: work.ours(work.image, kernel), None)}
    for name, peer in rivals.items():
        call = lambda kernel, peer=peer: peer.call(work.image, kernel)  # noqa: E731
        contenders_by_name[name] = contender(name, call, peer)
    found = measure(contenders_by_name, effort)
    for name, one in found.items():
        one |= {"error": errors[name]} if name in errors else {}
        one |= {"by_hand": True} if name in rivals and rivals[name].by_hand else {}
    return described(row) | {"plan": plan(work), "contenders": found, "date": today()}


def described(row: Row) -> dict[str, Any]:
    """The description of a row, for the results."""
    keys = ("name", "group", "title", "goal", "moonshot", "cached", "memory")
    return {key: getattr(row, key) for key in keys}


def today() -> str:
    """The date, for the results."""
    return time.strftime("%Y-%m-%d")


def plan(work: Work, **options: Any) -> str:
    """The plan of our side as text."""
    reports: list[Any] = []
    work.ours(work.image, work.kernel(0), report=reports.append, **options)
    return str(reports[0].plan or "") if reports else ""


def wait_for_compiler(patience: float = 60.0) -> None:
    """Wait for the compiling that a first call started."""
    end = time.perf_counter() + patience
    while time.perf_counter() < end and any(t.name == _COMPILER for t in threading.enumerate()):
        time.sleep(0.05)


def ratio(row: Mapping[str, Any], statistic: str = "median", by_hand: bool = False) -> tuple[float, str]:
    """The best peer's time over ours, and its name; (0, "") where there is no peer."""
    times = {name: one[statistic] for name, one in row["contenders"].items() if by_hand or not one.get("by_hand")}
    ours = times.pop(OURS)
    if not times:
        return 0.0, ""
    best = min(times, key=lambda name: times[name])
    return times[best] / ours, best


def stages(row: Row, top: int = 8) -> dict[str, Any]:
    """Profile our side: the functions that take most of the time on one thread, and the number of busy cores.

    Compiled loops count for the function that calls them.
    """
    work = row.make()
    work.ours(work.image, work.kernel(0))
    wait_for_compiler()
    work.ours(work.image, work.kernel(1), workers=1)
    wait_until_quiet(5)
    cpu, start = time.process_time(), time.perf_counter()
    work.ours(work.image, work.kernel(0 if row.cached else 2))
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    # CPU time of the thread, which other load does not affect
    profile, start = cProfile.Profile(time.thread_time), time.thread_time()
    profile.runcall(work.ours, work.image, work.kernel(0 if row.cached else 3), workers=1)
    one_thread = time.thread_time() - start
    entries = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    shares: dict[str, float] = {}
    for (path, _, function), (_, _, own, _, _) in entries.items():
        label = _label(path, function)
        shares[label] = shares.get(label, 0.0) + own / one_thread
    largest = sorted(shares.items(), key=lambda item: -item[1])[:top]
    return {"all_threads": wall, "cores_busy": cpu / wall, "one_thread": one_thread, "top": largest}


def _label(path: str, function: str) -> str:
    function = function.replace("<built-in method ", "").replace("<method ", "").rstrip(">")
    if path in ("~", ""):
        return function
    parts = Path(path).with_suffix("").parts
    start = next((i + 1 for i, part in enumerate(parts) if part in ("site-packages", "src")), len(parts) - 2)
    # names of compiled drivers contain all their parameters; the kind is enough
    function = function.partition("_0_0_")[0]
    return ".".join((*parts[start:], function)).replace("napari_convolve.", "")
