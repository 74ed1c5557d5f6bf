"""Which method, which backend, which tiles: decided from the problem and the machine alone, before any work.

Nothing here computes a convolution or knows a method by name: the planner ranks the methods it is given.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from ._arrays import dtype_name
from ._progress import format_bytes, format_seconds

#: The longest a single library call may take while somebody watches the progress.
RESPONSIVE_SECONDS = 0.3
#: The share of free memory that a call uses when `max_memory` does not say.
_SAFE_SHARE = 0.5


@dataclass(frozen=True)
class ArraySpec:
    """The shape and dtype of an array that need not exist, for `nc.plan`."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        object.__setattr__(self, "dtype", dtype_name(self.dtype))

    @property
    def ndim(self) -> int:
        return len(self.shape)


@dataclass(frozen=True)
class Problem:
    """Everything about a sum over a window that decides how to compute it, and no data.

    Attributes
    ----------
    operation : str
        The public function's name.
    shape, dtype : tuple of int, str
        Of the image.
    out, compute : tuple of int, str
        Shape of the result and the dtype it is computed in.
    axes, kernel : tuple of int
        The axes acted on and the kernel's length along each.
    taps, terms : int
        Weights that are not zero; separable terms the kernel is a sum of (0: none were found).
    flat : bool
        Whether all weights are the same, so that running sums do.
    boundary : str
    masked : bool
        Whether samples are left out (normalised convolution).
    responsive : bool
        Whether no single step may take long.
    """

    operation: str
    shape: tuple[int, ...]
    dtype: str
    out: tuple[int, ...]
    compute: str
    axes: tuple[int, ...]
    kernel: tuple[int, ...]
    taps: int
    terms: int = 0
    flat: bool = False
    boundary: str = "reflect"
    masked: bool = False
    responsive: bool = False

    @property
    def itemsize(self) -> int:
        """Bytes of a sample while it is computed with."""
        return np.dtype(self.compute).itemsize

    def block(self, tile: Sequence[int]) -> tuple[int, ...]:
        """The samples a tile of the result depends on: the tile and its halo."""
        lengths = list(tile)
        for axis, k in zip(self.axes, self.kernel, strict=True):
            lengths[axis] += k - 1
        return tuple(lengths)


@dataclass(frozen=True)
class Machine:
    """What a plan needs to know of one backend's device; the same two, problem and machine, give the same plan.

    Attributes
    ----------
    backend : str
    cores : int
        Threads that compute tiles at once.
    free : int
        Bytes that may be used.
    rates : mapping of str to float
        Constants of the methods' cost models, by the method's name; missing ones take the method's default.
    compiled : frozenset
        The compiled code that is ready to run.
    transfer : float
        Seconds to move one byte to the device and back, 0 where the data is there already.
    """

    backend: str
    cores: int
    free: int
    rates: Any = field(default_factory=dict)
    compiled: frozenset[Hashable] = frozenset()
    transfer: float = 0.0


@dataclass(frozen=True)
class Cost:
    """Of one tile, on one thread: seconds and bytes of workspace (the result itself not counted).

    `shared` says that the threads can share a single tile.
    """

    seconds: float
    bytes: int
    shared: bool = False


@dataclass(frozen=True)
class Plan:
    """How a result is computed; prints as one line.

    Attributes
    ----------
    method, backend : str
    tiles : tuple of int
        Samples of the result computed at once, along each axis.
    seconds, bytes : float, int
        Predicted time, and memory beyond input and output.
    reason : str
        Why this method.
    """

    method: str
    backend: str
    tiles: tuple[int, ...]
    seconds: float
    bytes: int
    reason: str

    def __str__(self) -> str:
        tiles = "x".join(map(str, self.tiles))
        return (
            f"{self.method} on {self.backend}, tiles of {tiles}, about {format_seconds(self.seconds)} and "
            f"{format_bytes(self.bytes)} beyond input and output: {self.reason}"
        )


class MethodLike(Protocol):
    """What the planner asks of a method."""

    @property
    def name(self) -> str: ...

    def applies(self, problem: Problem, machine: Machine, /) -> str: ...

    def tile(self, problem: Problem, machine: Machine, /) -> tuple[int, ...]: ...

    def cost(self, problem: Problem, tile: tuple[int, ...], machine: Machine, /) -> Cost: ...

    def codes(self, problem: Problem, /) -> tuple[Hashable, ...]: ...


