"""Run bar of a panel: Run, Cancel, Help, progress, and a message."""

from __future__ import annotations

import time
from typing import Any

from magicgui.widgets import CheckBox, ProgressBar, PushButton, TextEdit
from napari.utils import progress as ActivityProgress

from ..._progress import format_seconds
from ..widgets.containers import Column, beside
from ..widgets.text import note, say
from .job import Job
from .timing import ACTIVITY_SECONDS


class RunBar(Column):
    """Buttons, progress and messages below a panel; it shows the state of a `Job` and starts nothing."""

    def __init__(self, run_text: str = "Run", *, live: bool = True) -> None:
        self.run = PushButton(text=run_text, tooltip="Compute in the background; napari stays usable")
        self.cancel = PushButton(text="Cancel", tooltip="Stop; nothing is left behind")
        self.help = PushButton(text="Help")
        self.preview = CheckBox(
            text="Preview", tooltip="Show at once what is seen of the result, as a layer that follows the settings"
        )
        self.preview_note, self.plan_note = note(), note()
        self.bar = ProgressBar(value=0, max=100)
        self.message = note()
        self.details_button = PushButton(text="Details")
        self.details = TextEdit()
        self.details.read_only = True
        self.buttons = beside(self.run, self.cancel, self.help)
        above = (self.preview, self.preview_note, self.plan_note)
        super().__init__(*above, self.buttons, self.bar, self.message, self.details_button, self.details)
        self.run.native.setStyleSheet("font-weight: bold;")
        self.run.native.setMinimumHeight(30)
        self.bar.native.setTextVisible(True)
        self.details.native.setFixedHeight(150)
        self.details_button.changed.connect(lambda: setattr(self.details, "visible", not self.details.visible))
        self._activity: Any = None
        self._reported = 0.0
        self.busy = False
        self._set_busy(False)
        self.preview.visible = live
        self.say("")

    def say(self, text: str, details: str = "") -> None:
        """Show a message; `details` are shown on request."""
        say(self.message, text)
        self.details.value = details
        self.details_button.visible = bool(details)
        self.details.visible = False

    def begin(self, title: str) -> None:
        """Show that a job runs."""
        self.say("")
        self._set_busy(True)
        self._activity = ActivityProgress(total=0, desc=title)
        self._reported = time.monotonic()
        self.show_progress(0, 0, None)

    def update_from(self, job: Job) -> None:
        """Show the progress of a job."""
        self.show_progress(*job.state, job.seconds_left())
        if job.cancelled:
            self.bar.native.setFormat("stopping …")

    def show_progress(self, done: int, total: int, left: float | None) -> None:
        """Show progress and seconds left, in the panel and in napari's activity dock; a total of 0 means unknown."""
        bar = self.bar.native
        bar.setRange(0, total)
        bar.setValue(done)
        bar.setFormat("%p%" if left is None else f"%p% · {format_seconds(left)} left")
        now = time.monotonic()
        if self._activity is not None and now - self._reported >= ACTIVITY_SECONDS:
            self._reported = now
            if self._activity.total != total:
                self._activity.total = total
            if self._activity.n != done:
                self._activity.update(done - self._activity.n)

    def end(self) -> None:
        """Show that no job runs any more."""
        if self._activity is not None:
            self._activity.close()
            self._activity = None
        self._set_busy(False)

    def _set_busy(self, busy: bool) -> None:
        self.busy = busy
        self.run.enabled = not busy
        self.cancel.enabled = busy
        self.bar.visible = busy
