"""Background calls of which only the newest counts: which are started, cancelled and shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QWidget

import napari_convolve as nc
from napari_convolve.plugin.jobs.job import Outcome
from napari_convolve.plugin.jobs.latest import Latest

_LONG = 3600.0


class Desk:
    """A value that a hand moves, and calls that last until they are told to end."""

    def __init__(self, qtbot: Any, frame: float) -> None:
        self.widget = QWidget()
        qtbot.addWidget(self.widget)
        self.value = 0
        self.begun: list[tuple[int, int]] = []
        self.shown: list[Any] = []
        self.stopped: list[int] = []
        self.may_end: dict[int, threading.Event] = {}
        self.running: list[int] = []
        self.obeys = True
        self.fails: set[int] = set()
        self.latest = Latest(self.widget, self.make, self.done, delay=0, frame=frame)

    def make(self) -> Callable[[Any], int]:
        value = self.value
        if value in self.fails:
            raise ValueError(f"{value} is not possible")
        self.may_end[value] = threading.Event()

        def call(progress: Callable[[int, int], None]) -> int:
            self.begun.append((value, self.value))
            self.running.append(value)
            while not self.may_end[value].wait(0.002):
                try:
                    progress(0, 1)
                except nc.Cancelled:
                    self.stopped.append(value)
                    if self.obeys:
                        raise
                    self.may_end[value].wait(120)
            return value

        return call

    def done(self, outcome: Outcome) -> None:
        self.shown.append(outcome.error or outcome.value)

    def move(self, value: int) -> None:
        self.value = value
        self.latest.ask()


@pytest.fixture
def desk(qtbot: Any) -> Iterator[Callable[[float], Desk]]:
    made: list[Desk] = []

    def make(frame: float) -> Desk:
        made.append(Desk(qtbot, frame))
        return made[-1]

    yield make
    for each in made:
        each.latest.stop()
        for event in each.may_end.values():
            event.set()
    assert QThreadPool.globalInstance().waitForDone(120_000)


def test_values_that_pass_before_a_call_begins_are_never_called(desk, qtbot) -> None:
    d = desk(_LONG)
    for value in range(1, 6):
        d.move(value)
    qtbot.waitUntil(lambda: d.running == [5])
    for value in range(6, 20):
        d.move(value)
    d.may_end[5].set()
    qtbot.waitUntil(lambda: d.running == [5, 19])
    assert d.shown == [5], "done within its frame: the hand sees something move"
    d.may_end[19].set()
    qtbot.waitUntil(lambda: not d.latest.busy)
    assert d.shown == [5, 19] and d.begun == [(5, 5), (19, 19)] and not d.stopped


def test_at_the_end_of_its_frame_a_stale_call_is_stopped_without_another_move(desk, qtbot) -> None:
    d = desk(0.05)
    d.move(1)
    qtbot.waitUntil(lambda: d.running == [1])
    d.move(2)  # the hand rests here
    qtbot.waitUntil(lambda: d.running == [1, 2], timeout=10000)
    assert d.stopped == [1] and not d.shown
    d.may_end[2].set()
    qtbot.waitUntil(lambda: d.shown == [2])


def test_a_call_of_present_values_may_take_its_time(desk, qtbot) -> None:
    d = desk(0.01)
    d.move(1)
    qtbot.waitUntil(lambda: d.running == [1])
    qtbot.wait(100)
    assert not d.stopped and d.latest.busy
    d.may_end[1].set()
    qtbot.waitUntil(lambda: d.shown == [1])


def test_what_a_stale_call_brings_after_its_frame_is_dropped(desk, qtbot) -> None:
    d = desk(0.05)
    d.obeys = False
    d.move(1)
    qtbot.waitUntil(lambda: d.running == [1])
    d.move(2)
    qtbot.waitUntil(lambda: d.stopped == [1], timeout=10000)
    d.may_end[1].set()  # it ends with a value all the same
    qtbot.waitUntil(lambda: d.running == [1, 2])
    d.may_end[2].set()
    qtbot.waitUntil(lambda: not d.latest.busy)
    assert d.shown == [2]


def test_a_window_that_was_busy_does_not_make_a_late_picture_a_good_one(desk, qtbot) -> None:
    d = desk(0.05)
    d.move(1)
    qtbot.waitUntil(lambda: d.running == [1])
    d.move(2)
    time.sleep(0.1)  # napari draws: no timer is heard
    d.may_end[1].set()
    assert QThreadPool.globalInstance().waitForDone(120_000)
    qtbot.waitUntil(lambda: d.running == [1, 2])
    d.may_end[2].set()
    qtbot.waitUntil(lambda: not d.latest.busy)
    assert d.shown == [2] and not d.stopped


def test_without_a_frame_only_present_values_are_told(desk, qtbot) -> None:
    d = desk(0)
    d.move(1)
    qtbot.waitUntil(lambda: d.running == [1])
    d.move(2)
    qtbot.waitUntil(lambda: d.running == [1, 2])
    d.may_end[2].set()
    qtbot.waitUntil(lambda: d.shown == [2])
    assert d.stopped == [1]


def test_nothing_is_shown_after_what_is_said_of_the_present_values(desk, qtbot) -> None:
    d = desk(_LONG)
    d.fails = {2}
    d.move(1)
    qtbot.waitUntil(lambda: d.running == [1])
    d.move(2)
    d.may_end[1].set()
    qtbot.waitUntil(lambda: not d.latest.busy)
    assert d.shown == ["2 is not possible"]


def test_stop_shows_nothing_more(desk, qtbot) -> None:
    d = desk(_LONG)
    d.move(1)
    qtbot.waitUntil(lambda: d.running == [1])
    d.latest.stop()
    qtbot.waitUntil(lambda: not d.latest.busy)
    assert d.stopped == [1] and not d.shown
