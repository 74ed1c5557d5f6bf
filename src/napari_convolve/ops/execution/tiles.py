"""Run a computation over an image tile by tile, wherever the image and the computation live."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import Allocator, Array, cast, dtype_name
from ..._progress import Task, device_name, format_bytes
from ...backends import SESSION, Backend, cpu_count, get_backend
from ...boundary import gather
from ...planning import Machine, Plan, Problem, count_tiles, shrink

#: ``compute(block, valid, out, backend, workers)`` fills `out`; `valid` marks the block's samples that count, or None.
Compute = Callable[[Array, Array | None, Array, Backend, int], None]
#: ``read(key, out, workers)`` fills a part of the result straight from the image; False when it has to be computed
#: otherwise.
Read = Callable[[tuple[slice, ...], Array, int], bool]
#: ``replan(max_memory, backend name)`` decides again when memory ran out; None keeps the limit that was asked for.
Replan = Callable[[int | None, str], Plan]
_MAX_RETRIES = 4


@dataclass(frozen=True)
class Sweep:
    """Which samples each sample of the result depends on.

    Attributes
    ----------
    problem : Problem
        Shapes, axes and dtypes.
    first : tuple of int
        For each acted axis the index, in the image, of the first sample that the first result depends on.
    boundary, cval
        What stands outside the image.
    dtype : str
        Of the result.
    """

    problem: Problem
    first: tuple[int, ...]
    boundary: str
    cval: complex
    dtype: str


def sweep(
    image: Array,
    valid: Array | None,
    spec: Sweep,
    plan: Plan,
    compute: Compute,
    replan: Replan,
    source: Backend,
    workers: int | None,
    task: Task,
    read: Read | None = None,
) -> Array:
    """The result of `compute` on every tile of the plan, in one new array of the image's library.

    `read`, on the CPU, is tried first for each tile: it needs no block to be gathered, and says whether it will do.
    When memory runs out the tiles get smaller, then the CPU takes over; each is reported.
    """
    out = source.empty(spec.problem.out, spec.dtype)
    for attempt in itertools.count():
        device = get_backend(plan.backend)
        try:
            task.plan = plan
            _run(image, valid, out, spec, plan, compute, source, device, workers or cpu_count(), task, read)
            return out
        except device.out_of_memory as error:
            device.release()
            if attempt >= _MAX_RETRIES:
                place = device_name(plan.backend)
                raise MemoryError(f"{place} ran out of memory even with tiles of {plan.tiles}") from error
            plan = _smaller(plan, replan, task, attempt)
    raise AssertionError("unreachable")


def cpu_machine() -> Machine:
    """The CPU as the planner sees it, for what a device had no room for."""
    backend = get_backend("numpy")
    return Machine("numpy", cpu_count(), backend.free_bytes(), SESSION.rates(), SESSION.ready())


def _smaller(plan: Plan, replan: Replan, task: Task, attempt: int) -> Plan:
    new = replan(max(plan.bytes // 4, 1), plan.backend) if attempt < 2 or plan.backend == "numpy" else None
    if new is None or (new.tiles == plan.tiles and plan.backend != "numpy"):
        new = replan(None, "numpy")  # the device's memory does not bound the CPU
    if new.backend != plan.backend:
        task.fall_back(f"{device_name(plan.backend)} ran out of memory; computed on {device_name(new.backend)} instead")
    else:
        task.fall_back(f"{device_name(plan.backend)} ran out of memory; tiles made smaller ({format_bytes(new.bytes)})")
    return new


def _run(
    image: Array,
    valid: Array | None,
    out: Array,
    spec: Sweep,
    plan: Plan,
    compute: Compute,
    source: Backend,
    device: Backend,
    workers: int,
    task: Task,
    read: Read | None,
) -> None:
    problem = spec.problem
    number = count_tiles(problem.out, plan.tiles)
    at_once = max(1, min(workers, cpu_count(), number)) if device.threaded and source.threaded else 1
    inner = max(1, min(workers, cpu_count()) // at_once)
    in_place = device is source and spec.dtype == problem.compute

    def one(key: tuple[slice, ...]) -> None:
        target = out[key]
        if not in_place:
            target = device.empty(tuple(k.stop - k.start for k in key), problem.compute)
        if read is None or device.name != "numpy" or not read(key, target, inner):
            fill(key, target)
        if not in_place:
            # cast on the device: fewer bytes to move back
            source.assign(out, key, move(cast(target, spec.dtype, device.xp), device, source))

    def fill(key: tuple[slice, ...], target: Array) -> None:
        block = _block(image, spec, key, _Scratch(source, "block"), spec.cval, problem.compute)
        flags = None if valid is None else _block(valid, spec, key, _Scratch(source, "flags"), True, "bool")
        if device is not source:
            if dtype_name(block.dtype) == "float16":  # no part of the array API standard
                block = source.astype(block, problem.compute)
            block = move(block, source, device)
            flags = None if flags is None else move(flags, source, device)
        compute(block, flags, target, device, inner)

    tiles = cut(problem.out, plan.tiles)
    task.begin(len(tiles))
    SESSION.run_all(one, tiles, at_once, task.advance)


def cut(shape: tuple[int, ...], tile: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """Tiles that cover a shape."""
    ranges = [[slice(at, min(at + t, n)) for at in range(0, n, t)] for n, t in zip(shape, tile, strict=True)]
    return list(itertools.product(*ranges))


def parts(shape: Sequence[int], cubes: bool = False, most: int = 1 << 17) -> list[tuple[slice, ...]]:
    """Boxes of at most `most` samples that cover a shape: work arrays of their size stay in the caches.

    Rows that follow each other, or `cubes` where each needs a margin.
    """
    lengths, left = tuple(shape), most
    if cubes:
        while math.prod(lengths) > most:
            lengths = shrink(lengths, range(len(lengths))) or lengths
        return cut(tuple(shape), lengths)
    rows = list(lengths)
    for axis in reversed(range(len(rows))):
        rows[axis] = max(1, min(rows[axis], left))
        left //= rows[axis]
    return cut(tuple(shape), tuple(rows))


@dataclass(frozen=True)
class _Scratch:
    """Where a block is gathered: memory that the thread's next tile uses again."""

    backend: Backend
    slot: str

    def empty(self, shape: tuple[int, ...], dtype: str) -> Array:
        if self.backend.name != "numpy":
            return self.backend.empty(shape, dtype)
        return SESSION.scratch(self.slot, shape, dtype)

    def assign(self, target: Array, key: Any, value: Array | complex) -> None:
        self.backend.assign(target, key, value)


