"""Compare a result with its image, which is laid over it, blinking or up to a split line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from magicgui.widgets import Slider
from napari.layers import Image
from qtpy.QtCore import QTimer

from ..layers.added import add_beside, in_viewer, take_away
from ..layers.layer_data import FRAME
from ..layers.visible_region import visible_region
from ..widgets.containers import Column
from ..widgets.fields import Choice
from ..widgets.layer_choice import PREVIEW

#: Half of the period of blinking, in milliseconds.
_BLINK = 700
_OFF, _BLINKING, _SPLIT = "off", "blink", "split"
_LOOK = ("colormap", "contrast_limits", "gamma", "interpolation2d")


class Compare(Column):
    """Shows the image in a temporary layer on top of all others."""

    def __init__(self, viewer: Any, image: Callable[[], Any]) -> None:
        self._viewer, self._image = viewer, image
        self.kind = Choice(
            [("result only", _OFF), ("blinking with the image", _BLINKING), ("image left, result right", _SPLIT)],
            label="compare",
            tooltip="Lay the image over the result; nothing is changed",
        )
        self.line = Slider(value=50, min=0, max=100, label="line", tooltip="How far to the right the image reaches")
        super().__init__(self.kind, self.line, labels=True)
        self.line.visible = False
        self.layer: Any = None
        self._shown_image: Any = None
        self._timer = QTimer(self.native)
        self._timer.setInterval(_BLINK)
        self._timer.timeout.connect(self._blink)
        self.kind.changed.connect(self.follow)
        self.line.changed.connect(self.follow)

    def follow(self, *_: object) -> None:
        """Update the layer to the chosen kind of comparison and the present image."""
        kind, source = self.kind.value, self._image()
        self.line.visible = kind == _SPLIT
        self._timer.stop()
        if kind == _OFF or source is None:
            self.clear()
            return
        if self._shown_image != source:
            self.clear()
        if not in_viewer(self._viewer, self.layer):
            self._add(source)
        if kind == _BLINKING:
            self._show(source, None)
            self._timer.start()
        else:
            self._show(source, self._border(source))

    def stop(self) -> None:
        """End the comparison."""
        self.kind.value = _OFF
        self._timer.stop()
        self.clear()

    def raise_(self) -> None:
        """Move the layer to the top after layers have been added."""
        if in_viewer(self._viewer, self.layer):
            self._viewer.layers.move(self._viewer.layers.index(self.layer), len(self._viewer.layers))

    def clear(self) -> None:
        take_away(self._viewer, self.layer)
        self.layer = self._shown_image = None

    def _add(self, source: Any) -> None:
        options = {name: getattr(source, name) for name in (FRAME if source.rgb else FRAME + _LOOK)}
        made = Image(
            source.data,
            rgb=source.rgb,
            multiscale=source.multiscale,
            name=f"before · {source.name}",
            metadata={PREVIEW: "before"},
            **options,
        )
        self.layer, self._shown_image = add_beside(self._viewer, made), source

    def _show(self, source: Any, border: tuple[int, float] | None) -> None:
        """Show the whole image, or its part up to a border: an axis and a share of its length."""
        self.layer.visible = True
        if border is None:
            if self.layer.data is not source.data:
                self.layer.data = source.data
            return
        axis, share = border
        key = [slice(None)] * source.ndim
        levels = source.data if source.multiscale else [source.data]
        cropped = []
        for level in levels:
            key[axis] = slice(0, max(1, round(share * level.shape[axis])))
            cropped.append(level[tuple(key)])
        self.layer.data = cropped if source.multiscale else cropped[0]

    def _border(self, source: Any) -> tuple[int, float]:
        """The horizontal axis of the screen, and the share of the image left of the line in the visible region."""
        axis = self._viewer.dims.displayed[-1] - (self._viewer.dims.ndim - source.ndim)
        share = self.line.value / 100
        try:
            low, high = visible_region(self._viewer, source).field[axis]
        except ValueError:
            return axis, share
        level = source.data_level if source.multiscale else 0
        length = (source.data[level] if source.multiscale else source.data).shape[axis]
        return axis, (low + share * (high - low)) / length

    def _blink(self) -> None:
        if not in_viewer(self._viewer, self.layer):
            self.stop()
        else:
            self.layer.visible = not self.layer.visible
