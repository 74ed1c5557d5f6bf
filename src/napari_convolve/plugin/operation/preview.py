"""Preview of a panel: layers of the result in the visible region, which follow fields, sliders and camera."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer
from napari.utils.colormaps import ensure_colormap

from ..._progress import ProgressCallback, format_seconds, quiet
from ..jobs.job import Call, Outcome
from ..jobs.latest import Latest
from ..jobs.timing import SLOW, VIEW_REST, single_shot
from ..layers.added import add_beside
from ..layers.layer_data import LayerTuple
from ..layers.request import Request, Result
from ..layers.visible_region import visible_region
from ..widgets.layer_choice import PREVIEW
from .preview_region import visible_request

if TYPE_CHECKING:
    from .operation_panel import OperationPanel

_PLACE = ("scale", "translate", "rotate", "shear", "affine")


class Preview:
    """Keeps the preview layers of a panel up to date while it is switched on."""

    def __init__(self, viewer: Any, panel: OperationPanel, say: Callable[[str], object], name: str) -> None:
        self._viewer, self._panel, self._say, self._name = viewer, panel, say, name
        self._latest = Latest(panel.native, self._make, self._show, title=f"preview of {name}")
        self._slow = single_shot(panel.native, self._still_computing, SLOW)
        self._layers: list[Any] = []
        self._memory: dict[Any, Any] = {}
        self._source: Any = None
        self._limits: Any = None
        self.on = False

    @property
    def layers(self) -> list[Any]:
        """The preview layers that are in the viewer."""
        return [layer for layer in self._layers if layer in self._viewer.layers]

    @property
    def busy(self) -> bool:
        """Whether the preview of the present values is still being computed."""
        return self._latest.busy

    def switch(self, on: bool) -> None:
        """Switch the preview on, or off and remove its layers."""
        if on == self.on:
            return
        self.on = on
        # Emitters of napari hold methods weakly, so that they do not keep a closed panel alive.
        events = (*_view_events(self._viewer), self._viewer.layers.events.removed)
        slots = (*(self._view_moved for _ in events[1:]), self._layer_removed)
        for emitter, slot in zip(events, slots, strict=True):
            (emitter.connect if on else emitter.disconnect)(slot)
        if on:
            self.ask()
        else:
            self._latest.stop()
            self._slow.stop()
            self._memory.clear()
            self._follow(None)
            self._clear()
            self._layers = []
            self._say("")

    def ask(self, *_: object) -> None:
        """Update the preview: something that it depends on has changed."""
        if self.on:
            self._latest.ask()

    def _view_moved(self, *_: object) -> None:
        if self.on:
            self._latest.ask(VIEW_REST)

    def _still_computing(self) -> None:
        if self.on and self._latest.busy:
            self._say("Preview: computing …")

    def _data_changed(self, *_: object) -> None:
        self._memory.clear()
        self.ask()

    def _layer_removed(self, event: Any) -> None:
        if event.value in self._layers:
            self._layers.remove(event.value)

    def _follow(self, layer: Any) -> None:
        """Update the preview when the data of this layer are replaced."""
        if layer != self._source:
            if self._source is not None:
                self._source.events.data.disconnect(self._data_changed)
            self._source = layer
            if layer is not None:
                layer.events.data.connect(self._data_changed)

    def _make(self) -> Call | None:
        layer = self._panel.image.value
        self._follow(layer)
        if layer is None:
            raise ValueError("no image to preview")
        request = self._panel.request()
        self._slow.start()
        return partial(self._call, visible_request(request, layer, visible_region(self._viewer, layer), self._memory))

    def _call(self, request: Request, progress: ProgressCallback) -> tuple[Request, Result, float]:
        began = perf_counter()
        with quiet():  # else every step of a dragged slider could warn
            return request, self._panel.preview(request.made(), progress), perf_counter() - began

    def _show(self, outcome: Outcome) -> None:
        if not self.on:
            return
        if not self._latest.busy:
            self._slow.stop()
        if outcome.error:
            self._say(f"Preview: {outcome.error}")
            for layer in self.layers:
                layer.visible = False
            return
        request, result, seconds = outcome.value
        kept = self.layers
        if len(kept) != len(result.layers):
            self._clear()
            kept = [None] * len(result.layers)
        self._layers = [
            self._update(layer, made) if layer is not None and _alike(layer, made) else self._add(layer, made)
            for layer, made in zip(kept, result.layers, strict=True)
        ]
        assert request.visible is not None
        notes = [f"Preview {format_seconds(seconds)}", request.visible.coarse, *result.notes]
        self._say(" · ".join(note for note in notes if note))

    def _update(self, layer: Any, made: LayerTuple) -> Any:
        data, options, _ = made
        for name in _PLACE:
            before, after = getattr(layer, name), options.get(name)
            if after is not None and not np.array_equal(np.asarray(before), np.asarray(after)):
                setattr(layer, name, after)
        layer.data = data
        limits = options.get("contrast_limits")
        by_hand = limits is None or tuple(layer.contrast_limits) != self._limits
        if limits is not None and not by_hand and tuple(limits) != self._limits:
            layer.contrast_limits_range = limits
            layer.contrast_limits = limits
            self._limits = tuple(layer.contrast_limits)
            colours = ensure_colormap(options.get("colormap", layer.colormap))
            if colours.name != layer.colormap.name:
                layer.colormap = colours
        if not layer.visible:
            layer.visible = True
        return layer

    def _add(self, old: Any, made: LayerTuple) -> Any:
        data, options, kind = made
        if old is not None:
            self._viewer.layers.remove(old)
        metadata = {**options.get("metadata", {}), PREVIEW: self._name}
        layer = add_beside(self._viewer, Layer.create(data, {**options, "metadata": metadata}, kind))
        if hasattr(layer, "contrast_limits"):
            self._limits = tuple(layer.contrast_limits)
        return layer

    def _clear(self) -> None:
        for layer in self.layers:
            self._viewer.layers.remove(layer)


def _alike(layer: Any, made: LayerTuple) -> bool:
    """Whether a layer can be kept and only its data replaced."""
    data, options, kind = made
    same = layer.__class__.__name__.lower() == kind
    return same and kind == "image" and bool(layer.rgb) == bool(options.get("rgb")) and layer.data.ndim == data.ndim


def _view_events(viewer: Any) -> tuple[Any, ...]:
    camera = viewer.scene.camera.events
    dims = viewer.dims.events
    return (dims.current_step, dims.order, dims.ndisplay, camera.zoom, camera.center, viewer.canvas.events.size)
