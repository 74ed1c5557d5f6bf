"""The planner: ranks methods by their predicted time on a machine, within its memory."""

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

#: Longest time of a single library call when there is a progress callback.
RESPONSIVE_SECONDS = 0.3
#: Share of free memory that a call uses without `max_memory`.
_SAFE_SHARE = 0.5
#: Without `max_memory`: limit of workspace and result together; but the workspace may always be this, or this share.
_TOGETHER_BYTES, _MODEST_BYTES, _MODEST_SHARE = 512 << 20, 128 << 20, 0.18
#: Overhead of every call: shorter predictions count as equal, and the simplest method wins.
_INDISTINCT_SECONDS = 50e-6
#: Below this prediction compiled code is not used, even if it is ready: it gains less than the overhead of a call, and
#: the result is bitwise the same in a new process and in one that has compiled the code already.
_NOT_WORTH_CODE_SECONDS = 200e-6
#: Largest number of tiles of a plan that the caller passes.
_MOST_TILES = 1 << 22


class MethodLike(Protocol):
    """The part of a `Method` that the planner uses."""

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
    """Plan for the fastest of `methods` on any of `machines` within `max_memory` bytes beyond input and output.

    `method` is ``"auto"``, the name of the method to use (ValueError with the reason when it does not apply), or a plan
    to follow. `workers` changes the predicted time but never method or tiles, so that the result does not depend on it.
    `compiled` plans as if all code were compiled already.
    """
    if isinstance(method, Plan):
        return _follow(method, problem, machines, methods, workers, max_memory)
    budgets = tuple(max_memory or modest_budget(problem, machine) for machine in machines)
    # free memory changes from call to call: it is in the budgets, and not in the key of the cache
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
    """See `make_plan`; cached, because planning takes longer than the convolution of a small image."""
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
    # with all threads: otherwise the number of workers would change the method, and the rounding of the result
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
    """Bytes beyond input and output that a call uses without `max_memory`."""
    result = math.prod(problem.out) * problem.itemsize
    modest = max(_TOGETHER_BYTES - result, _MODEST_BYTES, int(result * _MODEST_SHARE))
    return max(min(modest, int(machine.free * _SAFE_SHARE)), 1 << 20)


def _follow(
    plan: Plan,
    problem: Problem,
    machines: Sequence[Machine],
    methods: Iterable[MethodLike],
    workers: int | None,
    max_memory: int | None,
) -> Plan:
    """Follow a plan: its method, its backend if it is one of `machines`, and its tiles unless memory is short."""
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
    # the plan takes precedence over short steps, and may use all free memory
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
            break  # the halo dominates: smaller tiles no longer help
        tile, cost = smaller, next_cost
    number = count_tiles(problem.out, tile)
    threads = min(machine.cores, workers or machine.cores)
    at_once = max(1, min(threads, number))
    moved = math.prod(problem.shape) * np.dtype(problem.dtype).itemsize + math.prod(problem.out) * problem.itemsize
    seconds = number * cost.seconds / (threads if cost.shared else at_once) + moved * machine.transfer
    seconds += cost.once / (threads if cost.shared else 1)
    return Plan(method.name, machine.backend, tile, seconds, cost.bytes * at_once, "")


def _within(tile: Sequence[int], out: Sequence[int]) -> tuple[int, ...]:
    """The tile limited to the shape of the result, at least one sample long."""
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
