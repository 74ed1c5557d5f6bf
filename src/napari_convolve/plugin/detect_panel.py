"""Find what looks like an example: normalised cross-correlation, and a point for every hit."""

from __future__ import annotations

from inspect import signature
from typing import Any, ClassVar

import numpy as np
from magicgui.widgets import CheckBox, PushButton, SpinBox, Widget
from napari.layers import Shapes

import napari_convolve as nc

from .._progress import Report
from ..kernels import as_kernel
from ._chooser import KernelChooser
from ._fields import Choice
from ._form import rows
from ._layer_choice import LayerChoice
from ._layers import LayerTuple, Source, View, image_tuple, placed, read_layer, short
from ._panel import OperationPanel
from ._request import Progress, Request, Result, first_index
from ._template import box, corners, cut

_DRAWN, _OTHER = "a rectangle I draw", "a layer, file or kernel"


class DetectPanel(OperationPanel):
    """Look for a template everywhere in an image; every place that scores high becomes a point."""

    operation = "detect_features"
    given = ("template_mask", "rotations", "scales", "region", "min_valid")
    folded = ("false_alarms", "max_overlap", "subpixel", "boundary", "cval")
    guide: ClassVar[str] = """# Detect Features

1. Choose the **image**.
2. Press **Draw a rectangle** and drag one around a good example of what you look for.
3. Press **Run**. Each hit becomes a point with its score: 1 is the same up to brightness and contrast.
4. In a stack, each point is shown in its own plane; the 2-D/3-D button of napari shows all of them.
5. Too many or too few? Change the **threshold** and run again.
"""

    def inputs(self) -> list[Widget]:
        self.origin = Choice([(text, text) for text in (_DRAWN, _OTHER)], label="template")
        self.shapes = LayerChoice(self._viewer, accept=lambda layer: isinstance(layer, Shapes), label="drawn in")
        self.depth = SpinBox(value=5, min=1, max=999, label="planes", tooltip="How many planes deep the template is")
        self.draw = PushButton(text="Draw a rectangle", tooltip="Then drag one around an example in the image")
        self.kernel = KernelChooser(self._viewer, label="from", start="from a layer", normalize=False)
        self.score = CheckBox(text="add the score as a layer")
        self.origin.changed.connect(self._show)
        self.draw.changed.connect(self.start_drawing)
        self._show()
        return [rows([self.origin]), self.draw, rows([self.shapes, self.depth]), self.kernel, self.score]

    def _show(self) -> None:
        drawn = self.origin.value == _DRAWN
        self.draw.visible = self.shapes.visible = drawn
        self.kernel.visible = not drawn
        self.depth.visible = drawn and self.view.value is not None and self.view.value.ndim > 2

    def view_changed(self, source: Source | None, view: View | None) -> None:
        if source is not None and view is not None:
            self.kernel.set_view(view, source.spacing_of(view), source.unit_of(view))
        self._show()

    def start_drawing(self) -> None:
        """Add a shapes layer in the place of the image, ready for a rectangle."""
        if self.image.value is None:
            return
        source = read_layer(self.image.value)
        self._viewer.dims.ndisplay = 2
        layer = self._viewer.add_shapes(
            ndim=source.ndim,
            name="template",
            edge_color="yellow",
            face_color="transparent",
            edge_width=max(1.0, max(source.data.shape) / 300),
            **placed(source),
        )
        layer.mode = "add_rectangle"
        self.shapes.value = layer
        self.foot.say("Drag a rectangle around one example, then press Run.")

    def arguments(self, source: Source, view: View) -> tuple[Any, ...]:
        if source.rgb:
            raise ValueError("an RGB layer has three scores per pixel: split it first (right click ▸ Split RGB)")
        if self.origin.value == _OTHER:
            return (self.kernel.kernel(),)
        if self.shapes.value is None:
            raise ValueError("draw a rectangle around one example first: press 'Draw a rectangle'")
        points = corners(self.shapes.value, self.image.value, self._viewer.dims.point)
        return (cut(source, box(points, source.data.shape, view, self.depth.value)),)

    def extras(self) -> dict[str, Any]:
        return {"score": self.score.value}

    def compute(self, request: Request, progress: Progress) -> Result:
        reports: list[Report] = []
        image = request.image(progress)
        hits = request.call(image, progress=progress, report=reports.append)
        layers = [points_tuple(request, hits)]
        if request.extras["score"]:
            takes = signature(nc.match_template).parameters
            rest = {key: value for key, value in request.options.items() if key in takes}
            score = request.call(image, operation="match_template", options=rest, progress=progress)
            name = f"{short(request.source.name)} · score"
            template = as_kernel(request.arguments[0])
            first = first_index(request, template.center, template.shape)
            data, options, kind = image_tuple(request.source, score, name, first=first)
            layers.insert(0, (data, options | {"colormap": "magma", "contrast_limits": (0.0, 1.0)}, kind))
        return Result(layers, reports[0])


def points_tuple(request: Request, hits: Any) -> LayerTuple:
    """The hits as points in the place of the image, coloured by their score."""
    options: dict[str, Any] = {
        "name": f"{short(request.source.name)} · hits",
        "features": {"score": np.asarray(hits.scores)},
        "size": float(max(as_kernel(request.arguments[0]).shape[-2:])),
        "face_color": "transparent",
        "border_width": 0.06,
        "border_color": "yellow",
        "ndim": request.source.ndim,
        "projection_mode": "rescale_spherical",
        **placed(request.source),
    }
    if len(hits) > 1:
        options |= {"border_color": "score", "border_colormap": "autumn"}
    return np.asarray(hits.coordinates).reshape(-1, request.source.ndim), options, "points"
