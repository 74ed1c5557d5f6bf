"""Operations and their parameters as data, read from signatures and docstrings by panels, command line and recipes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, get_type_hints

import napari_convolve as nc

from .._registry import Param, Registry, limits_of, types_of
from ..ops.deconvolution.method_registry import DECONVOLVERS


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation or a kernel, from its signature and docstring.

    Attributes
    ----------
    name : str
    types : frozenset of type
        Accepted types: int, Sequence and NoneType for ``int | Sequence[int] | None``; object for any.
    limits : Param
    default : object
        `inspect.Parameter.empty` when there is none.
    help : str
        The docstring's text on it.
    array : bool
        Whether it is a positional array (image, kernel, template), not an option.
    """

    name: str
    types: frozenset[type]
    limits: Param
    default: Any
    help: str
    array: bool = False

    @property
    def called(self) -> bool:
        """Whether it is a callback such as ``progress``."""
        callback: Any = Callable
        return callback in self.types


@dataclass(frozen=True)
class Operation:
    """A public function of an image and, in most cases, a second array such as a kernel."""

    name: str

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The public function of this name, imported on first use."""
        found: Callable[..., Any] = getattr(nc, self.name)
        return found

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring."""
        return " ".join(inspect.cleandoc(self.function.__doc__ or "").partition("\n\n")[0].split())

    @property
    def arrays(self) -> tuple[Parameter, ...]:
        """The positional arrays, starting with the image."""
        return tuple(p for p in parameters(self.function) if p.array)

    @property
    def options(self) -> tuple[Parameter, ...]:
        """All other parameters except the callbacks."""
        return tuple(p for p in parameters(self.function) if not p.array and not p.called)

    @property
    def recorded(self) -> tuple[Parameter, ...]:
        """The parameters that a recipe records: everything besides the image that affects the result."""
        return tuple(p for p in parameters(self.function)[1:] if p.name not in self.not_recorded)

    @property
    def not_recorded(self) -> frozenset[str]:
        """Parameters that do not affect the result: callbacks, threads, memory limit."""
        return frozenset(p.name for p in parameters(self.function) if p.called) | {"workers", "max_memory"}

    @property
    def result(self) -> Any:
        """The annotated return type; Any stands for an image of any array library."""
        return get_type_hints(self.function)["return"]

    @property
    def makes_image(self) -> bool:
        """Whether the result is an image, so that another step can follow."""
        return self.result is Any


#: The operations that command line, panels and recipes offer; to add one, add its name here.
OPERATIONS: Registry[Operation] = Registry("operation")
for _name in (
    "convolve",
    "correlate",
    "match_template",
    "matched_filter",
    "detect_features",
    *DECONVOLVERS,
    "estimate_noise",
    "spectrum",
    "filter_spectrum",
    "bandpass",
    "notch",
    "estimate_kernel",
    "diffuse",
    "feature_maps",
):
    OPERATIONS.register(_name, Operation(_name))


@cache
def parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Describe the parameters of a public function.

    Examples
    --------
    >>> from napari_convolve import convolve
    >>> boundary = {p.name: p for p in parameters(convolve)}["boundary"]
    >>> boundary.limits.options()[:2], boundary.default
    (('reflect', 'mirror'), 'reflect')
    """
    hints = get_type_hints(function, include_extras=True)
    lines = documented_parameters(function.__doc__ or "")
    return tuple(
        Parameter(
            name=p.name,
            types=types_of(hints.get(p.name, Any)),
            limits=limits_of(hints.get(p.name, Any)),
            default=p.default,
            help=lines.get(p.name, ""),
            array=p.kind is inspect.Parameter.POSITIONAL_ONLY,
        )
        for p in inspect.signature(function).parameters.values()
        if p.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    )


def documented_parameters(docstring: str) -> dict[str, str]:
    """The text of each parameter in a numpydoc docstring.

    Examples
    --------
    >>> documented_parameters("Sum.\\n\\nParameters\\n----------\\na, b : int\\n    What is added.\\n")
    {'a': 'What is added.', 'b': 'What is added.'}
    """
    section = re.search(r"^Parameters\n-+\n(.*?)(?=\n\S[^\n]*\n-{3,}\n|\Z)", inspect.cleandoc(docstring), re.M | re.S)
    found: dict[str, list[str]] = {}
    current: Sequence[str] = ()
    for line in section.group(1).splitlines() if section else ():
        if line[:1].strip():
            current = [name.strip(" *") for name in line.partition(" : ")[0].split(",")]
            found |= {name: [] for name in current}
        elif line.strip():
            for name in current:
                found[name].append(line.strip())
    return {name: " ".join(lines) for name, lines in found.items()}