def make_plan(
    problem: Problem,
    machines: Sequence[Machine],
    methods: Iterable[MethodLike],
    *,
    method: str = "auto",
    workers: int | None = None,
    max_memory: int | None = None,
    compiled: bool = False,
) -> Plan:
    """The fastest of `methods` on any of `machines` within the memory.

    Parameters
    ----------
    problem, machines, methods
        What is to be computed, where, and the candidates.
    method
        The name of the one method to use, or ``"auto"``.
    workers
        Threads; they change the predicted time but never the tiles, so that the result does not depend on them.
    max_memory
        Bytes beyond input and output; None takes a safe share of what is free.
    compiled
        Plan as if all code were compiled already.

    Raises
    ------
    ValueError
        When the method asked for does not apply, with the reason.
    """
    found: list[Plan] = []
    refused = ""
    for machine in machines:
        budget = max_memory or max(int(machine.free * _SAFE_SHARE), 1 << 20)
        for candidate in methods:
            if method not in ("auto", candidate.name):
                continue
            why_not = candidate.applies(problem, machine)
            if not why_not and method == "auto" and not compiled and set(candidate.codes(problem)) - machine.compiled:
                why_not = "it is not compiled yet"
            if why_not:
                refused = why_not
                continue
            found.append(_plan_for(problem, machine, candidate, budget, workers))
    if not found:
        raise ValueError(f"method={method!r} does not apply here: {refused}; use method='auto'")
    best = min(found, key=lambda plan: plan.seconds)
    return replace(best, reason=_reason(best, found, method))


def shrink(tile: tuple[int, ...], axes: Sequence[int]) -> tuple[int, ...] | None:
    """Half the tile: batch axes first, then the longest acted axis; None when a single sample is left."""
    batch = [a for a in range(len(tile)) if a not in axes and tile[a] > 1]
    candidates = batch[:1] or [a for a in axes if tile[a] > 1]
    if not candidates:
        return None
    longest = max(candidates, key=lambda a: tile[a])
    return tuple(-(-n // 2) if a == longest else n for a, n in enumerate(tile))


def count_tiles(out: Sequence[int], tile: Sequence[int]) -> int:
    """How many tiles cover the result."""
    return math.prod(-(-n // t) for n, t in zip(out, tile, strict=True))


def _plan_for(problem: Problem, machine: Machine, method: MethodLike, budget: int, workers: int | None) -> Plan:
    tile: tuple[int, ...] = tuple(max(n, 1) for n in method.tile(problem, machine))
    cost = method.cost(problem, tile, machine)
    while not _fits(problem, machine, tile, cost, budget):
        smaller = shrink(tile, problem.axes)
        if smaller is None:
            break
        next_cost = method.cost(problem, smaller, machine)
        if next_cost.bytes >= cost.bytes and next_cost.seconds >= cost.seconds:
            break  # the halo dominates: smaller tiles do not help any more
        tile, cost = smaller, next_cost
    number = count_tiles(problem.out, tile)
    threads = min(machine.cores, workers or machine.cores)
    at_once = max(1, min(threads, number))
    moved = math.prod(problem.shape) * np.dtype(problem.dtype).itemsize + math.prod(problem.out) * problem.itemsize
    seconds = number * cost.seconds / (threads if cost.shared else at_once) + moved * machine.transfer
    return Plan(method.name, machine.backend, tile, seconds, cost.bytes * at_once, "")


def _fits(problem: Problem, machine: Machine, tile: tuple[int, ...], cost: Cost, budget: int) -> bool:
    at_once = min(machine.cores, count_tiles(problem.out, tile))
    if cost.bytes * at_once > budget:
        return False
    one = cost.seconds / (machine.cores if cost.shared and at_once == 1 else 1)
    return not problem.responsive or one <= RESPONSIVE_SECONDS


def _reason(best: Plan, found: Sequence[Plan], method: str) -> str:
    if method != "auto":
        return "as asked"
    others = sorted((p for p in found if p is not best), key=lambda plan: plan.seconds)
    if not others:
        return "the only method that applies"
    second = others[0]
    where = second.method if second.backend == best.backend else f"{second.method} on {second.backend}"
    return f"fastest, next {where} at about {format_seconds(second.seconds)}"
