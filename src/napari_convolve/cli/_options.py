"""Command-line options generated from the signature and docstring of an operation."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import typer

from ..recipes import Operation, Parameter

#: Parameters that take a file or labels instead of an array or numbers: (type, metavar, help).
_AS_TEXT: dict[str, tuple[Any, str, str]] = {
    "axes": (str, "LABELS", "The axes to act on by their letters (zyx, t, c); by default the last spatial ones."),
    "mask": (str, "FILE", "Image whose samples other than 0 count; the others are left out. Its axes go by name."),
    "template_mask": (str, "FILE", "Image whose samples other than 0 count, of the template's shape."),
    "region": (str, "FILE", "Image whose samples other than 0 are where the template's centre may lie."),
    "dtype": (str, "NAME", ""),
}
#: Parameters that take a list of numbers or a range.
_RANGES, _MOST_NUMBERS = ("rotations", "scales"), 100_000
#: The options for the second array of an operation: (flags, metavar, help).
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
    """Parse any text that is not empty."""
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


def add_command(
    app: typer.Typer,
    operation: Operation,
    parameters: Sequence[inspect.Parameter],
    run: Callable[..., None],
    *,
    short_to: str = ":,.",
    names: Sequence[str] = (),
) -> None:
    """Add the command of an operation: under its name with hyphens, and hidden from the help with underscores.

    The list of commands shows the summary up to the first of the characters `short_to`.
    """
    summary = without_marks(operation.summary)
    function = command(operation.name, summary, parameters, run)
    shown, *hidden = names or dict.fromkeys((operation.name.replace("_", "-"), operation.name))
    app.command(shown, short_help=re.split(f"[{short_to}]", summary)[0])(function)
    for name in hidden:
        app.command(name, hidden=True)(function)


def command(
    name: str, summary: str, parameters: Sequence[inspect.Parameter], run: Callable[..., None]
) -> Callable[..., None]:
    """A function with the given signature, from which typer makes a command; it passes everything to `run`."""

    def function(**given: Any) -> None:
        run(**given)

    function.__name__, function.__doc__ = name, summary
    function.__signature__ = inspect.Signature(list(parameters))  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in parameters}
    return function


def fixed(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    """A parameter of the command line itself, required unless it has a default."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


#: The last options of every command that writes a file.
REPORTING = (fixed("overwrite", Overwrite, False), fixed("json", Json, False), fixed("quiet", Quiet, False))


def without_marks(text: str) -> str:
    """Docstring text without backquotes."""
    return text.replace("`", "")


def weights_options(operation: Operation) -> list[inspect.Parameter]:
    """The option for the second array, if there is one, and ``-p`` where the array can be made by name."""
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
    """One option with type, choices, default and help of the parameter."""
    flag = "--" + parameter.name.replace("_", "-")
    help_text = without_marks(parameter.help)
    choices = parameter.limits.options()
    more: dict[str, Any] = {}
    kind: Any
    if parameter.name in _AS_TEXT:
        kind, metavar, own_help = _AS_TEXT[parameter.name]
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
    """Parse numbers separated by commas, or ``START:STOP:STEP`` without STOP.

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
    """Parse rows of numbers, one for each wave, separated by semicolons.

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
    """A parser for one value, or for several separated by commas: of the first of the types that fits the text."""
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
