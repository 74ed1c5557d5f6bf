"""Steps that can be taken back."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")
#: Older steps are forgotten.
_MOST = 100


class History(Generic[T]):
    """States in the order in which they came; equal neighbours count once.

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
        """Go on from here; what was taken back is gone."""
        if self._at >= 0 and self._states[self._at] == state:
            return
        self._states = [*self._states[: self._at + 1], state][-_MOST:]
        self._at = len(self._states) - 1

    def now(self) -> T | None:
        """The state we are at; None before the first."""
        return self._states[self._at] if self._states else None

    def can_go(self, step: int) -> bool:
        """Whether there is a state so many steps further, backwards when negative."""
        return 0 <= self._at + step < len(self._states)

    def back(self) -> T | None:
        """The state before; None at the first."""
        return self._go(-1)

    def forth(self) -> T | None:
        """The state that was taken back last; None when there is none."""
        return self._go(1)

    def _go(self, step: int) -> T | None:
        if not self.can_go(step):
            return None
        self._at += step
        return self._states[self._at]
