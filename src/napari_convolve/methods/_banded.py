"""Band matrices, applied along one axis of an array by compiled loops in parallel over columns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..backends import SESSION
from . import _compiled

#: Rows of results that are computed together, and weights at a time in long and in short bands.
AT_ONCE, LONG, SHORT = 4, 4, 3
#: Columns of a task, and its approximate number of products.
_COLUMNS, _PRODUCTS = 1024, 1 << 23
#: Side of the blocks of a transposition, in samples.
_TRANSPOSED = 64


@dataclass(frozen=True, eq=False)
class BandMatrix:
    """A band matrix of `length` rows, in groups of `AT_ONCE` rows whose weights repeat periodically.

    `weights` is ``[period, tap, row]``. `rows` are indices of samples along the axis, -1 for a row of constants;
    `lows` is the first entry of `rows` that each group reads.
    """

    weights: np.ndarray
    lows: np.ndarray
    rows: np.ndarray
    length: int


def code(short: bool, source: str) -> _compiled.Code:
    """The compiled loop for a band matrix on samples of the dtype `source`."""
    return _compiled.banded_code(SHORT if short else LONG, AT_ONCE, "float32", source)


def sliding(vector: np.ndarray, step: int) -> np.ndarray:
    """Weights of a matrix whose rows are `vector`, each shifted by `step` against the one before."""
    taps = -(-(len(vector) + (AT_ONCE - 1) * step) // LONG) * LONG
    weights = np.zeros((1, taps, AT_ONCE), np.float32)
    for row in range(AT_ONCE):
        weights[0, row * step : row * step + len(vector), row] = vector
    return weights


def between(spread: np.ndarray, first: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of a matrix that interpolates results from `first` on, and the first coarse sample of each group.

    ``spread[phase]`` are the weights of the coarse samples from ``result // step`` on.
    """
    step, taps = spread.shape
    period = step // math.gcd(step, AT_ONCE)
    begins = (first + AT_ONCE * np.arange(-(-length // AT_ONCE))) // step
    most = taps + -(-(AT_ONCE - 1) // step)
    weights = np.zeros((period, -(-most // SHORT) * SHORT, AT_ONCE), np.float32)
    for group, row in itertools.product(range(period), range(AT_ONCE)):
        result = first + AT_ONCE * group
        at, phase = divmod(result + row, step)
        at -= result // step
        weights[group, at : at + taps, row] = spread[phase]
    return weights, begins


def multiply_along(
    band: BandMatrix, source: np.ndarray, axis: int, out: np.ndarray, constant: float, workers: int
) -> bool:
    """Apply the matrix along an axis that is not the last one; returns whether all results are finite."""
    if source.flags.c_contiguous and out.flags.c_contiguous:  # merge the axes after it
        source, out = (a.reshape(*a.shape[: axis + 1], -1) for a in (source, out))
    taps = band.weights.shape[1]
    function = code(taps % LONG > 0, source.dtype.name).function()
    steps, so = _compiled.sample_strides(source), _compiled.sample_strides(out)
    rows = np.where(band.rows < 0, -1, band.rows * steps[axis])
    starts, outs = _begins(source, steps, axis), _begins(out, so, axis)
    samples, results = _compiled.flat(source), _compiled.flat(out)
    columns = min(out.shape[-1], _COLUMNS)
    constants = np.full(columns, constant, source.dtype)
    images = max(1, _PRODUCTS // (band.length * taps * columns))
    flags = []

    def part(task: tuple[int, int]) -> None:
        some, x = slice(task[0], task[0] + images), task[1]
        width = min(columns, out.shape[-1] - x)
        flags.append(function(samples, band.weights, results, rows, band.lows, starts[some], outs[some], constants,
                              band.length, so[axis], x, width))  # fmt: skip

    tasks = itertools.product(range(0, len(starts), images), range(0, out.shape[-1], columns))
    SESSION.run_all(part, tasks, workers)
    return not math.isnan(sum(flags))


def transpose_into(source: np.ndarray, out: np.ndarray, workers: int) -> None:
    """Write the transpose of a matrix into `out`."""
    across = max(_TRANSPOSED, -(-out.shape[1] // 64))
    width = max(_TRANSPOSED, _PRODUCTS // 128 // across)

    def part(task: tuple[int, int]) -> None:
        some, others = slice(task[0], task[0] + width), slice(task[1], task[1] + across)
        out[some, others] = source[others, some].T

    SESSION.run_all(part, itertools.product(range(0, out.shape[0], width), range(0, out.shape[1], across)), workers)


def _begins(array: np.ndarray, steps: Sequence[int], axis: int) -> np.ndarray:
    """Flat indices of the first sample of all columns along an axis, for each index of the axes but the last."""
    found = np.zeros(1, np.int64)
    for other, (n, step) in enumerate(zip(array.shape[:-1], steps, strict=False)):
        if other != axis:
            found = (found[:, None] + np.arange(n) * step).reshape(-1)
    return found
