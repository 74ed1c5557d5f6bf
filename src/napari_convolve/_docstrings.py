"""Docstring entries that several functions share, each written once."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class SharedTexts:
    r"""Docstring entries by key, inserted into the docstrings of functions.

    A line such as ``{sigma, psf.axes}`` in a docstring is replaced by the entries of these keys. `entries` is numpydoc
    text, in which each entry begins with its key. Only the part of the key after the dot appears in the docstring:
    ``axes`` and ``psf.axes`` are two texts for a parameter named axes.

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
