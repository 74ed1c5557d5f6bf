"""From peaks of a score map to detections: best variant, non-maximum suppression, side lobes, subpixel position."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..._arrays import Array
from ..execution.execution import Execution
from ..filtering.window import Window
from .detections import Detections
from .ncc_at_places import WindowReader, scores_at
from .non_maximum_suppression import Footprints, Rule, suppress
from .rotated_templates import common_window, rotated
from .sidelobes import stand_out
from .subpixel_fit import Shifted, refine
from .template_bank import TemplateBank


@dataclass(frozen=True, eq=False)
class Search:
    """Criteria for detections.

    Attributes
    ----------
    threshold : float
        Lowest score.
    false_alarms : float or None
        Expected number of chance detections, instead of a threshold.
    min_valid : float
        Least share of a template's samples that must lie inside the image and be valid.
    region : ndarray of bool or None
        Of the image's shape; where a template's centre may lie.
    order : tuple of int
        The template's axes as given, among the acted axes.
    """

    threshold: float
    false_alarms: float | None
    rule: Rule
    max_count: int | None
    subpixel: bool
    min_valid: float
    region: np.ndarray | None
    order: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Where:
    """The image to search and the execution options."""

    image: Array
    valid: Array | None
    run: Execution


def _reader(where: Where, window: Window) -> WindowReader:
    cval = float(window.cval.real)
    return WindowReader(
        where.image, where.valid, window.axes, window.boundary, cval, window.nan == "omit", where.run.source
    )


def best_variants(where: Where, bank: TemplateBank, window: Window, places: np.ndarray) -> np.ndarray:
    """The best variant at each place."""
    winners = np.zeros(len(places), int)
    if len(bank) == 1 or not len(places):
        return winners
    reader = _reader(where, window)
    top = np.full(len(places), -np.inf)
    step = max(1, (16 << 20) // (24 * math.prod(bank.window.shape)))
    for numbers, patterns in bank.batches(step):
        for part, patches in reader.chunks(places, bank.window):
            scores = scores_at(patches, patterns)
            best = scores.argmax(axis=1)
            height = scores[np.arange(len(best)), best]
            better = height > top[part]
            winners[part] = np.where(better, best + numbers.start, winners[part])
            top[part] = np.where(better, height, top[part])
    return winners


def collect(
    where: Where,
    bank: TemplateBank,
    window: Window,
    search: Search,
    places: np.ndarray,
    heights: np.ndarray,
    variants: np.ndarray,
) -> Detections:
    """Suppress peaks that are too close, refine the rest to subpixel positions, and suppress again."""
    used, index = np.unique(variants, return_inverse=True)
    footprints = Footprints([bank.pattern(int(n)).support for n in used] or [np.ones(bank.window.shape, bool)])
    axes = list(window.axes)
    others = [a for a in range(where.image.ndim) if a not in axes]
    batches = np.zeros(len(places), int)
    for axis in others:
        batches = batches * where.image.shape[axis] + places[:, axis]
    # more than asked for, since subpixel positions may bring two of them too close
    limit = None if search.max_count is None else 2 * search.max_count + 16
    keep = suppress(places[:, axes].astype(float), batches, heights, index, search.rule, footprints, limit)
    shifts = np.zeros((len(keep), len(axes)))
    if search.subpixel or search.false_alarms is not None:
        shifts = _shifts(where, bank, window, places[keep], variants[keep])
    if search.false_alarms is not None:
        reader = _reader(where, window)
        alone = stand_out(
            reader, bank, places[keep], batches[keep], shifts, variants[keep], heights[keep], search.threshold
        )
        keep, shifts = keep[alone], shifts[alone]
    exact = places[keep].astype(float)
    for number in np.unique(variants[keep]):
        variant = bank.variants[number]
        exact[np.ix_(variants[keep] == number, axes)] += bank.templates[variant.template].shift(variant)
    if search.subpixel:
        exact[:, axes] += shifts
    again = suppress(
        exact[:, axes], batches[keep], heights[keep], index[keep], search.rule, footprints, search.max_count
    )
    chosen = keep[again]
    rows = [bank.variants[n] for n in variants[chosen]]
    dims, order = len(axes), list(search.order)
    angles = np.array([v.angle for v in rows], float)
    return Detections(
        coordinates=exact[again],
        scores=heights[chosen],
        templates=np.array([v.template for v in rows], int),
        rotations=np.array([v.rotation for v in rows]).reshape(-1, dims, dims)[:, order][:, :, order],
        angles=None if any(math.isnan(v.angle) for v in bank.variants) else angles,
        scales=np.array([v.scale for v in rows], float),
        threshold=search.threshold,
    )


def _shifts(where: Where, bank: TemplateBank, window: Window, places: np.ndarray, variants: np.ndarray) -> np.ndarray:
    """Subpixel shift of each detection from its sample."""
    reader = _reader(where, window)
    shifts = np.zeros((len(places), len(window.axes)))
    for number in np.unique(variants):
        variant = bank.variants[number]
        template = bank.templates[variant.template]
        template_window = common_window([(template, variant)])
        shifted = Shifted(*rotated(template, variant, template_window, beyond=True))
        rows = np.flatnonzero(variants == number)
        for part, patches in reader.chunks(places[rows], template_window):
            shifts[rows[part]] = refine(patches, shifted)
    return shifts
