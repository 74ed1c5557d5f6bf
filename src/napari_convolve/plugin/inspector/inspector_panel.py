"""Panel that shows the window of a convolution below the mouse: samples, weights, products, sum."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from magicgui.widgets import CheckBox, SpinBox

import napari_convolve as nc

from ...kernels import Kernel
from ...ops.inspection.patch import Patch
from ..jobs.job import Call, Outcome
from ..jobs.latest import Latest
from ..kernel_input.kernel_chooser import KernelChooser
from ..layers.added import displayed
from ..layers.layer_data import Source, View, read_layer
from ..layers.view_choice import ViewChoice
from ..widgets.containers import Fold, button, column, holding, rows
from ..widgets.form import Form
from ..widgets.help_dialog import help_text
from ..widgets.layer_choice import NO_IMAGE, LayerChoice
from ..widgets.panel import Panel
from ..widgets.text import note, say, sentence
from ..widgets.visibility import Visibility
from .canvas_marks import Marks, layer_index
from .patch_grids import PatchGrids
from .player import Player
from .sample_reader import Reader, showable
from .transforms_view import FrequencyPart
from .walk import Walk, on_stride, walk_around
from .window_text import legend_text, sum_text

_START = "Move the mouse over the image."


class Inspector(Panel):
    """Shows the samples, weights and products of the window of a convolution below the mouse."""

    guide = """# Inspector

1. Choose the **image** and the **kernel**, and move the mouse over the image. The yellow frame is the window: the
   samples that the kernel sees at this place.
2. The grids are the **image** in the window, the **kernel** as it is applied (*convolve* flips it, *correlate* does
   not), and the **products**. Their sum is the result at this place. Hatched samples lie outside the image: the
   boundary rule supplied them.
3. **Play** makes the window walk; the result appears cell by cell. **Step** goes one cell further.
4. **Same thing in frequency** transforms image and kernel, multiplies, transforms back, and says how much that differs.