def _block(image: Array, spec: Sweep, key: tuple[slice, ...], source: Allocator, cval: complex, dtype: str) -> Array:
    """The samples one tile depends on, the boundary rule applied along the acted axes."""
    problem = spec.problem
    part = image[tuple(slice(None) if a in problem.axes else k for a, k in enumerate(key))]
    ranges = [
        (key[axis].start + first, key[axis].stop + first + k - 1)
        for axis, first, k in zip(problem.axes, spec.first, problem.kernel, strict=True)
    ]
    return gather(part, problem.axes, ranges, spec.boundary, cval, dtype, source)


def move(array: Array, source: Backend, target: Backend) -> Array:
    """`array` on another device, through main memory."""
    return array if source is target else target.to_device(source.to_host(array))


#: Results smaller than this are not worth asking the system for.
_SURELY_FREE = 64 << 20


def check_room(shape: Sequence[int], dtype: str, source: Backend) -> None:
    """MemoryError before any work when the result alone does not fit.

    Raises
    ------
    MemoryError
        With what it needs and what is free.
    """
    needed = math.prod(shape) * np.dtype(dtype).itemsize
    if needed > _SURELY_FREE and needed > (free := source.free_bytes()):
        raise MemoryError(
            f"the result of shape {tuple(shape)} needs {format_bytes(needed)}, {format_bytes(free)} are free"
        )
