"""Local maxima of a score map."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from ..._arrays import Array, index_along
from ...backends import Backend

#: Scores processed at once, which keeps memory small beside the map.
_SLAB = 1 << 22
#: With fewer than one in this many samples above the threshold, only those are compared with their neighbours.
_FEW = 50


def local_maxima(
    scores: Array, axes: Sequence[int], threshold: float, region: Array | None, backend: Backend
) -> tuple[np.ndarray, np.ndarray]:
    """Local maxima along `axes` of at least `threshold`: places, shape (n, ndim), in the array's order, and scores.

    A plateau counts once, at its first place. NaN counts as no score. `region` restricts where maxima may lie; their
    neighbours may lie outside.
    """
    found = [_in_slab(scores, axes, threshold, region, backend, *slab) for slab in _slabs(scores.shape)]
    places = np.concatenate([places for places, _ in found]) if found else np.zeros((0, scores.ndim), int)
    heights = np.concatenate([heights for _, heights in found]) if found else np.zeros(0)
    keep = first_of_plateaus(places, heights, axes)
    return places[keep], heights[keep]


def _slabs(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    rows = max(1, _SLAB * shape[0] // max(int(np.prod(shape)), 1)) if shape and shape[0] else 1
    for start in range(0, shape[0], rows):
        yield start, min(start + rows, shape[0])


def _in_slab(
    scores: Array, axes: Sequence[int], threshold: float, region: Array | None, backend: Backend, start: int, stop: int
) -> tuple[np.ndarray, np.ndarray]:
    xp = backend.xp
    low, high = max(start - 1, 0), min(stop + 1, scores.shape[0])
    part = scores[low:high, ...]
    if isinstance(part, np.ndarray):
        high_ones = part[start - low : stop - low] >= threshold
        if np.count_nonzero(high_ones) * _FEW < high_ones.size:
            return _among_few(part, axes, region, high_ones, start, start - low)
    part = xp.where(xp.isnan(part), xp.asarray(-np.inf, dtype=part.dtype, device=part.device), part)
    highest = part
    for axis in axes:
        highest = _line_maxima(highest, axis, backend)
    inner = slice(start - low, stop - low)
    part, highest = part[inner, ...], highest[inner, ...]
    peak = (part >= highest) & (part >= threshold)
    if region is not None:
        peak = peak & region[start:stop, ...]
    index = [np.asarray(backend.to_host(i)) for i in xp.nonzero(peak)]
    places = np.stack(index, axis=1).astype(int)
    heights = np.asarray(backend.to_host(part[peak]), dtype=float)
    places[:, 0] += start
    return places, heights


def _among_few(
    part: np.ndarray,
    axes: Sequence[int],
    region: Array | None,
    high_ones: np.ndarray,
    start: int,
    before: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Maxima when few samples reach the threshold: only those are compared with their neighbours."""
    places = np.argwhere(high_ones)
    places[:, 0] += before
    heights = part[tuple(places.T)]
    peak = np.ones(len(places), bool)
    last = np.array(part.shape) - 1
    for step in itertools.product(*((-1, 0, 1) if a in axes else (0,) for a in range(part.ndim))):
        # at an edge a sample is its own neighbour; comparison with NaN is False
        beside = np.clip(places + step, 0, last)
        peak &= ~(part[tuple(beside.T)] > heights)
    places, heights = places[peak], heights[peak]
    places[:, 0] += start - before
    if region is not None:
        inside = region[tuple(places.T)]
        places, heights = places[inside], heights[inside]
    return places, heights.astype(float)


def _line_maxima(array: Array, axis: int, backend: Backend) -> Array:
    """Maximum of each sample and its two neighbours along an axis."""
    if array.shape[axis] < 2:
        return array
    xp = backend.xp

    def cut(first: int | None, last: int | None) -> tuple[slice, ...]:
        return index_along(array.ndim, axis, slice(first, last))

    pairs = xp.maximum(array[cut(None, -1)], array[cut(1, None)])
    inside = xp.maximum(pairs[cut(None, -1)], pairs[cut(1, None)])
    return xp.concat([pairs[cut(None, 1)], inside, pairs[cut(-1, None)]], axis=axis)


def first_of_plateaus(places: np.ndarray, heights: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Indices of the maxima that are the first of their plateau: equal maxima that touch, also through others."""
    _, same, number = np.unique(heights, return_inverse=True, return_counts=True)
    tied = np.flatnonzero(number[same] > 1)
    if not tied.size:
        return np.arange(len(places))
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    far = np.array([1 if a in axes else 2 for a in range(places.shape[1])])  # batch items do not touch
    first, second = cKDTree(places[tied] * far).query_pairs(1.0, p=np.inf, output_type="ndarray").T
    equal = heights[tied[first]] == heights[tied[second]]
    links = (np.ones(int(equal.sum())), (first[equal], second[equal]))
    _, labels = connected_components(coo_array(links, shape=(tied.size,) * 2), directed=False)
    _, leaders = np.unique(labels, return_index=True)
    keep = np.ones(len(places), bool)
    keep[tied] = False
    keep[tied[leaders]] = True
    return np.flatnonzero(keep)
