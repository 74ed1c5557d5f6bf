"""Text in a panel: always plain, always wrapped, never wider than the panel."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from magicgui.widgets import Label
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QSizePolicy

import napari_convolve as nc

#: Errors whose text is meant for a person.
EXPECTED = (ValueError, TypeError, MemoryError, OSError, nc.BackendUnavailable)


def plain(label: QLabel) -> QLabel:
    """Make a label show wrapped plain text: names of layers and files are never taken for markup."""
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def note(text: str = "") -> Label:
    """A line of text of a panel; hidden as long as it is empty."""
    label = Label(value="")
    plain(label.native)
    say(label, text)
    return label


def say(label: Label, text: str) -> None:
    """Show a text in a `note`, or hide it when there is none."""
    label.value = text
    label.visible = bool(text)


def sentence(error: BaseException) -> str:
    """What went wrong, for a person; the type is named only when nobody expected it."""
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError) and not text:
        return "there is not enough memory"
    return text if isinstance(error, EXPECTED) and text else f"{type(error).__name__}: {text}"


def written(unit: str) -> str:
    """A unit as a person writes it.

    Examples
    --------
    >>> written("um"), written("nm")
    ('µm', 'nm')
    """
    return "µm" if unit == "um" else unit


def typeset(text: str, axes: Sequence[str] = ()) -> str:
    """A sentence of the library as a panel shows it: units and products by their signs, axes by their names.

    Examples
    --------
    >>> typeset("its pixels are 0.3 x 0.1 um"), typeset("cut off along axis 1", ("y", "x"))
    ('its pixels are 0.3 × 0.1 µm', 'cut off along x')
    """
    for number, name in enumerate(axes):
        text = re.sub(rf"\balong axis {number}\b", f"along {name}", text)
    return re.sub(r"\bum\b", "µm", re.sub(r"(?<=\d) x (?=\d)", " × ", text))


def titled(operation: str) -> str:
    """A public function by the name that a person knows.

    Examples
    --------
    >>> titled("richardson_lucy"), titled("detect_features")
    ('Richardson-Lucy', 'detect features')
    """
    return {"richardson_lucy": "Richardson-Lucy"}.get(operation, operation.replace("_", " "))


def capital(text: str) -> str:
    """A sentence with a large first letter."""
    return text[:1].upper() + text[1:]


def summary(function: Callable[..., Any]) -> str:
    """The first sentence of a docstring, without markup."""
    first = inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0]
    return " ".join(first.split()).replace("`", "")
