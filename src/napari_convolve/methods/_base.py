"""What a method is: one way to compute the sums over all windows that lie inside a block."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .._arrays import Array, dtype_name
from .._registry import Registry
from ..backends import Backend
from ..planning import Cost, Machine, Problem
from ._compiled import Code

Factors = tuple[tuple[np.ndarray, ...], ...]


@dataclass(frozen=True, eq=False)
class Weights:
    """A kernel made ready for one computation.

    Attributes
    ----------
    values : ndarray
        The weights as a convolution applies them, in the dtype of the computation.
    axes : tuple of int
        The axes of the block they act on.
    factors : tuple of tuple of ndarray
        Separable terms, each one vector per axis; their outer products add up to `values`. Empty if there are none.
    """

    values: np.ndarray
    axes: tuple[int, ...]
    factors: Factors = ()

    @property
    def dtype(self) -> str:
        """Of the computation."""
        return dtype_name(self.values.dtype)

    @cached_property
    def digest(self) -> str:
        """Identifies the values, so that a spectrum can be kept by value."""
        return hashlib.blake2b(
            repr((self.values.shape, self.values.dtype.str)).encode() + self.values.tobytes(), digest_size=16
        ).hexdigest()


#: ``run(block, weights, out, backend, workers)``; see `method`.
Run = Callable[[Array, Weights, Array, Backend, int], bool]


@dataclass(frozen=True)
class Reach:
    """Where a method that reads the image itself finds the samples of a window.

    Attributes
    ----------
    first : tuple of int
        For each acted axis the index, in the image, of the first sample that the first result depends on.
    boundary, cval
        What stands outside the image.
    """

    first: tuple[int, ...]
    boundary: str
    cval: complex


#: ``tiles(key, out, workers)`` writes the part `key` of the result into `out`, which has its shape; returns what `Run`
#: does.
Tiles = Callable[[tuple[slice, ...], Any, int], bool]


@dataclass(frozen=True)
class Method:
    """One way to compute; `method` registers it and says what the attributes are."""

    name: str
    run: Run
    cost: Callable[[Problem, tuple[int, ...], Machine], Cost]
    applies: Callable[[Problem, Machine], str]
    tile: Callable[[Problem, Machine], tuple[int, ...]]
    keeps_ratio: bool
    codes: Callable[[Problem], tuple[Code, ...]]
    tiles: Callable[[Any, Weights, Reach, Problem], Tiles | None]


#: A part has no fewer rows, and planes that a sum goes through, unless there are no more: their halos are copied again.
_ROWS, _PLANES = 16, 128
#: A call of a compiled driver takes at least so long, where there is so much to do.
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
    tiles: Callable[[Any, Weights, Reach, Problem], Tiles | None] = lambda image, weights, reach, problem: None,
) -> Callable[[Run], Run]:
    """Register a function as a method: one more way to compute the sums, which the planner may choose by its cost.

    The function is called as ``run(block, weights, out, backend, workers)``. It writes the sums over all windows inside
    `block` into `out`, which is shorter by K - 1 along each of ``weights.axes``:
    ``out[i] = sum_j block[i + K - 1 - j] * weights.values[j]``. It returns True when it knows that all it wrote is
    finite; a NaN or infinite sample may spoil any of the results, and then it returns False. Boundaries, tiles, masks,
    dtypes and threads are not its business.

    Parameters
    ----------
    name
        What users choose it by.
    cost
        ``cost(problem, tile, machine)``: time and workspace of one tile of the result on one thread, as a `Cost`.
    applies
        ``applies(problem, machine)`` says why the method cannot be used, or returns an empty string.
    tile
        ``tile(problem, machine)``: the samples of the result that it likes to compute at once; by default some that fit
        into the cache of a CPU, or all of them on another device.
    keeps_ratio
        True where sums of non-negative terms are right relative to themselves, not only relative to the largest
        sum of the block (a transform mixes all samples). Normalised convolution divides by such sums.
    codes
        ``codes(problem)``: the compiled code that the function needs, so that a first call need not wait for it.
    tiles
        ``tiles(image, weights, reach, problem)``: computes any part of the result straight from the image, without
        gathering a block; None where it cannot.
    """

    def register(run: Run) -> Run:
        METHODS.register(name, Method(name, run, cost, applies, tile, keeps_ratio, codes, tiles))
        return run

    return register


def valid_key(block_ndim: int, axes: Sequence[int], starts: Sequence[int], lengths: Sequence[int]) -> tuple[Any, ...]:
    """Index of the window that starts at `starts` and is `lengths` long along `axes`."""
    key = [slice(None)] * block_ndim
    for axis, start, length in zip(axes, starts, lengths, strict=True):
        key[axis] = slice(start, start + length)
    return tuple(key)


def band_tile(problem: Problem, per_sample: float) -> tuple[int, ...]:
    """A part of the result for one call of a compiled driver, which minds the cache itself.

    Enough for the threads to share, few enough that the calls do not count (a sample takes about `per_sample`
    seconds); all planes that a sum goes through.
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
    """A tile for a pass over memory: it fits into the cache of a CPU; other devices take everything at once."""
    return cache_tile(problem, 1 << 16, smallest=64) if machine.backend == "numpy" else problem.out
