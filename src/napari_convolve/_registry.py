"""Registries of named choices, and the one description of a parameter: its limits and its text."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Param:
    """Limits, unit and label of a parameter, written once in a signature as ``Annotated[float, Param(...)]``.

    The form of the plugin, the options of the command line and the reference pages read it.

    Parameters
    ----------
    min, max
        Inclusive limits, or None.
    step
        A sensible increment for a spin box.
    unit
        ``"length"`` (pixels, or physical units when a spacing is given), ``"angle"`` (degrees), ``"frequency"``,
        ``"bytes"`` or None.
    choices
        The allowed values, or a callable that returns them (for registries that can grow).
    label
        What a person reads; None derives it from the parameter's name.
    advanced
        True for options that a form folds away.
    """

    min: float | None = None
    max: float | None = None
    step: float | None = None
    unit: str | None = None
    choices: tuple[Any, ...] | Callable[[], tuple[Any, ...]] | None = None
    label: str | None = None
    advanced: bool = False

    def options(self) -> tuple[Any, ...] | None:
        """The allowed values now, or None when any value within the limits is allowed."""
        return self.choices() if callable(self.choices) else self.choices


class Registry(Generic[T]):
    """An ordered mapping from names to items, whose errors name the choices.

    Examples
    --------
    >>> colours = Registry[int]("colour")
    >>> _ = colours.register("red", 0xFF0000)
    >>> colours.names()
    ('red',)
    >>> colours.get("green")
    Traceback (most recent call last):
        ...
    ValueError: unknown colour 'green'; choose from 'red'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def register(self, name: str, item: T) -> T:
        """Add or replace `item` under `name` and return it."""
        self._items[name] = item
        return item

    def unregister(self, name: str) -> None:
        """Forget `name`; unknown names are ignored."""
        self._items.pop(name, None)

    def names(self) -> tuple[str, ...]:
        """All names, in the order of registration."""
        return tuple(self._items)

    def get(self, name: str) -> T:
        """The item called `name`; ValueError that lists the names otherwise."""
        if isinstance(name, str) and name in self._items:
            return self._items[name]
        raise ValueError(f"unknown {self.kind} {name!r}; choose from {', '.join(map(repr, self._items))}")

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


class SharedTexts:
    r"""Docstring entries that several functions share, each written once.

    A line such as ``{sigma, psf.axes}`` in a docstring is replaced by the entries of these keys. `entries` is numpydoc
    text, in which each entry begins with its key. Of the key only the part after the dot is shown, so that ``axes`` and
    ``psf.axes`` are two texts for parameters named axes.

    Examples
    --------
    >>> texts = SharedTexts("size\n    Number of samples.\nodd.size\n    Number of samples, odd.")
    >>> def mean(size): "{odd.size}"
    >>> print(texts.fill(mean).__doc__)
    size
        Number of samples, odd.
    """

    def __init__(self, entries: str) -> None:
        found = re.findall(r"^((?:\w+\.)?)(\w+)(.*(?:\n\s.*)*)", inspect.cleandoc(entries), re.MULTILINE)
        self._entries = {prefix + name: name + text for prefix, name, text in found}

    def fill(self, function: F) -> F:
        """Fill the shared entries into the docstring of `function`; lines with an unknown key stay as they are."""
        function.__doc__ = re.sub(
            r"^( *)\{([\w.]+(?:, [\w.]+)*)\}$", self._entries_of, function.__doc__ or "", flags=re.MULTILINE
        )
        return function

    def _entries_of(self, line: re.Match[str]) -> str:
        keys = line[2].split(", ")
        if not self._entries.keys() >= set(keys):
            return line[0]
        return textwrap.indent("\n".join(self._entries[key] for key in keys), line[1])
