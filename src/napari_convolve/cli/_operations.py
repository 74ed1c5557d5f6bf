"""Commands whose result is an image, most of them with a second array: a kernel, a PSF or a template."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import typer

import napari_convolve as nc

from .._arrays import compute_dtype
from .._progress import Report
from ..bigdata.files import FileError, Labeled, check_fits, check_output, read, write
from ..kernels import Kernel
from ..planning import ArraySpec, Plan
from ..recipes import OPERATIONS, Operation
from . import _options as o
from ._images import aligned, apply_operation, kernel_axes, without_opacity
from ._kernels import second_array
from ._maps import channel_of, label_maps, one_kernel
from ._progress_bar import progress_bar
from ._recording import check_recipe, input_files, write_recipe


def register(app: typer.Typer) -> None:
    """Add one command for each operation; ``match_template`` is another name of ``match-template``."""
    for name in filtering():
        operation = OPERATIONS.get(name)
        parameters = [
            o.fixed("input", o.InputFile),
            o.fixed("output", o.Output),
            *o.weights_options(operation),
            o.fixed("input_axes", o.InputAxes, None),
            *o.options_of(operation),
            o.fixed("recipe", o.RecipeFile, None),
            *o.REPORTING,
        ]
        o.add_command(app, operation, parameters, _runner(operation))


def filtering() -> tuple[str, ...]:
    """The operations whose result is an image, and whose second array, if any, has an option."""
    known = (OPERATIONS.get(name) for name in OPERATIONS)
    return tuple(one.name for one in known if one.makes_image and all(p.name in o.WEIGHTS for p in one.arrays[1:]))


def plan_commands() -> tuple[str, ...]:
    """The operations with the options of `convolve`; `nc.plan` checks their arguments from the shape of the image."""
    return ("convolve", "correlate")


def checked_options(operation: Operation, image: Labeled, weights: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the function takes them, checked as far as possible before the work starts."""
    options = dict(given)
    if options.get("dtype") is not None:
        try:
            options["dtype"] = np.dtype(options["dtype"])
        except TypeError as error:
            raise typer.BadParameter(f"--dtype: {error}") from error
    if options.get("template_mask") is not None:
        options["template_mask"] = read(options["template_mask"]).data != 0
    try:
        options["axes"] = kernel_axes(image, one_kernel(weights), options["axes"])
        if options.get("channel_axis") == "auto":
            options["channel_axis"] = channel_of(image, weights, options["axes"])
        if options.get("spacing", ()) is None:  # taken from the file
            options["spacing"] = tuple(image.spacing[axis] for axis in options["axes"])
        if operation.name in plan_commands():
            spec = ArraySpec(without_opacity(image).shape, image.data.dtype.name)
            nc.plan(spec, weights, operation=operation.name, **options)
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    return options


def read_image(path: str, axes: str | None) -> Labeled:
    """Read a file; ``--input-axes`` replaces the names of its axes."""
    try:
        return read(path, axes)
    except FileError:
        raise
    except ValueError as error:  # the file is readable, but --input-axes do not fit it
        raise typer.BadParameter(f"--input-axes: {error}") from error


@contextmanager
def usage_errors(options: Mapping[str, Any]) -> Iterator[None]:
    """Turn errors that begin with ``option=value`` into usage errors; others are about the data."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if str(error).startswith(tuple(f"{name}=" for name in options)):
            raise typer.BadParameter(str(error)) from error
        raise


def _runner(operation: Operation) -> Any:
    role = operation.arrays[1].name if len(operation.arrays) > 1 else None

    def run(*, input: str, output: str, **given: Any) -> None:
        source, settings = given.pop(role) if role else "", given.pop("parameter", None)
        input_axes, overwrite, recipe = given.pop("input_axes"), given.pop("overwrite"), given.pop("recipe")
        as_json, quiet = given.pop("json"), given.pop("quiet")
        weights = second_array(role, source, settings or ()) if role else None
        inputs = input_files(input, source, given)
        target = check_output(output, inputs=inputs, overwrite=overwrite)
        beside = check_recipe(recipe, inputs, overwrite=overwrite)
        image = read_image(input, input_axes)
        mask = given.pop("mask", None)
        options = checked_options(operation, image, weights, given)
        check_fits(target, _expected(image, weights, options))
        if mask is not None:
            options["mask"] = aligned(read(mask), image)
        with progress_bar(operation.name) as progress, usage_errors(options):
            result, report = apply_operation(operation, image, () if weights is None else (weights,), options, progress)
        write(target, result, overwrite=overwrite)
        write_recipe(beside, operation, image, weights, options, report)
        print_report(target, report, as_json, quiet)
        if not quiet:
            print_notes(input, image)

    return run


def _expected(image: Labeled, weights: Any, options: Mapping[str, Any]) -> Labeled:
    """A stand-in for the result (zeros that take no memory), to check whether the file format can hold it."""
    complex_weights = isinstance(weights, Kernel) and weights.values.dtype.kind == "c"
    dtype = options.get("dtype") or compute_dtype(image.data.dtype.name, complex_kernel=complex_weights)
    if "channel_axis" not in options:
        return replace(image, data=np.broadcast_to(np.zeros((), dtype), image.data.shape))
    shape, channel = list(image.data.shape), options["channel_axis"]
    if channel is None:
        shape.insert(min(options["axes"]), len(weights))
    else:
        shape[channel] = len(weights)
    return label_maps(image, np.broadcast_to(np.zeros((), dtype), shape), options)


def print_report(target: Path, report: Report, as_json: bool, quiet: bool) -> None:
    """Print where the result is and how it was computed."""
    if as_json:
        print(json.dumps({"output": str(target), **record_of(report)}))
    elif not quiet:
        print(f"{target}: {report}")


def print_notes(path: str, image: Labeled) -> None:
    """Print on stderr what was assumed about a file."""
    for note in image.notes:
        print(f"note: {Path(path).name}: {note} (--input-axes says otherwise)", file=sys.stderr)


def record_of(report: Report) -> dict[str, Any]:
    """A report as plain data for JSON."""
    plan: Plan | None = report.plan
    return {
        "operation": report.operation,
        **({"method": plan.method, "backend": plan.backend, "tiles": plan.tiles} if plan else {}),
        "seconds": report.seconds,
        "peak_bytes": report.peak_bytes,
        "fallbacks": report.fallbacks,
        "assumptions": report.assumptions,
        **{key: value for key, value in report.details.items() if isinstance(value, int | float | str)},
    }
