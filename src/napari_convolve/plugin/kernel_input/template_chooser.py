"""Choice of one or several templates: drawn rectangles, a layer, a file, a kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from napari.layers import Shapes

from ..layers.layer_data import Source, View, read_layer
from ..widgets.containers import Column, button, rows
from ..widgets.fields import Choice, TextField
from ..widgets.layer_choice import LayerChoice
from ..widgets.text import note, say
from .drawn_rectangle import NOTHING, corners, crop_index, cropped_samples, draw_rectangle, parse_depth
from .kernel_chooser import KernelChooser

_DRAWN, _OTHER = "a rectangle I draw", "a layer, file or kernel"


class TemplateChooser(Column):
    """Choice of a template, and of others kept besides; `image` returns the layer to draw on, or None."""

    def __init__(self, viewer: Any, image: Callable[[], Any], say: Callable[[str], object]) -> None:
        super().__init__()
        self._viewer, self._image, self._say = viewer, image, say
        self._view: View | None = None
        self.kept: list[Any] = []
        self.origin = Choice([(text, text) for text in (_DRAWN, _OTHER)], label="template")
        self.shapes = LayerChoice(
            viewer,
            accept=lambda layer: isinstance(layer, Shapes),
            label="drawn in",
            tooltip="Each rectangle in this layer is a template",
        )
        self.depth = TextField(
            parse_depth,
            5,
            label="planes",
            tooltip="How deep the template is, around the plane drawn in; or from-to: 12-20",
        )
        self.draw = button("Draw a rectangle", self._start, "Then drag one around an example in the image")
        self.kernel = KernelChooser(viewer, label="from", start="from a layer", normalize=False)
        self.keep = button("Look for another kind too", self.keep_this, "Keep this template, and give a second one")
        self.forget = button("Forget them", self.forget_kept, "Look only for the template chosen above")
        self.also = note()
        self.extend([rows(self.origin), self.draw, rows(self.shapes, self.depth), self.kernel])
        self.extend([self.also, self.keep, self.forget])
        self.origin.changed.connect(self._show)
        self.shapes.changed.connect(self._show)
        self._show()

    def set_view(self, source: Source, view: View) -> None:
        """Set the image and the axes of the template."""
        self._view = view
        self.kernel.follow(source, view)
        self.forget_kept()
        self._show()

    def _show(self, *_: object) -> None:
        is_drawn = self.origin.value == _DRAWN
        self.draw.visible = is_drawn
        self.shapes.visible = is_drawn and self.shapes.value is not None
        self.kernel.visible = not is_drawn
        self.keep.visible = not is_drawn or self.shapes.value is not None
        self.depth.visible = is_drawn and self._view is not None and self._view.ndim > 2
        self.forget.visible = bool(self.kept)
        sizes = ", ".join(" x ".join(map(str, template.shape)) for template in self.kept)
        say(self.also, f"and, kept from before: {sizes} pixels" if self.kept else "")

    def _start(self) -> None:
        self.start_drawing()

    def start_drawing(self, again: bool = False) -> None:
        """Let the user draw a rectangle over the image; `again` keeps those drawn before."""
        image = self._image()
        if image is None:
            return
        layer = self.shapes.value
        if layer is not None and "template" not in layer.metadata:
            layer = None
        if layer is not None and not again:
            layer.selected_data = set()
            layer.data = []
        made = {"template": True}
        self.shapes.value = draw_rectangle(self._viewer, read_layer(image), "template", layer, metadata=made)
        self._say("Drag a rectangle around one example, then press Run.")

    def keep_this(self) -> None:
        """Keep the chosen template, so that another can be given besides."""
        if self.origin.value == _DRAWN:
            self.start_drawing(again=True)
            return
        try:
            self.kept.append(self.kernel.kernel())
        except (ValueError, TypeError, OSError) as error:
            self._say(str(error))
            return
        self._show()
        self.changed.emit(self)

    def forget_kept(self) -> None:
        if self.kept:
            self.kept.clear()
            self.changed.emit(self)
        self._show()

    def factory(self, source: Source, view: View) -> Callable[[], Any]:
        """Read the fields; the returned function makes the template or the list of templates, in any thread.

        ValueError if there is none.
        """
        if self.origin.value == _OTHER:
            return partial(_one_or_all, list(self.kept), [self.kernel.factory()])
        image, layer = self._image(), self.shapes.value
        if layer is None or not len(layer.data):
            raise ValueError(NOTHING)
        depth = self.depth.value if view.ndim > 2 else 1
        found = []
        for number in range(len(layer.data)):
            points = corners(layer, image, self._viewer.dims.point, number)
            found.append(partial(cropped_samples, source, crop_index(points, source.data.shape, view, depth)))
        return partial(_one_or_all, list(self.kept), found)


def _one_or_all(kept: list[Any], makers: Sequence[Callable[[], Any]]) -> Any:
    """All templates, or the template itself if there is only one."""
    made = [*kept, *(make() for make in makers)]
    return made[0] if len(made) == 1 else made
