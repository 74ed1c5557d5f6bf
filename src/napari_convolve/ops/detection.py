"""Finding features: the best score of all variants at each place, its peaks, and what is known of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array, dtype_name
from .._progress import Task
from ..backends import Backend
from ..methods import METHODS
from ..planning import Machine, Plan, make_plan
from ._bank import Bank
from ._chance import NullScores, Peaks, learn
from ._detections import Detections
from ._explaining import stand_out
from ._loops import compile_later
from ._part import Part
from ._patches import Reader, scores_at
from ._peaks import local_maxima
from ._refine import Shifted, refine
from ._scores import BestScores, Scoring
from ._suppression import Footprints, Rule, suppress
from ._tiles import sweep
from ._turning import Frame, common_frame, turn
from .matching import machine_of, resolution_of, score_sweep, scoring_methods
from .window import Window, check_room

#: Bytes of patterns' transforms that one batch may take; more would push each other out of the cache.
_SPECTRA = 96 << 20
#: Steps of progress for each batch.
_STEPS = 1000


@dataclass(frozen=True, eq=False)
class Search:
    """What counts as a detection.

    Attributes
    ----------
    threshold : float
        Least score.
    false_alarms : float or None
        Instead: how many detections chance may give.
    rule : Rule
        Which detections are too close to each other.
    max_count : int or None
    subpixel : bool
    min_valid : float
        Least share of a template's samples that the image must have: inside it, and not left out.
    region : ndarray of bool or None
        Of the image's shape; where a template's centre may lie.
    """

    threshold: float
    false_alarms: float | None
    rule: Rule
    max_count: int | None
    subpixel: bool
    min_valid: float
    region: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Where:
    """The image and how it is computed with: what every step needs."""

    image: Array
    valid: Array | None
    source: Backend
    machines: Sequence[Machine]
    method: str | Plan
    workers: int | None
    max_memory: int | None


def detect(where: Where, bank: Bank, window: Window, search: Search, task: Task) -> Detections:
    """Find the variants of `bank` in an image; see `napari_convolve.detect_features`."""
    window = replace(window, dtype=None)
    scores = best_scores(where, bank, window, search.min_valid, task)
    first = first_index(bank.frame, window, scores.ndim)
    region = None if search.region is None else _region(search.region, scores.shape, first, where.source)
    lowest = search.threshold if search.false_alarms is None else 0.0
    places, heights = local_maxima(scores, window.axes, lowest, region, where.source)
    had = shares(places + np.array(first), where.image.shape, window.axes, bank.frame) >= search.min_valid
    places, heights = places[had], heights[had]
    null = None
    if search.false_alarms is not None:
        null = _learn(places, heights, scores, region, where, bank, window)
        search = replace(search, threshold=null.threshold(search.false_alarms))
        high = heights >= search.threshold
        places, heights = places[high], heights[high]
    places = places + np.array(first)
    variants = _identify(where, bank, window, places)
    found = _collect(where, bank, window, search, places, heights, variants)
    return replace(found, null=null)


def shares(places: np.ndarray, shape: tuple[int, ...], axes: Sequence[int], frame: Frame) -> np.ndarray:
    """How much of the window around each place lies within the image."""
    share = np.ones(len(places))
    for axis, length, center in zip(axes, frame.shape, frame.center, strict=True):
        first = places[:, axis] - center
        inside = np.minimum(first + length, shape[axis]) - np.maximum(first, 0)
        share *= np.maximum(inside, 0) / length
    return share


def _learn(
    places: np.ndarray,
    heights: np.ndarray,
    scores: Array,
    region: Array | None,
    where: Where,
    bank: Bank,
    window: Window,
) -> NullScores:
    """What chance gives in this image."""
    there = ~where.source.xp.isnan(scores)
    searched = where.source.to_host(there if region is None else there & region)
    frame, first = bank.frame, first_index(bank.frame, window, scores.ndim)
    border = [
        (c - first[axis], where.image.shape[axis] - k + 1 + c - first[axis])
        for axis, k, c in zip(window.axes, frame.shape, frame.center, strict=True)
    ]
    whole = None if searched.all() else searched
    samples, positive = bank.pattern(0).count, heights > 0
    shape = tuple(scores.shape)
    return learn(Peaks(places[positive], heights[positive], whole, shape, window.axes, frame.shape, border, samples))


def best_scores(where: Where, bank: Bank, window: Window, min_valid: float, task: Task) -> Array:
    """The best score of any variant at each place; memory does not grow with the number of variants."""
    image, source = where.image, where.source
    pattern = bank.pattern(0)
    dtype = dtype_name(image.dtype)
    spec = score_sweep(image.shape, dtype, pattern, window, where.valid is not None, task.responsive)
    problem = replace(spec.problem, operation="detect_features")
    spec = replace(spec, problem=problem)
    candidates = scoring_methods(len(bank), bank.is_box)

    def plan_on(machines: Sequence[Machine], budget: int | None) -> Plan:
        return make_plan(problem, machines, candidates, method=where.method, workers=where.workers, max_memory=budget)

    def replan(budget: int | None, backend: str) -> Plan:
        chosen = [m for m in where.machines if m.backend == backend] or [machine_of(backend)]
        return plan_on(chosen, budget or where.max_memory)

    best = source.empty(problem.out, spec.dtype)
    if 0 in problem.out:
        return best
    check_room((2, *problem.out), spec.dtype, source)
    plan = plan_on(where.machines, where.max_memory)
    spectrum = 16 * math.prod(problem.block(plan.tiles)[a] for a in problem.axes)
    size = max(1, min(_SPECTRA // max(spectrum, 1), len(bank)))
    scoring = Scoring(METHODS.get(plan.method), window.axes, window.nan == "omit", resolution_of(image), min_valid)
    task.begin(_STEPS * math.ceil(len(bank) / size))
    xp = source.xp
    for numbers, patterns in bank.batches(size):
        part = Part(task, _STEPS)
        compute = BestScores(scoring, patterns)
        found = sweep(image, where.valid, spec, plan, compute, replan, source, where.workers, part)
        plan = part.plan
        if numbers.start == 0:
            best = found
        else:
            best = xp.where(xp.isnan(best) | (found > best), found, best)
    task.plan = plan
    compile_later(problem.dtype, problem.compute, False)
    return best


def first_index(frame: Frame, window: Window, ndim: int) -> tuple[int, ...]:
    """Where in the image the template's centre stands for the first score."""
    first = [0] * ndim
    for axis, k, c, o in zip(window.axes, frame.shape, frame.center, window.origin, strict=True):
        first[axis] = {"same": -o, "valid": c, "full": c - (k - 1)}[window.shape]
    return tuple(first)