Tick **hold this place** to keep a window while the mouse goes elsewhere; after a click on the grids the arrow keys move
it. Point at a cell to read its whole numbers. **More options** has labels and NaN that leave samples out (crossed out),
and an origin.
"""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._watching = False
        self.marks = Marks(napari_viewer)
        self.place: tuple[int, ...] | None = None
        self.patch: Patch | None = None
        self._kernel: Kernel | str | None = None
        self._options: dict[str, Any] = {}
        self._making = Latest(self.native, self._begin, self._made, title="kernel")
        self.image = LayerChoice(napari_viewer, label="image", tooltip="The layer to look into; it is not changed")
        self.image.prefer_selected()
        self.view = ViewChoice("The axes of the kernel")
        self.reader = Reader(napari_viewer)
        self.kernel = KernelChooser(napari_viewer, start="sobel")
        self.settings = Form(nc.inspect, leave_out=("axes", "mask", "shape"), also=[self.reader.mask])
        self.stride = SpinBox(value=1, min=1, max=64, label="stride", tooltip="Steps from window to window")
        self.plane = SpinBox(value=0, min=0, max=0, label="slice of the kernel", tooltip="Which one the grids show")
        self.grids, self.frequency = PatchGrids(self._move), FrequencyPart()
        self.message, self.total, self.legend = note(_START), note(), note()
        self.player = Player(self.marks, self._new_walk, self._value, self._look)
        self.help = button("Help", self.show_help, "What to do here")
        self.hold = CheckBox(
            text="hold this place",
            tooltip="The mouse changes nothing while this is ticked; after a click on the grids the arrow keys do",
        )
        chosen = column([self.kernel, self.settings, rows(self.stride)])
        self.fold = Fold("Kernel, rule and stride", chosen)
        self.fold.open()
        above = [rows(self.image, self.reader.colour, self.view), self.fold, self.message, rows(self.plane), self.total]
        window = [holding(self.grids), self.legend, self.player, self.hold, self.frequency, self.help]
        self.lay_out(column([*above, *window]))
        self.native.layout().addStretch()
        self.image.changed.connect(self._image_changed)
        self.view.changed.connect(self._view_changed)
        for part in (self.kernel, self.settings, self.stride, self.reader.colour):
            part.changed.connect(self._settings_changed)
        self.plane.changed.connect(self._draw)
        self._visibility = Visibility(self.native, self.attach, self.detach)
        self._image_changed()

    # --- shown and hidden ------------------------------------------------------------------------------------------

    def attach(self) -> None:
        """Follow the mouse, while the panel is visible."""
        if not self._watching:
            self._watching = True
            self._viewer.mouse_move_callbacks.append(self._hover)
            self._viewer.scene.camera.events.zoom.connect(self.marks.rezoom)

    def detach(self) -> None:
        """Disconnect from the viewer while the panel is hidden; napari does not tell when it is closed."""
        if not self._watching:
            return
        self._watching = False
        self.player.stop()
        self.frequency.stop()
        if self._hover in self._viewer.mouse_move_callbacks:
            self._viewer.mouse_move_callbacks.remove(self._hover)
        self._viewer.scene.camera.events.zoom.disconnect(self.marks.rezoom)
        self.marks.remove_outline()

    def help_text(self) -> str:
        return help_text(self.guide, nc.inspect, self.settings)

    def _source(self) -> Source | None:
        return None if self.image.value is None else read_layer(self.image.value)

    # --- changed fields --------------------------------------------------------------------------------------------

    def _image_changed(self) -> None:
        before, source = self.view.value, self._source()
        self.view.follow(source, 2 if before is None else before.ndim)
        self.reader.colour.visible = source is not None and source.rgb
        self.place = None
        self._view_changed()

    def _view_changed(self) -> None:
        self.patch = None
        self.reader.forget()
        self.kernel.follow(self._source(), self.view.value)
        self._settings_changed()

    @property
    def busy(self) -> bool:
        """Whether the kernel of the present values is still being made."""
        return self._making.busy

    def _settings_changed(self) -> None:
        """Make the kernel in the background, then show the same place with it."""
        self.player.forget()
        self.player.enabled = False
        self.patch = self._kernel = None
        self._making.ask()

    def _begin(self) -> Call:
        return partial(showable, self.kernel.factory(), self.settings.arguments())

    def _made(self, outcome: Outcome) -> None:
        self._kernel, self._options = outcome.value or (outcome.error, {})
        self.player.enabled = self.image.value is not None and not self.busy
        if isinstance(self._kernel, Kernel):
            planes = self._kernel.shape[0] if self._kernel.ndim == 3 else 1
            self.plane.max = max(planes - 1, 0)
            self.plane.value = self._kernel.center[0] if planes > 1 else 0
        self.plane.visible = isinstance(self._kernel, Kernel) and self._kernel.ndim == 3
        self._look(self.place)

    # --- one window ------------------------------------------------------------------------------------------------

    def _hover(self, viewer: Any, event: Any) -> None:
        """Show the window below the mouse."""
        layer = self.image.value
        if layer is None or self.hold.value or self.player.running:
            return
        index = layer_index(layer, event.position)
        if index is not None:
            self._look(on_stride(index, self.view.value.axes, self.stride.value))

    def _move(self, down: int, right: int) -> None:
        """Move the window on the screen by steps of the stride, within the image."""
        layer = self.image.value
        if layer is None or self.place is None or self.player.running:
            return
        source, place, stride = read_layer(layer), list(self.place), self.stride.value
        shown = self._shown_axes(source)
        for axis, step in zip(shown[-2:], (down, right)[-len(shown) :], strict=True):
            place[axis] = min(max(place[axis] + step * stride, 0), source.data.shape[axis] - 1)
        self._look(on_stride(tuple(place), self.view.value.axes, stride))

    def _inspect(self, source: Source, place: Sequence[int]) -> Patch | str:
        """The window at a place, or an error message."""
        acted = tuple(place[a] for a in self.view.value.axes)
        try:
            samples, mask = self.reader.samples(source, self.view.value.axes, place)
            return nc.inspect(samples, self._kernel, acted, mask=mask, **self._options)
        except (ValueError, TypeError, IndexError) as error:
            return sentence(error)

    def _look(self, place: Sequence[int] | None) -> None:
        """Show the window at a place of the image."""
        layer = self.image.value
        if layer is None or isinstance(self._kernel, str):
            self._say(NO_IMAGE if layer is None else str(self._kernel))
            return
        if self._kernel is None:  # it is being made, and then shown at this place
            self.place = None if place is None else tuple(place)
            return
        source = read_layer(layer)
        if place is None:
            self._say(_START)
            return
        patch = self._inspect(source, place)
        if isinstance(patch, str):
            self._say(patch)
            return
        self.patch, self.place = patch, tuple(place)
        say(self.message, "")
        self._draw()
        self._outline(source, self.view.value)
        samples, mask = self.reader.samples(source, self.view.value.axes, place)
        self.frequency.follow(samples, self._kernel, patch.index, self._options, mask is not None)

    def _say(self, text: str) -> None:
        """Show a message instead of a window."""
        self.patch = None
        self.grids.show_patch(None, 0, True)
        self.frequency.clear()
        self.marks.remove_outline()
        for label in (self.total, self.legend):
            say(label, "")
        say(self.message, text)

    def _draw(self) -> None:
        patch = self.patch
        if patch is None or self.place is None:
            return
        self.grids.show_patch(patch, self.plane.value, self._options.get("operation", "convolve") == "convolve")
        say(self.total, sum_text(patch, self.view.value.names, self.plane.value))
        say(self.legend, legend_text(patch, self._options.get("boundary", "reflect")))

    def _outline(self, source: Source, view: View) -> None:
        assert self.patch is not None and self.place is not None
        low, high = list(self.place), list(self.place)
        for axis, start, length in zip(view.axes, self.patch.start, self.patch.values.shape, strict=True):
            low[axis], high[axis] = start, start + length - 1
        shown = self._shown_axes(source)
        if self._watching and len(shown) == 2:
            begin = [low[a] if a in shown else i for a, i in enumerate(self.place)]
            end = [high[a] if a in shown else i for a, i in enumerate(self.place)]
            self.marks.outline(source, begin, end, shown)

    def _shown_axes(self, source: Source) -> list[int]:
        """The axes of the image that are displayed."""
        return sorted(displayed(self._viewer, source.ndim))

    # --- the walk --------------------------------------------------------------------------------------------------

    def _new_walk(self) -> tuple[Source, Walk] | None:
        """A walk around the place, or around the middle of the image; None without image or kernel."""
        if self.image.value is None or not isinstance(self._kernel, Kernel):
            return None
        source = read_layer(self.image.value)
        shape, shown = source.data.shape[: source.ndim], self._shown_axes(source)
        place = self.place or on_stride(self._middle(shape, shown), self.view.value.axes, self.stride.value)
        axes = [a for a in self.view.value.axes if a in shown] or list(self.view.value.axes)
        return source, walk_around(place, shape, axes, self.stride.value)

    def _middle(self, shape: Sequence[int], shown: Sequence[int]) -> tuple[int, ...]:
        """The middle of the visible plane of the image."""
        point = np.asarray(self._viewer.dims.point, float)[-len(shape) :]
        now = layer_index(self.image.value, point)
        return tuple(n // 2 if now is None or a in shown else now[a] for a, n in enumerate(shape))

    def _value(self, place: Sequence[int]) -> float | None:
        """The result at a place."""
        patch = self._inspect(read_layer(self.image.value), place)
        return float(patch.sum.real) if isinstance(patch, Patch) else None
