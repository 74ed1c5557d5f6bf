"""A call in the background: progress out, cancel in, exactly one outcome."""

from __future__ import annotations

import threading
import time
import traceback
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from napari.qt.threading import FunctionWorker, create_worker

import napari_convolve as nc

from ..widgets.text import sentence

Call = Callable[[Callable[[int, int], None]], Any]


@dataclass(frozen=True)
class Outcome:
    """How a call ended: with a value, with a sentence that says why not, or with neither when it was cancelled."""

    value: Any = None
    error: str = ""
    details: str = ""
    cancelled: bool = False


class Job:
    """One call of ``call(progress)``, to be run once, in any thread.

    ``progress(done, total)`` raises `Cancelled` to stop it. `seconds` counts from when the job was made, with the
    values of that moment, to its outcome.
    """

    def __init__(self, call: Call, title: str) -> None:
        self._call: Call | None = call
        self.title = title
        self.state = (0, 0)
        self.asked = self.started = time.perf_counter()
        self.seconds = 0.0
        self.outcome: Outcome | None = None
        self._stop = threading.Event()

    def __repr__(self) -> str:
        return self.title

    def __call__(self) -> None:
        """Run the call and keep how it ended."""
        assert self._call is not None
        self.started = time.perf_counter()
        try:
            self.progress(0, 0)
            outcome = Outcome(self._call(self.progress))
        except nc.Cancelled:
            outcome = Outcome(cancelled=True)
        # The border of the panel: whatever a call raises is shown as a sentence, its traceback on request.
        except Exception as error:  # noqa: BLE001
            outcome = Outcome(error=sentence(error), details=traceback.format_exc())
        # A result that came too late is not kept, and nothing holds the image any longer.
        self.outcome = Outcome(cancelled=True) if self._stop.is_set() else outcome
        self._call = None
        self.seconds = time.perf_counter() - self.asked

    def progress(self, done: int, total: int) -> None:
        """Note how far it is, or stop it."""
        if self._stop.is_set():
            raise nc.Cancelled
        self.state = (done, total)

    def cancel(self) -> None:
        """Ask for the end; the call stops at its next step."""
        self._stop.set()

    @property
    def cancelled(self) -> bool:
        """Whether the end was asked for."""
        return self._stop.is_set()

    def seconds_left(self) -> float | None:
        """Estimate from the progress so far; None until there is enough of it."""
        done, total = self.state
        elapsed = time.perf_counter() - self.started
        return elapsed * (total - done) / done if done and elapsed > 0.5 else None


class _Worker(FunctionWorker):
    """A worker whose `quit`, which napari calls when its window closes, reaches the call."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._job = job

    def quit(self) -> None:
        self._job.cancel()
        super().quit()


def start(job: Job, finished: Callable[[Job], object]) -> None:
    """Run a job in napari's thread pool; the method `finished` is given it in the GUI thread, whatever the outcome.

    Qt keeps what it calls, so that this keeps neither the job nor the owner of the method.
    """
    worker = create_worker(job, _worker_class=_Worker, _start_thread=False)
    worker.finished.connect(partial(_tell, weakref.WeakMethod(finished), weakref.ref(job)))
    worker.start()


def _tell(finished: weakref.WeakMethod[Callable[[Job], object]], job: weakref.ref[Job]) -> None:
    method, over = finished(), job()
    if method is not None and over is not None:
        method(over)
