"""A template cut out of an image where somebody drew a rectangle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._layers import Source, View

Box = tuple[slice | int, ...]


def corners(shapes: Any, image: Any, current: Sequence[float]) -> NDArray[np.float64]:
    """The corners of the selected shape, or of the last one, in indices of the image.

    Parameters
    ----------
    shapes, image
        Layers; both may be placed in the world in any way.
    current
        The point of the world that the viewer shows, for axes that the shapes do not have.

    Raises
    ------
    ValueError
        When nothing is drawn.
    """
    if not len(shapes.data):
        raise ValueError("draw a rectangle around one example first: press 'Draw a rectangle'")
    chosen = max(shapes.selected_data, default=len(shapes.data) - 1)
    found = []
    for vertex in np.asarray(shapes.data[chosen]):
        world = np.array(current, dtype=float)
        world[len(world) - shapes.ndim :] = shapes.data_to_world(vertex)
        found.append(image.world_to_data(world))
    return np.asarray(found, dtype=float)


def box(points: NDArray[np.float64], shape: Sequence[int], view: View, depth: int) -> Box:
    """The samples whose centres lie within the corners, `depth` planes where the corners span none.

    Raises
    ------
    ValueError
        When fewer than two samples remain along an axis that is drawn.

    Examples
    --------
    >>> plane = View("2-D per plane (y, x)", (1, 2), ("y", "x"))
    >>> box(np.array([[3, 1.6, 2], [3, 4.4, 6.9]]), (9, 9, 9), plane, 1)
    (3, slice(2, 5, None), slice(2, 7, None))
    """
    low, high = points.min(axis=0), points.max(axis=0)
    found: list[slice | int] = []
    for axis, (a, b, n) in enumerate(zip(low, high, shape, strict=True)):
        middle = int(np.clip(np.round((a + b) / 2), 0, n - 1))
        if axis not in view.axes:
            found.append(middle)
        elif b - a < 1e-3:  # not an axis that is drawn along
            start = max(0, middle - depth // 2)
            found.append(slice(start, min(n, start + depth)))
        else:
            start, stop = max(0, int(np.ceil(a))), min(n, int(np.floor(b)) + 1)
            if stop - start < 2:
                raise ValueError(f"the rectangle is too small or outside the image: {max(stop - start, 0)} pixels wide")
            found.append(slice(start, stop))
    return tuple(found)


def cut(source: Source, where: Box) -> NDArray[Any]:
    """The samples of an image in a box, of a lazy one only these."""
    return np.array(source.data[where])
