"""Calls in a background thread, with progress, cancellation and exactly one outcome."""

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
    """Result of a call: a value, an error message with its traceback as `details`, or neither if it was cancelled."""

    value: Any = None
    error: str = ""
    details: str = ""
    cancelled: bool = False


class Job:
    """One call of ``call(progress)``, run once in any thread; ``progress(done, total)`` raises `Cancelled` to stop it.

    `created` is when the job was made, with the values of that moment; `seconds` is from then to the outcome.
    """

    def __init__(self, call: Call, title: str) -> None:
        self._call: Call | None = call
        self.title = title
        self.state = (0, 0)
        self.created = self.started = time.perf_counter()
        self.seconds = 0.0
        self.outcome: Outcome | None = None
        self._stop = threading.Event()

    def __repr__(self) -> str:
        return self.title

    def __call__(self) -> None:
        assert self._call is not None
        self.started = time.perf_counter()
        try:
            self.progress(0, 0)
            outcome = Outcome(self._call(self.progress))
        except nc.Cancelled:
            outcome = Outcome(cancelled=True)
        # Border of the panel: any error is shown as a message, with its traceback on request.
        except Exception as error:  # noqa: BLE001
            outcome = Outcome(error=sentence(error), details=traceback.format_exc())
        # A cancelled job drops its result, and a finished one its call, which holds the image.
        self.outcome = Outcome(cancelled=True) if self._stop.is_set() else outcome
        self._call = None
        self.seconds = time.perf_counter() - self.created

    def progress(self, done: int, total: int) -> None:
        """Record the progress, or stop the call if it was cancelled."""
        if self._stop.is_set():
            raise nc.Cancelled
        self.state = (done, total)

    def cancel(self) -> None:
        """Stop the call at its next progress report."""
        self._stop.set()

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    def seconds_left(self) -> float | None:
        """Time left, estimated from the progress; None until half a second has passed."""
        done, total = self.state
        elapsed = time.perf_counter() - self.started
        return elapsed * (total - done) / done if done and elapsed > 0.5 else None


class _Worker(FunctionWorker):
    """A worker whose `quit`, which napari calls when its window closes, cancels the job."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._job = job

    def quit(self) -> None:
        self._job.cancel()
        super().quit()


def start(job: Job, finished: Callable[[Job], object]) -> None:
    """Run a job in napari's thread pool; the method `finished` gets it in the GUI thread, whatever the outcome.

    Qt keeps its slots alive: weak references let go of the job and of the owner of the method.
    """
    worker = create_worker(job, _worker_class=_Worker, _start_thread=False)
    worker.finished.connect(partial(_notify, weakref.WeakMethod(finished), weakref.ref(job)))
    worker.start()


def _notify(finished: weakref.WeakMethod[Callable[[Job], object]], job: weakref.ref[Job]) -> None:
    method, over = finished(), job()
    if method is not None and over is not None:
        method(over)