def _region(region: np.ndarray, shape: tuple[int, ...], first: Sequence[int], source: Backend) -> Array:
    """The region on the grid of the scores; False outside the image."""
    moved = np.zeros(shape, bool)
    here, there = [], []
    for n, m, f in zip(shape, region.shape, first, strict=True):
        here.append(slice(max(-f, 0), max(min(n, m - f), 0)))
        there.append(slice(max(f, 0), max(min(m, n + f), 0)))
    moved[tuple(here)] = region[tuple(there)]
    return source.to_device(moved)


def _reader(where: Where, window: Window) -> Reader:
    cval = float(window.cval.real)
    return Reader(where.image, where.valid, window.axes, window.boundary, cval, window.nan == "omit", where.source)


def _identify(where: Where, bank: Bank, window: Window, places: np.ndarray) -> np.ndarray:
    """The best variant at each place."""
    winners = np.zeros(len(places), int)
    if len(bank) == 1 or not len(places):
        return winners
    reader = _reader(where, window)
    top = np.full(len(places), -np.inf)
    step = max(1, (16 << 20) // (24 * math.prod(bank.frame.shape)))
    for numbers, patterns in bank.batches(step):
        for part, patches in reader.chunks(places, bank.frame):
            scores = scores_at(patches, patterns)
            best = scores.argmax(axis=1)
            height = scores[np.arange(len(best)), best]
            better = height > top[part]
            winners[part] = np.where(better, best + numbers.start, winners[part])
            top[part] = np.where(better, height, top[part])
    return winners


def _collect(
    where: Where,
    bank: Bank,
    window: Window,
    search: Search,
    places: np.ndarray,
    heights: np.ndarray,
    variants: np.ndarray,
) -> Detections:
    """Suppress what is too close, find the places between samples, and see again what is too close."""
    used, index = np.unique(variants, return_inverse=True)
    footprints = Footprints([bank.pattern(int(n)).support for n in used] or [np.ones(bank.frame.shape, bool)])
    axes = list(window.axes)
    others = [a for a in range(where.image.ndim) if a not in axes]
    batches = np.zeros(len(places), int)
    for axis in others:
        batches = batches * where.image.shape[axis] + places[:, axis]
    # a few more than asked for: places between the samples may bring two of them too close
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
    dims = len(axes)
    angles = np.array([v.angle for v in rows], float)
    return Detections(
        coordinates=exact[again],
        scores=heights[chosen],
        templates=np.array([v.template for v in rows], int),
        rotations=np.array([v.rotation for v in rows]).reshape(-1, dims, dims),
        angles=None if any(math.isnan(v.angle) for v in bank.variants) else angles,
        scales=np.array([v.scale for v in rows], float),
        threshold=search.threshold,
    )


def _shifts(where: Where, bank: Bank, window: Window, places: np.ndarray, variants: np.ndarray) -> np.ndarray:
    """How far from its sample each detection lies."""
    reader = _reader(where, window)
    shifts = np.zeros((len(places), len(window.axes)))
    for number in np.unique(variants):
        variant = bank.variants[number]
        template = bank.templates[variant.template]
        frame = common_frame([(template, variant)])
        shifted = Shifted(*turn(template, variant, frame, beyond=True))
        rows = np.flatnonzero(variants == number)
        for part, patches in reader.chunks(places[rows], frame):
            shifts[rows[part]] = refine(patches, shifted)
    return shifts
