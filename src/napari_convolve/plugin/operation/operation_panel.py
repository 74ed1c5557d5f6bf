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

from magicgui.widgets import Container, Widget
from napari.layers import Labels, Layer
from napari.utils.notifications import show_warning
from qtpy.compat import isalive
from qtpy.QtCore import QTimer

import napari_convolve as nc

from ..jobs.job import Job, sentence, start
from ..jobs.run_bar import RunBar
from ..layers.layer_data import Source, View, image_tuple, preferred, read_layer, short, views
from ..layers.recording import recorded_all
from ..layers.request import Progress, Request, Result, lazy_note
from ..widgets.fields import Choice
from ..widgets.form import Fold, Form, Settings, rows
from ..widgets.help_dialog import help_text, show_help
from ..widgets.layer_choice import LayerChoice
from ..widgets.scroll_area import Scroll, column
from ..widgets.text import titled
from .compare import Compare
from .plan_line import PlanLine
from .preview import Preview
from .preview_region import part_of
from .tools import Tools

#: How often the progress of a job is looked at, in milliseconds.
_TICK = 100
#: How long Cancel waits for a call to stop, in milliseconds.
_PATIENCE = 700
_NO_IMAGE = "Open an image first: File ▸ Open …, or File ▸ Open Sample ▸ napari-convolve."


