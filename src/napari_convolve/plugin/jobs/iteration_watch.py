"""A look into an iteration that runs in another thread, and a way to end it there."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .timing import INTERMEDIATE_SECONDS


@dataclass(frozen=True, eq=False)
class Look:
    """The object after an iteration of one image; `entry` counts the images, which are iterated one after the other."""

    entry: int
    iteration: int
    data: NDArray[Any]


class Watch:
    """The `intermediate` callback of an iterative operation: told of every iteration, asked from another thread.

    Parameters
    ----------
    pictures
        Whether to keep copies of the object.
    """

    def __init__(self, *, pictures: bool = True) -> None:
        self.entry, self.iteration = 0, 0
        self.kept: int | None = None
        self.uneven = False
        self._pictures, self._last = pictures, 0.0
        self._look: Look | None = None
        self._stop = threading.Event()

    def __call__(self, iteration: int, found: Any) -> bool:
        """Note an iteration; True when it shall be the last one."""
        if iteration <= self.iteration:
            self.entry += 1
        self.iteration = iteration
        if self._stop.is_set() and self.kept is None:
            self.kept, self.uneven = iteration, self.entry > 0
        last = self.kept is not None and iteration >= self.kept
        now = time.monotonic()
        if self._pictures and self._look is None and (last or now - self._last >= INTERMEDIATE_SECONDS):
            self._look, self._last = Look(self.entry, iteration, np.array(found)), now
        return last

    def stop(self) -> None:
        """Keep what there is after the present iteration; entries still to come get as many iterations."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._stop.is_set()

    def take(self) -> Look | None:
        """The newest look that nobody has taken yet."""
        look, self._look = self._look, None
        return look
