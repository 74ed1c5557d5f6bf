"""Calls in the background of which only the newest counts."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, isfinite
from time import perf_counter

from qtpy.compat import isalive
from qtpy.QtWidgets import QWidget

from ..widgets.text import sentence
from .job import Call, Job, Outcome, start
from .timing import FRAME_SECONDS, GATHER, single_shot


class Latest:
    """Runs one call at a time, and always the one that is asked for last.

    A hand moves faster than pictures are made, so its values are sampled. What is to be called is asked when it
    begins, never before: no call begins for a value that has passed. While it runs, newer values wait for one *frame*
    at most, counted from its beginning: a call that is done by then is shown, so that whoever drags sees something
    move, and the next one begins with the newest values. At the end of the frame a call whose values have passed is
    stopped at its next step, and whatever it still brings is dropped, as is an error about values that have passed.
    The last call is of the last values, and nothing is shown after it.

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
        Seconds of a frame. With 0 a call is stopped as soon as its values have passed, and only present ones are told.
    """

    def __init__(
        self,
        owner: QWidget,
        make: Callable[[], Call | None],
        done: Callable[[Outcome], object],
        *,
        delay: int = GATHER,
        title: str = "preview",
        short: float = FRAME_SECONDS,
    ) -> None:
        self._owner, self._make, self._done, self._delay, self._title = owner, make, done, delay, title
        self._short = short
        self._job: Job | None = None
        self._waiting = False
        self._timer, self._frame = single_shot(owner, self._begin), single_shot(owner, self._frame_over)

    @property
    def busy(self) -> bool:
        """Whether something runs or is about to."""
        return self._job is not None or self._timer.isActive()

    def ask(self, delay: int | None = None) -> None:
        """Begin soon, with the values of then; a longer delay starts anew with each asking."""
        if self._job is not None:
            self._waiting = True
            left = self._short - (perf_counter() - self._job.asked)
            if left <= 0:
                self._job.cancel()
            elif isfinite(left) and not self._frame.isActive():
                self._frame.start(ceil(1000 * left))
        elif delay is not None or not self._timer.isActive():
            self._timer.start(self._delay if delay is None else delay)

    def stop(self) -> None:
        """Begin nothing and show nothing that still runs."""
        self._timer.stop()
        self._waiting = False
        if self._job is not None:
            self._job.cancel()

    def _frame_over(self) -> None:
        if self._job is not None and self._waiting:
            self._job.cancel()

    def _begin(self) -> bool:
        """Whether something runs now."""
        if self._job is not None:
            return True
        try:
            call = self._make()
        except (ValueError, TypeError, OSError, MemoryError) as error:
            self._done(Outcome(error=sentence(error)))
            return False
        if call is not None:
            self._job = Job(call, self._title)
            start(self._job, self._ended)
        return call is not None

    def _ended(self, job: Job) -> None:
        if not isalive(self._owner) or self._job is not job:
            return
        self._job = None
        self._frame.stop()
        outcome, passed = job.outcome, self._waiting
        job.outcome, self._waiting = None, False
        late = passed and job.seconds > self._short
        # the next one first, so that it runs while the last result is drawn
        if passed and not self._begin():
            return  # there is nothing to show of the present values, or it has been told
        if outcome is not None and not (outcome.cancelled or late or (passed and outcome.error)):
            self._done(outcome)
