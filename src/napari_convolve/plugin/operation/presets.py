"""Presets: the values of the fields of a panel as a JSON file, which cannot contain code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from magicgui.widgets import CheckBox, Container, PushButton, Widget

from ... import __version__
from ..._files import parse_json, read_text
from ..layers.layer_data import View
from ..widgets.fields import Choice, Field
from ..widgets.form import Form
from ..widgets.layer_choice import LayerChoice

FORMAT, VERSION = "napari-convolve preset", 1
_PLAIN = (str, int, float, bool, type(None))


def values_of(body: Widget) -> dict[str, Any]:
    """The values of all fields but choices of layers; ValueError if a text cannot be parsed."""
    return {key: _plain(widget.value) for key, widget in _fields(body) if _is_kept(widget)}


def save_preset(path: Path, panel: str, body: Widget) -> None:
    data = {"format": FORMAT, "version": VERSION, "napari-convolve": __version__, "panel": panel}
    path.write_text(json.dumps({**data, "values": values_of(body)}, indent=1) + "\n", encoding="utf-8")


def load_preset(path: Path, panel: str, body: Widget) -> None:
    """Set the fields of a panel to the values in a file.

    ValueError, with the fields unchanged, if it is no preset of this panel and version, or a value does not fit.
    """
    data = parse_json(read_text(path))
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise ValueError(f"{path.name} is no preset of napari-convolve")
    version = data.get("version")
    if version != VERSION:
        written = str(data.get("napari-convolve"))[:40]
        raise ValueError(f"{path.name} has version {version!r}, written by {written}; {__version__} knows {VERSION}")
    if data.get("panel") != panel:
        raise ValueError(f"{path.name} is a preset of the panel {str(data.get('panel'))[:40]!r}, not of {panel!r}")
    values = data.get("values")
    if not isinstance(values, Mapping):
        raise ValueError(f"{path.name} has no values")
    before = values_of(body)
    try:
        _set(body, values)
    except (TypeError, ValueError) as error:
        _set(body, before)
        raise ValueError(f"{path.name}: {error}") from error


def _set(body: Widget, values: Mapping[str, Any]) -> None:
    """Set fields; choices first, since they decide which other fields there are."""
    left = dict(values)
    for choices in (True, False):
        for key, widget in list(_fields(body)):
            if key in left and isinstance(widget, Choice) == choices and _is_kept(widget):
                _put(key, widget, left.pop(key))
    if left:
        raise ValueError(f"unknown {', '.join(repr(str(key)[:40]) for key in list(left)[:3])}")


def _put(key: str, widget: Any, value: Any) -> None:
    if isinstance(widget, Choice):
        found = next((choice for choice in widget.choices if _plain(choice) == value), widget)
        if found is widget:
            raise ValueError(f"{key}: {str(value)[:40]!r} is not one of the choices")
        value = found
    elif isinstance(widget, CheckBox) and not isinstance(value, bool):
        raise ValueError(f"{key}: {str(value)[:40]!r} is neither true nor false")
    elif isinstance(value, Mapping):
        raise ValueError(f"{key}: an object is no value")
    try:
        widget.value = value
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{key}: {str(value)[:40]!r} does not fit") from error


def _fields(widget: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field with a unique key: the names or labels of the containers around it and its own."""
    if isinstance(widget, Container) and not isinstance(widget, Field):
        seen: dict[str, int] = {}
        for child in widget:
            if isinstance(child, Form) and child.native.isHidden():
                continue  # form of a kernel or method that is not chosen
            name = child.name or (child.label if not isinstance(child, Container) else "")
            inner = f"{prefix}{name}"
            if isinstance(child, Container) and not isinstance(child, Field):
                count = seen[type(child).__name__] = seen.get(type(child).__name__, 0) + 1
                inner = f"{prefix}{type(child).__name__}{count}/" if not child.name else f"{inner}/"
            yield from _fields(child, inner)
    else:
        yield prefix, widget


def _is_kept(widget: Any) -> bool:
    return not isinstance(widget, LayerChoice | PushButton) and (
        isinstance(widget, Field | Choice | CheckBox) or type(widget).__name__ in ("SpinBox", "FloatSpinBox", "Slider")
    )


def _plain(value: Any) -> Any:
    if isinstance(value, View):
        return value.label
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if isinstance(value, _PLAIN) else str(value)
