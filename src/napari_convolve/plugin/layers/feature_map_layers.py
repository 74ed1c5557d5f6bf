"""Feature maps as a layer: a channel axis more, and pixels as large as the strides and blocks make them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.filtering.cnn_layer import SampleGrid
from .appearance import looks
from .layer_data import LayerTuple, Source

#: The entry in a layer's metadata that says: its axes do not stand where the operation put them.
MOVED = "axes moved"
#: What the axis of the maps is called, beside those that the image has.
_NAMES = "cqrpab"


def maps_tuple(source: Source, data: Any, grid: SampleGrid, name: str) -> LayerTuple:
    """Maps as an image layer over their image; those of colours come before the plane, where napari looks for channels.

    Parameters
    ----------
    source
        The image.
    data
        The maps.
    grid
        What the operation reported of where they lie.
    """
    maps, at, moved = np.asarray(data), grid.axis, grid.axis >= source.ndim
    if moved:
        at = min(grid.axes)
        maps = np.moveaxis(maps, grid.axis, at)
    adds = moved or grid.new
    axes, scale, shift = list(source.axes), np.array(source.frame["scale"], dtype=float), np.zeros(source.ndim)
    for axis, first, step in zip(grid.axes, grid.first, grid.step, strict=True):
        scale[axis] *= step
        shift[axis] = first
    frame = dict(source.frame)
    frame["scale"] = scale
    frame["translate"] = np.asarray(frame["translate"]) + source.steps @ shift
    frame["units"] = [str(unit) for unit in frame["units"]]
    letter = next(c for c in _NAMES if c not in axes or (not adds and axes[at] == c))
    if adds:
        axes.insert(at, letter)
        frame = _with_axis(frame, at)
    else:
        axes[at] = letter
    frame["axis_labels"] = axes
    look = {**source.look, **looks(maps, source.look)}
    metadata = {MOVED: True} if moved else {}
    return maps, {"name": name, "rgb": False, **look, **frame, "metadata": metadata}, "image"


def _with_axis(frame: dict[str, Any], at: int) -> dict[str, Any]:
    """The attributes that place a layer with one axis more, of steps of 1, which nothing turns or shears."""
    n = len(frame["scale"])
    shear = np.eye(n)
    shear[np.triu_indices(n, 1)] = np.ravel(frame["shear"])
    units = [*frame["units"][:at], "pixel", *frame["units"][at:]]
    return {
        "scale": np.insert(frame["scale"], at, 1.0),
        "translate": np.insert(frame["translate"], at, 0.0),
        "rotate": _wider(np.asarray(frame["rotate"]), at),
        "shear": _wider(shear, at)[np.triu_indices(n + 1, 1)],
        "affine": _wider(np.asarray(frame["affine"]), at),
        "units": units,
    }


def _wider(matrix: np.ndarray, at: int) -> np.ndarray:
    """A square matrix with one row and column of the identity more."""
    found: np.ndarray = np.insert(np.insert(matrix, at, 0.0, axis=0), at, 0.0, axis=1)
    found[at, at] = 1.0
    return found
