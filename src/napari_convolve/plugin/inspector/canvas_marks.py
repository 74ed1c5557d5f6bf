"""What the inspector puts on the canvas: the yellow outline of the window, and the result that appears."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Image, Shapes

from ..layers.added import add_beside, shown, take_away
from ..layers.layer_data import Source, placed
from .patch_grids import YELLOW
from .walk import Walk

OUTLINE, RESULT = "inspected window", "result, cell by cell"
#: Width of the outline on the screen, in pixels.
_WIDTH = 2.0


def layer_index(layer: Any, position: Any) -> tuple[int, ...] | None:
    """The sample of a layer at a place in the world; None outside, and where a layer has fewer axes than it needs."""
    place = np.round(np.asarray(layer.world_to_data(position), dtype=float)).astype(int)
    data = layer.data[0] if layer.multiscale else layer.data
    shape = data.shape[: layer.ndim]
    if len(place) != len(shape) or any(not 0 <= i < n for i, n in zip(place, shape, strict=True)):
        return None
    return tuple(int(i) for i in place)


class Marks:
    """The layers of an inspector in a viewer; they come and go without the selection changing."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._outline: Any = None
        self._result: Any = None
        self._form: Any = None
        self._frame: Any = None

    def _add(self, layer: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of napari, about its own settings
            return add_beside(self._viewer, layer)

    def outline(self, source: Source, low: Sequence[float], high: Sequence[float], axes: Sequence[int]) -> None:
        """Frame the samples from `low` to `high`, along `axes`.

        As long as only the place changes, the layer is moved: to give it another rectangle takes napari 16 ms.
        """
        size = tuple(high[a] - low[a] + 1 for a in axes)
        form = (source.name, tuple(axes), size, source.ndim)
        if not shown(self._viewer, self._outline) or form != self._form:
            self.remove_outline()
            corners = np.zeros((4, source.ndim))
            for corner, ends in zip(corners, ((0, 0), (0, 1), (1, 1), (1, 0)), strict=True):
                for axis, end, length in zip(axes, ends, size, strict=True):
                    corner[axis] = end * length - 0.5
            self._frame = placed(source)
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
        """Put the outline elsewhere."""
        self._outline.translate = translate

    def _width(self) -> float:
        zoom = float(self._viewer.scene.camera.zoom)
        scale = min((abs(s) for s in self._frame["scale"]), default=1.0) or 1.0
        return max(_WIDTH / max(zoom * scale, 1e-6), 1e-6)

    def rezoom(self, *_: Any) -> None:
        """Keep the outline as wide on the screen as it was."""
        if shown(self._viewer, self._outline):
            self._outline.edge_width = [self._width()]
            self._outline.current_edge_width = self._width()

    def start_result(self, source: Source, walk: Walk, limits: tuple[float, float]) -> None:
        """Begin the result of a walk, whose values lie about between `limits`."""
        self.remove_result()
        frame = placed(source, dict(enumerate(map(float, walk.first))))
        frame["scale"] = np.asarray(frame["scale"]) * np.asarray(walk.stride)
        data = np.full(walk.shape, np.nan, np.float32)
        layer = Image(data, name=RESULT, contrast_limits=limits, colormap="viridis", **frame)
        self._result = self._add(layer)

    def put(self, index: Sequence[int], value: float) -> None:
        """Fill a cell of the result."""
        if not shown(self._viewer, self._result):
            return
        self._result.data[tuple(index)] = value
        self._result.refresh(extent=False, thumbnail=False)

    @property
    def result(self) -> Any:
        """The data that have appeared; None before."""
        return self._result.data if shown(self._viewer, self._result) else None

    def remove_outline(self) -> None:
        """Take the outline away."""
        take_away(self._viewer, self._outline)
        self._outline = self._form = None

    def remove_result(self) -> None:
        """Take the result away."""
        take_away(self._viewer, self._result)
        self._result = None
