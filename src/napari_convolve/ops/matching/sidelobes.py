"""Reject side lobes of stronger detections.

Around a strong feature its own flanks resemble the template, and score above the null distribution. So each peak is
scored again without the better detections whose windows overlap its own: their best-fitting templates are subtracted
down to the level of their rims, and the residual must reach the threshold, and 0.6 of the better score, since no
template fits a strong feature without a residual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ncc_at_places import Patches, WindowReader, scores_at
from .rotated_templates import rotated
from .template import Pattern
from .template_bank import TemplateBank

#: Lowest score beside a better detection, in units of its score.
_BESIDE = 0.6


@dataclass(frozen=True, eq=False)
class _Feature:
    """A detection and its contribution to the samples of its window."""

    place: np.ndarray
    batch: int
    contribution: np.ndarray
    score: float


def stand_out(
    reader: WindowReader,
    bank: TemplateBank,
    places: np.ndarray,
    batches: np.ndarray,
    shifts: np.ndarray,
    variants: np.ndarray,
    scores: np.ndarray,
    threshold: float,
) -> np.ndarray:
    """Which peaks, given from best to worst, reach the threshold without the better ones beside them.

    `shifts` are the subpixel shifts along the acted axes, shape (n, axes). Only detections with the same number in
    `batches` can overlap.
    """
    from scipy.spatial import cKDTree

    keep = np.zeros(len(places), bool)
    if not len(places):
        return keep
    axes = list(reader.axes)
    shape = np.array(bank.window.shape)
    # in units of the window, so that windows that overlap are nearer than 1 along every axis
    scaled = np.column_stack([places[:, axes] / shape, batches * 4.0 + 0.0])
    if len(places) > 1:
        scaled[:, -1] += 4.0 * scaled[:, :-1].max()
    neighbours = cKDTree(scaled).query_ball_point(scaled, 1.0, p=np.inf)
    features: dict[int, _Feature] = {}
    for number, place in enumerate(places):
        pattern = bank.pattern(int(variants[number]))
        samples, there = reader.raw(place, bank.window)
        before = [features[n] for n in neighbours[number] if n in features and batches[n] == batches[number]]
        for feature in before:
            _subtract(samples, feature, place[axes])
        if before:
            needed = max(threshold, _BESIDE * max(feature.score for feature in before))
            if _score(samples, there, pattern) < needed:
                continue
        keep[number] = True
        contrast = float(np.sum(samples[there & pattern.support] * pattern.values[there & pattern.support]))
        form = _form(bank, int(variants[number]), shifts[number])
        features[number] = _Feature(place[axes], int(batches[number]), contrast * form, float(scores[number]))
    return keep


def _score(samples: np.ndarray, there: np.ndarray, pattern: Pattern) -> float:
    """Score of one window over its valid samples."""
    middle = samples[there].mean() if there.any() else 0.0
    values = np.where(there, samples - middle, 0.0)
    patch = Patches(values.reshape(1, -1), None if there.all() else there.reshape(1, -1), None)
    return float(scores_at(patch, [pattern])[0, 0])


def _subtract(samples: np.ndarray, feature: _Feature, place: np.ndarray) -> None:
    """Subtract a feature from the window around `place`, where the two overlap."""
    shift = feature.place - place
    spans = list(zip(shift.tolist(), samples.shape, strict=True))
    here = tuple(slice(max(s, 0), min(n, n + s)) for s, n in spans)
    there = tuple(slice(max(-s, 0), min(n, n - s)) for s, n in spans)
    if all(s.start < s.stop for s in here):
        samples[here] -= feature.contribution[there]


def _form(bank: TemplateBank, number: int, shift: np.ndarray) -> np.ndarray:
    """A variant with a subpixel shift, less the level of its rim, 0 outside its support."""
    from scipy.ndimage import binary_erosion
    from scipy.ndimage import shift as shifted

    variant = bank.variants[number]
    pattern = bank.pattern(number)
    values, support = rotated(bank.templates[variant.template], variant, bank.window, beyond=True)
    inside = values[support]
    norm = float(np.sqrt(np.sum((inside - inside.mean()) ** 2)))
    moved = shifted((values - inside.mean()) / norm, shift, order=3, mode="nearest")
    rim = support & ~binary_erosion(support, np.ones((3,) * support.ndim), border_value=0)
    return np.where(pattern.support, moved - moved[rim].mean(), 0.0)
