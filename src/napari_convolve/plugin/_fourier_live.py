"""A picture that follows what is drawn: one call at a time, each of them shown, then the newest wish again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from ._job import Call, Job, Outcome, start

#: Milliseconds from a change to the call: moves of the mouse that come together are one.
_TOGETHER = 10


class Follow:
    """Runs a call for the newest state; while it runs, changes wait, and only the last of them is computed.

    Unlike `Latest` nothing is stopped: each call is short, and a person who drags sees every one of them.

    Parameters
    ----------
    owner
        Nothing happens any more once this widget is gone.
    make
        The call for the present state, or None when there is nothing to do; asked in the GUI thread.
    show
        Gets the outcome, in the GUI thread.
    """

    def __init__(self, owner: QWidget, make: Callable[[], Call | None], show: Callable[[Outcome], Any]) -> None:
        self._owner, self._make, self._show = owner, make, show
        self._job: Job | None = None
        self._again = False
        self._timer = QTimer(owner)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TOGETHER)
        self._timer.timeout.connect(self._begin)

    @property
    def busy(self) -> bool:
        """Whether a call runs or is about to."""
        return self._job is not None or self._timer.isActive()

    def ask(self, *_: Any) -> None:
        """Something has changed."""
        if self._job is not None:
            self._again = True
        elif not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        """Forget what is wanted and what still runs."""
        self._timer.stop()
        self._again = False
        self._job = None

    def _begin(self) -> None:
        call = self._make()
        if call is not None and self._job is None:
            self._job = Job(call, "filter drawn in the spectrum")
            start(self._job, self._ended)

    def _ended(self, job: Job) -> None:
        if not isalive(self._owner) or self._job is not job:
            return
        self._job, again, self._again = None, self._again, False
        if again:
            self._begin()
        if job.outcome is not None:
            self._show(job.outcome)
