"""Background calls of a panel with a run bar: one at a time, with progress and Cancel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QTimer

from .job import Call, Job, start
from .run_bar import RunBar
from .timing import PATIENCE, TICK, single_shot


class JobRunner:
    """Runs one call at a time; progress, errors and cancellation are shown in the run bar.

    `ticked` is called with the running job every `TICK`, `ended` when a job is over, before its value is handed over.
    """

    def __init__(
        self,
        run_bar: RunBar,
        ticked: Callable[[Job], object] = lambda job: None,
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        self._run_bar, self._ticked, self._on_end = run_bar, ticked, ended
        self._job: Job | None = None
        self._done: Callable[[Any], object] | None = None
        # single shots, since napari's activity dock handles events while it draws: a tick could come within a tick
        self._timer = single_shot(run_bar.native, self._tick, TICK)
        run_bar.cancel.changed.connect(self.cancel)

    @property
    def busy(self) -> bool:
        return self._job is not None

    def start(self, call: Call, title: str, done: Callable[[Any], object]) -> None:
        """Start a call; `done` gets its value in the GUI thread, unless it fails or is cancelled."""
        if self._job is not None:
            self._run_bar.say("Something is still computed; wait or press Cancel.")
            return
        self._job, self._done = Job(call, title), done
        self._run_bar.begin(title)
        self._timer.start()
        start(self._job, self._finished)

    def cancel(self) -> None:
        """Cancel the call; the panel waits no longer than `PATIENCE` for it to stop."""
        if self._job is not None:
            self._job.cancel()
            self._run_bar.update_from(self._job)
            QTimer.singleShot(PATIENCE, partial(self._abandon, self._job))

    def _abandon(self, job: Job) -> None:
        """Allow the next call although a library call of the cancelled job has not returned yet."""
        if self._job is job and isalive(self._run_bar.native):
            self._end()
            self._run_bar.say("Cancelled; its last step still ends in the background.")

    def _tick(self) -> None:
        if self._job is not None:
            self._run_bar.update_from(self._job)
            self._ticked(self._job)
            self._timer.start()

    def _end(self) -> None:
        self._job = self._done = None
        self._timer.stop()
        self._run_bar.end()
        self._on_end()

    def _finished(self, job: Job) -> None:
        if self._job is not job or job.outcome is None or not isalive(self._run_bar.native):
            return  # the window was closed, or the job abandoned
        outcome, done = job.outcome, self._done
        job.outcome = None  # napari may keep the job alive, but not its result
        self._end()
        if outcome.cancelled:
            self._run_bar.say("Cancelled.")
        elif outcome.error:
            self._run_bar.say(outcome.error, outcome.details)
        elif done is not None:
            done(outcome.value)
