"""The panel of an operation: layer → arguments → call in the background → layer.

A subclass says which public function it serves, adds the fields of its inputs and turns the result into layers. The
preview, the plan before a run and the recipe after it are here, once:

- `preview` makes the layers that show what is seen of the result. The default shows the operation's own image; a panel
  that shows something else (points, scores) overrides it and calls `part_of(request, progress, operation=…)`, which
  computes any public function that makes an image on just the visible part. It runs in another thread, with the
  `Request` of the moment; `request.seen` says which part, `request.source` is the level of the layer that is shown.
- The plan line asks `nc.plan`; nothing to do.
- Every layer of a `Result` gets the recipe of the request in its metadata. A layer made by another call says so:
  ``recorded(layer, request, report, operation=…, options=…)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from magicgui.widgets import Widget
from napari.layers import Layer
from napari.utils.notifications import show_warning

import napari_convolve as nc

from ..jobs.job import Job
from ..jobs.job_runner import JobRunner
from ..jobs.run_bar import RunBar
from ..layers.layer_data import Source, View, image_tuple, read_layer, short
from ..layers.recording import recorded_all
from ..layers.request import Progress, Request, Result, lazy_note, on_colours
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
    """Base of all panels that compute.

    `operation` and `guide` are all that a function from image to image needs; what else a subclass may say comes
    first, then what all panels do.
    """

    #: Name of the public function.
    operation: ClassVar[str]
    #: Options of the function that the subclass gives itself.
    given: ClassVar[tuple[str, ...]] = ()
    #: Options to fold away besides the advanced ones.
    folded: ClassVar[tuple[str, ...]] = ()
    #: Number of axes of the view that is chosen at first; None: all axes of space.
    ndim: ClassVar[int | None] = 2
    #: Whether there is a preview; its result must be an image, or `preview` be overridden.
    previews: ClassVar[bool] = True

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._wanted = self.ndim
        self.image = LayerChoice(napari_viewer, label="image", tooltip="The layer to work on; it is not changed")
        self.image.prefer_selected()
        self.view = ViewChoice("All other axes (time, channels) are done one by one")
        self.mask = mask_choice(napari_viewer)
        self.settings = self.make_settings()
        self.run_bar = RunBar()
        self.lay_out(column([rows(self.image, self.view), *self.inputs(), self.settings]), self.run_bar)
        self.compare = Compare(napari_viewer, lambda: self.image.value)
        self.run_bar.insert(2, self.compare)
        self.tools = Tools(self.operation, self.body, self.request, self.run_bar.say)
        self.run_bar.append(Fold("Python and presets", self.tools))
        self.runner = JobRunner(self.run_bar, self.ticked, self.ended)
        title = titled(self.operation)
        self.live = Preview(napari_viewer, self, partial(say, self.run_bar.preview_note), title)
        self.plan_line = PlanLine(self.native, self.request, partial(say, self.run_bar.plan_note))
        self.run_bar.preview.visible = self.previews
        self.run_bar.preview.changed.connect(self.live.switch)
        self.body.changed.connect(self._settings_changed)
        self.image.changed.connect(self._image_changed)
        self.view.changed.connect(self._view_changed)
        self.run_bar.run.changed.connect(self.run)
        self.run_bar.help.changed.connect(self.show_help)
        self._image_changed()

    # --- what a subclass says --------------------------------------------------------------------------------------

    def make_settings(self) -> Settings:
        """The options of the operation; by default all that the panel does not give itself."""
        leave_out = ("axes", "mask", "origin", *self.given)
        also = [self.mask, *self.advanced()]
        return Form(getattr(nc, self.operation), leave_out=leave_out, fold=self.folded, also=also)

    def advanced(self) -> Sequence[Widget]:
        """Further fields to fold away with the options."""
        return ()

    def operation_now(self) -> str:
        """The function to call; another one than `operation` must take the same options."""
        return self.operation

    def inputs(self) -> Sequence[Widget]:
        """The fields between the image and the options."""
        return ()

    def arguments(self, source: Source, view: View) -> tuple[Any, ...]:
        """What the function takes after the image; an error with one sentence when something is missing."""
        return ()

    def more_options(self, source: Source, view: View) -> dict[str, Any]:
        """Options of the function besides those of the form."""
        return {}

    def extras(self) -> dict[str, Any]:
        """What `compute` needs to know besides; it runs in another thread and must not look at fields."""
        return {}

    def view_changed(self, source: Source | None, view: View | None) -> None:
        """Tell the inputs what is acted on now."""

    def compute(self, request: Request, progress: Progress) -> Result:
        """Call the function, in the background, and make layers of what it returns; by default an image."""
        data, report = on_colours(request, request.image(progress), progress)
        name = f"{short(request.source.name)} · {titled(request.operation)}"
        return Result([image_tuple(request.source, data, name)], report)

    def begun(self, request: Request) -> None:
        """A run has started."""

    def ticked(self, job: Job) -> None:
        """Show more of a job that runs; called every tenth of a second."""

    def ended(self) -> None:
        """A run is over, whatever came of it; its layers are not added yet."""

    def added(self, request: Request, result: Result) -> None:
        """Show more of a result, whose layers have been added."""

    def preview(self, request: Request, progress: Progress) -> Result:
        """Make layers of what is seen of the result, in the background; `request.seen` says what that is.

        The notes of the result are shown beside the time it took; say there what is only approximate.
        """
        part = part_of(request, progress)
        first = {axis: float(start) for axis, start in enumerate(part.first[: request.source.ndim])}
        made = image_tuple(request.source, part.data, f"preview · {short(request.source.name)}", first=first)
        return Result([made], notes=(str(part),))

    # --- what all panels do ----------------------------------------------------------------------------------------

    def request(self) -> Request:
        """What Run would compute now.

        Raises
        ------
        ValueError, TypeError, OSError, MemoryError
            With one sentence that says what is missing.
        """
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
        self.run_bar.preview.value = False  # the result itself is there now
        for layer in result.layers:
            self._viewer.add_layer(Layer.create(*layer))
        self.compare.raise_()
        self.added(request, result)

    def _source(self) -> Source | None:
        return None if self.image.value is None else read_layer(self.image.value)

    def _image_changed(self) -> None:
        self.view.follow(self._source(), self._wanted)
        self._view_changed()

    def _view_changed(self, chosen: View | None = None) -> None:
        self._wanted = chosen.ndim if chosen else self._wanted  # chosen by a person, also for images to come
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