class OperationPanel(Container[Widget]):
    """Base of all panels that compute; made by napari with the viewer it belongs to.

    What a subclass says comes first, then what all panels do.
    """

    #: Name of the public function.
    operation: ClassVar[str]
    #: What a person does, step by step, in Markdown.
    guide: ClassVar[str]
    #: Options of the function that the subclass gives itself.
    given: ClassVar[tuple[str, ...]] = ()
    #: Options to fold away besides the advanced ones.
    folded: ClassVar[tuple[str, ...]] = ()
    #: Number of axes of the view that is chosen at first; None: all axes of space.
    ndim: ClassVar[int | None] = 2
    #: Whether there is a preview; its result must be an image, or `preview` be overridden.
    previews: ClassVar[bool] = True

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(labels=False)
        self._viewer = napari_viewer
        self._job: Job | None = None
        self._asked_for: Request | None = None
        self._wanted = self.ndim
        self.image = LayerChoice(napari_viewer, label="image", tooltip="The layer to work on; it is not changed")
        self.image.prefer_selected()
        self.view = Choice(label="act on", least=12, tooltip="All other axes (time, channels) are done one by one")
        self.mask = LayerChoice(
            napari_viewer,
            accept=lambda layer: isinstance(layer, Labels),
            nobody="the whole image",
            label="use only",
            tooltip="A labels layer: where it is 0, the image is left out",
        )
        self.settings = self.make_settings()
        self.body = column([rows([self.image, self.view]), *self.inputs(), self.settings])
        self.run_bar = RunBar()
        self.append(self.run_bar)
        self.compare = Compare(napari_viewer, lambda: self.image.value)
        self.run_bar.insert(2, self.compare)
        self.tools = Tools(self.operation, self.body, self.request, self.run_bar.say)
        self.run_bar.append(Fold("Python and presets", self.tools))
        self.native.layout().insertWidget(0, Scroll(self.body))
        self._timer = QTimer(self.native)
        self._timer.setInterval(_TICK)
        self._timer.setSingleShot(True)  # napari's activity dock handles events while it draws
        self._timer.timeout.connect(self._look)
        title = titled(self.operation)
        self.live = Preview(napari_viewer, self, lambda: self.image.value, self.run_bar.tell_preview, title)
        self.plan_line = PlanLine(self.native, self.request, self.run_bar.tell_plan)
        self.run_bar.preview.visible = self.previews
        self.run_bar.preview.changed.connect(self.live.switch)
        self.body.changed.connect(self._settings_changed)
        self.image.changed.connect(self._image_changed)
        self.view.changed.connect(self._view_changed)
        self.run_bar.run.changed.connect(self.run)
        self.run_bar.cancel.changed.connect(self.cancel)
        self.run_bar.help.changed.connect(self.show_help)
        self.native_parent_changed.connect(self._moved)
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

    def extras(self) -> dict[str, Any]:
        """What `compute` needs to know besides; it runs in another thread and must not look at fields."""
        return {}

    def view_changed(self, source: Source | None, view: View | None) -> None:
        """Tell the inputs what is acted on now."""

    def compute(self, request: Request, progress: Progress) -> Result:
        """Call the function, in the background, and make layers of what it returns."""
        raise NotImplementedError

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
            raise ValueError(_NO_IMAGE)
        source, view = read_layer(self.image.value), self.view.value
        options, mask = self.settings.arguments(), self.mask.value
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
        if self._job is not None:
            return
        try:
            request = self.request()
            warning = lazy_note(request.source)
        except (ValueError, TypeError, OSError, MemoryError) as error:
            self.run_bar.say(sentence(error))
            return
        if warning:
            show_warning(f"{type(self).__name__}: {warning}")
        self._job = Job(partial(recorded_all, self.compute, request), titled(request.operation))
        self.run_bar.begin(titled(request.operation))
        self.begun(request)
        self._timer.start()
        self._asked_for = request
        start(self._job, self._finished)

    def cancel(self) -> None:
        """Stop computing; nothing is added. What does not stop at once ends by itself, without the panel."""
        if self._job is not None:
            self._job.cancel()
            self.run_bar.update_from(self._job)
            QTimer.singleShot(_PATIENCE, partial(self._let_go, self._job))

    def _let_go(self, job: Job) -> None:
        """Be ready for the next run although a library call of a cancelled job has not returned yet."""
        if self._job is job and isalive(self.native):
            self._ended()
            self.run_bar.say("Cancelled; its last step still ends in the background.")

    def show_help(self) -> None:
        """Open a window that says what to do."""
        show_help(self.native, help_text(self.guide, getattr(nc, self.operation_now()), self.settings))

    def reset_choices(self, *_: Any) -> None:
        """Follow the layers of the viewer; napari calls it."""
        super().reset_choices()
        self.body.reset_choices()
        self.run_bar.run.enabled = not self.run_bar.busy and self.image.value is not None

    def _settings_changed(self, *_: object) -> None:
        self.live.ask()
        self.plan_line.ask()

    def _look(self) -> None:
        if self._job is not None:
            self.run_bar.update_from(self._job)
            self.ticked(self._job)
            self._timer.start()

    def _ended(self) -> None:
        self._job = self._asked_for = None
        self._timer.stop()
        self.run_bar.end()
        self.ended()

    def _finished(self, job: Job) -> None:
        if self._job is not job or job.outcome is None or not isalive(self.native):
            return  # the window has been closed meanwhile, or nobody waits any longer
        outcome, request = job.outcome, self._asked_for
        job.outcome = None  # napari may keep the job: let it not keep the result
        self._ended()
        if outcome.cancelled:
            self.run_bar.say("Cancelled.")
        elif outcome.error:
            self.run_bar.say(outcome.error, outcome.details)
        else:
            self.run_bar.say(str(outcome.value))
            self.run_bar.preview.value = False  # the result itself is there now
            for layer in outcome.value.layers:
                self._viewer.add_layer(Layer.create(*layer))
            self.compare.raise_()
            if request is not None:
                self.added(request, outcome.value)

    def _image_changed(self) -> None:
        source = read_layer(self.image.value) if self.image.value is not None else None
        choices = views(source.axes) if source else ()
        before = self.view.value
        with self.view.changed.blocked():
            self.view.offer((view.label, view) for view in choices)
            if choices and before not in choices:
                self.view.value = preferred(choices, self._wanted)
        self._view_changed()

    def _view_changed(self, chosen: View | None = None) -> None:
        self._wanted = chosen.ndim if chosen else self._wanted  # chosen by a person, also for images to come
        source = read_layer(self.image.value) if self.image.value is not None else None
        self.view_changed(source, self.view.value)
        self._settings_changed()
        self.compare.follow()
        self.run_bar.run.enabled = not self.run_bar.busy and source is not None
        self.run_bar.preview.enabled = source is not None
        if not self.run_bar.busy and (source is None) != (self.run_bar.message.value == _NO_IMAGE):
            self.run_bar.say("" if source else _NO_IMAGE)

    def _moved(self, parent: object = None) -> None:
        """Stop when the panel is taken out of the window."""
        if self.native.parent() is None:
            self.cancel()
            self.live.switch(False)
            self.compare.stop()
            self.plan_line.stop()
