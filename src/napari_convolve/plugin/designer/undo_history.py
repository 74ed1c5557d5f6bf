"""History of states for undo and redo."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")
#: Most states that are kept.
_MOST = 100


class History(Generic[T]):
    """States for undo and redo; equal neighbours count once.

    Examples
    --------
    >>> past = History()
    >>> for state in (1, 2, 2, 3):
    ...     past.add(state)
    >>> past.back(), past.back(), past.back(), past.forth()
    (2, 1, None, 2)
    """

    def __init__(self) -> None:
        self._states: list[T] = []
        self._at = -1

    def add(self, state: T) -> None:
        """Add a state after the present one; undone states are dropped."""
        if self._at >= 0 and self._states[self._at] == state:
            return
        self._states = [*self._states[: self._at + 1], state][-_MOST:]
        self._at = len(self._states) - 1

    def now(self) -> T | None:
        """The present state; None if there is none."""
        return self._states[self._at] if self._states else None

    def can_go(self, step: int) -> bool:
        """Whether there is a state `step` further; negative steps go back."""
        return 0 <= self._at + step < len(self._states)

    def back(self) -> T | None:
        """Undo: the previous state; None at the first."""
        return self._go(-1)

    def forth(self) -> T | None:
        """Redo: the next state; None at the last."""
        return self._go(1)

    def _go(self, step: int) -> T | None:
        if not self.can_go(step):
            return None
        self._at += step
        return self._states[self._at]
