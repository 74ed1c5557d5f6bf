"""Time several contenders in turns, so that other load on the machine affects all of them equally."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._system import QUIET, Load, wait_until_quiet

#: Calls shorter than this are repeated within a round.
_SHORT = 0.02
_REPEATS = 4


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    Attributes
    ----------
    prepare : callable
        ``prepare(number of the call)`` makes the argument; not timed.
    call : callable
        Takes it; timed.
    check : callable
        ``check(argument, result)`` of the first call, which is not counted.
    before : callable
        Settings of the library before it is timed, such as its number of threads.
    """

    prepare: Callable[[int], Any]
    call: Callable[[Any], Any]
    before: Callable[[], object] = lambda: None
    check: Callable[[Any, Any], object] = lambda argument, result: None


@dataclass
class Timing:
    """Wall-clock and CPU seconds of every call of one contender, and the load by other processes meanwhile."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    foreign: list[float] = field(default_factory=list)

    def add(self, seconds: tuple[float, float], foreign: float) -> None:
        self.seconds.append(seconds[0])
        self.cpu.append(seconds[1])
        self.foreign.append(foreign)

    @property
    def quiet(self) -> list[float]:
        """The calls without other load."""
        return [s for s, f in zip(self.seconds, self.foreign, strict=True) if f < QUIET]

    def summary(self) -> dict[str, float]:
        """Median and minimum, over the quiet calls where there are three of them, else over all."""
        used = self.quiet if len(self.quiet) >= min(3, len(self.seconds)) else self.seconds
        return {
            "median": statistics.median(used),
            "minimum": min(used),
            "cpu": min(self.cpu),
            "calls": len(self.seconds),
            "quiet": len(self.quiet),
        }


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes
    ----------
    rounds : int
        At most so many rounds ...
    budget : float
        ... and no further one after so many seconds of calls (but at least three).
    patience : float
        Seconds to wait, before each round, for other load to go away.
    slow : float
        A contender whose first call takes longer than this is called once more, and no more.
    """

    rounds: int = 15
    budget: float = 6.0
    patience: float = 20.0
    slow: float = 4.0


def measure(contenders: Mapping[str, Contender], effort: Effort) -> dict[str, dict[str, float]]:
    """Median and minimum of each contender; the first calls, which warm up, are not counted.

    The order rotates from round to round, so that no contender always runs after the same other one.
    """
    timings = {name: Timing() for name in contenders}
    number, live = 0, []
    for name, contender in contenders.items():
        number += _REPEATS
        if _first(contender) < effort.slow:
            live.append(name)
            continue
        wait_until_quiet(effort.patience)
        seconds, foreign = _block(contender, number, 1)
        timings[name].add(seconds[0], foreign)
    spent = 0.0
    for turn in range(effort.rounds):
        if not live or (turn >= 3 and spent > effort.budget):
            break
        wait_until_quiet(effort.patience)
        gc.collect()
        whole, start = Load(), time.perf_counter()
        blocks = {}
        for name in live[turn % len(live) :] + live[: turn % len(live)]:
            blocks[name] = _block(contenders[name], number)
            number += _REPEATS
        spent += time.perf_counter() - start
        for name, (seconds, foreign) in blocks.items():
            # the CPU counters of the system are too coarse for a short block
            for one in seconds:
                timings[name].add(one, foreign if sum(s for s, _ in seconds) > 0.1 else whole.foreign())
    return {name: timing.summary() for name, timing in timings.items()}


def _first(contender: Contender) -> float:
    """Warm up: call each contender with argument 0, which is not used again."""
    contender.before()
    argument = contender.prepare(0)
    start = time.perf_counter()
    result = contender.call(argument)
    seconds = time.perf_counter() - start
    contender.check(argument, result)
    return seconds


def _block(contender: Contender, number: int, repeats: int = _REPEATS) -> tuple[list[tuple[float, float]], float]:
    """Time the calls of one contender in one round, and the load by other processes meanwhile."""
    load, seconds = Load(), [_timed(contender, number)]
    while seconds[-1][0] < _SHORT and len(seconds) < repeats:
        seconds.append(_timed(contender, number + len(seconds)))
    return seconds, load.foreign()


def _timed(contender: Contender, number: int) -> tuple[float, float]:
    """Wall-clock seconds and CPU seconds of all threads."""
    argument = contender.prepare(number)
    contender.before()
    cpu, start = time.process_time(), time.perf_counter()
    result = contender.call(argument)
    seconds = time.perf_counter() - start, time.process_time() - cpu
    del result
    return seconds
