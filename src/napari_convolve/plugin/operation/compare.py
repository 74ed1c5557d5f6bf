"""Before and after: the image laid over its result, blinking or up to a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from magicgui.widgets import Slider
from napari.layers import Image
from qtpy.QtCore import QTimer

from ..layers.added import add_beside, shown, take_away
from ..layers.layer_data import FRAME
from ..layers.visible_region import seen
from ..widgets.containers import Column
from ..widgets.fields import Choice
from ..widgets.layer_choice import PREVIEW

#: Milliseconds of each side when blinking.
_BLINK = 700
_OFF, _BLINKING, _SPLIT = "off", "blink", "split"
_LOOK = ("colormap", "contrast_limits", "gamma", "interpolation2d")


class Compare(Column):
    """Shows the image again, on top of everything, for the eye to compare with what is below."""

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
        self._of: Any = None
        self._timer = QTimer(self.native)
        self._timer.setInterval(_BLINK)
        self._timer.timeout.connect(self._blink)
        self.kind.changed.connect(self.follow)
        self.line.changed.connect(self.follow)

    def follow(self, *_: object) -> None:
        """Show what is chosen now."""
        kind, source = self.kind.value, self._image()
        self.line.visible = kind == _SPLIT
        self._timer.stop()
        if kind == _OFF or source is None:
            self.clear()
            return
        if self._of != source:
            self.clear()
        if not shown(self._viewer, self.layer):
            self._add(source)
        if kind == _BLINKING:
            self._show(source, None)
            self._timer.start()
        else:
            self._show(source, self._border(source))

    def stop(self) -> None:
        """Compare no longer."""
        self.kind.value = _OFF
        self._timer.stop()
        self.clear()

    def raise_(self) -> None:
        """Be on top again after layers have been added."""
        if shown(self._viewer, self.layer):
            self._viewer.layers.move(self._viewer.layers.index(self.layer), len(self._viewer.layers))

    def clear(self) -> None:
        """Take the layer away."""
        take_away(self._viewer, self.layer)
        self.layer = self._of = None

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
        self.layer, self._of = add_beside(self._viewer, made), source

    def _show(self, source: Any, border: tuple[int, float] | None) -> None:
        """The whole image, or the part of it before a border along an axis, as a view of its numbers."""
        self.layer.visible = True
        if border is None:
            if self.layer.data is not source.data:
                self.layer.data = source.data
            return
        axis, share = border
        key = [slice(None)] * source.ndim
        levels = source.data if source.multiscale else [source.data]
        cut = []
        for level in levels:
            key[axis] = slice(0, max(1, round(share * level.shape[axis])))
            cut.append(level[tuple(key)])
        self.layer.data = cut if source.multiscale else cut[0]

    def _border(self, source: Any) -> tuple[int, float]:
        """The axis that runs to the right, and the share of the image before the line in what is seen."""
        axis = self._viewer.dims.displayed[-1] - (self._viewer.dims.ndim - source.ndim)
        share = self.line.value / 100
        try:
            low, high = seen(self._viewer, source).field[axis]
        except ValueError:
            return axis, share
        level = source.data_level if source.multiscale else 0
        length = (source.data[level] if source.multiscale else source.data).shape[axis]
        return axis, (low + share * (high - low)) / length

    def _blink(self) -> None:
        if not shown(self._viewer, self.layer):
            self.stop()
        else:
            self.layer.visible = not self.layer.visible
