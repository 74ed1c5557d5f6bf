"""Snapshots of an iteration that runs in another thread, and a way to end it early."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .timing import INTERMEDIATE_SECONDS


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The estimate after an iteration of one batch item."""

    batch_item: int
    iteration: int
    data: NDArray[Any]


class IterationWatch:
    """The `intermediate` callback of an iterative operation: called after every iteration, read from another thread.

    Batch items are iterated one after the other. `kept` is the number of iterations after which the first of them was
    stopped, `uneven` whether items before it had another number of them. Without `pictures` no estimates are copied.
    """

    def __init__(self, *, pictures: bool = True) -> None:
        self.batch_item, self.iteration = 0, 0
        self.kept: int | None = None
        self.uneven = False
        self._pictures, self._last = pictures, 0.0
        self._snapshot: Snapshot | None = None
        self._stop = threading.Event()

    def __call__(self, iteration: int, found: Any) -> bool:
        """Record an iteration; True to make it the last one."""
        if iteration <= self.iteration:
            self.batch_item += 1
        self.iteration = iteration
        if self._stop.is_set() and self.kept is None:
            self.kept, self.uneven = iteration, self.batch_item > 0
        last = self.kept is not None and iteration >= self.kept
        now = time.monotonic()
        if self._pictures and self._snapshot is None and (last or now - self._last >= INTERMEDIATE_SECONDS):
            self._snapshot, self._last = Snapshot(self.batch_item, iteration, np.array(found)), now
        return last

    def stop(self) -> None:
        """End after the present iteration; batch items to come get as many iterations."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def take(self) -> Snapshot | None:
        """The newest snapshot, once; None if there is no new one."""
        snapshot, self._snapshot = self._snapshot, None
        return snapshot
