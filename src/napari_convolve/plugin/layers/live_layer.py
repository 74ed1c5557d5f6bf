"""Layer of the intermediate results of an iteration."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from napari.layers import Layer

from ..jobs.iteration_watch import Snapshot
from .added import displayed, in_viewer
from .layer_data import Source, View, image_tuple, short


class LiveLayer:
    """Shows snapshots of a running iteration in the place of the result, until the user deletes it."""

    def __init__(self, viewer: Any, source: Source, view: View) -> None:
        self._viewer, self._source = viewer, source
        self._batch = [axis for axis in range(source.ndim) if axis not in view.axes]
        self._lengths = [source.data.shape[axis] for axis in self._batch]
        self._layer: Any = None
        self._limits: Any = None
        self._points: list[tuple[float, ...]] = []

    @property
    def count(self) -> int:
        """Number of batch items."""
        return math.prod(self._lengths)

    def show(self, snapshot: Snapshot) -> None:
        """Show the newest snapshot."""
        if self._layer is None:
            data = np.zeros(self._source.data.shape, snapshot.data.dtype) if self._batch else snapshot.data
            self._layer = self._viewer.add_layer(Layer.create(*image_tuple(self._source, data, self._name(snapshot))))
            self._go_to(snapshot.batch_item)
        if self._layer not in self._viewer.layers:
            return
        if self._batch:
            self._layer.data[self._key(snapshot.batch_item)] = snapshot.data
            self._layer.refresh()
        else:
            self._layer.data = snapshot.data
        self._layer.name = self._name(snapshot)
        if self._limits is None or tuple(self._layer.contrast_limits) == self._limits:
            low, high = float(snapshot.data.min()), float(snapshot.data.max())
            self._limits = (low, high if high > low else low + 1)
            self._layer.contrast_limits = self._limits

    def remove(self) -> None:
        """Remove the layer, and restore the position of the sliders."""
        if in_viewer(self._viewer, self._layer):
            self._viewer.layers.remove(self._layer)
            if self._points and self._viewer.dims.point == self._points[1]:
                self._viewer.dims.point = self._points[0]

    def _go_to(self, batch_item: int) -> None:
        """Move the sliders of the viewer to a batch item."""
        dims, at = self._viewer.dims, self._batch_index(batch_item)
        world = self._layer.data_to_world([at.get(axis, 0) for axis in range(self._source.ndim)])
        before = dims.point
        for axis in set(at) - set(displayed(self._viewer, self._source.ndim)):
            dims.set_point(axis + dims.ndim - self._source.ndim, float(world[axis]))
        self._points = [before, dims.point]

    def _batch_index(self, batch_item: int) -> dict[int, int]:
        found = np.unravel_index(batch_item, self._lengths) if self._batch else ()
        return {axis: int(i) for axis, i in zip(self._batch, found, strict=True)}

    def _key(self, batch_item: int) -> tuple[Any, ...]:
        at = self._batch_index(batch_item)
        return tuple(at.get(axis, slice(None)) for axis in range(self._source.ndim))

    def _name(self, snapshot: Snapshot) -> str:
        return f"{short(self._source.name)} · iteration {snapshot.iteration}"
