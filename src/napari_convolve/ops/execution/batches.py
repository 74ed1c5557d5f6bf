"""Run a global operation (one whose every result depends on the whole image) on each entry of the batch axes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..._arrays import Array, cast, in_c_order
from ..._progress import Cancelled, Task, format_bytes
from ...backends import SESSION, Backend, cpu_count, get_backend
from ...planning import Cost, Machine, Plan, Problem, make_plan
from ..psf.psf_set import Psf, PsfSet
from .tiles import check_room, move

#: seconds per sample and doubling of the length, for one transform
PER_SAMPLE = 0.6e-9
#: seconds that a step of an iteration takes at least
PER_STEP = 0.6e-3
#: The index of an entry's block in the image: integers along the batch axes, full slices along the others.
Key = tuple[slice | int, ...]
#: ``compute(block, valid, psf, key, device, workers, step)`` returns the result of one entry, in memory of its own and
#: in any float dtype; it calls ``step()`` after each of its steps, and ``step(0)``, which may raise `Cancelled`, often.
Compute = Callable[[Array, Array | None, Psf, Key, Backend, int, "Step"], Array]
Step = Callable[..., None]


@dataclass(frozen=True)
class Demand:
    """What one entry takes.

    Attributes
    ----------
    grid : tuple of int
        The grid of its transforms.
    transforms : float
        How many of them.
    buffers : float
        How many arrays of the grid's size are held at once.
    steps : int
        Steps that are reported as progress.
    alone : bool
        Whether entries must be computed one after the other.
    beside : float
        Seconds of one thread that come besides the transforms.
    """

    grid: tuple[int, ...]
    transforms: float
    buffers: float
    steps: int
    alone: bool = False
    beside: float = 0.0

    def bytes(self, problem: Problem) -> int:
        return int(self.buffers * math.prod(self.grid) * problem.itemsize)


@dataclass(frozen=True)
class _Transforms:
    """The one method of a global operation, as the planner sees it."""

    demand: Demand
    name: str = "fft"

    def applies(self, problem: Problem, machine: Machine) -> str:
        return ""

    def codes(self, problem: Problem) -> tuple[Hashable, ...]:
        return ()

    def tile(self, problem: Problem, machine: Machine) -> tuple[int, ...]:
        return tuple(n if a in problem.axes else 1 for a, n in enumerate(problem.out))

    def cost(self, problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
        samples = math.prod(self.demand.grid)
        rate = machine.rates.get("fft", 2 * PER_SAMPLE) * problem.itemsize / 4
        seconds = self.demand.transforms * samples * math.log2(max(2, samples)) * rate / 2
        return Cost(seconds, self.demand.bytes(problem), shared=True)


def fits(needed: int, machine: Machine, max_memory: int | None) -> bool:
    """Whether so many bytes are allowed, or free when nothing is said."""
    return needed <= (max_memory or machine.free)


def global_plan(
    problem: Problem, demand: Demand, machines: Sequence[Machine], workers: int | None, max_memory: int | None
) -> Plan:
    """The plan of a global operation: as many entries at once as there are threads and memory for.

    Raises
    ------
    MemoryError
        When a single entry does not fit into `max_memory`, or what is free.
    """
    one = max(demand.bytes(problem), 1)
    machines = [m for m in machines if fits(one, m, max_memory)] or machines
    plan = make_plan(problem, machines, [_Transforms(demand)], workers=workers, max_memory=max_memory)
    machine = next(m for m in machines if m.backend == plan.backend)
    limit = max_memory or machine.free
    if not fits(one, machine, max_memory):
        raise MemoryError(
            f"{problem.operation} needs {format_bytes(one)} beyond input and output, for a grid of {demand.grid}; "
            f"{format_bytes(limit)} are {'allowed by max_memory' if max_memory else 'free'}"
        )
    together = max(1, min(plan.bytes, limit) // one)
    entries = math.prod(n for axis, n in enumerate(problem.out) if axis not in problem.axes)
    return replace(plan, bytes=one * together, seconds=plan.seconds + demand.beside * entries / together)


def run_entries(
    image: Array,
    valid: Array | None,
    psfs: PsfSet,
    problem: Problem,
    demand: Demand,
    plan: Plan,
    dtype: str,
    compute: Compute,
    source: Backend,
    workers: int | None,
    task: Task,
) -> Array:
    """The results of `compute` on every entry, as `dtype`, in one new array of the image's library.

    When the device runs out of memory the CPU takes over, which is reported.
    """
    check_room(problem.out, dtype, source)
    while True:
        device = get_backend(plan.backend)
        task.plan = plan
        try:
            return _run(image, valid, psfs, problem, demand, plan, dtype, compute, source, device, workers, task)
        except device.out_of_memory as error:
            if device.name == "numpy":
                raise MemoryError(f"{problem.operation} ran out of memory: {error}") from error
            device.release()
            task.fall_back(f"{device.name} ran out of memory; computed on the CPU instead")
            plan = replace(plan, backend="numpy")


def _run(
    image: Array,
    valid: Array | None,
    psfs: PsfSet,
    problem: Problem,
    demand: Demand,
    plan: Plan,
    dtype: str,
    compute: Compute,
    source: Backend,
    device: Backend,
    workers: int | None,
    task: Task,
) -> Array:
    threads, count = min(workers or cpu_count(), cpu_count()), psfs.count()
    at_once = min(threads, count, max(1, plan.bytes // max(1, demand.bytes(problem))))
    if demand.alone or not (device.threaded and source.threaded):
        at_once = 1
    stop = threading.Event()
    step: Step = task.advance if at_once <= 1 else _Together(task, stop)

    def result(item: tuple[Key, Psf]) -> Array:
        key, psf = item
        block = in_c_order(device.astype(move(image[key], source, device), problem.compute))
        flags = None if valid is None else in_c_order(move(valid[key], source, device))
        found = compute(block, flags, psf, key, device, max(1, threads // max(at_once, 1)), step)
        return move(cast(found, dtype, device.xp), device, source)

    def entry(item: tuple[Key, Psf]) -> None:
        source.assign(out, item[0], result(item))

    if not psfs.batch:
        task.begin(demand.steps)
        with np.errstate(all="ignore"):
            found = result(next(psfs.entries()))
        if getattr(found, "base", found) is None:  # not a part of a larger array
            return found
        out = source.empty(problem.out, dtype)
        source.assign(out, ..., found)
        return out
    out = source.empty(problem.out, dtype)
    if at_once > 1:
        task.begin(count * demand.steps)
        SESSION.run_all(entry, psfs.entries(), at_once, lambda count: step(0), stop)
        step(0)
        return out
    task.begin(count * demand.steps)
    with np.errstate(all="ignore"):
        for item in psfs.entries():
            entry(item)
    return out


class _Together:
    """The steps of entries that are done at once: told in the calling thread; the other threads end with it."""

    def __init__(self, task: Task, stop: threading.Event) -> None:
        self._task, self._stop = task, stop
        self._caller, self._lock, self._untold = threading.get_ident(), threading.Lock(), 0

    def __call__(self, count: int = 1) -> None:
        calling = threading.get_ident() == self._caller
        with self._lock:
            self._untold += count
            if calling:
                count, self._untold = self._untold, 0
        if calling:
            self._task.advance(count)
        elif self._stop.is_set():
            raise Cancelled


def global_problem(
    operation: str,
    shape: Sequence[int],
    given: str,
    compute: str,
    axes: tuple[int, ...],
    edges: str,
    masked: bool,
    task: Task,
) -> Problem:
    """The problem of an operation that transforms all of each entry of the batch axes."""
    return Problem(
        operation=operation,
        shape=tuple(shape),
        dtype=given,
        out=tuple(shape),
        compute=compute,
        axes=axes,
        kernel=(1,) * len(axes),
        taps=1,
        boundary=edges,
        masked=masked,
        responsive=task.responsive,
    )


def whole_entries(shape: Sequence[int], axes: tuple[int, ...]) -> PsfSet:
    """The entries of the batch axes of an operation that has no point spread function."""
    batch = tuple(a for a in range(len(shape)) if a not in axes)
    return PsfSet(axes, batch, tuple(shape), (Psf(np.ones((1,) * len(axes)), (0,) * len(axes)),))
