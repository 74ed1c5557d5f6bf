"""Kernel cropped from an image at a drawn rectangle."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from magicgui.widgets import SpinBox
from napari.layers import Shapes

from ...kernels import Kernel
from ..kernel_input.drawn_rectangle import CropIndex, corners, crop_index, cropped_samples, draw_rectangle
from ..kernel_input.kernel_chooser import KernelSource
from ..layers.layer_data import Source, View, read_layer, short, views
from ..widgets.containers import button, rows
from ..widgets.layer_choice import LayerChoice


class CutOut(KernelSource):
    """Fields for an image and for the shapes layer with the rectangle."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._followed: Any = None
        self.image = LayerChoice(viewer, label="image")
        self.draw = button("Draw a rectangle", self.start_drawing, "Then drag one around the part in the image")
        self.shapes = LayerChoice(viewer, accept=lambda layer: isinstance(layer, Shapes), label="drawn in")
        self.depth = SpinBox(value=5, min=1, max=999, label="planes", tooltip="How many planes deep, in 3-D")
        super().__init__(rows(self.image), self.draw, rows(self.shapes, self.depth))
        self.shapes.changed.connect(self._follow)

    def start_drawing(self) -> None:
        """Let the user draw a rectangle over the image."""
        if self.image.value is None:
            return
        self.shapes.value = draw_rectangle(self._viewer, read_layer(self.image.value), "kernel from here")

    def _follow(self, layer: Any) -> None:
        """Update the kernel whenever a shape is drawn or moved."""
        if self._followed is not None:
            self._followed.events.data.disconnect(self._shape_changed)
        self._followed = layer
        if layer is not None:
            layer.events.data.connect(self._shape_changed)

    def _shape_changed(self, event: Any = None) -> None:
        self.changed.emit(self)

    def factory(self, view: View, spacing: tuple[float, ...] | None, unit: str | None) -> Callable[[], Kernel]:
        self.depth.visible = view.ndim > 2
        if self.image.value is None:
            raise ValueError("open an image to cut a kernel out of")
        if self.shapes.value is None:
            raise ValueError("press 'Draw a rectangle' and drag one around a part of the image")
        source = read_layer(self.image.value)
        if source.rgb:
            raise ValueError(f"{source.name!r} is an RGB layer; a kernel needs one number per pixel")
        here = next((v for v in views(source.axes) if v.ndim == view.ndim), None)
        if here is None:
            raise ValueError(f"{source.name!r} has fewer than {view.ndim} dimensions")
        points = corners(self.shapes.value, self.image.value, self._viewer.dims.point)
        return partial(_cropped_kernel, source, here, crop_index(points, source.data.shape, here, self.depth.value))

    @property
    def state(self) -> Any:
        return self.image.value, self.shapes.value, self.depth.value

    @state.setter
    def state(self, value: Any) -> None:
        image, shapes, self.depth.value = value
        self.image.restore(image)
        self.shapes.restore(shapes)


def _cropped_kernel(source: Source, here: View, where: CropIndex) -> Kernel:
    """The indexed samples of an image as a kernel; a lazy image is read here."""
    own = source.unit_of(here)
    spacing = source.spacing_of(here) if own else None
    return Kernel(cropped_samples(source, where), spacing=spacing, units=own, name=f"part of {short(source.name)}")
