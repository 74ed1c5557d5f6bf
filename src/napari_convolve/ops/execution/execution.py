"""How one call is computed: on which machines, by which method, within which memory; and the loop over its tiles."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..._arrays import Allocator, Array, cast, dtype_name
from ..._progress import Task, device_name, format_bytes
from ...backends import SESSION, Backend, ScratchArrays, cpu_count, get_backend, move
from ...boundary import gather
from ...methods import Method
from ...planning import Machine, Plan, Problem, cut, make_plan

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


#: ``compute(block, valid, out, backend, workers)`` fills `out`; `valid` marks the block's samples that count, or None.
Compute = Callable[[Array, Array | None, Array, Backend, int], None]
#: ``read(key, out, workers)`` fills a part of the result straight from the image; False when it has to be computed
#: otherwise.
Read = Callable[[tuple[slice, ...], Array, int], bool]
_MAX_RETRIES = 4


@dataclass(frozen=True)
class WindowGeometry:
    """Which samples of the image each sample of the result depends on.

    Attributes
    ----------
    problem : Problem
        Shapes, axes and dtypes.
    first : tuple of int
        For each acted axis the index, in the image, of the first sample that the first result depends on.
    boundary, cval
        How samples outside the image are defined.
    dtype : str
        Of the result.
    """

    problem: Problem
    first: tuple[int, ...]
    boundary: str
    cval: complex
    dtype: str


def tile_loop(
    image: Array,
    valid: Array | None,
    geometry: WindowGeometry,
    plan: Plan,
    compute: Compute,
    methods: Sequence[Method],
    run: Execution,
    read: Read | None = None,
) -> Array:
    """The result of `compute` on every tile of the plan, in one new array of the image's library.

    `read`, on the CPU, is tried first for each tile: it needs no block to be gathered, and says whether it will do.
    When memory runs out the plan is made again from `methods` with smaller tiles, then on the CPU; each is reported.
    """
    out = run.source.empty(geometry.problem.out, geometry.dtype)
    for attempt in itertools.count():
        device = get_backend(plan.backend)
        try:
            run.task.plan = plan
            _run_tiles(image, valid, out, geometry, plan, compute, run, read)
            return out
        except device.out_of_memory as error:
            device.release()
            if attempt >= _MAX_RETRIES:
                place = device_name(plan.backend)
                raise MemoryError(f"{place} ran out of memory even with tiles of {plan.tiles}") from error
            plan = _smaller(plan, geometry.problem, methods, run, attempt)
    raise AssertionError("unreachable")


def _smaller(plan: Plan, problem: Problem, methods: Sequence[Method], run: Execution, attempt: int) -> Plan:
    new = None
    if attempt < 2 or plan.backend == "numpy":
        new = run.restricted(plan.backend, max(plan.bytes // 4, 1)).plan(problem, methods)
    if new is None or (new.tiles == plan.tiles and plan.backend != "numpy"):
        new = run.restricted("numpy").plan(problem, methods)  # the device's memory does not bound the CPU
    if new.backend != plan.backend:
        run.task.fall_back(
            f"{device_name(plan.backend)} ran out of memory; computed on {device_name(new.backend)} instead"
        )
    else:
        run.task.fall_back(
            f"{device_name(plan.backend)} ran out of memory; tiles made smaller ({format_bytes(new.bytes)})"
        )
    return new


def _run_tiles(
    image: Array,
    valid: Array | None,
    out: Array,
    geometry: WindowGeometry,
    plan: Plan,
    compute: Compute,
    run: Execution,
    read: Read | None,
) -> None:
    problem, source, device = geometry.problem, run.source, get_backend(plan.backend)
    tiles = cut(problem.out, plan.tiles)
    at_once = max(1, min(run.threads, len(tiles))) if device.threaded and source.threaded else 1
    inner = max(1, run.threads // at_once)
    in_place = device is source and geometry.dtype == problem.compute

    def one(key: tuple[slice, ...]) -> None:
        target = out[key]
        if not in_place:
            target = device.empty(tuple(k.stop - k.start for k in key), problem.compute)
        if read is None or device.name != "numpy" or not read(key, target, inner):
            fill(key, target)
        if not in_place:
            # cast on the device: fewer bytes to move back
            source.assign(out, key, move(cast(target, geometry.dtype, device.xp), device, source))

    def fill(key: tuple[slice, ...], target: Array) -> None:
        block = _block(image, geometry, key, ScratchArrays(source, "block"), geometry.cval, problem.compute)
        flags = None if valid is None else _block(valid, geometry, key, ScratchArrays(source, "flags"), True, "bool")
        if device is not source:
            if dtype_name(block.dtype) == "float16":  # no part of the array API standard
                block = source.astype(block, problem.compute)
            block = move(block, source, device)
            flags = None if flags is None else move(flags, source, device)
        compute(block, flags, target, device, inner)

    run.task.begin(len(tiles))
    SESSION.run_all(one, tiles, at_once, run.task.advance)


def _block(
    image: Array, geometry: WindowGeometry, key: tuple[slice, ...], source: Allocator, cval: complex, dtype: str
) -> Array:
    """The samples one tile depends on, the boundary rule applied along the acted axes."""
    problem = geometry.problem
    part = image[tuple(slice(None) if a in problem.axes else k for a, k in enumerate(key))]
    ranges = [
        (key[axis].start + first, key[axis].stop + first + k - 1)
        for axis, first, k in zip(problem.axes, geometry.first, problem.kernel, strict=True)
    ]
    return gather(part, problem.axes, ranges, geometry.boundary, cval, dtype, source)
