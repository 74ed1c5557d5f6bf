"""Layers of detections: points coloured by score, boxes, and the score image. No Qt."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels import as_kernel
from ...ops.matching.detections import Detections
from ...ops.matching.feature_search import FeatureScores
from ..layers.layer_data import LayerTuple, image_tuple, placement, short
from ..layers.request import Request

_COLOURS = "autumn"
#: Appearance of score images.
SCORES = {"colormap": "magma", "contrast_limits": (0.0, 1.0)}


def template_shapes(request: Request) -> list[tuple[int, ...]]:
    """The shape of each template of a request."""
    given = request.arguments[0]
    several = given if isinstance(given, list) else [given]
    return [tuple(as_kernel(template).shape) for template in several]


def columns(found: Detections) -> dict[str, NDArray[Any]]:
    """The features of the points layer, one row per hit."""
    table = {"score": found.scores, "template": found.templates, "scale": found.scales}
    return table if found.angles is None else {**table, "angle": found.angles}


def point_diameters(request: Request, found: Detections) -> NDArray[np.float64]:
    """Diameter of each point: the longer side of its scaled template in the plane."""
    longest = np.array([max(shape[-2:]) for shape in template_shapes(request)], dtype=float)
    diameters: NDArray[np.float64] = longest[found.templates] * found.scales
    return diameters


def hits_tuple(request: Request, found: Detections) -> LayerTuple:
    """The hits as a points layer."""
    options: dict[str, Any] = {
        "name": f"{short(request.source.name)} · hits",
        "features": columns(found),
        "size": point_diameters(request, found) if len(found) else float(max(template_shapes(request)[0][-2:])),
        "face_color": "transparent",
        "border_width": 0.06,
        "border_color": "yellow",
        "ndim": request.source.ndim,
        "projection_mode": "rescale_spherical",
        **placement(request.source),
    }
    if len(found) > 1:
        options |= {"border_color": "score", "border_colormap": _COLOURS}
    return found.coordinates.reshape(-1, request.source.ndim), options, "points"


def show_points(layer: Any, request: Request, found: Detections) -> None:
    """Show other hits in a points layer."""
    data, options, _ = hits_tuple(request, found)
    layer.selected_data = set()
    layer.data = data
    layer.features = options["features"]
    if len(found):
        layer.size = options["size"]
    if len(found) > 1:
        layer.border_color = "score"
        layer.border_colormap = _COLOURS
        layer.refresh_colors(update_color_mapping=True)
    else:
        layer.border_color = "yellow"
        layer.current_border_color = "yellow"


def edges(request: Request, found: Detections) -> NDArray[np.float64]:
    """The edges of boxes around the hits as vectors, start and extent; shape (n, 2, ndim)."""
    axes, ndim = list(request.view.axes), request.source.ndim
    boxes = [_box(shape) for shape in template_shapes(request)]
    made = []
    for coordinates, template, rotation, scale in zip(
        found.coordinates, found.templates, found.rotations, found.scales, strict=True
    ):
        for start, end in boxes[int(template)]:
            vector = np.zeros((2, ndim))
            vector[0] = coordinates
            vector[0, axes] += scale * rotation @ start
            vector[1, axes] = scale * rotation @ (end - start)
            made.append(vector)
    return np.array(made).reshape(-1, 2, ndim)


def _box(shape: Sequence[int]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Start and end of the edges of a template's box, relative to its centre."""
    low = -np.array([n // 2 for n in shape], float) - 0.5
    found = []
    for corner in itertools.product((0, 1), repeat=len(shape)):
        start = low + np.array(corner) * shape
        for axis, side in enumerate(corner):
            if not side:
                end = start.copy()
                end[axis] += shape[axis]
                found.append((start, end))
    return found


def boxes_tuple(request: Request, found: Detections) -> LayerTuple:
    """Boxes around the hits, rotated and scaled as the template was, as a vectors layer."""
    data = edges(request, found)
    count = len(data) // max(len(found), 1)
    options: dict[str, Any] = {
        "name": f"{short(request.source.name)} · boxes",
        "features": {"score": np.repeat(found.scores, count)},
        "edge_color": "yellow",
        "edge_width": max(0.5, max(request.source.data.shape[-2:]) / 400),
        "vector_style": "line",
        "ndim": request.source.ndim,
        **placement(request.source),
    }
    if len(found) > 1:
        options |= {"edge_color": "score", "edge_colormap": _COLOURS}
    return data, options, "vectors"


def score_tuple(request: Request, scores: FeatureScores) -> LayerTuple:
    """The best score at each sample as an image layer."""
    first = {axis: float(start) for axis, start in enumerate(scores.first) if start}
    data, options, kind = image_tuple(
        request.source, np.asarray(scores.map), f"{short(request.source.name)} · score", first=first
    )
    return data, options | SCORES, kind
