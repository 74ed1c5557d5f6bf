"""Compute a request on the visible region of its layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..._progress import ProgressCallback
from ...kernels import Kernel
from ...recipes import Part, frozen_options, on_field
from ..layers.layer_data import read_layer
from ..layers.request import Request
from ..layers.visible_region import VisibleRegion, level_factors


def visible_request(request: Request, layer: Any, visible: VisibleRegion, memory: dict[Any, Any]) -> Request:
    """The request for the visible region of its layer."""
    source = read_layer(layer, visible.level) if visible.level else request.source
    return replace(request, source=source, visible=visible, memory=memory)


def part_of(
    request: Request, progress: ProgressCallback, *, operation: str = "", options: Mapping[str, Any] | None = None
) -> Part:
    """The result of an operation that makes an image, in the region `request.visible`.

    `operation` and `options` replace those of the request.
    """
    visible = request.visible
    assert visible is not None
    name, source = operation or request.operation, request.source
    field, image = visible.field, source.data
    given = dict(request.options if options is None else options)
    if source.rgb:
        image, field = image[..., :3], (*field, (0, 3))
        if image.dtype.kind == "u":
            given.setdefault("dtype", image.dtype)
    if request.mask is not None:
        given["mask"] = at_level(request.mask, visible, image.shape)
    arrays = [coarser(array, level_factors(visible.factors, request.view.axes)) for array in request.arguments]
    axes = request.view.axes
    frozen = _frozen(request, name, image, arrays, field, given, progress)
    part = on_field(name, image, arrays, field, axes=axes, frozen=frozen, progress=progress, **given)
    if source.rgb and source.data.shape[-1] == 4 and given.get("shape", "same") == "same":
        alpha = np.asarray(source.data[(*(slice(*pair) for pair in visible.field), slice(3, 4))])
        part = replace(part, data=np.concatenate([part.data, alpha.astype(part.data.dtype)], axis=-1))
    return part


def coarser(array: Any, factors: tuple[float, ...]) -> Any:
    """A kernel resampled for an image that is coarser by `factors`; anything else is returned unchanged."""
    if not isinstance(array, Kernel | np.ndarray) or array.ndim != len(factors) or max(factors) == 1:
        return array
    kernel = array if isinstance(array, Kernel) else Kernel(array)
    if kernel.spacing is None:
        return Kernel(kernel.values, kernel.center, (1.0,) * kernel.ndim, "pixel").resample(factors)
    return kernel.resample(tuple(h * f for h, f in zip(kernel.spacing, factors, strict=True)))


def at_level(mask: Any, visible: VisibleRegion, shape: tuple[int, ...]) -> Any:
    """A mask at a resolution level, by nearest neighbour."""
    if not visible.level:
        return mask
    steps = [max(1, round(factor)) for factor in visible.factors]
    keys = [slice(0, n * step, step) for step, n in zip(steps, shape[: len(steps)], strict=True)]
    return mask[tuple(keys[len(keys) - np.ndim(mask) :])]


def _frozen(
    request: Request,
    operation: str,
    image: Any,
    arrays: list[Any],
    field: Any,
    options: Mapping[str, Any],
    progress: ProgressCallback,
) -> Mapping[str, Any]:
    """Options that are estimated on the whole image, kept as long as image and arguments are the same."""
    assert request.visible is not None
    batch = tuple(pair for axis, pair in enumerate(field) if axis not in request.view.axes)
    key = (operation, request.visible.level, request.view.axes, batch, *map(_identity, arrays))
    key += tuple((name, _identity(value)) for name, value in sorted(options.items()))
    known = request.memory.get("frozen")
    if known is not None and known[0] == key and known[1] is request.source.data:
        found: Mapping[str, Any] = known[2]
        return found
    made = frozen_options(operation, image, arrays, field, axes=request.view.axes, progress=progress, **options)
    if made:  # empty if nearly the whole image is visible
        request.memory["frozen"] = (key, request.source.data, made)
    return made


def _identity(value: Any) -> Any:
    """A key that is equal for equal arguments."""
    if isinstance(value, Kernel):
        return (value.values.shape, value.values.tobytes(), value.center)
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype.str, value.tobytes() if value.nbytes < 1 << 20 else id(value))
    return repr(value)
