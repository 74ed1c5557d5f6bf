"""Base class of the panels that compute: layer → arguments → call in the background → layer.

A subclass names its public function, adds the fields of its inputs and makes layers of the result. Preview, plan line
and recipes are made here:

- `preview` makes the layers of the visible region, in another thread; by default an image. A panel that shows something
  else (points, scores) overrides it; `part_of(request, progress, operation=…)` computes an image on that region.
- Each layer of a `Result` gets the recipe of the request in its metadata. A layer that another call made is passed
  through ``recorded(layer, request, report, operation=…, options=…)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from magicgui.widgets import Widget
from napari.layers import Layer
from napari.utils.notifications import show_warning

import napari_convolve as nc

from ..._progress import ProgressCallback
from ..jobs.job import Job
from ..jobs.job_runner import JobRunner
from ..jobs.run_bar import RunBar
from ..layers.layer_data import Source, View, image_tuple, read_layer, short
from ..layers.recording import recorded_all
from ..layers.request import Request, Result, lazy_note, on_colours
from ..layers.view_choice import ViewChoice
from ..widgets.containers import Fold, column, rows
from ..widgets.form import Form, Settings
from ..widgets.help_dialog import help_text
from ..widgets.layer_choice import NO_IMAGE, LayerChoice, mask_choice
from ..widgets.panel import Panel
from ..widgets.text import EXPECTED, say, sentence, titled
from .compare import Compare
from .plan_line import PlanLine
from .preview import Preview
from .preview_region import part_of
from .tools import Tools


class OperationPanel(Panel):
    """Base class of the panels that compute; for a function from image to image, `operation` and `guide` are enough."""

    #: Name of the public function.
    operation: ClassVar[str]
    #: Options without a field in the form, since the subclass gives them.
    given: ClassVar[tuple[str, ...]] = ()
    #: Options in the collapsed section besides the advanced ones.
    folded: ClassVar[tuple[str, ...]] = ()
    #: Number of axes of the view that is chosen at first; None: all spatial axes.
    ndim: ClassVar[int | None] = 2
    #: Whether there is a preview; if the result is no image, `preview` must be overridden.
    previews: ClassVar[bool] = True

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._wanted_ndim = self.ndim
        self.image = LayerChoice(napari_viewer, label="image", tooltip="The layer to work on; it is not changed")
        self.image.prefer_selected()
        self.view = ViewChoice("All other axes (time, channels) are done one by one")
        self.mask = mask_choice(napari_viewer)
        self.settings = self.make_settings()
        self.run_bar = RunBar(live=self.previews)
        self.lay_out(column([rows(self.image, self.view), *self.inputs(), self.settings]), self.run_bar)
        self.compare = Compare(napari_viewer, lambda: self.image.value)
        self.run_bar.insert(2, self.compare)
        self.tools = Tools(self.operation, self.body, self.request, self.run_bar.say)
        self.run_bar.append(Fold("Python and presets", self.tools))
        self.runner = JobRunner(self.run_bar, self.ticked, self.ended)
        title = titled(self.operation)
        self.live = Preview(napari_viewer, self, partial(say, self.run_bar.preview_note), title)
        self.plan_line = PlanLine(self.native, self.request, partial(say, self.run_bar.plan_note))
        self.run_bar.preview.changed.connect(self.live.switch)
        self.body.changed.connect(self._settings_changed)
        self.image.changed.connect(self._image_changed)
        self.view.changed.connect(self._view_changed)
        self.run_bar.run.changed.connect(self.run)
        self.run_bar.help.changed.connect(self.show_help)
        self._image_changed()

    # --- to override ------------------------------------------------------------------------------------------------

    def make_settings(self) -> Settings:
        """The form of the options; by default a field for each that is not in `given`."""
        leave_out = ("axes", "mask", "origin", *self.given)
        also = [self.mask, *self.advanced()]
        return Form(getattr(nc, self.operation), leave_out=leave_out, fold=self.folded, also=also)

    def advanced(self) -> Sequence[Widget]:
        """Further fields for the collapsed section of the form."""
        return ()

    def operation_now(self) -> str:
        """Name of the function to call; it must take the options of `operation`."""
        return self.operation

    def inputs(self) -> Sequence[Widget]:
        """Fields between the image and the options."""
        return ()

    def arguments(self, source: Source, view: View) -> tuple[Any, ...]:
        """Arguments of the function after the image; ValueError if one is missing."""
        return ()

    def more_options(self, source: Source, view: View) -> dict[str, Any]:
        """Options besides those of the form."""
        return {}

    def extras(self) -> dict[str, Any]:
        """Values of further fields for `compute`, which runs in another thread and must not read fields."""
        return {}

    def view_changed(self, source: Source | None, view: View | None) -> None:
        """Adapt the inputs to another image or other axes."""

    def compute(self, request: Request, progress: ProgressCallback) -> Result:
        """Call the function, in another thread, and make layers of its result; by default an image."""
        data, report = on_colours(request, request.image(progress), progress)
        name = f"{short(request.source.name)} · {titled(request.operation)}"
        return Result([image_tuple(request.source, data, name)], report)

    def begun(self, request: Request) -> None:
        """Called when a run starts."""

    def ticked(self, job: Job) -> None:
        """Called with the running job every tenth of a second."""

    def ended(self) -> None:
        """Called when a run is over, whatever its outcome, before its layers are added."""

    def added(self, request: Request, result: Result) -> None:
        """Called after the layers of a result have been added."""

    def preview(self, request: Request, progress: ProgressCallback) -> Result:
        """Make layers of the result in the region `request.visible`, in another thread.

        The notes of the result are shown beside the time it took; they mention approximations.
        """
        part = part_of(request, progress)
        first = {axis: float(start) for axis, start in enumerate(part.first[: request.source.ndim])}
        made = image_tuple(request.source, part.data, f"preview · {short(request.source.name)}", first=first)
        return Result([made], notes=(str(part),))

    # --- common to all panels --------------------------------------------------------------------------------------

    def request(self) -> Request:
        """The call that Run would start now; ValueError, TypeError, OSError or MemoryError if a field is wrong."""
        if self.image.value is None or self.view.value is None:
            raise ValueError(NO_IMAGE)
        source, view = read_layer(self.image.value), self.view.value
        options = {**self.settings.arguments(), **self.more_options(source, view)}
        mask = self.mask.value
        return Request(
            self.operation_now(),
            source,
            view,
            self.arguments(source, view),
            options,
            self.extras(),
            None if mask is None else mask.data,
        )

    def run(self) -> None:
        """Start computing in the background."""
        if self.runner.busy:
            return
        try:
            request = self.request()
            warning = lazy_note(request.source)
        except EXPECTED as error:
            self.run_bar.say(sentence(error))
            return
        if warning:
            show_warning(f"{type(self).__name__}: {warning}")
        self.begun(request)
        call, title = partial(recorded_all, self.compute, request), titled(request.operation)
        self.runner.start(call, title, partial(self._finished, request))

    def help_text(self) -> str:
        return help_text(self.guide, getattr(nc, self.operation_now()), self.settings)

    def reset_choices(self, *_: Any) -> None:
        super().reset_choices()
        self.run_bar.run.enabled = not self.run_bar.busy and self.image.value is not None

    def _settings_changed(self, *_: object) -> None:
        self.live.ask()
        self.plan_line.ask()

    def _finished(self, request: Request, result: Result) -> None:
        self.run_bar.say(str(result))
        self.run_bar.preview.value = False  # the result replaces it
        for layer in result.layers:
            self._viewer.add_layer(Layer.create(*layer))
        self.compare.raise_()
        self.added(request, result)

    def _source(self) -> Source | None:
        return None if self.image.value is None else read_layer(self.image.value)

    def _image_changed(self) -> None:
        self.view.follow(self._source(), self._wanted_ndim)
        self._view_changed()

    def _view_changed(self, chosen: View | None = None) -> None:
        self._wanted_ndim = (
            chosen.ndim if chosen else self._wanted_ndim
        )  # a choice of the user also holds for other images
        source = self._source()
        self.view_changed(source, self.view.value)
        self._settings_changed()
        self.compare.follow()
        self.run_bar.run.enabled = not self.run_bar.busy and source is not None
        self.run_bar.preview.enabled = source is not None
        if not self.run_bar.busy and (source is None) != (self.run_bar.message.value == NO_IMAGE):
            self.run_bar.say("" if source else NO_IMAGE)

    def closed(self) -> None:
        self.runner.cancel()
        self.live.switch(False)
        self.compare.stop()
        self.plan_line.stop()
