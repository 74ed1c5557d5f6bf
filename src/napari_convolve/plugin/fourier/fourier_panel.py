"""Panel for the spectrum of an image and for filters drawn on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from napari.layers import Image, Layer
from qtpy.compat import isalive

import napari_convolve as nc

from ...ops.fourier.drawn_filter import DrawnFilter
from ..jobs.job import Call, Outcome
from ..jobs.job_runner import JobRunner
from ..jobs.latest import Latest
from ..jobs.run_bar import RunBar
from ..jobs.timing import VIEW_REST
from ..layers.added import add_beside
from ..layers.layer_data import read_layer, short
from ..layers.request import Request, Result
from ..operation.tools import script_of
from ..widgets.actions import attempt, copy_text
from ..widgets.form import Form
from ..widgets.help_dialog import help_text
from ..widgets.layer_choice import NO_IMAGE
from ..widgets.panel import Panel
from ..widgets.text import say
from .fourier_form import FourierForm
from .layer_group import LayerGroup
from .live_picture import LivePicture
from .plane import filtered_stack, kernel_from_filter, request_of, response_layer, visible_plane

_NO_SPECTRUM = "Press Show spectrum first."
_NOTHING = "Draw a shape first, or press Find stripes."
_COMPUTING = "Computing the spectrum …"


class FourierPanel(Panel):
    """Shows the spectrum of the visible plane, and filters the image with shapes drawn on the spectrum."""

    guide = """
1. Choose an image and press **Show spectrum**: it appears to the right of the image, frequency zero in the middle.
   Move the mouse over it to read amplitude, period, direction and phase of a wave.
2. Press **Disc**, **Ring**, **Wedge** or **Box** and drag the shape to the waves you mean; its handles resize and turn
   it. Red shapes *take out*, green ones *let through*. What you see of the image follows while you drag.
3. **Find stripes** marks waves that run through the whole image. Delete the marks that you do not want (click on one,
   press Delete): without its mark a wave stays.
4. **Apply to the whole image** filters all planes (times, channels). The filter can be kept as a layer, applied to
   another image, or turned into a kernel that the other panels take.
