"""Background calls that follow changing values: only the newest call counts."""

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
    """Runs one call at a time, always for the newest values.

    A slider changes faster than previews are computed, so its values are sampled. Each call is made by `make` when it
    starts, from the values of that moment. While it runs, newer values wait until it ends, for one *frame* at most: a
    call that ends within its frame is shown, so that a preview moves while a slider is dragged. At the end of the frame
    a call with outdated values is cancelled, and its outcome dropped. The last call is always for the last values.

    Parameters
    ----------
    owner
        Widget after whose deletion nothing starts and nothing is shown.
    make
        Returns the call for the present values, or None; a ValueError, TypeError, OSError or MemoryError that it raises
        becomes the outcome.
    done
        Called in the GUI thread with the outcome of a call that was not cancelled.
    delay
        Milliseconds from `ask` to the start, which join changes that come together.
    title
        Shown by napari.
    frame
        Seconds. With 0 a call is cancelled as soon as its values are outdated.
    """

    def __init__(
        self,
        owner: QWidget,
        make: Callable[[], Call | None],
        done: Callable[[Outcome], object],
        *,
        delay: int = GATHER,
        title: str = "preview",
        frame: float = FRAME_SECONDS,
    ) -> None:
        self._owner, self._make, self._done = owner, make, done
        self._delay, self._title, self._frame = delay, title, frame
        self._job: Job | None = None
        self._waiting = False
        self._timer, self._frame_timer = single_shot(owner, self._begin), single_shot(owner, self._frame_over)

    @property
    def busy(self) -> bool:
        """Whether a call runs or is about to start."""
        return self._job is not None or self._timer.isActive()

    def ask(self, delay: int | None = None) -> None:
        """Start a call soon; a `delay` in milliseconds begins again with every `ask`."""
        if self._job is not None:
            self._waiting = True
            left = self._frame - (perf_counter() - self._job.created)
            if left <= 0:
                self._job.cancel()
            elif isfinite(left) and not self._frame_timer.isActive():
                self._frame_timer.start(ceil(1000 * left))
        elif delay is not None or not self._timer.isActive():
            self._timer.start(self._delay if delay is None else delay)

    def stop(self) -> None:
        """Cancel the running call and the one that is about to start."""
        self._timer.stop()
        self._waiting = False
        if self._job is not None:
            self._job.cancel()

    def _frame_over(self) -> None:
        if self._job is not None and self._waiting:
            self._job.cancel()

    def _begin(self) -> bool:
        """Start a call unless one runs; whether one runs now."""
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
        self._frame_timer.stop()
        outcome, outdated = job.outcome, self._waiting
        job.outcome, self._waiting = None, False
        late = outdated and job.seconds > self._frame
        # start the next call first, so that it runs while this result is drawn
        if outdated and not self._begin():
            return  # the present values need no call, or their error has been shown
        if outcome is not None and not (outcome.cancelled or late or (outdated and outcome.error)):
            self._done(outcome)
