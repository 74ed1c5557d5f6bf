"""What a panel can do with its values besides running: Python, presets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from magicgui.widgets import Widget

from ...recipes import OPERATIONS
from ..layers.recording import origin_of, recipe_of_call, with_history
from ..layers.request import Request
from ..widgets.actions import copy_text, open_file, save_as
from ..widgets.containers import Column, button
from ..widgets.text import titled
from . import presets


class Tools(Column):
    """Buttons below a panel: presets keep the fields of its body, scripts do what its request says."""

    def __init__(self, panel: str, body: Widget, request: Callable[[], Request], say: Callable[[str], object]) -> None:
        self._panel, self._body, self._request, self._say = panel, body, request, say
        tooltip = "A script that does what these settings say, without napari"
        self.copy = button("Copy Python", self.copy_python, tooltip)
        self.save = button("Save preset …", self.ask_save, "Keep these settings in a file")
        self.load = button("Load preset …", self.ask_load, "Bring settings back")
        super().__init__(self.copy, self.save, self.load, layout="horizontal")

    def copy_python(self) -> None:
        """Put a script that does what Run would do on the clipboard."""
        done = "Copied: a Python script that does this."
        copy_text(lambda: script_of(self._request().made()), self._say, done)

    def ask_save(self) -> None:
        """Ask for a file and keep the settings."""

        def write(path: str) -> None:
            presets.save(Path(path), self._panel, self._body)

        save_as(self.native, self._say, "Save the settings", f"{self._panel}.json", "*.json", write)

    def ask_load(self) -> None:
        """Ask for a file and bring its settings back."""

        def read(path: Path) -> None:
            presets.load(path, self._panel, self._body)

        open_file(self.native, self._say, "Load settings", "*.json", read)


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
