"""``run RECIPE INPUT OUTPUT``: apply a recipe to its own image again, or to another one."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from .._arrays import compute_dtype
from .._progress import ProgressCallback, Report
from ..bigdata.files import FileError, Labeled, check_fits, check_output, write
from ..kernels import Kernel, as_kernel
from ..recipes import OPERATIONS, Recipe, Step, share_of
from . import _options as o
from ._detect import TABLES, write_table
from ._images import apply_operation, kernel_axes, without_opacity
from ._maps import channel_of, one_kernel
from ._operations import print_notes, read_image, record_of
from ._progress_bar import progress_bar
from ._recording import input_files


def register(app: typer.Typer) -> None:
    """Add the command."""
    options = {p.name: p for p in OPERATIONS.get("convolve").options}
    parameters = [
        o.fixed("recipe", Annotated[str, typer.Argument(metavar="RECIPE", parser=o.text, help="What --recipe wrote.")]),
        o.fixed("input", o.InputFile),
        o.fixed("output", o.Output),
        o.fixed("input_axes", o.InputAxes, None),
        *(o.option(options[name]) for name in ("workers", "max_memory")),
        *o.REPORTING,
    ]
    summary = "Make a result as a recipe says: from the same image with the same versions, the same bits."
    app.command("run", short_help="Make a result as a recipe says")(o.command("run", summary, parameters, _run))


def _run(*, recipe: str, input: str, output: str, input_axes: str | None, **given: Any) -> None:
    overwrite, as_json, quiet = given.pop("overwrite"), given.pop("json"), given.pop("quiet")
    steps = Recipe.from_json(Path(recipe)).steps
    last = steps[-1].function
    table = hasattr(last.result, "to_csv")
    if not (last.makes_image or table):
        raise FileError(f"{recipe} ends in {last.name}, which makes neither an image nor a table")
    inputs = input_files(input, recipe, str(Path(recipe).with_suffix(".npz")))
    target = check_output(output, inputs=inputs, overwrite=overwrite, formats=TABLES if table else None)
    image = read_image(input, input_axes)
    if not table:
        check_fits(target, _expected(image, steps))
    result, reports = _results(recipe, steps, image, given)
    (write_table if table else write)(target, result, overwrite=overwrite)
    if as_json:
        print(json.dumps({"output": str(target), "steps": [record_of(report) for report in reports]}))
    elif not quiet:
        print(f"{target}: {' | '.join(map(str, reports))}")
    if quiet:
        return
    print_notes(input, image)
    for note in dict.fromkeys(difference for step in steps for difference in step.differences()):
        print(f"note: {Path(recipe).name}: {note}: equal to rounding, not bit for bit", file=sys.stderr)


def _results(recipe: str, steps: tuple[Step, ...], image: Labeled, run: Mapping[str, Any]) -> tuple[Any, list[Report]]:
    """The result of the last step, and the reports of all steps."""
    reports: list[Report] = []
    result: Any = image
    with progress_bar("run") as progress:
        for number, step in enumerate(steps):
            share = share_of(progress, number, len(steps))
            try:
                result, report = _apply(step, result, run, share)
            except (TypeError, ValueError) as error:
                raise FileError(f"{recipe}: step {number + 1} ({step.operation}): {error}") from error
            reports.append(report)
    return result, reports


def _apply(step: Step, image: Labeled, run: Mapping[str, Any], progress: ProgressCallback) -> tuple[Any, Report]:
    """Run one step; its axes are found by their names."""
    operation, colours = step.function, without_opacity(image)
    arrays, options = step.call(colours)
    takes = inspect.signature(operation.function).parameters
    options |= {name: value for name, value in run.items() if name in takes}
    options["axes"] = _axes(step, image, arrays)
    if "channel_axis" in options:
        options["channel_axis"] = channel_of(image, arrays[0], options["axes"])
    if operation.makes_image:
        return apply_operation(operation, image, arrays, options, progress)
    reports: list[Report] = []
    found = operation.function(colours, *arrays, **options, progress=progress, report=reports.append)
    return found, reports[0]


def _axes(step: Step, image: Labeled, arrays: tuple[Any, ...]) -> tuple[int, ...]:
    """The axes of the image with the names that the step recorded; without names the spatial axes."""
    given, kernel = step.arguments["axes"], _kernel_of(step, arrays)
    if given is None and (step.labels is None or kernel is None):
        return kernel_axes(image, kernel, None)
    ndim = 0 if kernel is None else kernel.ndim
    places = tuple(range(-ndim, 0)) if given is None else given if isinstance(given, tuple) else (given,)
    if step.labels is None:
        return places
    if not all(isinstance(a, int) and -len(step.labels) <= a < len(step.labels) for a in places):
        raise ValueError(f"axes={given!r} are not all of the axes {' '.join(step.labels)}")
    return image.indices([step.labels[a] for a in places])


def _kernel_of(step: Step, arrays: tuple[Any, ...]) -> Kernel | None:
    """The kernel, PSF or (first) template of a step."""
    first = arrays[0] if arrays else None
    if step.operation == "feature_maps" and isinstance(first, np.ndarray):
        return one_kernel(first)
    if isinstance(first, tuple) and all(isinstance(one, Kernel | np.ndarray) for one in first):
        first = first[0]
    if isinstance(first, tuple) and step.function.arrays[1].name not in o.WEIGHTS:
        return None  # a curve
    return as_kernel(first) if isinstance(first, Kernel | np.ndarray | tuple) else None


def _expected(image: Labeled, steps: tuple[Step, ...]) -> Labeled:
    """A stand-in for the result (zeros that take no memory), to check whether the file format can hold it."""
    dtype = image.data.dtype.name
    for step in steps:
        kernel = _kernel_of(step, tuple(step.arguments[p.name] for p in step.function.arrays[1:]))
        is_complex = kernel is not None and kernel.values.dtype.kind == "c"
        dtype = step.arguments.get("dtype") or compute_dtype(dtype, complex_kernel=is_complex)
    return replace(image, data=np.broadcast_to(np.zeros((), dtype), image.data.shape))
