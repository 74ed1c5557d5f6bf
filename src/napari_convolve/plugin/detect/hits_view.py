"""Results of a detection: score histogram with a movable threshold, table of hits, CSV, script, boxes.

The scores and the image are kept until the next run, so that the layers follow the threshold without a new correlation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..._progress import ProgressCallback, Report
from ...ops.matching.detections import Detections
from ...ops.matching.feature_search import FeatureScores
from ...recipes import Recipe
from ..jobs.job import Call, Outcome
from ..jobs.latest import Latest
from ..layers.added import in_viewer
from ..layers.recording import RECIPE, recorded
from ..layers.request import Request
from ..plots.score_histogram import ScorePlot
from ..widgets.actions import copy_text, save_as
from ..widgets.containers import Column, beside, button, rows
from ..widgets.fields import NumberField
from ..widgets.text import note, say
from .hits_layers import boxes_tuple, edges, show_points
from .hits_table import HitTable

#: Number of hits below the threshold that are found in advance, so that it can be lowered without delay.
_RESERVE = 300


@dataclass(frozen=True, eq=False)
class DetectionRun:
    """Result of a run, with the scores to find more hits; `ready` are its hits and some below the threshold."""

    request: Request
    report: Report
    scores: FeatureScores
    hits: Detections
    ready: Detections


def hits_with_reserve(scores: FeatureScores, threshold: float) -> Detections:
    """The hits above a threshold and `_RESERVE` more below it."""
    heights = np.sort(scores.peaks[1])[::-1]
    at = int(np.count_nonzero(heights >= threshold)) + _RESERVE
    low = float(heights[at]) if at < len(heights) else 0.0
    return scores.detections(threshold=min(low, threshold))


class HitView(Column):
    """Histogram, table and buttons for the hits of a run."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._found: DetectionRun | None = None
        self._points: Any = None
        self._boxes: Any = None
        self.hits: Detections | None = None
        self.summary = note()
        # always two lines high, so that nothing below moves while the threshold is dragged
        self.summary.native.setMinimumHeight(2 * self.summary.native.fontMetrics().lineSpacing())
        self.plot, self.table = ScorePlot(), HitTable()
        self.threshold = NumberField(
            0.7, minimum=-1, maximum=1, step=0.01, label="threshold", tooltip="Least score; the layers follow at once"
        )
        self.save = button("Save CSV …", self.save_csv, "The table as a file, which napari opens as points")
        self.script = button(
            "Copy Python", self.copy_python, "The program text that finds these hits, on the clipboard"
        )
        self.box = button("Boxes", self.show_boxes, "A box around each hit, turned and scaled as it was found")
        self.extend([self.summary, rows(self.threshold), beside(self.save, self.script, self.box)])
        layout = self.native.layout()
        layout.insertWidget(1, self.plot)
        layout.insertWidget(3, self.table)
        self._more = Latest(self.native, self._make, self._ready, title="more hits")
        self.plot.moved.connect(self._apply)
        self.plot.released.connect(self._settle)
        self.threshold.changed.connect(self._typed)
        self.table.chosen.connect(self.go_to)
        self.visible = False

    def show_found(self, found: DetectionRun, points: Any) -> None:
        """Show the result of a run and update its points layer from now on."""
        self._more.stop()
        self._found, self._points, self._boxes = found, points, None
        self.plot.show_scores(found.scores.peaks[1], found.scores.null)
        self.visible = True
        self._show(found.hits, found.hits.threshold)

    def clear(self) -> None:
        """Hide the view and free the scores."""
        self._more.stop()
        self._found = self._points = self._boxes = self.hits = None
        self.table.show_hits(None, ())
        self.visible = False

    # --- the threshold ---------------------------------------------------------------------------------------------

    def _typed(self, *_: object) -> None:
        if self._found is not None and round(self.threshold.value, 6) != round(self.plot.threshold, 6):
            self._apply(self.threshold.value)
            self._settle()

    def _apply(self, threshold: float) -> None:
        """Show the hits at a threshold; lower ones than those in `ready` are found in the background."""
        found = self._found
        if found is None:
            return
        ready = found.ready
        self._show(ready[ready.scores >= threshold], threshold)
        if threshold < ready.threshold:
            self._more.ask()

    def _make(self) -> Call | None:
        found, threshold = self._found, self.plot.threshold
        return None if found is None else partial(_find_more, found, threshold)

    def _ready(self, outcome: Outcome) -> None:
        if outcome.error:
            say(self.summary, outcome.error)
        elif self._found is not None and outcome.value is not None:
            scores, ready = outcome.value
            if scores is self._found.scores:
                self._found = replace(self._found, ready=ready)
                self._apply(self.plot.threshold)
                self._settle()

    def _show(self, hits: Detections, threshold: float) -> None:
        found = self._found
        assert found is not None
        self.hits = replace(hits, threshold=threshold)
        self.plot.show_threshold(threshold)
        with self.threshold.changed.blocked():
            self.threshold.value = round(threshold, 6)
        say(self.summary, self._sentence(len(hits), threshold))
        self.table.show_hits(hits, found.request.source.axes)
        if in_viewer(self._viewer, self._points) and hits is not found.hits:
            show_points(self._points, found.request, hits)
        if in_viewer(self._viewer, self._boxes):
            self._boxes.data = edges(found.request, hits)

    def _sentence(self, count: int, threshold: float) -> str:
        assert self._found is not None
        null = self._found.scores.null
        hits = f"{count} hit{'' if count == 1 else 's'} at {threshold:.3g} or more"
        if threshold < null.level:
            return f"{hits}; chance alone gives more than {float(null.expected(null.level)):.3g}."
        return f"{hits}; chance alone gives {_count_text(float(null.expected(threshold)))} in this image."

    def _settle(self, *_: object) -> None:
        """Put the recipe of the present threshold into the metadata of the points layer."""
        recipe = self.recipe()
        if recipe is not None and self._points is not None:
            self._points.metadata = {**self._points.metadata, RECIPE: recipe}

    def _options(self) -> Mapping[str, Any]:
        """The options of a call that finds the shown hits."""
        assert self._found is not None and self.hits is not None
        options = dict(self._found.request.options)
        if self.hits.threshold != self._found.hits.threshold:
            options.pop("false_alarms", None)
            options["threshold"] = self.hits.threshold
        return options

    def recipe(self) -> Recipe | None:
        """The recipe of the shown hits; None if there is none."""
        if self._found is None:
            return None
        options = self._options()
        layer = recorded((None, {}, "points"), self._found.request, self._found.report, options=options)
        return layer[1].get("metadata", {}).get(RECIPE)  # type: ignore[no-any-return]

    # --- buttons and table ------------------------------------------------------------------------------------------

    def go_to(self, row: int) -> None:
        """Centre the viewer on a hit."""
        if self.hits is None or not in_viewer(self._viewer, self._points):
            return
        world = np.asarray(self._points.data_to_world(self.hits.coordinates[row]), dtype=float)
        dims = self._viewer.dims
        point = np.asarray(dims.point, dtype=float)
        point[len(point) - len(world) :] = world
        dims.point = tuple(point)
        center = np.array(self._viewer.scene.camera.center, dtype=float)
        axes = list(dims.displayed)
        center[-len(axes) :] = point[axes]
        self._viewer.scene.camera.center = tuple(center)
        self._points.selected_data = {row}

    def save_csv(self) -> None:
        if self.hits is None:
            return
        hits = self.hits

        def write(path: str) -> None:
            hits.to_csv(path if path.lower().endswith(".csv") else f"{path}.csv")

        done = f"Saved {len(hits)} hits to {{path}}"
        save_as(self.native, partial(say, self.summary), "Save the hits", "hits.csv", "Table (*.csv)", write, done)

    def copy_python(self) -> None:
        """Copy a script that finds the shown hits."""
        recipe = self.recipe()
        if recipe is None:
            say(self.summary, "no script can make this again: the template is no data")
        else:
            done = "Copied: the script takes the image as its argument."
            copy_text(recipe.to_python, partial(say, self.summary), done)

    def show_boxes(self) -> None:
        """Add the layer of boxes, or remove it."""
        if self._found is None or self.hits is None:
            return
        if in_viewer(self._viewer, self._boxes):
            self._viewer.layers.remove(self._boxes)
            self._boxes = None
            return
        data, options, _ = boxes_tuple(self._found.request, self.hits)
        self._boxes = self._viewer.add_vectors(data, **options)


def _find_more(found: DetectionRun, threshold: float, progress: ProgressCallback) -> tuple[FeatureScores, Detections]:
    return found.scores, hits_with_reserve(found.scores, threshold)


def _count_text(number: float) -> str:
    """An expected number of detections, rounded.

    Examples
    --------
    >>> _count_text(0.0003), _count_text(0.25), _count_text(12.3)
    ('less than 0.01', '0.25', '12')
    """
    return "less than 0.01" if number < 0.01 else f"{number:.2g}" if number < 10 else f"{number:.0f}"
