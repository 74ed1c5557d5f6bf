"""A few tens of thousands of a spectrum's frequencies that stand for all of them."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._arrays import Array
from ...backends import Backend

#: Frequencies taken from each octave; low octaves have fewer and are taken whole.
_PER_OCTAVE = 4000


@dataclass(frozen=True, eq=False)
class Sample:
    """Chosen frequencies of a grid.

    Attributes
    ----------
    shape : tuple of int
        Of the signal.
    half : bool
        Whether they index the half spectrum of a real signal.
    index : ndarray
        Into the flattened spectrum.
    frequencies : tuple of ndarray
        Cycles per sample, one array for each axis.
    weights : ndarray
        How many frequencies of the full spectrum each stands for.
    """

    shape: tuple[int, ...]
    half: bool
    index: np.ndarray
    frequencies: tuple[np.ndarray, ...]
    weights: np.ndarray

    @property
    def count(self) -> int:
        return len(self.index)

    def of(self, spectrum: Array, backend: Backend) -> np.ndarray:
        """The values of a spectrum at the chosen frequencies, on the host."""
        flat = backend.xp.reshape(spectrum, (-1,))
        return np.asarray(backend.to_host(backend.xp.take(flat, backend.to_device(self.index), axis=0)))


@functools.lru_cache(maxsize=8)
def sample_frequencies(shape: tuple[int, ...], half: bool) -> Sample:
    """Frequencies of a signal of `shape`, without frequency zero: all low ones, and a share of each higher octave.

    The draw is the same every time.
    """
    rng = np.random.default_rng(20120)
    lows = [-(n // 2) for n in shape]
    highs = [(n - 1) // 2 for n in shape]
    if half:
        lows[-1], highs[-1] = 0, shape[-1] // 2
    chosen, weights = [], []
    outer: list[tuple[int, int]] = list(zip(lows, highs, strict=True))
    level = 1
    while True:
        inner = [
            (max(low, -(n >> level) // 2), min(high, (n >> level) // 2))
            for (low, high), n in zip(outer, shape, strict=True)
        ]
        last = all(a == 0 == b for a, b in inner) or _size(inner) == _size(outer)
        if last:
            inner = [(0, 0)] * len(shape)
        points = _shell(outer, inner, rng)
        if len(points):
            chosen.append(points)
            weights.append(np.full(len(points), (_size(outer) - _size(inner)) / len(points)))
        if last:
            break
        outer, level = inner, level + 1
    if not chosen:
        return Sample(shape, half, np.zeros(0, np.int64), tuple(np.zeros(0) for _ in shape), np.zeros(0))
    places, counts = np.concatenate(chosen), np.concatenate(weights)
    if half:  # inner columns stand for their mirror image too
        inside = (places[:, -1] > 0) & (2 * places[:, -1] < shape[-1])
        counts = counts * np.where(inside, 2.0, 1.0)
    lengths = [*shape[:-1], shape[-1] // 2 + 1 if half else shape[-1]]
    index = np.ravel_multi_index([places[:, a] % n for a, n in enumerate(lengths)], lengths)
    return Sample(shape, half, index.astype(np.int64), tuple(places[:, a] / n for a, n in enumerate(shape)), counts)


def _size(box: Sequence[tuple[int, int]]) -> int:
    return math.prod(high - low + 1 for low, high in box)


def _shell(outer: Sequence[tuple[int, int]], inner: Sequence[tuple[int, int]], rng: np.random.Generator) -> np.ndarray:
    """Points of a box outside of another: all of them, or a random share."""
    if _size(outer) <= 4 * _PER_OCTAVE:
        axes = [np.arange(low, high + 1) for low, high in outer]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    else:
        draws = [rng.integers(low, high + 1, 2 * _PER_OCTAVE) for low, high in outer]
        points = np.unique(np.stack(draws, axis=-1), axis=0)
    inside = np.all([(points[:, a] >= low) & (points[:, a] <= high) for a, (low, high) in enumerate(inner)], axis=0)
    points = np.asarray(points[~inside])
    if len(points) > _PER_OCTAVE:
        points = points[rng.permutation(len(points))[:_PER_OCTAVE]]
    return np.asarray(points)
