"""Layers of the inspector: the yellow outline of the window, and the growing result."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Image, Shapes

from ..layers.added import add_beside, in_viewer, take_away
from ..layers.layer_data import Source, placement
from .patch_grids import YELLOW
from .walk import Walk

OUTLINE, RESULT = "inspected window", "result, cell by cell"
#: Width of the outline, in pixels of the screen.
_WIDTH = 2.0


def layer_index(layer: Any, position: Any) -> tuple[int, ...] | None:
    """Index of the sample at a position in the world; None outside the layer, or if the position lacks axes."""
    place = np.round(np.asarray(layer.world_to_data(position), dtype=float)).astype(int)
    data = layer.data[0] if layer.multiscale else layer.data
    shape = data.shape[: layer.ndim]
    if len(place) != len(shape) or any(not 0 <= i < n for i, n in zip(place, shape, strict=True)):
        return None
    return tuple(int(i) for i in place)


class Marks:
    """The layers of an inspector; adding and removing them does not change the selection."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._outline: Any = None
        self._result: Any = None
        self._form: Any = None
        self._frame: Any = None

    def _add(self, layer: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # napari warns about its own settings
            return add_beside(self._viewer, layer)

    def outline(self, source: Source, low: Sequence[float], high: Sequence[float], axes: Sequence[int]) -> None:
        """Outline the samples from `low` to `high`, along `axes`.

        If only the position changes, the layer is moved, since a new rectangle takes napari 16 ms.
        """
        size = tuple(high[a] - low[a] + 1 for a in axes)
        form = (source.name, tuple(axes), size, source.ndim)
        if not in_viewer(self._viewer, self._outline) or form != self._form:
            self.remove_outline()
            corners = np.zeros((4, source.ndim))
            for corner, ends in zip(corners, ((0, 0), (0, 1), (1, 1), (1, 0)), strict=True):
                for axis, end, length in zip(axes, ends, size, strict=True):
                    corner[axis] = end * length - 0.5
            self._frame = placement(source)
            layer = Shapes(
                [corners],
                shape_type="rectangle",
                edge_color=YELLOW,
                face_color="transparent",
                edge_width=self._width(),
                name=OUTLINE,
                **self._frame,
            )
            self._outline, self._form = self._add(layer), form
        at = np.array([low[a] if a in axes else (low[a] + high[a]) / 2 for a in range(source.ndim)])
        self.move(np.asarray(self._frame["translate"]) + source.steps @ at)

    def move(self, translate: Any) -> None:
        """Move the outline."""
        self._outline.translate = translate

    def _width(self) -> float:
        zoom = float(self._viewer.scene.camera.zoom)
        scale = min((abs(s) for s in self._frame["scale"]), default=1.0) or 1.0
        return max(_WIDTH / max(zoom * scale, 1e-6), 1e-6)

    def rezoom(self, *_: Any) -> None:
        """Keep the width of the outline on the screen after zooming."""
        if in_viewer(self._viewer, self._outline):
            self._outline.edge_width = [self._width()]
            self._outline.current_edge_width = self._width()

    def start_result(self, source: Source, walk: Walk, limits: tuple[float, float]) -> None:
        """Add an empty layer for the result of a walk; `limits` are its contrast limits."""
        self.remove_result()
        frame = placement(source, dict(enumerate(map(float, walk.first))))
        frame["scale"] = np.asarray(frame["scale"]) * np.asarray(walk.stride)
        data = np.full(walk.shape, np.nan, np.float32)
        layer = Image(data, name=RESULT, contrast_limits=limits, colormap="viridis", **frame)
        self._result = self._add(layer)

    def put(self, index: Sequence[int], value: float) -> None:
        """Set one sample of the result."""
        if not in_viewer(self._viewer, self._result):
            return
        self._result.data[tuple(index)] = value
        self._result.refresh(extent=False, thumbnail=False)

    @property
    def result(self) -> Any:
        """The data of the result layer; None without one."""
        return self._result.data if in_viewer(self._viewer, self._result) else None

    def remove_outline(self) -> None:
        take_away(self._viewer, self._outline)
        self._outline = self._form = None

    def remove_result(self) -> None:
        take_away(self._viewer, self._result)
        self._result = None
