"""Command-line options made from the description of an operation: nothing about a parameter is written twice."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import typer

from ..recipes import Operation, Parameter

#: Parameters that a command line writes in its own way: (type, metavar, help).
_IN_FILES: dict[str, tuple[Any, str, str]] = {
    "axes": (str, "LABELS", "The axes to act on by their letters (zyx, t, c); by default the last spatial ones."),
    "mask": (str, "FILE", "Image whose samples other than 0 count; the others are left out. Its axes go by name."),
    "template_mask": (str, "FILE", "Image whose samples other than 0 count, of the template's shape."),
    "region": (str, "FILE", "Image whose samples other than 0 are where the template's centre may lie."),
    "dtype": (str, "NAME", ""),
}
#: Parameters that take many numbers, as a range too.
_RANGES, _MOST_NUMBERS = ("rotations", "scales"), 100_000
#: What the second array of an operation is on a command line: its flags, what it takes, help.
WEIGHTS = {
    "kernel": (("--kernel", "-k"), "NAME|FILE", "A kernel of the catalogue, made with -p, or a file with one."),
    "psf": (("--psf",), "NAME|FILE", "Point spread function: a kernel of the catalogue, made with -p, or a file."),
    "template": (("--template",), "FILE", "Image or kernel file with what is looked for."),
    "weights": (
        ("--weights",),
        "NAME|FILE",
        "Bank of kernels by name, with -p ndim=3 for volumes; or NPY file of the shape (maps, channels, *kernel).",
    ),
    "templates": (("--template",), "FILE", "Image or kernel file with what is looked for. Repeat it."),
}


def text(value: str) -> str:
    """Any text but an empty one."""
    if not value:
        raise typer.BadParameter("must not be empty")
    return value


InputFile = Annotated[str, typer.Argument(metavar="INPUT", parser=text, help="Image: .tif .tiff .npy .png .jpg")]
Output = Annotated[str, typer.Argument(metavar="OUTPUT", parser=text, help="Result: .ome.tif .tif .npy .png")]
ParameterValues = Annotated[
    list[str] | None,
    typer.Option("-p", "--parameter", metavar="KEY=VALUE", help="sigma=2, sigma=2,1.3,1.3, ndim=3 ... Repeat it."),
]
InputAxes = Annotated[
    str | None, typer.Option(metavar="LABELS", help="What the axes of INPUT are (tzyx), when the file does not tell.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace OUTPUT when it exists.")]
Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
RecipeFile = Annotated[
    str | None,
    typer.Option(
        "--recipe", metavar="FILE.json", parser=text, help="Write how it was made, for 'napari-convolve run'."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print neither notes nor the report.")]

REQUIRED = inspect.Parameter.empty


def command(
    name: str, summary: str, parameters: Sequence[inspect.Parameter], run: Callable[..., None]
) -> Callable[..., None]:
    """A function with the given signature, as typer wants it, that calls `run` with everything by keyword."""

    def function(**given: Any) -> None:
        run(**given)

    function.__name__, function.__doc__ = name, summary
    function.__signature__ = inspect.Signature(list(parameters))  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in parameters}
    return function


def fixed(name: str, annotation: Any, default: Any = REQUIRED) -> inspect.Parameter:
    """A parameter of the command line itself."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def without_marks(text: str) -> str:
    """Docstring text without its marks."""
    return text.replace("`", "")


def weights_options(operation: Operation) -> list[inspect.Parameter]:
    """The options for the second array, if there is one, and for its parameters where it can be made by name."""
    if len(operation.arrays) == 1:
        return []
    role = operation.arrays[1].name
    flags, metavar, help_text = WEIGHTS[role]
    kind: Any = list[str] if role == "templates" else str
    array = fixed(role, Annotated[kind, typer.Option(*flags, metavar=metavar, parser=text, help=help_text)])
    return [array, fixed("parameter", ParameterValues, None)] if metavar.startswith("NAME") else [array]