"""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.group = LayerGroup(napari_viewer, self._changed)
        self.form = FourierForm(napari_viewer, self._is_image)
        self.form.image.prefer_selected()
        self.run_bar = RunBar("Apply to the whole image", live=False)
        self.lay_out(self.form, self.run_bar)
        self.picture = LivePicture(self.native, self.group, self._live_filter, self._say_live)
        self._spectrum = Latest(self.native, self._spectrum_call, self._show_spectrum, title="spectrum")
        self._restart = False
        self._then: Callable[[], object] | None = None
        self.runner = JobRunner(self.run_bar)
        self._connect()
        self.reset_choices()

    def _connect(self) -> None:
        form = self.form
        form.spectrum.changed.connect(lambda: self.show_spectrum())
        form.shown_as.changed.connect(self._redraw)
        for name, button in form.shapes.items():
            button.changed.connect(partial(self.add_shape, name.lower()))
        form.does.changed.connect(self.group.selected_do)
        form.ring.changed.connect(lambda value: self.group.widen(value / 100))
        for field in (form.soft, form.radius, form.keep_mean, form.live):
            field.changed.connect(self._changed)
        form.find.changed.connect(self.find_stripes)
        form.save.changed.connect(self.keep_filter)
        form.kernel.changed.connect(self.make_kernel)
        form.copy.changed.connect(self.copy_python)
        form.image.changed.connect(self._image_changed)
        self.run_bar.run.changed.connect(self.run)
        self.run_bar.help.changed.connect(self.show_help)
        self._viewer.dims.events.current_step.connect(self._redraw)
        self._viewer.mouse_move_callbacks.append(self._hover)

    def _is_image(self, layer: Layer) -> bool:
        theirs = isinstance(layer, Image) and not self.group.owns(layer)
        return theirs and not {"fourier_filter", "kernel"} & set(layer.metadata)

    # --- the spectrum ----------------------------------------------------------------------------------------------

    def show_spectrum(self, then: Callable[[], object] | None = None) -> None:
        """Show the spectrum of the visible plane beside the image, then call `then`."""
        if self.form.image.value is None:
            self.run_bar.say(NO_IMAGE)
            return
        self._restart, self._then = True, then
        self.run_bar.say(_COMPUTING)
        self._spectrum.ask(0)

    def _redraw(self, *_: Any) -> None:
        if self.group.ready:
            self._spectrum.ask(VIEW_REST)

    def _spectrum_call(self) -> Call | None:
        layer, shown_as = self.form.image.value, self.form.shown_as.value
        if layer is None:
            return None
        source = read_layer(layer)
        plane = visible_plane(source, layer, self._viewer)
        known = self.group.plane
        if not self._restart and self.group.ready and known is not None and plane.same_as(known):
            plane = known
        return lambda progress: (layer, source, plane.prepare(shown_as), shown_as)

    def _show_spectrum(self, outcome: Outcome) -> None:
        """Show the spectrum, unless another image was chosen meanwhile."""
        restart, then, self._restart, self._then = self._restart, self._then, False, None
        if outcome.error:
            self.run_bar.say(outcome.error, outcome.details)
        if outcome.value is None or outcome.value[0] is not self.form.image.value:
            return
        layer, source, plane, shown_as = outcome.value
        if self.group.ready and not restart:
            self.group.follow(plane, shown_as)
        else:
            self.group.show(layer, source, plane, shown_as)
            self._viewer.reset_view()
            self.run_bar.say("")
        if then is not None:
            then()
        self._changed()

    def _hover(self, viewer: Any, event: Any) -> None:
        if isalive(self.native) and self.group.ready:
            text = self.group.reading(event.position)
            if text:
                say(self.form.reading, text)

    # --- drawing ---------------------------------------------------------------------------------------------------

    def add_shape(self, kind: str, *_: Any) -> None:
        """Add a shape, after showing the spectrum if there is none."""
        if self.group.ready and self.group.has("shapes"):
            self.group.add_shape(kind, self.form.does.value, self.form.ring.value / 100)
        else:
            self.show_spectrum(partial(self.add_shape, kind))

    def find_stripes(self) -> None:
        """Suggest notches, after showing the spectrum if there is none."""
        plane = self.group.plane
        if plane is None or not self.group.ready:
            self.show_spectrum(self.find_stripes)
            return
        values, spacing = plane.values, plane.spacing

        def find(progress: object) -> Any:
            return nc.find_periodic_noise(values, spacing=spacing, nan="omit")

        self.runner.start(find, "stripes", self._show_waves)

    def drawn(self) -> DrawnFilter:
        """The filter that is drawn now."""
        form = self.form
        return self.group.drawn(form.soft.value / 100, form.radius.value, form.keep_mean.value)

    def _changed(self, *_: Any) -> None:
        self.picture.changed()

    def _live_filter(self) -> DrawnFilter | None:
        if not self.group.ready or not self.form.live.value:
            return None
        wanted = self.drawn()
        return wanted if wanted.regions or self.group.has("live") else None

    def _say_live(self, text: str, outcome: Outcome) -> None:
        if outcome.error:
            self.run_bar.say(outcome.error, outcome.details)
        say(self.form.state, text)

    # --- using it --------------------------------------------------------------------------------------------------

    def _wanted(self) -> DrawnFilter:
        """The chosen filter, drawn or kept; ValueError if there is none."""
        if self.form.saved.value is not None:
            found = self.form.saved.value.metadata["fourier_filter"]
            assert isinstance(found, DrawnFilter)
            return found
        if not self.group.ready:
            raise ValueError(_NO_SPECTRUM)
        wanted = self.drawn()
        if not wanted.regions:
            raise ValueError(_NOTHING)
        return wanted

    def _request(self) -> Request:
        """The call that filters the whole image; ValueError if image or filter is missing."""
        layer = self.form.image.value if self.form.target.value is None else self.form.target.value
        if layer is None:
            raise ValueError(NO_IMAGE)
        return request_of(read_layer(layer), self._wanted())

    def run(self) -> None:
        attempt(self._run, self.run_bar.say)

    def _run(self) -> str:
        self.runner.start(partial(filtered_stack, self._request()), "filter_spectrum", self._show_result)
        return ""

    def copy_python(self) -> None:
        """Copy a script that computes what Apply would."""
        copy_text(lambda: script_of(self._request()), self.run_bar.say, "Copied: a Python script that does this.")

    def keep_filter(self) -> None:
        """Add the gains of the filter as a layer with the filter in its metadata."""
        attempt(self._keep_filter, self.run_bar.say)

    def _keep_filter(self) -> str:
        group, wanted = self.group, self._wanted()
        if group.plane is None or group.place is None or group.source is None:
            raise ValueError(_NO_SPECTRUM)
        options = {**group.place.image(group.plane.plain), "units": group.source.frame["units"][-2:]}
        self._add(response_layer(group.plane, wanted, options, f"{short(group.source.name)} · filter"))
        return "The filter is a layer now, hidden; it can be chosen as filter, for another image too."

    def make_kernel(self) -> None:
        """Add a kernel that approximates the filter as a layer."""
        attempt(self._make_kernel, self.run_bar.say)

    def _make_kernel(self) -> str:
        plane, source, wanted = self.group.plane, self.group.source, self._wanted()
        if plane is None or source is None:
            raise ValueError(_NO_SPECTRUM)
        call = partial(kernel_from_filter, plane, wanted, self.form.size.value, f"{short(source.name)} · kernel")
        self.runner.start(call, "kernel_from_response", self._show_result)
        return ""

    def _add(self, made: Any) -> None:
        """Add a layer; a hidden one does not change the selection."""
        layer = Layer.create(*made)
        if layer.visible:
            self._viewer.add_layer(layer)
        else:
            add_beside(self._viewer, layer)

    def _show_result(self, result: Result) -> None:
        self.run_bar.say(str(result))
        for made in result.layers:
            self._add(made)

    def _show_waves(self, found: Any) -> None:
        if self.group.ready:
            count = len(found)
            waves = f"{count} wave{'s' if count > 1 else ''} found; delete the marks of those that should stay."
            self.run_bar.say(waves if count else "No wave runs through the whole image.")
            self.group.show_notches(found)

    def help_text(self) -> str:
        return help_text(self.guide, nc.filter_spectrum, Form(nc.filter_spectrum))

    # --- the viewer ------------------------------------------------------------------------------------------------

    def reset_choices(self, *_: Any) -> None:
        super().reset_choices()
        self.form.spectrum.enabled = self.form.image.value is not None

    def _image_changed(self) -> None:
        """Remove the layers of the previous image."""
        if self.group.layer is not None and self.form.image.value is not self.group.layer:
            self.picture.stop()
            self._spectrum.stop()
            self.group.clear()
            say(self.form.reading, "")
            say(self.form.state, "")

    def closed(self) -> None:
        self.runner.cancel()
        self.picture.stop()
        self._spectrum.stop()
        if self._hover in self._viewer.mouse_move_callbacks:
            self._viewer.mouse_move_callbacks.remove(self._hover)
