"""Add and remove layers of a panel without changing the selection."""

from __future__ import annotations

from typing import Any


def add_beside(viewer: Any, layer: Any) -> Any:
    """Add a layer and keep the selection."""
    selected = set(viewer.layers.selection)
    viewer.add_layer(layer)
    viewer.layers.selection = selected
    return layer


def in_viewer(viewer: Any, layer: Any) -> bool:
    """Whether a layer is still in the viewer."""
    return layer is not None and layer in viewer.layers


def take_away(viewer: Any, layer: Any) -> None:
    """Remove a layer if it is still in the viewer."""
    if in_viewer(viewer, layer):
        viewer.layers.remove(layer)


def displayed(viewer: Any, ndim: int) -> list[int]:
    """The displayed axes among the `ndim` axes of a layer; napari aligns the axes of layers at the last one."""
    spare = viewer.dims.ndim - ndim
    return [axis - spare for axis in viewer.dims.displayed if axis >= spare]
