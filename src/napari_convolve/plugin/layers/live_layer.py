"""A layer that shows a result while it is still computed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from napari.layers import Layer

from ..jobs.iteration_watch import Look
from .added import displayed, shown
from .layer_data import Source, View, image_tuple, short


class LiveLayer:
    """Lies where the result will, and is taken away when that has come; whoever deletes it sees no other."""

    def __init__(self, viewer: Any, source: Source, view: View) -> None:
        self._viewer, self._source = viewer, source
        self._batch = [axis for axis in range(source.ndim) if axis not in view.axes]
        self._lengths = [source.data.shape[axis] for axis in self._batch]
        self._layer: Any = None
        self._limits: Any = None
        self._points: list[tuple[float, ...]] = []

    @property
    def count(self) -> int:
        """How many images are computed one after the other."""
        return math.prod(self._lengths)

    def show(self, look: Look) -> None:
        """Put the newest object in."""
        if self._layer is None:
            data = np.zeros(self._source.data.shape, look.data.dtype) if self._batch else look.data
            self._layer = self._viewer.add_layer(Layer.create(*image_tuple(self._source, data, self._name(look))))
            self._go_to(look.entry)
        if self._layer not in self._viewer.layers:
            return
        if self._batch:
            self._layer.data[self._key(look.entry)] = look.data
            self._layer.refresh()
        else:
            self._layer.data = look.data
        self._layer.name = self._name(look)
        if self._limits is None or tuple(self._layer.contrast_limits) == self._limits:
            low, high = float(look.data.min()), float(look.data.max())
            self._limits = (low, high if high > low else low + 1)
            self._layer.contrast_limits = self._limits

    def remove(self) -> None:
        """Take the layer away."""
        if shown(self._viewer, self._layer):
            self._viewer.layers.remove(self._layer)
            if self._points and self._viewer.dims.point == self._points[1]:
                self._viewer.dims.point = self._points[0]

    def _go_to(self, entry: int) -> None:
        """Move the sliders to an image, so that what is iterated is what is seen."""
        dims, at = self._viewer.dims, self._place(entry)
        world = self._layer.data_to_world([at.get(axis, 0) for axis in range(self._source.ndim)])
        before = dims.point
        for axis in set(at) - set(displayed(self._viewer, self._source.ndim)):
            dims.set_point(axis + dims.ndim - self._source.ndim, float(world[axis]))
        self._points = [before, dims.point]

    def _place(self, entry: int) -> dict[int, int]:
        found = np.unravel_index(entry, self._lengths) if self._batch else ()
        return {axis: int(i) for axis, i in zip(self._batch, found, strict=True)}

    def _key(self, entry: int) -> tuple[Any, ...]:
        at = self._place(entry)
        return tuple(at.get(axis, slice(None)) for axis in range(self._source.ndim))

    def _name(self, look: Look) -> str:
        return f"{short(self._source.name)} · iteration {look.iteration}"
