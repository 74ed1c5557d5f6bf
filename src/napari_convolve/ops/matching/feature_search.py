"""Detect features: best score of all template variants at each place, its peaks, and their null distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..._arrays import Array, by_axis, dtype_name
from ...backends import SESSION, Backend
from ...methods import METHODS
from ..execution.execution import tile_loop
from ..filtering.window import Window
from .detections import Detections
from .local_maxima import local_maxima
from .null_distribution import NullScores, ScorePeaks, learn
from .peak_selection import Search as Search
from .peak_selection import Where as Where
from .peak_selection import best_variants, collect
from .rotated_templates import TemplateWindow
from .scoring_cost import scoring_method
from .template_bank import TemplateBank
from .template_matching import BestScores, compile_scoring_later, resolution_of, score_geometry

#: Bytes of the templates' spectra in one batch; more would push each other out of the cache.
_SPECTRA = 96 << 20
#: Progress steps of each batch.
_STEPS = 1000


def score_features(where: Where, bank: TemplateBank, window: Window, search: Search) -> FeatureScores:
    """The best scores of the variants of `bank` in an image; see `napari_convolve.detect_features`."""
    window = replace(window, dtype=None)
    scores = best_scores(where, bank, window, search.min_valid)
    first = first_center(bank.window, window, scores.ndim)
    region = None if search.region is None else _region(search.region, scores.shape, first, where.run.source)
    return FeatureScores(scores, first, where, bank, window, search, region)


@dataclass(frozen=True, eq=False, repr=False)
class FeatureScores:
    """The best score of any template at each place, from which detections are found again without correlation.

    It holds a reference to the image.

    Attributes
    ----------
    map : array
        Scores, of the image's library; NaN where there is none.
    first : tuple of int
        Position of the template's centre in the image for the first score.
    """

    map: Array
    first: tuple[int, ...]
    _where: Where
    _bank: TemplateBank
    _window: Window
    _search: Search
    _region: Array | None

    def __repr__(self) -> str:
        return f"FeatureScores of {len(self._bank)} variants at {' x '.join(map(str, self.map.shape))} places"

    @cached_property
    def peaks(self) -> tuple[np.ndarray, np.ndarray]:
        """All positive peaks, of chance or of features: indices into the map, and scores."""
        return self._peaks(0.0)

    def _peaks(self, lowest: float) -> tuple[np.ndarray, np.ndarray]:
        if lowest >= 0 and "peaks" in self.__dict__:
            places, heights = self.peaks
            high = heights >= lowest
            return places[high], heights[high]
        places, heights = local_maxima(self.map, self._window.axes, lowest, self._region, self._where.run.source)
        centers = places + np.array(self.first)
        enough = inside_shares(centers, self._where.image.shape, self._window.axes, self._bank.window)
        enough = enough >= self._search.min_valid
        return places[enough], heights[enough]

    @cached_property
    def null(self) -> NullScores:
        """Null distribution of the scores in this image."""
        places, heights = self.peaks
        axes, template_window = self._window.axes, self._bank.window
        source = self._where.run.source
        there = ~source.xp.isnan(self.map)
        searched = source.to_host(there if self._region is None else there & self._region)
        border = [
            (c - self.first[axis], self._where.image.shape[axis] - k + 1 + c - self.first[axis])
            for axis, k, c in zip(axes, template_window.shape, template_window.center, strict=True)
        ]
        positive = heights > 0
        peaks = ScorePeaks(
            places[positive],
            heights[positive],
            None if searched.all() else searched,
            tuple(self.map.shape),
            axes,
            template_window.shape,
            border,
            self._bank.pattern(0).count,
        )
        return learn(peaks)

    def detections(
        self, *, threshold: float | None = None, false_alarms: float | None = None, max_count: int | None = None
    ) -> Detections:
        """The result of `detect_features` with another threshold, number of false alarms, or maximum count.

        Without `threshold` and `false_alarms` those of the call are used.

        Raises
        ------
        ValueError
            When both are given, or one is out of range.
        """
        if threshold is not None and false_alarms is not None:
            raise ValueError("threshold and false_alarms both say what counts as a detection; give one of them")
        if threshold is not None and not -1 <= threshold <= 1:
            raise ValueError(f"threshold={threshold!r} must lie between -1 and 1, as scores do")
        if false_alarms is not None and not 0 < false_alarms < math.inf:
            raise ValueError(f"false_alarms={false_alarms!r} must be a positive number of detections in the image")
        search, null = self._search, None
        if threshold is not None or false_alarms is not None:
            search = replace(search, threshold=math.nan if threshold is None else threshold, false_alarms=false_alarms)
        search = replace(search, max_count=search.max_count if max_count is None else max_count)
        if search.false_alarms is not None:
            null = self.null
            search = replace(search, threshold=null.threshold(search.false_alarms))
        places, heights = self._peaks(search.threshold)
        places = places + np.array(self.first)
        variants = best_variants(self._where, self._bank, self._window, places)
        found = collect(self._where, self._bank, self._window, search, places, heights, variants)
        return replace(found, null=null)


def inside_shares(
    places: np.ndarray, shape: tuple[int, ...], axes: Sequence[int], template_window: TemplateWindow
) -> np.ndarray:
    """Share of the window around each place that lies within the image."""
    share = np.ones(len(places))
    for axis, length, center in zip(axes, template_window.shape, template_window.center, strict=True):
        first = places[:, axis] - center
        inside = np.minimum(first + length, shape[axis]) - np.maximum(first, 0)
        share *= np.maximum(inside, 0) / length
    return share


def best_scores(where: Where, bank: TemplateBank, window: Window, min_valid: float) -> Array:
    """The best score of any variant at each place; needs memory for one batch of variants only."""
    image, run = where.image, where.run
    pattern, task, xp = bank.pattern(0), run.task, run.source.xp
    dtype = dtype_name(image.dtype)
    geometry = score_geometry(image.shape, dtype, pattern, window, where.valid is not None, task.responsive)
    problem = replace(geometry.problem, operation="detect_features")
    geometry = replace(geometry, problem=problem)
    best = run.source.empty(problem.out, geometry.dtype)
    if 0 in problem.out:
        return best
    run.check_room((2, *problem.out), geometry.dtype)
    candidates = [scoring_method(method, len(bank), bank.is_box) for method in METHODS.values()]
    plan = run.plan(problem, candidates)
    spectrum = 16 * math.prod(problem.block(plan.tiles)[a] for a in problem.axes)
    size = max(1, min(_SPECTRA // max(spectrum, 1), len(bank)))
    computation = BestScores(
        (), METHODS.get(plan.method), window.axes, window.nan == "omit", resolution_of(image), min_valid
    )
    task.begin(_STEPS * math.ceil(len(bank) / size))
    # the bound on memory includes the templates' spectra and two score maps
    maps = 2 * math.prod(problem.out) * problem.itemsize
    spared = SESSION.max_cached_bytes if run.max_memory is None else run.max_memory - plan.bytes - maps
    for numbers, patterns in bank.batches(size):
        part = task.part(_STEPS)
        with SESSION.keeping(spared):
            compute = replace(computation, patterns=patterns)
            found = tile_loop(image, where.valid, geometry, plan, compute, candidates, replace(run, task=part))
        plan = part.plan
        if numbers.start == 0:
            best = found
        else:
            best = xp.where(xp.isnan(best) | (found > best), found, best)
    task.plan = plan
    compile_scoring_later(problem.dtype, problem.compute, False)
    return best


def first_center(template_window: TemplateWindow, window: Window, ndim: int) -> tuple[int, ...]:
    """Position of the template's centre in the image for the first score."""
    sides = zip(template_window.shape, template_window.center, window.origin, strict=True)
    first = ({"same": -o, "valid": c, "full": c - (k - 1)}[window.shape] for k, c, o in sides)
    return by_axis(ndim, window.axes, first, 0)


def _region(region: np.ndarray, shape: tuple[int, ...], first: Sequence[int], source: Backend) -> Array:
    """The region on the grid of the scores; False outside the image."""
    moved = np.zeros(shape, bool)
    here, there = [], []
    for n, m, f in zip(shape, region.shape, first, strict=True):
        here.append(slice(max(-f, 0), max(min(n, m - f), 0)))
        there.append(slice(max(f, 0), max(min(m, n + f), 0)))
    moved[tuple(here)] = region[tuple(there)]
    return source.to_device(moved)
