"""Rows of the tables: functions that create the work to be timed, registered with a goal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Peer:
    """The same work by another library.

    Attributes
    ----------
    call : callable
        ``call(image, kernel)``.
    by_hand : bool
        True when it needs a program around the library: tiles for threads, a sum over planes. Such peers are shown but
        do not count for the goal, unless no simpler peer does the work.
    before : callable
        What is done before it is timed.
    comparable : bool
        Whether its result is meant to be the same as ours, so that its error can be stated.
    """

    call: Callable[[Any, Any], Any]
    by_hand: bool = False
    before: Callable[[], object] = lambda: None
    comparable: bool = True


@dataclass(frozen=True)
class Work:
    """The work of one row.

    Attributes
    ----------
    image : ndarray
    kernel : callable
        ``kernel(number)``: the kernel, with different values for every number, so that nothing that is cached by
        value is found again. Not timed.
    ours : callable
        ``ours(image, kernel, **options)``.
    peers : mapping of str to Peer
    expected : callable or None
        ``expected(image, kernel)``: where in the result, and what must be there, computed in float64.
    reach : int
        About the length of the kernel; a crop of the image for warming up is longer.
    """

    image: np.ndarray
    kernel: Callable[[int], Any]
    ours: Callable[..., Any]
    peers: Mapping[str, Peer]
    expected: Callable[[Any, Any], tuple[tuple[slice, ...], np.ndarray]] | None = None
    reach: int = 32


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    name : str
        For the command line.
    group, title : str
        The table, and the text of the row.
    goal, moonshot : float
        Best peer's time over ours.
    make : callable
        Makes the work.
    cached : bool
        The same kernel in every call, so that its spectrum is cached; else new values for every call.
    quick : bool
        Also in a quick run.
    memory : float
        GiB beyond the input, the result included, that it may need; such rows run in processes of their own.
    """

    name: str
    group: str
    title: str
    goal: float
    make: Callable[[], Work]
    moonshot: float = 0.0
    cached: bool = False
    quick: bool = False
    memory: float = 0.0


@dataclass(frozen=True)
class Goal:
    """The parameters of one line of a family, and its goal."""

    goal: float
    moonshot: float = 0.0
    quick: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)


def goal(ratio: float, moonshot: float = 0.0, *, quick: bool = False, **arguments: Any) -> Goal:
    """One line of a family: ``make(**arguments)`` with its goal."""
    return Goal(ratio, moonshot, quick, arguments)


ROWS: dict[str, Row] = {}


def family(
    name: str, group: str, title: str, goals: list[Goal], *, cached: bool = False, memory: float = 0.0
) -> Callable[[Callable[..., Work]], Callable[..., Work]]:
    """Register one row for each goal; name and title are filled with its arguments."""

    def register(make: Callable[..., Work]) -> Callable[..., Work]:
        for each in goals:
            row = Row(
                name.format(**each.arguments),
                group,
                title.format(**{key: _written(value) for key, value in each.arguments.items()}),
                each.goal,
                lambda each=each: make(**each.arguments),
                each.moonshot,
                cached,
                each.quick,
                memory,
            )
            if row.name in ROWS:
                raise ValueError(f"two rows are called {row.name!r}")
            ROWS[row.name] = row
        return make

    return register


def _written(value: Any) -> Any:
    """Shapes as 64x512x512."""
    return "x".join(map(str, value)) if isinstance(value, tuple) else value


def rows() -> Iterator[Row]:
    """All rows, in the order of the tables."""
    from . import rows as _modules  # noqa: F401  registers them

    return iter(ROWS.values())
