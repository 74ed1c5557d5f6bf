"""Multirate convolution with wide Gaussians: on a coarser grid, then interpolated; see `_coarse`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array
from ..backends import SESSION, Backend
from ..boundary import source_indices
from ..planning import Cost, Machine, Problem
from . import _banded, _coarse, _compiled
from ._base import PreparedKernel, SampleSource, Tiles, method
from .direct import reads

#: seconds per weight and sample, per sample and pass, per transposed sample, and per tile
_WEIGHT, _SAMPLE, _TRANSPOSE, _TILE = 0.06e-9, 0.35e-9, 2.0e-9, 0.8e-3
#: Samples of a tile of several small images: enough for all threads.
_TOGETHER = 1 << 22
#: Fewer columns than this take the same time.
_NARROW = 16


@dataclass(frozen=True, eq=False)
class _Line:
    """The correlation along one axis, and its decomposition for a coarser grid if there is one.

    The axis is counted from the last, -1. `first` is the index of the first sample that the first result depends on.
    """

    axis: int
    first: int
    vector: np.ndarray
    coarse: _coarse.Coarse | None

    @property
    def step(self) -> int:
        return self.coarse.step if self.coarse else 1

    @property
    def gain(self) -> float:
        """Result of `gather` for a constant 1."""
        return 1.0 if self.coarse else float(self.vector.sum())

    def gather(self, key: slice, boundary: str, n: int) -> _banded.BandMatrix:
        """Matrix from the samples to the coarse samples that `spread` needs; without decomposition to the results."""
        start, count, step, vector = key.start + self.first, key.stop - key.start, 1, self.vector
        if self.coarse:
            step, vector = self.coarse.step, self.coarse.gather
            low, count = _coarse_range(key, step)
            start = low * step + self.first + self.coarse.center - len(vector) // 2
        weights = _banded.sliding(vector, step)
        lows = np.arange(0, count, _banded.AT_ONCE) * step
        rows = source_indices(boundary, start, start + int(lows[-1]) + weights.shape[1], n)
        return _banded.BandMatrix(weights, lows, rows, count)

    def spread(self, key: slice) -> _banded.BandMatrix:
        """Matrix from the coarse samples to the results."""
        assert self.coarse
        low, count = _coarse_range(key, self.coarse.step)
        weights, begins = _banded.between(self.coarse.spread, key.start, key.stop - key.start)
        lows = begins - _coarse.BEFORE - low
        rows = np.arange(lows[-1] + weights.shape[1])
        return _banded.BandMatrix(weights, lows, np.where(rows < count, rows, -1), key.stop - key.start)


def _coarse_range(key: slice, step: int) -> tuple[int, int]:
    """The first coarse sample that results are interpolated from, and their number."""
    low = key.start // step - _coarse.BEFORE
    return low, (key.stop - 1) // step - _coarse.BEFORE + _coarse.TAPS - low


def _applies(problem: Problem, machine: Machine) -> str:
    if machine.backend != "numpy":
        return "it runs on the CPU only"
    if problem.compute != "float32" or problem.masked:
        return "it is right to 1e-6 of the largest result only: too little for double precision and masks"
    if max(problem.steps, default=1) == 1:
        return "the kernel is not the product of Gaussians of which one is wide (σ of 8) and cut off late (at 5 σ)"
    return "" if _compiled.usable(problem.compute) else "it needs Numba"


def _codes(problem: Problem) -> tuple[_compiled.Code, ...]:
    if max(problem.steps, default=1) == 1 or not _compiled.usable(problem.compute):
        return ()
    sources = {source for _, source in reads(problem)}
    return (*(_banded.code(False, source) for source in sorted(sources)), _banded.code(True, "float32"))


def _tile(problem: Problem, machine: Machine) -> tuple[int, ...]:
    """Whole images, and several small ones in a tile, because the threads share each tile."""
    tile = [n if a in problem.axes else 1 for a, n in enumerate(problem.out)]
    left = _TOGETHER // math.prod(tile)
    for axis in reversed([a for a in range(len(tile)) if a not in problem.axes]):
        tile[axis] = max(1, min(problem.out[axis], left))
        left //= tile[axis]
    return tuple(tile)


def _cost(problem: Problem, tile: tuple[int, ...], machine: Machine) -> Cost:
    # each line of the image is read once, even if the boundary rule repeats it
    lengths, ndim = [min(n, m) for n, m in zip(problem.block(tile), problem.shape, strict=True)], len(tile)
    kernel = {axis - ndim: k for axis, k in zip(problem.axes, problem.kernel, strict=True)}
    steps = dict(zip(kernel, problem.steps, strict=True))
    seconds, held = _TILE, 0

    def along(axis: int, length: int, taps: int) -> None:
        nonlocal seconds, held
        lengths[axis] = length
        samples = math.prod(lengths)
        seconds += samples * (taps * _WEIGHT + _SAMPLE) * max(1.0, _NARROW * length / samples)
        held = max(held, samples)

    for axis in _order(steps):
        before = math.prod(lengths)
        wide, step = steps[axis] > 1, steps[axis]
        along(axis, tile[axis] // step + _coarse.TAPS if wide else tile[axis], kernel[axis] + _banded.AT_ONCE * step)
        if axis == -1:
            if wide:
                along(axis, tile[axis], _coarse.TAPS + 1)
            seconds += (before + math.prod(lengths)) * _TRANSPOSE
    workspace = 2 * held * problem.itemsize
    for axis in reversed([a for a in _order(steps) if a != -1 and steps[a] > 1]):
        workspace = 2 * held * problem.itemsize
        along(axis, tile[axis], _coarse.TAPS + 1)
    return Cost(seconds, workspace, shared=True)


def _order(steps: dict[int, int]) -> list[int]:
    """Order of the axes for gathering (-1 is the last axis): decomposed ones first, the last axis at the end."""
    return sorted(steps, key=lambda axis: (axis == -1, steps[axis] == 1, -axis))


def _tiles(image: Array, weights: PreparedKernel, source: SampleSource, problem: Problem) -> Tiles | None:
    if not _compiled.readable_in_place(image) or image.dtype.type(np.real(source.cval)) != source.cval:
        return None
    lines, constant = _lines(weights, source.first, image.ndim), float(np.real(source.cval))
    return lambda key, out, workers: _sums(image, lines, key, source.boundary, constant, out, workers)


def _lines(weights: PreparedKernel, first: tuple[int, ...], ndim: int) -> list[_Line]:
    """The correlations along the axes, in the order of gathering."""
    vectors = tuple(vector[::-1] for vector in weights.factors[0])
    lines = {}
    for axis, start, vector, step in zip(weights.axes, first, vectors, _coarse.coarse_steps(vectors), strict=True):
        lines[axis - ndim] = _Line(axis - ndim, start, vector, _coarse.coarse(vector) if step > 1 else None)
    return [lines[axis] for axis in _order({axis: line.step for axis, line in lines.items()})]


def _sums(
    image: np.ndarray,
    lines: list[_Line],
    key: tuple[slice, ...],
    boundary: str,
    constant: float,
    out: np.ndarray,
    workers: int,
) -> bool:
    """A part of the result: gather along all axes, then interpolate; along the last axis on a transposed array."""
    if image.ndim == 1:
        image, out, key = image[None], out[None], (slice(0, 1), *key)
    index, gathers = list(key), {}
    for line in lines:
        band = line.gather(key[line.axis], boundary, image.shape[line.axis])
        inside = band.rows[band.rows >= 0]
        low, high = (int(inside.min()), int(inside.max()) + 1) if inside.size else (0, 1)
        index[line.axis] = slice(low, high)
        gathers[line.axis] = replace(band, rows=np.where(band.rows < 0, -1, band.rows - low))
    data, finite, number = image[tuple(index)], True, 0

    def buffer(*shape: int) -> np.ndarray:
        nonlocal number
        number += 1  # two buffers in turn
        return SESSION.scratch(f"coarse {number % 2}", shape, "float32")

    def along(band: _banded.BandMatrix, axis: int, target: np.ndarray | None = None) -> None:
        nonlocal data, finite
        if target is None:
            target = buffer(*(band.length if a == axis else n for a, n in enumerate(data.shape)))
        finite &= _banded.multiply_along(band, data, axis, target, constant, workers)
        data = target

    rows = [line for line in lines if line.axis != -1]
    for line in rows:
        along(gathers[line.axis], line.axis + image.ndim)
        constant *= line.gain
    for line in lines[len(rows) :]:
        *shape, columns = data.shape
        transposed = buffer(columns, math.prod(shape))
        _banded.transpose_into(data.reshape(-1, columns), transposed, workers)
        data = transposed
        along(gathers[-1], 0)
        if line.coarse:
            along(line.spread(key[-1]), 0)
        transposed = buffer(*shape, len(data))
        _banded.transpose_into(data, transposed.reshape(-1, len(data)), workers)
        data = transposed
    wide = [line for line in reversed(rows) if line.coarse]
    for line in wide:
        along(line.spread(key[line.axis]), line.axis + image.ndim, out if line is wide[-1] else None)
    if not wide:
        out[...] = data
    return finite


@method("multirate", cost=_cost, applies=_applies, tile=_tile, keeps_ratio=False, codes=_codes, tiles=_tiles)
def _run(block: Array, weights: PreparedKernel, out: Array, backend: Backend, workers: int) -> bool:
    lines = _lines(weights, (0,) * len(weights.axes), block.ndim)
    key = tuple(slice(0, n) for n in out.shape)
    return _sums(_compiled.strided(block, "float32"), lines, key, "constant", 0.0, out, workers)
