"""How one call is computed: on which machines, by which method, within which memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..._progress import Task, format_bytes
from ...backends import SESSION, Backend, cpu_count, get_backend
from ...methods import Method
from ...planning import Machine, Plan, Problem, make_plan

#: Results smaller than this are not worth asking the system for.
_SURELY_FREE = 64 << 20


@dataclass(frozen=True)
class Execution:
    """The options of a call that change how the result is computed, never what it is.

    Attributes
    ----------
    source : Backend
        Library of the image, and so of the result.
    machines : tuple of Machine
        Candidates for the computation.
    task : Task
        Receives progress, fallbacks and the plan.
    method : str or Plan
        ``"auto"``, the name of a method, or the plan to follow.
    workers : int or None
        Most CPU threads; None for all.
    max_memory : int or None
        Most bytes beyond input and output; None for a safe share of what is free.
    """

    source: Backend
    machines: tuple[Machine, ...]
    task: Task
    method: str | Plan = "auto"
    workers: int | None = None
    max_memory: int | None = None

    @property
    def threads(self) -> int:
        """Number of CPU threads to use."""
        return min(self.workers or cpu_count(), cpu_count())

    def plan(self, problem: Problem, methods: Sequence[Method]) -> Plan:
        """The fastest way to compute `problem` here."""
        return make_plan(
            problem, self.machines, methods, method=self.method, workers=self.workers, max_memory=self.max_memory
        )

    def restricted(self, backend: str, max_memory: int | None = None) -> Execution:
        """The same on one backend, where needed with less memory: for a retry after memory ran out."""
        machines = tuple(m for m in self.machines if m.backend == backend) or (machine_on(get_backend(backend)),)
        return replace(self, machines=machines, max_memory=max_memory or self.max_memory)

    def check_room(self, shape: Sequence[int], dtype: str) -> None:
        """Refuse a result that does not fit into memory, before any work.

        Raises
        ------
        MemoryError
            With the bytes needed and free.
        """
        needed = math.prod(shape) * np.dtype(dtype).itemsize
        if needed > _SURELY_FREE and needed > (free := self.source.free_bytes()):
            raise MemoryError(
                f"the result of shape {tuple(shape)} needs {format_bytes(needed)}, {format_bytes(free)} are free"
            )


def machine_on(backend: Backend, transfer: float = 0.0) -> Machine:
    """A backend's device as the planner sees it, with the memory that is free now."""
    if backend.name != "numpy":
        return Machine(
            backend.name, cpu_count() if backend.threaded else 1, backend.free_bytes(), backend.rates, transfer=transfer
        )
    rates = {**backend.rates, **SESSION.rates()}
    return Machine("numpy", cpu_count(), SESSION.free_bytes(), rates, SESSION.ready(), transfer)
