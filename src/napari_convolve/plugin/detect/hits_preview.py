"""Preview of a detection: scores and hits in the visible region, computed with a margin for the template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..._progress import ProgressCallback
from ...ops.matching.feature_search import FeatureScores
from ..layers.layer_data import image_tuple, short
from ..layers.request import Request, Result
from ..layers.visible_region import level_factors
from ..operation.preview_region import at_level, coarser
from .hits_layers import SCORES, hits_tuple, template_shapes


def visible_hits(request: Request, progress: ProgressCallback) -> Result:
    """Layers of the scores and of the hits in the visible region."""
    visible = request.visible
    assert visible is not None
    request = _at_visible_level(request)
    field = _with_margin(request, visible.field)
    key = tuple(slice(low, high) for low, high in field)
    image = np.asarray(request.source.data[key])
    options = dict(request.options)
    if request.mask is not None:
        mask = at_level(request.mask, visible, request.source.data.shape)
        options["mask"] = np.asarray(np.broadcast_to(mask, request.source.data.shape)[key], dtype=bool)
    options["shape"] = "same"
    kept: list[FeatureScores] = []
    narrow = replace(request, options=options, mask=None)
    found = narrow.call(image, progress=progress, scores=kept.append)
    start = np.array([low for low, _ in field], dtype=float)
    low, high = (np.array(ends, dtype=float) for ends in zip(*visible.field, strict=True))
    places = found.coordinates + start
    inside = ((places >= low - 0.5) & (places <= high - 0.5)).all(axis=1)
    found = replace(found, coordinates=places)[inside]
    data, attributes, kind = hits_tuple(request, found)
    attributes["name"] = f"preview · {attributes['name']}"
    part = tuple(slice(a - f, b - f) for (a, b), (f, _) in zip(visible.field, field, strict=True))
    scores = np.asarray(kept[0].map)[part]
    first = {axis: float(begin) for axis, (begin, _) in enumerate(visible.field)}
    data_image, look, image_kind = image_tuple(request.source, scores, "", first=first)
    name = f"preview · {short(request.source.name)} · score"
    look |= SCORES | {"name": name, "opacity": 0.6, "blending": "translucent_no_depth"}
    notes = [f"{len(found)} hits in what is seen"]
    if "false_alarms" in options:
        notes.append(f"approximate: the threshold {found.threshold:.3g} is of what is seen, not of the whole image")
    return Result([(data_image, look, image_kind), (data, attributes, kind)], notes=tuple(notes))


def _at_visible_level(request: Request) -> Request:
    """The request with its templates resampled to the visible resolution level."""
    assert request.visible is not None
    factors = level_factors(request.visible.factors, request.view.axes)
    given = request.arguments[0]
    templates = [coarser(template, factors) for template in (given if isinstance(given, list) else [given])]
    return replace(request, arguments=(templates if isinstance(given, list) else templates[0],))


def _with_margin(request: Request, field: Any) -> list[tuple[int, int]]:
    """The field extended by the size of the rotated and scaled templates, within the image."""
    lengths = np.max(template_shapes(request), axis=0).astype(float)
    if "rotations" in request.options:
        lengths[:] = float(np.linalg.norm(lengths))
    margins = np.ceil(lengths * max(request.options.get("scales", (1.0,)))).astype(int) + 2
    found = [tuple(pair) for pair in field]
    for axis, margin in zip(request.view.axes, margins.tolist(), strict=True):
        low, high = found[axis]
        found[axis] = (max(0, low - margin), min(request.source.data.shape[axis], high + margin))
    return found
