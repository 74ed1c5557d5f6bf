"""Crop a template or kernel from an image where the user has drawn a rectangle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..layers.layer_data import Source, View, placement

CropIndex = tuple[slice | int, ...]
NOTHING = "draw a rectangle around one example first: press 'Draw a rectangle'"


def draw_rectangle(viewer: Any, source: Source, name: str, layer: Any = None, **options: Any) -> Any:
    """Let the user draw a rectangle in a shapes layer, by default a new one over the image; returns that layer."""
    viewer.dims.ndisplay = 2
    if layer is None:
        width = max(1.0, max(source.data.shape) / 300)
        look = {"edge_color": "yellow", "face_color": "transparent", "edge_width": width}
        layer = viewer.add_shapes(ndim=source.ndim, name=name, **look, **placement(source), **options)
    layer.visible = True
    viewer.layers.selection.active = layer
    layer.mode = "add_rectangle"
    return layer


def corners(shapes: Any, image: Any, current: Sequence[float], number: int | None = None) -> NDArray[np.float64]:
    """Corners of a shape, by default of the selected or the last one, in indices of the image.

    ValueError if nothing is drawn. `current` is the point of the world that the viewer shows, for axes that the shapes
    layer does not have.
    """
    if not len(shapes.data):
        raise ValueError(NOTHING)
    chosen = max(shapes.selected_data, default=len(shapes.data) - 1) if number is None else number
    found = []
    for vertex in np.asarray(shapes.data[chosen]):
        world = np.array(current, dtype=float)
        world[len(world) - shapes.ndim :] = shapes.data_to_world(vertex)
        found.append(image.world_to_data(world))
    return np.asarray(found, dtype=float)


def parse_depth(text: str) -> Any:
    """Parse the depth of a template: a number of planes, or the first and the last one.

    Examples
    --------
    >>> parse_depth("5"), parse_depth("12-20")
    (5, (12, 20))
    """
    parts = [part.strip() for part in text.split("-")]
    if not all(part.isdigit() for part in parts) or len(parts) > 2:
        raise ValueError(f"{text!r} is neither a number of planes, as 5, nor the first and the last, as 12-20")
    numbers = [int(part) for part in parts]
    if len(numbers) == 1 and numbers[0] < 1:
        raise ValueError("a template is at least 1 plane deep")
    if len(numbers) == 1:
        return numbers[0]
    if numbers[0] > numbers[1]:
        raise ValueError(f"plane {numbers[0]} comes after plane {numbers[1]}")
    return numbers[0], numbers[1]


def crop_index(
    points: NDArray[np.float64], shape: Sequence[int], view: View, depth: int | tuple[int, int]
) -> CropIndex:
    """Index of the samples whose centres are inside a drawn shape.

    Along an axis of the view that was not drawn along, it takes `depth` planes around the drawn one, or the planes from
    first to last. ValueError if fewer than two samples remain along a drawn axis.

    Examples
    --------
    >>> plane = View("2-D per plane (y, x)", (1, 2), ("y", "x"))
    >>> crop_index(np.array([[3, 1.6, 2], [3, 4.4, 6.9]]), (9, 9, 9), plane, 1)
    (3, slice(2, 5, None), slice(2, 7, None))
    """
    low, high = points.min(axis=0), points.max(axis=0)
    found: list[slice | int] = []
    for axis, (a, b, n) in enumerate(zip(low, high, shape, strict=True)):
        middle = int(np.clip(np.round((a + b) / 2), 0, n - 1))
        if axis not in view.axes:
            found.append(middle)
        elif b - a < 1e-3:  # not an axis that is drawn along
            start, stop = depth if isinstance(depth, tuple) else (middle - depth // 2, 0)
            stop = stop + 1 if isinstance(depth, tuple) else max(0, start) + depth
            if start >= n:
                raise ValueError(f"the template begins at plane {start}, the image ends at plane {n - 1}")
            found.append(slice(max(0, start), min(n, stop)))
        else:
            start, stop = max(0, int(np.ceil(a))), min(n, int(np.floor(b)) + 1)
            if stop - start < 2:
                raise ValueError(f"the rectangle is too small or outside the image: {max(stop - start, 0)} pixels wide")
            found.append(slice(start, stop))
    return tuple(found)


def cropped_samples(source: Source, where: CropIndex) -> NDArray[Any]:
    """A copy of the indexed samples; of a lazy image only these are read."""
    return np.array(source.data[where])
