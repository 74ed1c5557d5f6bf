"""Detect features similar to a template by normalized cross-correlation."""

from __future__ import annotations

from typing import Any, ClassVar

from magicgui.widgets import CheckBox, Widget
from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QScrollArea

from ..._progress import ProgressCallback, Report
from ...ops.matching.detections import Detections
from ...ops.matching.feature_search import FeatureScores
from ..kernel_input.template_chooser import TemplateChooser
from ..layers.layer_data import Source, View
from ..layers.recording import unrecorded
from ..layers.request import Factory, Request, Result
from ..operation.operation_panel import OperationPanel
from ..widgets.angle_parsing import parse_angles, parse_scales
from ..widgets.containers import rows
from ..widgets.fields import TextField
from .hits_layers import hits_tuple, score_tuple
from .hits_preview import visible_hits
from .hits_view import DetectionRun, HitView, hits_with_reserve


class DetectPanel(OperationPanel):
    """Find a template in an image; each place with a high score becomes a point."""

    operation = "detect_features"
    given = ("template_mask", "rotations", "scales", "region", "min_valid", "scores")
    folded = ("max_overlap", "subpixel", "boundary", "cval")
    guide: ClassVar[str] = """# Detect Features

1. Choose the **image**.
2. Press **Draw a rectangle** and drag one around a good example of what you look for.
3. Press **Run**. Each hit becomes a point with its score: 1 is the same up to brightness and contrast.
4. Too many or too few? Drag the green line in the plot of the scores: the points follow. The blue line is what chance
   alone gives in this image. Or ask for **false detections expected**, 1 say, instead of a threshold.
5. Click on a row of the table to see a hit; **Save CSV** writes the table.

Things that lie turned: give **turned by**, as 0:360:10 (from 0 to 360 degrees in steps of 10; in a volume, *15* looks
in every direction of space, to within 15 degrees). Things of several sizes: give **sizes**, as 0.8, 1, 1.25.

In a stack, each point is shown in its own plane; the 2-D/3-D button of napari shows all of them.
"""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.found = HitView(napari_viewer)
        self.body.append(self.found)

    def inputs(self) -> list[Widget]:
        # a lambda, since the run bar does not exist yet
        self.template = TemplateChooser(self._viewer, lambda: self.image.value, lambda text: self.run_bar.say(text))
        self.rotations = TextField(
            parse_angles,
            label="turned by",
            hint="not turned",
            tooltip="Degrees: 0, 90, 180, or first:last:step as 0:360:10",
        )
        self.scales = TextField(
            parse_scales, label="sizes", hint="as the template", tooltip="Relative to the template, as 0.8, 1, 1.25"
        )
        self.score = CheckBox(text="add the score as a layer")
        return [self.template, rows(self.rotations, self.scales), self.score]

    def view_changed(self, source: Source | None, view: View | None) -> None:
        if source is not None and view is not None:
            self.template.set_view(source, view)

    def arguments(self, source: Source, view: View) -> tuple[Any, ...]:
        if source.rgb:
            raise ValueError("an RGB layer has three scores per pixel: split it first (right click ▸ Split RGB)")
        return (Factory(self.template.factory(source, view)),)

    def more_options(self, source: Source, view: View) -> dict[str, Any]:
        given = {"rotations": self.rotations.value, "scales": self.scales.value}
        if callable(given["rotations"]):
            given["rotations"] = given["rotations"](view.ndim)
        return {name: value for name, value in given.items() if value is not None}

    def extras(self) -> dict[str, Any]:
        return {"score": self.score.value}

    def compute(self, request: Request, progress: ProgressCallback) -> Result:
        reports: list[Report] = []
        scores: list[FeatureScores] = []
        image = request.image(progress)
        hits: Detections = request.call(image, progress=progress, report=reports.append, scores=scores.append)
        reserve = hits_with_reserve(scores[0], hits.threshold)
        request.memory["found"] = DetectionRun(request, reports[0], scores[0], hits, reserve)
        layers = [hits_tuple(request, hits)]
        if request.extras["score"]:
            layers.insert(0, unrecorded(score_tuple(request, scores[0])))
        return Result(layers, reports[0])

    def added(self, request: Request, result: Result) -> None:
        self.found.show_found(request.memory.pop("found"), self._viewer.layers[-1])
        QTimer.singleShot(0, self._scroll_to_found)

    def _scroll_to_found(self) -> None:
        """Scroll to the table and its buttons, after the layout has placed them."""
        if isalive(self.native):
            area = self.native.findChild(QScrollArea)
            area.ensureWidgetVisible(self.found.save.native)

    def begun(self, request: Request) -> None:
        """Free the scores of the previous run."""
        self.found.clear()

    def preview(self, request: Request, progress: ProgressCallback) -> Result:
        return visible_hits(request, progress)