def options_of(operation: Operation) -> list[inspect.Parameter]:
    """The options of an operation as parameters for typer."""
    return [option(parameter) for parameter in operation.options]


def option(parameter: Parameter) -> inspect.Parameter:
    """One option: its type, choices, default and help from the signature and the docstring."""
    flag = "--" + parameter.name.replace("_", "-")
    help_text = without_marks(parameter.help)
    choices = parameter.limits.options()
    more: dict[str, Any] = {}
    kind: Any
    if parameter.name in _IN_FILES:
        kind, metavar, own_help = _IN_FILES[parameter.name]
        more = {"metavar": metavar, "parser": text}
        help_text = own_help or help_text
    elif parameter.name == "peaks":
        kind, more = Any, {"parser": parse_rows, "metavar": "NUMBER,NUMBER[;NUMBER,NUMBER...]"}
    elif parameter.name in _RANGES:
        kind, more = Any, {"parser": parse_numbers, "metavar": "NUMBER[,NUMBER...]|START:STOP:STEP"}
    elif choices is not None:
        kind = Literal[choices]
    elif parameter.types == {bool}:
        kind, flag = bool, f"{flag}/--no-{flag[2:]}"
    else:
        kind, more = Any, {"parser": _parser(parameter.types), "metavar": _metavar(parameter.types)}
    default = parameter.default
    if default is None:
        kind = kind | None
    return fixed(parameter.name, Annotated[kind, typer.Option(flag, help=help_text, **more)], default)


def parse_numbers(value: Any) -> Any:
    """Numbers separated by commas, or a range whose end is not part of it.

    Examples
    --------
    >>> parse_numbers("0,45"), parse_numbers("0:90:30")
    ((0.0, 45.0), (0.0, 30.0, 60.0))
    """
    if not isinstance(value, str):
        return value  # the default
    try:
        if ":" not in value:
            return tuple(float(part) for part in value.split(","))
        start, stop, step = (float(part) for part in value.split(":"))
        count = math.ceil((stop - start) / step)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise typer.BadParameter(f"{value!r} must read 0,15,30 or 0:360:15") from None
    if not 0 < count <= _MOST_NUMBERS:
        raise typer.BadParameter(f"{value!r} is a range of {count} numbers; 1 to {_MOST_NUMBERS} are possible")
    return tuple(start + i * step for i in range(count))


def parse_rows(value: Any) -> Any:
    """Rows of numbers, one for each wave, separated by semicolons.

    Examples
    --------
    >>> parse_rows("0,0.21; 0.1,0.2")
    ((0.0, 0.21), (0.1, 0.2))
    """
    if not isinstance(value, str):
        return value  # the default
    try:
        return tuple(tuple(float(part) for part in row.split(",")) for row in value.split(";"))
    except ValueError:
        raise typer.BadParameter(f"{value!r} must read 0,0.21 or, for two waves, '0,0.21;0.1,0.2'") from None


def _parser(types: frozenset[type]) -> Callable[[Any], Any]:
    """Text to the first of the types, or several of them separated by commas, that it can be."""
    numbers = [kind for kind in (int, float, complex) if kind in types or (object in types and kind is not complex)]

    def one(value: str) -> Any:
        for kind in numbers:
            try:
                return kind(value)
            except ValueError:
                continue
        if types & {str, object}:
            return value
        raise typer.BadParameter(f"{value!r} is no {_metavar(types).lower()}")

    def parse(value: Any) -> Any:
        if not isinstance(value, str):
            return value  # the default
        if types & {Sequence, object} and "," in value:
            return tuple(one(part) for part in value.split(","))
        return one(value)

    return parse


def _metavar(types: frozenset[type]) -> str:
    if types & {str, object}:
        return "TEXT"
    name = "INTEGER" if int in types and not types & {float, complex} else "NUMBER"
    return f"{name}[,{name}...]" if Sequence in types else name
