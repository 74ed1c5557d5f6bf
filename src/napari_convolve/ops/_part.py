"""One of several sweeps of a call, told to its task as some steps of the whole."""

from __future__ import annotations

from .._progress import Task


class Part(Task):
    """A task within a task.

    Parameters
    ----------
    whole : Task
        Must have begun.
    steps : int
        How many of its steps this part is.
    """

    def __init__(self, whole: Task, steps: int) -> None:
        super().__init__(whole.operation, self._relay)
        self._whole, self._steps, self._told = whole, steps, 0

    @property
    def responsive(self) -> bool:
        return self._whole.responsive

    def fall_back(self, text: str) -> None:
        self._whole.fall_back(text)

    def assume(self, text: str) -> None:
        self._whole.assume(text)

    def _relay(self, done: int, total: int) -> None:
        # a part that starts again with smaller tiles does not take back what was told
        reached = self._steps * done // total
        if reached > self._told or done == 0:
            more, self._told = max(reached - self._told, 0), max(reached, self._told)
            self._whole.advance(more)
