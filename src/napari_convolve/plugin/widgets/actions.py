"""What buttons do besides computing: a text onto the clipboard, a file that a person chooses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

from .text import EXPECTED, sentence


def attempt(action: Callable[[], str], say: Callable[[str], object]) -> None:
    """Show what an action returns, or what went wrong; an empty text shows nothing."""
    try:
        said = action()
    except EXPECTED as error:
        said = sentence(error)
    if said:
        say(said)


def copy_text(make: Callable[[], str], say: Callable[[str], object], done: str) -> None:
    """Put a text on the clipboard, and say so."""

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
    """Ask for a file, write it, and say so; `done` may have the ``{name}`` and the ``{path}`` of the file."""

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
    """Ask for a file and read it, and say so."""

    def loaded() -> str:
        path, _ = QFileDialog.getOpenFileName(owner, title, "", filters)
        if not path:
            return ""
        read(Path(path))
        return f"Loaded {Path(path).name}."

    attempt(loaded, say)
