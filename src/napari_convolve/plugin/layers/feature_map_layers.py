"""Feature maps as an image layer with a channel axis, its pixels enlarged by stride and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.filtering.cnn_layer import SampleGrid
from .appearance import display_options
from .layer_data import LayerTuple, Source

#: Metadata key of layers whose axes are not in the order of the operation's result.
MOVED = "axes moved"
#: Names for the axis of the maps; the first that the image has not is taken.
_NAMES = "cqrpab"


def maps_tuple(source: Source, data: Any, grid: SampleGrid, name: str) -> LayerTuple:
    """Maps as an image layer over their image; `grid` is the sample grid that the operation reported.

    The maps of an RGB image are moved before the plane, since napari would take the last axis for colours.
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
    look = {**source.look, **display_options(maps, source.look)}
    metadata = {MOVED: True} if moved else {}
    return maps, {"name": name, "rgb": False, **look, **frame, "metadata": metadata}, "image"


def _with_axis(frame: dict[str, Any], at: int) -> dict[str, Any]:
    """The attributes that place a layer, for an additional axis of step 1 without rotation and shear."""
    n = len(frame["scale"])
    shear = np.eye(n)
    shear[np.triu_indices(n, 1)] = np.ravel(frame["shear"])
    units = [*frame["units"][:at], "pixel", *frame["units"][at:]]
    return {
        "scale": np.insert(frame["scale"], at, 1.0),
        "translate": np.insert(frame["translate"], at, 0.0),
        "rotate": _expanded(np.asarray(frame["rotate"]), at),
        "shear": _expanded(shear, at)[np.triu_indices(n + 1, 1)],
        "affine": _expanded(np.asarray(frame["affine"]), at),
        "units": units,
    }


def _expanded(matrix: np.ndarray, at: int) -> np.ndarray:
    """A square matrix with a row and a column of the identity inserted."""
    found: np.ndarray = np.insert(np.insert(matrix, at, 0.0, axis=0), at, 0.0, axis=1)
    found[at, at] = 1.0
    return found
