"""One call in the background for a panel with a run bar: progress, Cancel, an outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from .job import Call, Job, start
from .run_bar import RunBar

_TICK = 100


class Work:
    """Runs one call at a time and hands its value over; everything else it shows in the run bar.

    Parameters
    ----------
    owner
        Nothing happens any more once this widget is gone.
    run_bar
        Shows progress and messages.
    done
        Gets the value of a call that was not cancelled and did not fail, in the GUI thread.
    """

    def __init__(self, owner: QWidget, run_bar: RunBar, done: Callable[[Any], Any]) -> None:
        self._owner, self._run_bar, self._done = owner, run_bar, done
        self._job: Job | None = None
        self._timer = QTimer(owner)
        self._timer.setInterval(_TICK)
        self._timer.timeout.connect(self._look)
        run_bar.cancel.changed.connect(self.cancel)

    def start(self, call: Call, title: str) -> None:
        """Begin, unless something runs."""
        if self._job is not None:
            self._run_bar.say("Something is still computed; wait or press Cancel.")
            return
        self._job = Job(call, title)
        self._run_bar.begin(title)
        self._timer.start()
        start(self._job, self._finished)

    def cancel(self) -> None:
        """Stop computing; nothing comes of it."""
        if self._job is not None:
            self._job.cancel()

    def _look(self) -> None:
        if self._job is not None:
            self._run_bar.update_from(self._job)

    def _finished(self, job: Job) -> None:
        if self._job is not job or job.outcome is None or not isalive(self._owner):
            return
        self._job = None
        self._timer.stop()
        self._run_bar.end()
        outcome = job.outcome
        if outcome.cancelled:
            self._run_bar.say("Cancelled.")
        elif outcome.error:
            self._run_bar.say(outcome.error, outcome.details)
        else:
            self._done(outcome.value)
