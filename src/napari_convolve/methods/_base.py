"""Interface of a method: one way to compute the sums over all windows inside a block."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .._arrays import Array, by_axis, dtype_name
from .._registry import Registry
from ..backends import Backend
from ..planning import Cost, Machine, Problem
from ._compiled import Code

Factors = tuple[tuple[np.ndarray, ...], ...]


@dataclass(frozen=True, eq=False)
class PreparedKernel:
    """A kernel prepared for one computation.

    `values` are the convolution weights in the dtype of the computation, `axes` the convolved axes of the block.
    `factors` are separable terms of one vector per axis, whose outer products sum to `values`; empty if not separable.
    """

    values: np.ndarray
    axes: tuple[int, ...]
    factors: Factors = ()

    @property
    def dtype(self) -> str:
        """The dtype of the computation."""
        return dtype_name(self.values.dtype)

    @cached_property
    def digest(self) -> str:
        """Hash of the values, for the cache of kernel spectra."""
        return hashlib.blake2b(
            repr((self.values.shape, self.values.dtype.str)).encode() + self.values.tobytes(), digest_size=16
        ).hexdigest()


#: ``run(block, weights, out, backend, workers)``; see `method`.
Run = Callable[[Array, PreparedKernel, Array, Backend, int], bool]


@dataclass(frozen=True)
class SampleSource:
    """Position and boundary rule of the windows, for methods that read the image themselves.

    `first` is the index of the first sample that the first result depends on, for each convolved axis; it may lie
    outside of the image, where `boundary` and `cval` apply.
    """

    first: tuple[int, ...]
    boundary: str
    cval: complex


#: ``tiles(key, out, workers)`` writes the part `key` of the result into `out`, which has its shape; returns as `Run`.
Tiles = Callable[[tuple[slice, ...], Any, int], bool]


@dataclass(frozen=True)
class Method:
    """A registered method; see `method` for the attributes."""

    name: str
    run: Run
    cost: Callable[[Problem, tuple[int, ...], Machine], Cost]
    applies: Callable[[Problem, Machine], str]
    tile: Callable[[Problem, Machine], tuple[int, ...]]
    keeps_ratio: bool
    codes: Callable[[Problem], tuple[Code, ...]]
    tiles: Callable[[Any, PreparedKernel, SampleSource, Problem], Tiles | None]


#: Minimal rows, and minimal planes along convolved axes, of a tile: each tile copies its halo again.
_ROWS, _PLANES = 16, 128
#: Minimal duration of a call of a compiled driver, unless the image is small.
_LEAST_SECONDS = 0.25e-3

METHODS: Registry[Method] = Registry("method")


def method(
    name: str,
    *,
    cost: Callable[[Problem, tuple[int, ...], Machine], Cost],
    applies: Callable[[Problem, Machine], str] = lambda problem, machine: "",
    tile: Callable[[Problem, Machine], tuple[int, ...]] = lambda problem, machine: plain_tile(problem, machine),
    keeps_ratio: bool = True,
    codes: Callable[[Problem], tuple[Code, ...]] = lambda problem: (),
    tiles: Callable[
        [Any, PreparedKernel, SampleSource, Problem], Tiles | None
    ] = lambda image, weights, source, problem: None,
) -> Callable[[Run], Run]:
    """Register a function as a method: a way to compute the sums, which the planner may choose by its cost.

    The function is called as ``run(block, weights, out, backend, workers)``. It writes the sums over all windows inside
    `block` into `out`, which is shorter by K - 1 along each of ``weights.axes``:
    ``out[i] = sum_j block[i + K - 1 - j] * weights.values[j]``. It returns True if all results are known to be finite,
    else False: a NaN or infinite sample may affect any result. Boundaries, tiles, masks, dtypes and threads are handled
    by the caller.

    Parameters
    ----------
    name
        Name that selects the method.
    cost
        ``cost(problem, tile, machine)`` returns the `Cost` of one tile of the result on one thread: time and workspace.
    applies
        ``applies(problem, machine)`` returns the reason why the method cannot be used, or an empty string.
    tile
        ``tile(problem, machine)`` returns the preferred shape of a tile of the result; by default one that fits into
        the cache of a CPU, or the whole result on another device.
    keeps_ratio
        Whether sums of non-negative terms are accurate relative to themselves, not only relative to the largest sum of
        the block (an FFT mixes all samples). Normalised convolution divides by such sums.
    codes
        ``codes(problem)`` returns the compiled code that the function needs, which is then compiled in advance.
    tiles
        ``tiles(image, weights, source, problem)`` returns a function that computes any part of the result from the
        image itself, without a padded block, or None.
    """

    def register(run: Run) -> Run:
        METHODS.register(name, Method(name, run, cost, applies, tile, keeps_ratio, codes, tiles))
        return run

    return register


def valid_key(block_ndim: int, axes: Sequence[int], starts: Sequence[int], lengths: Sequence[int]) -> tuple[Any, ...]:
    """Index of the block that starts at `starts` and is `lengths` long along `axes`."""
    parts = (slice(start, start + length) for start, length in zip(starts, lengths, strict=True))
    return by_axis(block_ndim, axes, parts, slice(None))


def band_tile(problem: Problem, per_sample: float) -> tuple[int, ...]:
    """A tile for one call of a compiled driver, which divides it into blocks that fit into the cache.

    There are enough tiles for all threads, few enough that the overhead of calls is negligible (a sample takes about
    `per_sample` seconds); a tile has all planes along convolved axes.
    """
    left = min(max(math.prod(problem.out) // 16, 1 << 16, int(_LEAST_SECONDS / per_sample)), 1 << 20)
    tile, last = [1] * len(problem.out), len(problem.out) - 1
    through = [a for a, k in zip(problem.axes, problem.kernel, strict=True) if k > 1 and a < last - 1]
    for axis in (last, *through, *(a for a in range(last - 1, -1, -1) if a not in through)):
        least = _PLANES if axis in through else _ROWS if axis == last - 1 else 1
        tile[axis] = min(problem.out[axis], max(left, least))
        left //= tile[axis]
    return tuple(tile)


def cache_tile(problem: Problem, samples: int, smallest: int = 1) -> tuple[int, ...]:
    """A tile of about `samples` samples: whole rows of the last axes first, so that memory is read in order."""
    tile = [1] * len(problem.out)
    left = samples
    for axis in reversed(range(len(tile))):
        tile[axis] = max(1, min(problem.out[axis], max(left, smallest if axis in problem.axes else 1)))
        left //= tile[axis]
    return tuple(tile)


def plain_tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    """A tile for one pass over memory: it fits into the cache of a CPU; on other devices it is the whole result."""
    return cache_tile(problem, 1 << 16, smallest=64) if machine.backend == "numpy" else problem.out
