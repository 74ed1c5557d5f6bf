"""Recipes in the metadata of layers: how a layer was made, from the original image on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..._progress import ProgressCallback, Report
from ...planning import ArraySpec
from ...recipes import OPERATIONS, Recipe
from .feature_map_layers import MOVED
from .layer_data import LayerTuple, Source
from .request import Request, Result

#: Metadata keys: the recipe, and name and file of the layer at its beginning.
RECIPE, ORIGIN = "recipe", "made from"
#: Letter of an unnamed axis, as in TIFF.
_UNKNOWN = "q"


def recorded_all(
    compute: Callable[[Request, ProgressCallback], Result], request: Request, progress: ProgressCallback
) -> Result:
    """Make the arguments, compute, and add the recipe to each layer of the result that has none."""
    request = request.made()
    result = compute(request, progress)
    if result.report is None:
        return result
    layers = [
        layer if RECIPE in layer[1].get("metadata", {}) else recorded(layer, request, result.report)
        for layer in result.layers
    ]
    return Result(layers, result.report, result.notes)


def recorded(
    layer: LayerTuple,
    request: Request,
    report: Report,
    *,
    operation: str = "",
    options: Mapping[str, Any] | None = None,
) -> LayerTuple:
    """A layer with the recipe of the call that made it, after the steps that made its source.

    `operation` and `options` replace those of the request.
    """
    data, attributes, kind = layer
    made = recipe_of_call(request, report, operation=operation or request.operation, options=options)
    if made is None:
        return layer
    metadata = {
        **attributes.get("metadata", {}),
        RECIPE: with_history(made, request.source),
        ORIGIN: origin_of(request.source),
    }
    return data, {**attributes, "metadata": metadata}, kind


def with_history(made: Recipe, source: Source) -> Recipe:
    """A recipe that begins with the steps that made its image."""
    before = None if source.metadata.get(MOVED) else source.metadata.get(RECIPE)
    return before + made if isinstance(before, Recipe) and before.steps[-1].function.makes_image else made


def unrecorded(layer: LayerTuple) -> LayerTuple:
    """A layer marked as one that no recipe can make again."""
    data, attributes, kind = layer
    return data, {**attributes, "metadata": {**attributes.get("metadata", {}), RECIPE: None}}, kind


def recipe_of_call(
    request: Request, report: Report | None, *, operation: str, options: Mapping[str, Any] | None = None
) -> Recipe | None:
    """The recipe of one call; None for RGBA images, and if the operation or an argument cannot be kept as data."""
    source = request.source
    if operation not in OPERATIONS or (source.rgb and source.data.shape[-1] == 4):
        return None
    names = [p.name for p in OPERATIONS.get(operation).arrays[1:]]
    words = request.keywords(options)
    kept = {} if "channel_axis" in words else _colours(source)  # feature maps of colours are no colours
    given = {**kept, **dict(zip(names, request.arguments, strict=False)), **words}
    letters = "".join(source.letters)
    image = ArraySpec(tuple(source.data.shape), source.data.dtype.name)
    try:
        return Recipe.of(
            operation,
            image=image,
            plan=report,
            labels=None if "?" in {letters[axis] for axis in request.view.axes} else letters.replace("?", _UNKNOWN),
            axes=request.view.axes,
            **given,
        )
    except TypeError:  # an argument that cannot be kept as data
        return None


def _colours(source: Source) -> dict[str, Any]:
    """The option that keeps an RGB layer of integers one."""
    return {"dtype": source.data.dtype} if source.rgb and source.data.dtype.kind == "u" else {}


def origin_of(source: Source) -> dict[str, str | None]:
    """Name and file of the layer at the beginning of a source's recipe."""
    before = source.metadata.get(ORIGIN)
    known = isinstance(source.metadata.get(RECIPE), Recipe) and not source.metadata.get(MOVED)
    if isinstance(before, dict) and known:
        return before
    return {"layer": source.name, "file": source.file}
