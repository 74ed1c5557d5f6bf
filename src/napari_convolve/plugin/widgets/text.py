"""Texts of panels: labels with plain, wrapped text, and how units, names and errors are written."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from magicgui.widgets import Label
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QSizePolicy

import napari_convolve as nc

#: Errors of wrong input or of the machine, whose text is shown as it is.
EXPECTED = (ValueError, TypeError, MemoryError, OSError, nc.BackendUnavailable)


def plain_label(label: QLabel) -> QLabel:
    """Make a label show wrapped plain text, since names of layers and files may look like markup."""
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def note(text: str = "") -> Label:
    """A label of a panel, hidden while it is empty."""
    label = Label(value="")
    plain_label(label.native)
    say(label, text)
    return label


def say(label: Label, text: str) -> None:
    """Set the text of a `note`; an empty one hides it."""
    label.value = text
    label.visible = bool(text)


def sentence(error: BaseException) -> str:
    """The message of an error, with its type if it is none of `EXPECTED`."""
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError) and not text:
        return "there is not enough memory"
    return text if isinstance(error, EXPECTED) and text else f"{type(error).__name__}: {text}"


def unit_text(unit: str) -> str:
    """A unit with the sign µ."""
    return "µm" if unit == "um" else unit


def typeset(text: str, axes: Sequence[str] = ()) -> str:
    """A message of the library with µm, × and the names of the axes.

    Examples
    --------
    >>> typeset("its pixels are 0.3 x 0.1 um"), typeset("cut off along axis 1", ("y", "x"))
    ('its pixels are 0.3 × 0.1 µm', 'cut off along x')
    """
    for number, name in enumerate(axes):
        text = re.sub(rf"\balong axis {number}\b", f"along {name}", text)
    return re.sub(r"\bum\b", "µm", re.sub(r"(?<=\d) x (?=\d)", " × ", text))


def titled(operation: str) -> str:
    """The title of a public function.

    Examples
    --------
    >>> titled("richardson_lucy"), titled("detect_features")
    ('Richardson-Lucy', 'detect features')
    """
    return {"richardson_lucy": "Richardson-Lucy"}.get(operation, operation.replace("_", " "))


def capital(text: str) -> str:
    """A text with a capital first letter."""
    return text[:1].upper() + text[1:]


def summary(function: Callable[..., Any]) -> str:
    """The first sentence of a docstring, without markup."""
    first = inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0]
    return " ".join(first.split()).replace("`", "")
