"""Buttons of a panel for presets and for its Python script."""

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
    """Buttons that copy the script of the panel's request, and save and load the fields of its body."""

    def __init__(self, panel: str, body: Widget, request: Callable[[], Request], say: Callable[[str], object]) -> None:
        self._panel, self._body, self._request, self._say = panel, body, request, say
        tooltip = "A script that does what these settings say, without napari"
        self.copy = button("Copy Python", self.copy_python, tooltip)
        self.save = button("Save preset …", self.ask_save, "Keep these settings in a file")
        self.load = button("Load preset …", self.ask_load, "Bring settings back")
        super().__init__(self.copy, self.save, self.load, layout="horizontal")

    def copy_python(self) -> None:
        """Copy a script that computes what Run would."""
        done = "Copied: a Python script that does this."
        copy_text(lambda: script_of(self._request().made()), self._say, done)

    def ask_save(self) -> None:
        def write(path: str) -> None:
            presets.save_preset(Path(path), self._panel, self._body)

        save_as(self.native, self._say, "Save the settings", f"{self._panel}.json", "*.json", write)

    def ask_load(self) -> None:
        def read(path: Path) -> None:
            presets.load_preset(path, self._panel, self._body)

        open_file(self.native, self._say, "Load settings", "*.json", read)


def script_of(request: Request) -> str:
    """A script that makes the image of a request, if its recipe is known, and computes the request.

    ValueError or TypeError if the request cannot be kept as data.
    """
    if request.operation not in OPERATIONS:
        raise ValueError(f"{titled(request.operation)} cannot be kept as a recipe yet")
    made = recipe_of_call(request, None, operation=request.operation)
    if made is None:
        raise ValueError("this cannot be said as data: an argument is a function, or the image has opacity")
    return with_history(made, request.source).to_python(origin_of(request.source)["file"])
