"""A choice among the layers of a viewer that follows them: added, removed, renamed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.layers import Image, Labels, Layer

from .fields import Choice

#: The entry in the metadata of layers that show a preview: they are no input for anything.
PREVIEW = "napari-convolve preview"
NO_IMAGE = "Open an image first: File ▸ Open …, or File ▸ Open Sample ▸ napari-convolve."


class LayerChoice(Choice):
    """Offers layers by name and is the layer itself, also when its name changes.

    Parameters
    ----------
    viewer
        Whose layers.
    accept
        Which of them; image layers by default.
    nobody
        What to call the choice of no layer; None: there is no such choice.
    first
        Which of them come first.
    """

    def __init__(
        self,
        viewer: Any,
        *,
        accept: Callable[[Layer], bool] = lambda layer: isinstance(layer, Image),
        nobody: str | None = None,
        first: Callable[[Layer], bool] = lambda layer: False,
        **options: Any,
    ) -> None:
        self._viewer, self._accept, self._nobody, self._first = viewer, accept, nobody, first
        super().__init__(self._entries(), **options)

    def _entries(self) -> list[tuple[str, Layer | None]]:
        nothing = [] if self._nobody is None else [(self._nobody, None)]
        found = sorted(filter(self._offered, self._viewer.layers), key=lambda layer: not self._first(layer))
        return [*nothing, *((layer.name, layer) for layer in found)]

    def _offered(self, layer: Layer) -> bool:
        return PREVIEW not in layer.metadata and self._accept(layer)

    def reset_choices(self, *_: Any) -> None:
        """Look at the viewer again; napari asks for it when layers come, go or change their name."""
        self.offer(self._entries())

    def prefer_selected(self) -> None:
        """Choose the layer that is selected in the viewer, if it is offered."""
        active = self._viewer.layers.selection.active
        if active is not None and self._offered(active):
            self.value = active


def is_image(layer: Layer) -> bool:
    """Whether a layer is an image, and no preview of one."""
    return isinstance(layer, Image) and PREVIEW not in layer.metadata


def mask_choice(viewer: Any) -> LayerChoice:
    """Labels that say which samples of an image count."""
    return LayerChoice(
        viewer,
        accept=lambda layer: isinstance(layer, Labels),
        nobody="the whole image",
        label="use only",
        tooltip="A labels layer: where it is 0, the image is left out",
    )
