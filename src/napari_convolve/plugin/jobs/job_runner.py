"""One call in the background for a panel with a foot: progress, Cancel, an outcome."""

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
    """Runs one call at a time and hands its value over; everything else it tells in the foot.

    Parameters
    ----------
    owner
        Nothing happens any more once this widget is gone.
    foot
        Shows progress and messages.
    done
        Gets the value of a call that was not cancelled and did not fail, in the GUI thread.
    """

    def __init__(self, owner: QWidget, foot: RunBar, done: Callable[[Any], Any]) -> None:
        self._owner, self._foot, self._done = owner, foot, done
        self._job: Job | None = None
        self._timer = QTimer(owner)
        self._timer.setInterval(_TICK)
        self._timer.timeout.connect(self._look)
        foot.cancel.changed.connect(self.cancel)

    def start(self, call: Call, title: str) -> None:
        """Begin, unless something runs."""
        if self._job is not None:
            self._foot.say("Something is still computed; wait or press Cancel.")
            return
        self._job = Job(call, title)
        self._foot.begin(title)
        self._timer.start()
        start(self._job, self._finished)

    def cancel(self) -> None:
        """Stop computing; nothing comes of it."""
        if self._job is not None:
            self._job.cancel()

    def _look(self) -> None:
        if self._job is not None:
            self._foot.update_from(self._job)

    def _finished(self, job: Job) -> None:
        if self._job is not job or job.outcome is None or not isalive(self._owner):
            return
        self._job = None
        self._timer.stop()
        self._foot.end()
        outcome = job.outcome
        if outcome.cancelled:
            self._foot.say("Cancelled.")
        elif outcome.error:
            self._foot.say(outcome.error, outcome.details)
        else:
            self._done(outcome.value)
