"""Richardson-Lucy when its arrays do not fit into memory: iteration by iteration, in tiles.

The blur of a tile needs the samples around it, as far as the PSF reaches, and nothing else. So every iteration is done
for all tiles before the next begins. The length of an accelerated step and the stopping rule are computed from all
tiles, so the result equals that without tiles to rounding, at seams too. The object and the previous ones are kept in
memory between iterations, or in temporary files when they do not fit.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..._arrays import Array, cast
from ..._progress import format_bytes
from ...backends import Backend, cpu_count, get_backend, move
from ...backends._spill import SPAN, FileArray
from ...planning import Machine, Plan, Problem, count_tiles, parts, shrink
from ..execution.batches import PER_SAMPLE, Key, on_device_or_cpu
from ..execution.execution import Execution
from ..fourier.edge_extension import PaddedGrid
from ..psf.psf_set import Psf, PsfSet
from .blur_operator import Box
from .rl_iteration import LucyRun
from .rl_options import LucyOptions, Samples
from .stopping_rule import BOX
from .tiled_blur import TiledBlur

#: Arrays of a tile's grid that are held: on the CPU H, its spectrum and its samples, elsewhere copies of them too.
_ON_CPU, _ELSEWHERE = 3, 6
#: Samples that each thread works on at once, and in how many arrays.
_PIECE, _PIECES = 1 << 17, 6
#: Arrays of `BOX` samples that ``stop="auto"`` holds.
_LOOKED_AT = 4
#: Bytes per second to and from a disk.
_DISK = 1e9
#: Share of the free memory that is used when `max_memory` is None.
_SAFE_SHARE = 0.5


@dataclass(frozen=True)
class Tiling:
    """A division of the work into tiles.

    Attributes
    ----------
    backend : str
        Where the transforms are done.
    tile, grid : tuple of int
        Samples of the object that are computed at once, and the grid of their transforms.
    files : bool
        Whether the arrays kept between iterations are in files.
    lasting, bytes : int
        The size of that, and the memory that is used beyond input and output.
    seconds : float
        Predicted.
    """

    backend: str
    tile: tuple[int, ...]
    grid: tuple[int, ...]
    files: bool
    lasting: int
    bytes: int
    seconds: float

    def number(self, frame: PaddedGrid) -> int:
        """Number of tiles."""
        return count_tiles(frame.grid, self.tile)

    def text(self, frame: PaddedGrid, whole: int) -> str:
        """The sentence for the report."""
        tiles = f"computed in {self.number(frame)} tiles of {'x'.join(map(str, self.tile))}"
        files = f" and {format_bytes(self.lasting)} of temporary files" if self.files else ""
        return (
            f"{format_bytes(whole)} do not fit into memory: {tiles} with {format_bytes(self.bytes)}{files}, "
            "the same result to rounding"
        )

    def plan(self, problem: Problem, frame: PaddedGrid) -> Plan:
        lengths = dict(zip(problem.axes, self.tile, strict=True))
        tiles = tuple(min(lengths.get(axis, 1), n) for axis, n in enumerate(problem.out))
        where = f"; {format_bytes(self.lasting)} in temporary files" if self.files else ""
        reason = f"in {self.number(frame)} tiles, since all at once it does not fit into memory{where}"
        return Plan("fft", self.backend, tiles, self.seconds, self.bytes, reason)


def tilings(problem: Problem, frame: PaddedGrid, options: LucyOptions, machine: Machine) -> Iterator[Tiling]:
    """Candidates on a machine, from large tiles to small."""
    size, item = math.prod(frame.grid), problem.itemsize
    masked = problem.masked or frame.grid != frame.shape
    lasting = (1 + masked + 3 * options.accelerated + (options.tv > 0)) * size * item
    lasting += math.prod(frame.shape) * item
    fast, cpu = get_backend(machine.backend).fast_length, machine.backend == "numpy"
    rate = machine.rates.get("fft", 2 * PER_SAMPLE) * item / 4 / 2 / machine.cores
    tile: tuple[int, ...] | None = frame.grid
    while tile is not None:
        pairs = [_padded(t, k, n, fast) for t, k, n in zip(tile, problem.kernel, frame.grid, strict=True)]
        grid = tuple(g for _, g in pairs)
        samples = math.prod(grid)
        piece = max(min(_PIECE, size), samples // grid[0])
        held = samples * (_ON_CPU if cpu and len(grid) > 1 else _ELSEWHERE) + _PIECES * cpu_count() * piece
        held += (options.tv > 0) * 2 * _PIECES * cpu_count() * min(_PIECE, size)
        held += _LOOKED_AT * min(BOX, math.prod(frame.shape)) * (options.stop == "auto")
        number = count_tiles(frame.grid, tuple(t for t, _ in pairs))
        seconds = 4 * options.iterations * number * samples * math.log2(max(samples, 2)) * rate
        for files in (False, True):
            yield Tiling(
                backend=machine.backend,
                tile=tuple(t for t, _ in pairs),
                grid=grid,
                files=files,
                lasting=lasting,
                bytes=held * item + (SPAN * cpu_count() if files else lasting),
                seconds=seconds + files * options.iterations * 2 * lasting / _DISK,
            )
        tile = shrink(tile, range(len(tile)))


def _padded(tile: int, kernel: int, whole: int, fast: Callable[[int], int]) -> tuple[int, int]:
    """Length of a tile and of its transform; the whole axis when that is hardly longer."""
    grid = fast(tile + kernel - 1)
    return (tile, grid) if tile < whole and grid < whole else (whole, whole)


def choose(problem: Problem, frame: PaddedGrid, options: LucyOptions, run: Execution) -> Tiling:
    """The fastest tiling that fits into the memory and onto the disk.

    Raises
    ------
    MemoryError
        When none fits, with the memory that the smallest needs.
    """
    free = get_backend("numpy").free_bytes()
    room, disk = run.max_memory or int(_SAFE_SHARE * free), shutil.disk_usage(tempfile.gettempdir()).free
    all_of_them = [(t, m) for m in run.machines for t in tilings(problem, frame, options, m)]
    on_disk = [(t, m) for t, m in all_of_them if not t.files or t.lasting <= disk]
    fitting = [t for t, m in on_disk if t.bytes <= room and t.bytes - (not t.files) * t.lasting <= m.free]
    if fitting:
        return min(fitting, key=lambda tiling: tiling.seconds)
    least = min((t for t, _ in all_of_them), key=lambda tiling: tiling.bytes)
    files = f" and {format_bytes(least.lasting)} of temporary files in {tempfile.gettempdir()}" if least.files else ""
    raise MemoryError(
        f"{problem.operation} needs {format_bytes(least.bytes)} beyond input and output{files}, "
        f"in tiles of {least.tile}; {format_bytes(room)} are {'allowed by max_memory' if run.max_memory else 'free'}"
        + (f", and {format_bytes(disk)} on that disk" if files else "")
    )


def lucy_in_tiles(
    image: Array,
    psfs: PsfSet,
    options: LucyOptions,
    valid: Array | None,
    problem: Problem,
    frame: PaddedGrid,
    whole: int,
    run: Execution,
) -> Array:
    """Deconvolve `image`, whose buffers of `whole` bytes do not fit; the tiles are reported."""

    def on(device: Backend) -> Array:
        here = run.restricted(device.name) if tiling.backend != device.name else run
        chosen = choose(problem, frame, options, here)
        run.task.plan = chosen.plan(problem, frame)
        run.check_room(problem.out, options.dtype or problem.compute)
        run.task.fall_back(chosen.text(frame, whole))
        return run_tiled(image, psfs, options, valid, problem, frame, chosen, run)

    tiling = choose(problem, frame, options, run)
    return on_device_or_cpu(on, tiling.backend, problem.operation, run.task)


def run_tiled(
    image: Array,
    psfs: PsfSet,
    options: LucyOptions,
    valid: Array | None,
    problem: Problem,
    frame: PaddedGrid,
    tiling: Tiling,
    run: Execution,
) -> Array:
    """One batch item after the other, each as `tiling` says."""
    source, task, device, home = run.source, run.task, get_backend(tiling.backend), get_backend("numpy")
    dtype = options.dtype or problem.compute
    out = source.empty(problem.out, dtype)
    task.begin(psfs.count() * options.iterations)

    def restore(key: Key, psf: Psf) -> tuple[int, str]:
        blur = TiledBlur(
            psf, frame, tiling.tile, tiling.grid, problem.compute, device, run.threads, lambda count: task.advance(0)
        )
        flags = None if valid is None else move(valid[key], source, home)
        start, keep = options.start, options.intermediate
        if not isinstance(start, str):
            start = Samples(move(start[key], source, home), None, problem.compute, home)
        given_back = None if keep is None else lambda number, found: keep(number, move(found, home, source))
        own = replace(options, start=start, intermediate=given_back)
        samples = Samples(move(image[key], source, home), flags, problem.compute, home)
        empty = FileArray if tiling.files else home.empty
        state = LucyRun(samples, psf, blur, frame, own, home, run.threads, empty)
        found, done, reason = state.iterate(task.advance)
        task.advance(options.iterations - done)
        for box in parts(frame.shape):
            source.assign(out, _within(key, box), move(cast(found[box], dtype, np), home, source))
        return done, reason

    with np.errstate(all="ignore"):
        results = [restore(key, psf) for key, psf in psfs.items()]
    task.detail(iterations=results[0][0], stop=results[0][1], tiles=tiling.number(frame))
    return out


def _within(key: Key, box: Box) -> Key:
    """Index in the image of a box of a batch item."""
    along = iter(box)
    return tuple(next(along) if isinstance(k, slice) else k for k in key)
