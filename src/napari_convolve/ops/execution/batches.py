"""Run an operation whose every result depends on the whole image, on each item of the batch axes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..._arrays import Array, cast, dtype_name, in_c_order
from ..._progress import Cancelled, Task, format_bytes
from ...backends import SESSION, Backend, get_backend, move
from ...planning import Cost, Machine, Plan, Problem, make_plan
from ..psf.psf_set import Psf, PsfSet
from .execution import Execution

#: seconds per sample and doubling of the length, for one transform
PER_SAMPLE = 0.6e-9
#: seconds that a step of an iteration takes at least
PER_STEP = 0.6e-3
#: The index of an item's block in the image: integers along the batch axes, full slices along the others.
Key = tuple[slice | int, ...]
#: ``step()`` counts one step as done; ``step(0)`` counts none and may raise `Cancelled`.
Step = Callable[..., None]


@dataclass(frozen=True, eq=False)
class BatchItem:
    """One item of the batch axes (a time point, a channel), on the device that computes it.

    Attributes
    ----------
    block : array
        Its samples along the acted axes, in the dtype of the computation.
    valid : array of bool or None
        Which samples count; None for all.
    psf : Psf
    key : tuple of int and slice
        Index of the block in the image.
    device : Backend
    workers : int
        Number of threads for this item.
    step : callable
        To be called after each step, and as ``step(0)`` often in between.
    """

    block: Array
    valid: Array | None
    psf: Psf
    key: Key
    device: Backend
    workers: int
    step: Step

    @property
    def is_first(self) -> bool:
        """Whether it is the first of its batch, whose figures are reported."""
        return not any(isinstance(k, int) and k for k in self.key)


#: Returns the result of one item, in memory of its own and in any float dtype.
Compute = Callable[[BatchItem], Array]


@dataclass(frozen=True)
class ItemCost:
    """Time and memory of one batch item.

    Attributes
    ----------
    grid : tuple of int
        Shape of its transforms.
    transforms : float
        Number of transforms.
    buffers : float
        Number of arrays of the grid's size that are held at once.
    steps : int
        Number of steps reported as progress.
    alone : bool
        Whether items must be computed one after the other.
    beside : float
        Seconds of one thread in addition to the transforms.
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
    """The one method of a whole-image operation, as the planner sees it."""

    item: ItemCost
    name: str = "fft"

    def applies(self, problem: Problem, machine: Machine) -> str:
        return ""

    def codes(self, problem: Problem) -> tuple[Hashable, ...]:
        return ()

    def tile(self, problem: Problem, machine: Machine) -> tuple[int, ...]:
        return tuple(n if a in problem.axes else 1 for a, n in enumerate(problem.out))

    def cost(self, problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
        samples = math.prod(self.item.grid)
        rate = machine.rates.get("fft", 2 * PER_SAMPLE) * problem.itemsize / 4
        seconds = self.item.transforms * samples * math.log2(max(2, samples)) * rate / 2
        return Cost(seconds, self.item.bytes(problem), shared=True)


def batch_problem(
    operation: str, image: Array, psfs: PsfSet, compute: str, edges: str, *, masked: bool, run: Execution
) -> Problem:
    """The problem of an operation on the whole of each batch item."""
    return Problem(
        operation=operation,
        shape=tuple(image.shape),
        dtype=dtype_name(image.dtype),
        out=tuple(image.shape),
        compute=compute,
        axes=psfs.axes,
        kernel=psfs.size,
        taps=math.prod(psfs.size),
        boundary=edges,
        masked=masked,
        responsive=run.task.responsive,
    )


def without_psf(shape: Sequence[int], axes: tuple[int, ...]) -> PsfSet:
    """The batch items of an operation that has no point spread function."""
    batch = tuple(a for a in range(len(shape)) if a not in axes)
    return PsfSet(axes, batch, tuple(shape), (Psf(np.ones((1,) * len(axes)), (0,) * len(axes)),))


def fits(needed: int, machine: Machine, max_memory: int | None) -> bool:
    """Whether so many bytes are allowed, or free when `max_memory` is None."""
    return needed <= (max_memory or machine.free)


def batch_plan(problem: Problem, cost: ItemCost, run: Execution) -> Plan:
    """As many items at once as there are threads and memory for.

    Raises
    ------
    MemoryError
        When a single item does not fit into `max_memory` or the free memory.
    """
    one = max(cost.bytes(problem), 1)
    machines = [m for m in run.machines if fits(one, m, run.max_memory)] or list(run.machines)
    plan = make_plan(problem, machines, [_Transforms(cost)], workers=run.workers, max_memory=run.max_memory)
    machine = next(m for m in machines if m.backend == plan.backend)
    limit = run.max_memory or machine.free
    if not fits(one, machine, run.max_memory):
        raise MemoryError(
            f"{problem.operation} needs {format_bytes(one)} beyond input and output, for a grid of {cost.grid}; "
            f"{format_bytes(limit)} are {'allowed by max_memory' if run.max_memory else 'free'}"
        )
    together = max(1, min(plan.bytes, limit) // one)
    items = math.prod(n for axis, n in enumerate(problem.out) if axis not in problem.axes)
    return replace(plan, bytes=one * together, seconds=plan.seconds + cost.beside * items / together)


def run_batch(
    image: Array,
    valid: Array | None,
    psfs: PsfSet,
    problem: Problem,
    cost: ItemCost,
    compute: Compute,
    run: Execution,
    dtype: str,
) -> Array:
    """The results of `compute` on every batch item, as `dtype`, in one new array of the image's library."""
    run.task.plan = plan = batch_plan(problem, cost, run)
    source = run.source
    run.check_room(problem.out, dtype)

    def on(device: Backend) -> Array:
        run.task.plan = replace(plan, backend=device.name)
        at_once = min(run.threads, psfs.count(), max(1, plan.bytes // max(1, cost.bytes(problem))))
        if cost.alone or not (device.threaded and source.threaded):
            at_once = 1
        workers, stop = max(1, run.threads // max(at_once, 1)), threading.Event()
        step: Step = run.task.advance if at_once <= 1 else _Together(run.task, stop)

        def result(key: Key, psf: Psf) -> Array:
            block = in_c_order(device.astype(move(image[key], source, device), problem.compute))
            flags = None if valid is None else in_c_order(move(valid[key], source, device))
            found = compute(BatchItem(block, flags, psf, key, device, workers, step))
            return move(cast(found, dtype, device.xp), device, source)

        run.task.begin(psfs.count() * cost.steps)
        if not psfs.batch:
            with np.errstate(all="ignore"):
                whole = result(*next(psfs.items()))
            if getattr(whole, "base", whole) is None:  # not a part of a larger array
                return whole
            out = source.empty(problem.out, dtype)
            source.assign(out, ..., whole)
            return out
        out = source.empty(problem.out, dtype)

        def put(item: tuple[Key, Psf]) -> None:
            source.assign(out, item[0], result(*item))

        SESSION.run_all(put, psfs.items(), max(at_once, 1), lambda count: step(0), stop)
        step(0)
        return out

    return on_device_or_cpu(on, plan.backend, problem.operation, run.task)


def on_device_or_cpu(compute: Callable[[Backend], Array], backend: str, operation: str, task: Task) -> Array:
    """Compute on a device; when it runs out of memory the CPU takes over, which is reported."""
    device = get_backend(backend)
    try:
        return compute(device)
    except device.out_of_memory as error:
        if device.name == "numpy":
            raise MemoryError(f"{operation} ran out of memory: {error}") from error
        device.release()
        task.fall_back(f"{device.name} ran out of memory; computed on the CPU instead")
    return on_device_or_cpu(compute, "numpy", operation, task)


class _Together:
    """Steps of items that are computed at once: reported from the calling thread; the other threads stop with it."""

    def __init__(self, task: Task, stop: threading.Event) -> None:
        self._task, self._stop = task, stop
        self._caller, self._lock, self._unreported = threading.get_ident(), threading.Lock(), 0

    def __call__(self, count: int = 1) -> None:
        calling = threading.get_ident() == self._caller
        with self._lock:
            self._unreported += count
            if calling:
                count, self._unreported = self._unreported, 0
        if calling:
            self._task.advance(count)
        elif self._stop.is_set():
            raise Cancelled
