"""The planner: ranks the methods it is given by what they cost on a machine, within its memory."""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from .._progress import device_name, format_seconds
from ._specs import Cost, Machine, Plan, Problem
from ._tiles import count_tiles, shrink

#: The longest a single library call may take while somebody watches the progress.
RESPONSIVE_SECONDS = 0.3
#: The share of free memory that a call uses when `max_memory` does not say.
_SAFE_SHARE = 0.5
#: Unasked, no more than this together with the result; but as much as this, or this share of the result, in any case.
_TOGETHER_BYTES, _MODEST_BYTES, _MODEST_SHARE = 512 << 20, 128 << 20, 0.18
#: What a call takes anyway: predictions closer to zero than this are equal, and the plainest method wins.
_INDISTINCT_SECONDS = 50e-6
#: What is predicted to take less is done without code that may or may not be compiled yet: it gains less than a call
#: takes anyway, and the same call has the same bits in a process that has just begun and in one that is warm.
_NOT_WORTH_CODE_SECONDS = 200e-6
#: A plan that is given may not ask for more.
_MOST_TILES = 1 << 22


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
    method: str | Plan = "auto",
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
        The name of the one method to use, ``"auto"``, or a plan to follow.
    workers
        Threads; they change the predicted time but never method or tiles, so that the result does not depend on them.
    max_memory
        Bytes beyond input and output; None takes a safe share of what is free.
    compiled
        Plan as if all code were compiled already.

    Raises
    ------
    ValueError
        When the method asked for does not apply, with the reason.
    """
    if isinstance(method, Plan):
        return _again(method, problem, machines, methods, workers, max_memory)
    budgets = tuple(max_memory or modest_budget(problem, machine) for machine in machines)
    # what is free changes from call to call, and counts for the budgets alone; what a key holds stays the same
    same = tuple(replace(machine, free=0, rates=dict(machine.rates)) for machine in machines)
    return _fastest(problem, same, budgets, tuple(methods), method, workers, compiled)


@functools.lru_cache(maxsize=256)
def _fastest(
    problem: Problem,
    machines: tuple[Machine, ...],
    budgets: tuple[int, ...],
    methods: tuple[MethodLike, ...],
    method: str,
    workers: int | None,
    compiled: bool,
) -> Plan:
    """See `make_plan`; remembered, for a small image is convolved in less time than it takes to plan it."""
    found: list[tuple[MethodLike, Machine, int]] = []
    refused = ""
    for machine, budget in zip(machines, budgets, strict=True):
        for candidate in methods:
            if method not in ("auto", candidate.name):
                continue
            why_not = candidate.applies(problem, machine)
            if not why_not and method == "auto" and not compiled and set(candidate.codes(problem)) - machine.compiled:
                why_not = "it is not compiled yet"
            if why_not:
                refused = why_not
                continue
            found.append((candidate, machine, budget))
    if not found:
        raise ValueError(f"method={method!r} does not apply here: {refused}; use method='auto'")
    # as if all threads were free: else the number of workers would decide the method, and with it the bits
    plans = [_plan_for(problem, machine, candidate, budget, None) for candidate, machine, budget in found]
    plain = [number for number, (used, _, _) in enumerate(found) if not used.codes(problem)]
    if method == "auto" and any(plans[number].seconds <= _NOT_WORTH_CODE_SECONDS for number in plain):
        found, plans = [found[number] for number in plain], [plans[number] for number in plain]
    best = min(plans, key=lambda plan: max(plan.seconds, _INDISTINCT_SECONDS))
    reason = _reason(best, plans, method)
    if workers is not None:
        candidate, machine, budget = found[plans.index(best)]
        best = _plan_for(problem, machine, candidate, budget, workers)
    return replace(best, reason=reason)


def modest_budget(problem: Problem, machine: Machine) -> int:
    """Bytes beyond input and output that a call uses when it is not told."""
    result = math.prod(problem.out) * problem.itemsize
    modest = max(_TOGETHER_BYTES - result, _MODEST_BYTES, int(result * _MODEST_SHARE))
    return max(min(modest, int(machine.free * _SAFE_SHARE)), 1 << 20)


def _again(
    plan: Plan,
    problem: Problem,
    machines: Sequence[Machine],
    methods: Iterable[MethodLike],
    workers: int | None,
    max_memory: int | None,
) -> Plan:
    """The same method, on the same backend where it is one of `machines`, in the same tiles unless memory is short.

    Raises
    ------
    ValueError
        When the plan is for another number of axes, its method is unknown or does not apply, or its tiles are none.
    """
    if len(plan.tiles) != len(problem.out):
        raise ValueError(f"the plan is for {len(plan.tiles)} axes, the image has {len(problem.out)}")
    if any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in plan.tiles):
        raise ValueError(f"the plan's tiles={plan.tiles!r} must be positive integers")
    if count_tiles(problem.out, plan.tiles) > _MOST_TILES:
        raise ValueError(f"the plan's tiles of {plan.tiles} are too small for a result of shape {problem.out}")
    machine = next((m for m in machines if m.backend == plan.backend), machines[0])
    known = {candidate.name: candidate for candidate in methods}
    if plan.method not in known:
        raise ValueError(f"the plan's method={plan.method!r} is not one of {', '.join(map(repr, known))}")
    if why_not := known[plan.method].applies(problem, machine):
        raise ValueError(f"the plan's method={plan.method!r} does not apply here: {why_not}")
    # following the plan comes before short steps, and it may use more than a safe share of what is free
    problem, budget = replace(problem, responsive=False), max_memory or max(machine.free, 1 << 20)
    tiles = _within(plan.tiles, problem.out) if machine.backend == plan.backend else None
    found = _plan_for(problem, machine, known[plan.method], budget, workers, tiles)
    smaller = " but for smaller tiles: memory is short" if found.tiles != tiles is not None else ""
    return replace(found, reason=f"as asked{smaller}")


def _plan_for(
    problem: Problem,
    machine: Machine,
    method: MethodLike,
    budget: int,
    workers: int | None,
    tiles: tuple[int, ...] | None = None,
) -> Plan:
    tile = _within(method.tile(problem, machine), problem.out) if tiles is None else tiles
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
    seconds += cost.once / (threads if cost.shared else 1)
    return Plan(method.name, machine.backend, tile, seconds, cost.bytes * at_once, "")


def _within(tile: Sequence[int], out: Sequence[int]) -> tuple[int, ...]:
    """At least one sample, and no more than there are."""
    return tuple(max(min(int(t), n), 1) for t, n in zip(tile, out, strict=True))


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
    where = second.method if second.backend == best.backend else f"{second.method} on {device_name(second.backend)}"
    return f"fastest, next {where} at about {format_seconds(second.seconds)}"
