"""The timing loop: order of contenders, arguments, statistics."""

from __future__ import annotations

import pytest
from benchmarks._measure import Contender, Effort, Timing, measure

from benchmarks import _measure

EFFORT = Effort(rounds=4, budget=60.0, patience=0.0, slow=60.0)


def test_every_call_has_an_argument_of_its_own() -> None:
    given: list[int] = []
    contenders = {name: Contender(lambda number: number, given.append) for name in ("a", "b")}
    found = measure(contenders, EFFORT)
    counted = [number for number in given if number != 0]
    assert given.count(0) == 2, "each warms up once"
    assert len(set(counted)) == len(counted) == found["a"]["calls"] + found["b"]["calls"]


def test_warming_up_is_checked_and_not_counted() -> None:
    seen, calls = [], []

    def call(number: int) -> int:
        calls.append(number)
        return 2 * number

    found = measure({"a": Contender(lambda n: n + 1, call, check=lambda *both: seen.append(both))}, EFFORT)
    assert seen == [(1, 2)]
    assert found["a"]["calls"] == len(calls) - 1


def test_slow_ones_are_called_once_more() -> None:
    calls: list[int] = []
    found = measure({"slow": Contender(lambda n: n, calls.append)}, Effort(rounds=4, patience=0.0, slow=0.0))
    assert len(calls) == 2 and found["slow"]["calls"] == 1


def test_turns_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_measure, "_SHORT", 0.0)  # else short calls are repeated
    order: list[str] = []
    contenders = {name: Contender(lambda n, name=name: name, order.append) for name in "abc"}
    measure(contenders, EFFORT)
    assert "".join(order) == "abc" + "abc" + "bca" + "cab" + "abc"


def test_calls_under_foreign_load_are_left_out() -> None:
    timing = Timing()
    for seconds, foreign in [(1.0, 0.0), (1.1, 0.0), (1.2, 0.0), (9.0, 1.5), (0.5, 1.5)]:
        timing.add((seconds, seconds), foreign)
    found = timing.summary()
    assert (found["median"], found["minimum"], found["quiet"], found["calls"]) == (1.1, 1.0, 3, 5)
