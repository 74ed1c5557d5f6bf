"""``detect``: a table of the places that look like a template."""

from __future__ import annotations

import json
import sys
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
from ._operations import checked_options, read_image, record_of, usage_errors
from ._progress_bar import progress_bar
from ._recording import check_recipe, write_recipe

#: Suffixes of a table.
TABLES = (".csv",)
_DETECT = "detect_features"


def register(app: typer.Typer) -> None:
    """Add the command; ``detect-features`` is known too."""
    operation = OPERATIONS.get(_DETECT)
    output = Annotated[str, typer.Argument(metavar="OUTPUT", parser=o.text, help="Table: .csv, opens as points.")]
    words = [
        o.fixed("input", o.InputFile),
        o.fixed("output", output),
        *o.weights_options(operation),
        o.fixed("input_axes", o.InputAxes, None),
        *o.options_of(operation),
        o.fixed("recipe", o.RecipeFile, None),
        o.fixed("overwrite", o.Overwrite, False),
        o.fixed("json", o.Json, False),
        o.fixed("quiet", o.Quiet, False),
    ]
    summary = o.without_marks(operation.summary)
    function = o.command("detect", summary, words, _detect)
    app.command("detect", short_help=summary.partition(".")[0])(function)
    for name in ("detect-features", _DETECT):
        app.command(name, hidden=True)(function)


def write_table(target: Path, found: Detections, *, overwrite: bool) -> None:
    """Write a table; the file appears whole or not at all."""
    with atomic(target, overwrite=overwrite) as temporary:
        found.to_csv(temporary)


def _detect(*, input: str, output: str, templates: list[str], **given: Any) -> None:
    input_axes, overwrite, recipe = given.pop("input_axes"), given.pop("overwrite"), given.pop("recipe")
    as_json, quiet = given.pop("json"), given.pop("quiet")
    operation = OPERATIONS.get(_DETECT)
    wanted: list[Kernel] = [weights_from("template", source, ()) for source in templates]
    target = check_output(output, inputs=[input, *templates], overwrite=overwrite, formats=TABLES)
    beside = check_recipe(recipe, overwrite=overwrite)
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
    if as_json:
        print(json.dumps({"output": str(target), **record_of(reports[0])}))
    elif not quiet:
        print(f"{target}: {reports[0]}")
    if not quiet:
        for note in image.notes:
            print(f"note: {Path(input).name}: {note} (--input-axes says otherwise)", file=sys.stderr)
