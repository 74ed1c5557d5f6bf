"""Combo boxes of the layers of a viewer, kept up to date."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.layers import Image, Labels, Layer

from .fields import Choice

#: Metadata key of preview layers, which are never offered as input.
PREVIEW = "napari-convolve preview"
NO_IMAGE = "Open an image first: File ▸ Open …, or File ▸ Open Sample ▸ napari-convolve."


class LayerChoice(Choice):
    """Combo box of the layers that `accept` accepts, those for which `first` is true first; its value is the layer.

    `none` is the label of the choice of no layer, which is not offered by default.
    """

    def __init__(
        self,
        viewer: Any,
        *,
        accept: Callable[[Layer], bool] = lambda layer: isinstance(layer, Image),
        none: str | None = None,
        first: Callable[[Layer], bool] = lambda layer: False,
        **options: Any,
    ) -> None:
        self._viewer, self._accept, self._none, self._first = viewer, accept, none, first
        super().__init__(self._entries(), **options)

    def _entries(self) -> list[tuple[str, Layer | None]]:
        nothing = [] if self._none is None else [(self._none, None)]
        found = sorted(filter(self._offered, self._viewer.layers), key=lambda layer: not self._first(layer))
        return [*nothing, *((layer.name, layer) for layer in found)]

    def _offered(self, layer: Layer) -> bool:
        return PREVIEW not in layer.metadata and self._accept(layer)

    def reset_choices(self, *_: Any) -> None:
        """Update the entries; napari calls this when layers are added, removed or renamed."""
        self.offer(self._entries())

    def prefer_selected(self) -> None:
        """Choose the active layer of the viewer, if it is offered."""
        active = self._viewer.layers.selection.active
        if active is not None and self._offered(active):
            self.value = active


def is_image(layer: Layer) -> bool:
    """Whether a layer is an image that is no preview."""
    return isinstance(layer, Image) and PREVIEW not in layer.metadata


def mask_choice(viewer: Any) -> LayerChoice:
    """Choice of a labels layer as mask: samples with label 0 are left out."""
    return LayerChoice(
        viewer,
        accept=lambda layer: isinstance(layer, Labels),
        none="the whole image",
        label="use only",
        tooltip="A labels layer: where it is 0, the image is left out",
    )
