"""Non-maximum suppression: keep the best of detections that are too close or overlap too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Rule:
    """When a better detection suppresses another.

    Attributes
    ----------
    min_distance : ndarray or None
        Semi-axes of the ellipsoid around a detection in which all others are suppressed, along each acted axis.
    max_overlap : float or None
        Largest intersection of two footprints over their union.
    """

    min_distance: np.ndarray | None
    max_overlap: float | None


class Footprints:
    """Supports of the template variants, one array of bool for each, in their common window."""

    def __init__(self, supports: Sequence[np.ndarray]) -> None:
        self.supports = supports
        self.shape = np.array(supports[0].shape)
        spans = [np.argwhere(s) for s in supports]
        self.sizes = np.array([len(s) for s in spans])
        self.lows = np.array([s.min(0) for s in spans])
        self.highs = np.array([s.max(0) + 1 for s in spans])
        self.boxes = self.sizes == np.prod(self.highs - self.lows, axis=1)

    def overlaps(self, first: int, others: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Intersection over union of one variant and others, each shifted.

        Exact for boxes shifted by fractions; of other forms the samples are counted.
        """
        low = np.maximum(self.lows[first], self.lows[others] + shifts)
        high = np.minimum(self.highs[first], self.highs[others] + shifts)
        both = np.prod(np.maximum(high - low, 0), axis=1).astype(float)
        for at in np.flatnonzero(~(self.boxes[first] & self.boxes[others]) & (both > 0)):
            both[at] = self._count(first, int(others[at]), np.rint(shifts[at]).astype(int))
        shares: np.ndarray = both / (self.sizes[first] + self.sizes[others] - both)
        return shares

    def _count(self, first: int, second: int, shift: np.ndarray) -> int:
        spans = list(zip(shift.tolist(), self.shape.tolist(), strict=True))
        here = tuple(slice(max(s, 0), min(n, n + s)) for s, n in spans)
        there = tuple(slice(max(-s, 0), min(n, n - s)) for s, n in spans)
        if any(s.start >= s.stop for s in here):
            return 0
        return int(np.count_nonzero(self.supports[first][here] & self.supports[second][there]))


def suppress(
    places: np.ndarray,
    batches: np.ndarray,
    scores: np.ndarray,
    variants: np.ndarray,
    rule: Rule,
    footprints: Footprints,
    max_count: int | None,
) -> np.ndarray:
    """Indices of the n detections that are kept, best first, equal scores in the given order.

    `places` has shape (n, number of acted axes). Only detections with the same number in `batches` compete.
    """
    order = np.argsort(-scores, kind="stable")
    if not len(order):
        return order
    from scipy.spatial import cKDTree

    radius = 0.0
    if rule.min_distance is not None:
        radius = float(rule.min_distance.max())
    if rule.max_overlap is not None:
        radius = max(radius, float(np.linalg.norm(footprints.shape)))
    # the extent of all places bounds the distance of any pair; batch items are put farther apart than the radius
    radius = min(radius, float(np.linalg.norm(np.ptp(places, axis=0)))) + 1e-6
    apart = 2 * radius + 1
    tree = cKDTree(np.column_stack([places, batches * apart]))
    alive = np.ones(len(order), bool)
    kept: list[int] = []
    for best in order.tolist():
        if not alive[best]:
            continue
        kept.append(best)
        if max_count is not None and len(kept) == max_count:
            break
        near = np.array(tree.query_ball_point([*places[best], batches[best] * apart], radius))
        near = near[alive[near] & (near != best) & (batches[near] == batches[best])]
        if near.size:
            alive[near] = ~_too_close(places[near] - places[best], variants[best], variants[near], rule, footprints)
    return np.array(kept, int)


def _too_close(shifts: np.ndarray, first: int, others: np.ndarray, rule: Rule, footprints: Footprints) -> np.ndarray:
    """Which detections, at `shifts` from a better one, it suppresses."""
    close = np.zeros(len(shifts), bool)
    if rule.min_distance is not None:
        close |= np.sum((shifts / rule.min_distance) ** 2, axis=1) < 1 - 1e-12
    if rule.max_overlap is not None:
        close |= footprints.overlaps(first, others, shifts) > rule.max_overlap + 1e-12
    return close
