"""Layers that panels add and take away without a person losing what they had selected."""

from __future__ import annotations

from typing import Any


def add_beside(viewer: Any, layer: Any) -> Any:
    """Add a layer; what was selected stays selected."""
    selected = set(viewer.layers.selection)
    viewer.add_layer(layer)
    viewer.layers.selection = selected
    return layer


def shown(viewer: Any, layer: Any) -> bool:
    """Whether a layer is in the viewer; a person may have deleted it."""
    return layer is not None and layer in viewer.layers


def take_away(viewer: Any, layer: Any) -> None:
    """Remove a layer, if it is still there."""
    if shown(viewer, layer):
        viewer.layers.remove(layer)


def displayed(viewer: Any, ndim: int) -> list[int]:
    """The axes of a layer of `ndim` axes that the viewer shows; napari counts axes from the last one."""
    spare = viewer.dims.ndim - ndim
    return [axis - spare for axis in viewer.dims.displayed if axis >= spare]
