"""Actions of buttons: copy a text to the clipboard, save or open a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

from .text import EXPECTED, sentence


def attempt(action: Callable[[], str], say: Callable[[str], object]) -> None:
    """Show the text that an action returns or its error; an empty text shows nothing."""
    try:
        text = action()
    except EXPECTED as error:
        text = sentence(error)
    if text:
        say(text)


def copy_text(make: Callable[[], str], say: Callable[[str], object], done: str) -> None:
    """Copy a text to the clipboard, then show `done`."""

    def copied() -> str:
        QApplication.clipboard().setText(make())
        return done

    attempt(copied, say)


def save_as(
    owner: QWidget,
    say: Callable[[str], object],
    title: str,
    name: str,
    filters: str,
    write: Callable[[str], object],
    done: str = "Saved as {name}.",
) -> None:
    """Ask for a file and write it, then show `done`, in which ``{name}`` and ``{path}`` stand for the file."""

    def saved() -> str:
        path, _ = QFileDialog.getSaveFileName(owner, title, name, filters)
        if not path:
            return ""
        write(path)
        return done.format(name=Path(path).name, path=path)

    attempt(saved, say)


def open_file(
    owner: QWidget, say: Callable[[str], object], title: str, filters: str, read: Callable[[Path], object]
) -> None:
    """Ask for a file, read it and show its name."""

    def loaded() -> str:
        path, _ = QFileDialog.getOpenFileName(owner, title, "", filters)
        if not path:
            return ""
        read(Path(path))
        return f"Loaded {Path(path).name}."

    attempt(loaded, say)
