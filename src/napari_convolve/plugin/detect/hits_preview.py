"""Scores and hits of what is seen: the operation on just the visible part, with room around it for the template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...ops.matching.feature_search import FeatureScores
from ..layers.layer_data import image_tuple, short
from ..layers.request import Progress, Request, Result
from ..layers.visible_region import level_factors
from ..operation.preview_region import at_level, coarser
from .hits_layers import SCORES, points_tuple, template_shapes


def hits_seen(request: Request, progress: Progress) -> Result:
    """Layers of the scores and the hits in the field of view."""
    seen = request.seen
    assert seen is not None
    request = _at_its_level(request)
    field = _with_room(request, seen.field)
    key = tuple(slice(low, high) for low, high in field)
    image = np.asarray(request.source.data[key])
    options = dict(request.options)
    if request.mask is not None:
        mask = at_level(request.mask, seen, request.source.data.shape)
        options["mask"] = np.asarray(np.broadcast_to(mask, request.source.data.shape)[key], dtype=bool)
    options["shape"] = "same"
    kept: list[FeatureScores] = []
    narrow = replace(request, options=options, mask=None)
    found = narrow.call(image, progress=progress, scores=kept.append)
    start = np.array([low for low, _ in field], dtype=float)
    low, high = (np.array(ends, dtype=float) for ends in zip(*seen.field, strict=True))
    places = found.coordinates + start
    inside = ((places >= low - 0.5) & (places <= high - 0.5)).all(axis=1)
    found = replace(found, coordinates=places)[inside]
    # the plane that is seen, so that the points of its own plane are not half hidden
    data, attributes, kind = points_tuple(request, found, "hits")
    attributes["name"] = f"preview · {attributes['name']}"
    part = tuple(slice(a - f, b - f) for (a, b), (f, _) in zip(seen.field, field, strict=True))
    scores = np.asarray(kept[0].map)[part]
    first = {axis: float(begin) for axis, (begin, _) in enumerate(seen.field)}
    shown, looks, image_kind = image_tuple(request.source, scores, "", first=first)
    name = f"preview · {short(request.source.name)} · score"
    looks |= SCORES | {"name": name, "opacity": 0.6, "blending": "translucent_no_depth"}
    notes = [f"{len(found)} hits in what is seen"]
    if "false_alarms" in options:
        notes.append(f"approximate: the threshold {found.threshold:.3g} is of what is seen, not of the whole image")
    return Result([(shown, looks, image_kind), (data, attributes, kind)], notes=tuple(notes))


def _at_its_level(request: Request) -> Request:
    """With templates as they are at the level that is shown."""
    assert request.seen is not None
    factors = level_factors(request.seen.factors, request.view.axes)
    given = request.arguments[0]
    templates = [coarser(template, factors) for template in (given if isinstance(given, list) else [given])]
    return replace(request, arguments=(templates if isinstance(given, list) else templates[0],))


def _with_room(request: Request, field: Any) -> list[tuple[int, int]]:
    """The field with as much around it as decides what is seen of it."""
    lengths = np.max(template_shapes(request), axis=0).astype(float)
    if "rotations" in request.options:
        lengths[:] = float(np.linalg.norm(lengths))
    room = np.ceil(lengths * max(request.options.get("scales", (1.0,)))).astype(int) + 2
    found = [tuple(pair) for pair in field]
    for axis, more in zip(request.view.axes, room.tolist(), strict=True):
        low, high = found[axis]
        found[axis] = (max(0, low - more), min(request.source.data.shape[axis], high + more))
    return found
