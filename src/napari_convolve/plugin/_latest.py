"""Calls in the background of which only the newest counts."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from ._job import Call, Job, Outcome, sentence, start

#: Seconds: a call that takes longer is stopped when it is no longer the newest; a shorter one may end, and be shown.
_SHORT = 0.1


class Latest:
    """Runs one call at a time, and always the one that is asked for last.

    What is to be called is asked when it begins, never before: no call begins for a value that has changed meanwhile.

    Parameters
    ----------
    owner
        Nothing begins or ends any more once this widget is gone.
    make
        Gives the call that stands for the present values, or None; a ValueError, TypeError, OSError or MemoryError
        is an outcome like that of a call.
    done
        Called in the GUI thread with the outcome of a call that was not stopped.
    delay
        Milliseconds from asking to beginning, so that changes that come together are one.
    title
        What napari shows of it.
    short
        Seconds up to which a call may end, and be shown, although it is no longer the newest.
    """

    def __init__(
        self,
        owner: QWidget,
        make: Callable[[], Call | None],
        done: Callable[[Outcome], object],
        *,
        delay: int = 15,
        title: str = "preview",
        short: float = _SHORT,
    ) -> None:
        self._owner, self._make, self._done, self._delay, self._title = owner, make, done, delay, title
        self._short = short
        self._job: Job | None = None
        self._waiting = False
        self._seconds = 0.0
        self._timer = QTimer(owner)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._begin)

    @property
    def busy(self) -> bool:
        """Whether something runs or is about to."""
        return self._job is not None or self._timer.isActive()

    def ask(self, delay: int | None = None) -> None:
        """Begin soon, with the values of then; a longer delay starts anew with each asking."""
        if self._job is not None:
            self._waiting = True
            if self._seconds > self._short or perf_counter() - self._job.started > self._short:
                self._job.cancel()
        elif delay is not None or not self._timer.isActive():
            self._timer.start(self._delay if delay is None else delay)

    def stop(self) -> None:
        """Begin nothing and show nothing that still runs."""
        self._timer.stop()
        self._waiting = False
        if self._job is not None:
            self._job.cancel()

    def _begin(self) -> None:
        if self._job is not None:
            return
        try:
            call = self._make()
        except (ValueError, TypeError, OSError, MemoryError) as error:
            self._done(Outcome(error=sentence(error)))
            return
        if call is not None:
            self._job = Job(call, self._title)
            start(self._job, self._ended)

    def _ended(self, job: Job) -> None:
        if not isalive(self._owner) or self._job is not job:
            return
        self._job = None
        self._seconds = perf_counter() - job.started
        outcome, waiting = job.outcome, self._waiting
        job.outcome, self._waiting = None, False
        if waiting:
            self._begin()  # first, so that it runs while the last result is drawn
        if outcome is not None and not outcome.cancelled:
            self._done(outcome)
