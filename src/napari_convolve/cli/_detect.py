"""``detect``: find a template in an image and write a table of detections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .._files import atomic
from .._progress import Report
from ..bigdata.files import check_output, read
from ..kernels import Kernel
from ..ops.matching.detections import Detections
from ..recipes import OPERATIONS
from . import _options as o
from ._images import aligned, without_opacity
from ._kernels import weights_from
from ._operations import checked_options, print_notes, print_report, read_image, usage_errors
from ._progress_bar import progress_bar
from ._recording import check_recipe, input_files, write_recipe

TABLES = (".csv",)
_DETECT = "detect_features"


def register(app: typer.Typer) -> None:
    """Add the command; ``detect-features`` is another name of it."""
    operation = OPERATIONS.get(_DETECT)
    output = Annotated[str, typer.Argument(metavar="OUTPUT", parser=o.text, help="Table: .csv, opens as points.")]
    parameters = [
        o.fixed("input", o.InputFile),
        o.fixed("output", output),
        *o.weights_options(operation),
        o.fixed("input_axes", o.InputAxes, None),
        *o.options_of(operation),
        o.fixed("recipe", o.RecipeFile, None),
        *o.REPORTING,
    ]
    o.add_command(app, operation, parameters, _detect, short_to=".", names=("detect", "detect-features", _DETECT))


def write_table(target: Path, found: Detections, *, overwrite: bool) -> None:
    """Write a table; the file appears whole or not at all."""
    with atomic(target, overwrite=overwrite) as temporary:
        found.to_csv(temporary)


def _detect(*, input: str, output: str, templates: list[str], **given: Any) -> None:
    input_axes, overwrite, recipe = given.pop("input_axes"), given.pop("overwrite"), given.pop("recipe")
    as_json, quiet = given.pop("json"), given.pop("quiet")
    operation = OPERATIONS.get(_DETECT)
    wanted: list[Kernel] = [weights_from("template", source, ()) for source in templates]
    inputs = input_files(input, templates, given)
    target = check_output(output, inputs=inputs, overwrite=overwrite, formats=TABLES)
    beside = check_recipe(recipe, inputs, overwrite=overwrite)
    image = read_image(input, input_axes)
    for name in ("mask", "region"):
        if given[name] is not None:
            given[name] = aligned(read(given[name]), image, name)
    options = checked_options(operation, image, wanted[0], given)
    reports: list[Report] = []
    with progress_bar("detect") as progress, usage_errors(options):
        found = operation.function(without_opacity(image), wanted, **options, progress=progress, report=reports.append)
    write_table(target, found, overwrite=overwrite)
    write_recipe(beside, operation, image, wanted, options, reports[0])
    print_report(target, reports[0], as_json, quiet)
    if not quiet:
        print_notes(input, image)
