"""What a panel can do with its values besides running: Python, presets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from magicgui.widgets import Container, PushButton, Widget
from qtpy.QtWidgets import QApplication, QFileDialog

from ...recipes import OPERATIONS
from ..jobs.job import sentence
from ..layers.recording import origin_of, recipe_of_call, with_history
from ..layers.request import Request
from ..widgets.text import titled
from . import presets as _presets


class Tools(Container[Widget]):
    """Buttons below a panel.

    Parameters
    ----------
    panel
        What presets are of.
    body
        The fields whose values are kept.
    request
        What Run would compute.
    say
        Shows one sentence.
    """

    def __init__(self, panel: str, body: Widget, request: Callable[[], Request], say: Callable[[str], object]) -> None:
        self._panel, self._body, self._request, self._say = panel, body, request, say
        self.copy = PushButton(text="Copy Python", tooltip="A script that does what these settings say, without napari")
        self.save = PushButton(text="Save preset …", tooltip="Keep these settings in a file")
        self.load = PushButton(text="Load preset …", tooltip="Bring settings back")
        super().__init__(widgets=[self.copy, self.save, self.load], layout="horizontal", labels=False)
        self.margins = (0, 0, 0, 0)
        for button, action in ((self.copy, self.copy_python), (self.save, self.ask_save), (self.load, self.ask_load)):
            button.native.setMinimumWidth(0)
            button.changed.connect(action)

    def copy_python(self) -> None:
        """Put a script that does what Run would do on the clipboard."""
        try:
            QApplication.clipboard().setText(script_of(self._request().made()))
        except (ValueError, TypeError, OSError, MemoryError) as error:
            self._say(sentence(error))
        else:
            self._say("Copied: a Python script that does this.")

    def ask_save(self) -> None:
        """Ask for a file and keep the settings."""
        path, _ = QFileDialog.getSaveFileName(self.native, "Save the settings", f"{self._panel}.json", "*.json")
        if path:
            self._do(_presets.save, Path(path), "Saved as {}.")

    def ask_load(self) -> None:
        """Ask for a file and bring its settings back."""
        path, _ = QFileDialog.getOpenFileName(self.native, "Load settings", "", "*.json")
        if path:
            self._do(_presets.load, Path(path), "Loaded {}.")

    def _do(self, action: Callable[[Path, str, Widget], None], path: Path, done: str) -> None:
        try:
            action(path, self._panel, self._body)
        except (ValueError, TypeError, OSError) as error:
            self._say(sentence(error))
        else:
            self._say(done.format(path.name))


def script_of(request: Request) -> str:
    """A script that does what a request says, after what made its image.

    Raises
    ------
    ValueError, TypeError
        When it cannot be said as data.
    """
    if request.operation not in OPERATIONS:
        raise ValueError(f"{titled(request.operation)} cannot be kept as a recipe yet")
    made = recipe_of_call(request, None, operation=request.operation)
    if made is None:
        raise ValueError("this cannot be said as data: an argument is a function, or the image has opacity")
    return with_history(made, request.source).to_python(origin_of(request.source)["file"])
