"""The commands that make an image from an image and a kernel, and `plan`, which says how they would."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from .. import api
from .._arrays import compute_dtype
from .._progress import Report
from ..bigdata.files import FileError, Labeled, check_fits, check_output, plain_axes, read, write
from ..kernels import Kernel
from ..planning import ArraySpec, Plan
from ..recipes import OPERATIONS, Operation
from . import _options as o
from ._images import apply, colours_of, kernel_axes
from ._kernels import kernel_from
from ._progress_bar import progress_bar


def register(app: typer.Typer) -> None:
    """Add one command for each operation, and `plan`."""
    for name in OPERATIONS:
        operation = OPERATIONS.get(name)
        parameters = [
            o.fixed("input", o.Input),
            o.fixed("output", o.Output),
            o.fixed("kernel", o.KernelText),
            o.fixed("parameter", o.Settings, None),
            o.fixed("input_axes", o.InputAxes, None),
            *o.options_of(operation),
            o.fixed("overwrite", o.Overwrite, False),
            o.fixed("json", o.Json, False),
            o.fixed("quiet", o.Quiet, False),
        ]
        summary = o.plain(operation.summary)
        function = o.command(name, summary, parameters, _runner(operation))
        app.command(name, short_help=summary.partition(":")[0])(function)
    names: Any = Literal[OPERATIONS.names()]
    parameters = [
        o.fixed("input", Annotated[str, typer.Argument(help="Image, or its size and type: 64x512x512:uint16")]),
        o.fixed("kernel", o.KernelText),
        o.fixed("parameter", o.Settings, None),
        o.fixed("operation", Annotated[names, typer.Option(help="What would be done.")], OPERATIONS.names()[0]),
        o.fixed("input_axes", o.InputAxes, None),
        *o.options_of(OPERATIONS.get("convolve")),
        o.fixed("json", o.Json, False),
    ]
    app.command("plan")(
        o.command("plan", "Say how an operation would be computed, without doing it.", parameters, _plan)
    )


def _runner(operation: Operation) -> Any:
    def run(*, input: str, output: str, kernel: str, parameter: list[str] | None, **given: Any) -> None:
        input_axes, overwrite = given.pop("input_axes"), given.pop("overwrite")
        as_json, quiet = given.pop("json"), given.pop("quiet")
        weights = kernel_from(kernel, parameter or ())
        target = check_output(output, inputs=[input, kernel], overwrite=overwrite)
        image = _read(input, input_axes)
        mask = given.pop("mask", None)
        options = _checked(operation, image, weights, given)
        check_fits(target, _expected(image, weights, options))
        with progress_bar(operation.name) as progress:
            labels = None if mask is None else read(mask)
            result, report = apply(operation, image, weights, options, mask=labels, progress=progress)
        write(target, result, overwrite=overwrite)
        if as_json:
            print(json.dumps({"output": str(target), **_record(report)}))
        elif not quiet:
            print(f"{target}: {report}")
        if not quiet:
            for note in image.notes:
                print(f"note: {Path(input).name}: {note} (--input-axes says otherwise)", file=sys.stderr)

    return run


def _plan(*, input: str, kernel: str, parameter: list[str] | None, operation: str, **given: Any) -> None:
    input_axes, as_json = given.pop("input_axes"), given.pop("json")
    weights = kernel_from(kernel, parameter or ())
    image = _spec(input) or _read(input, input_axes)
    masked = given.pop("mask") is not None
    options = _checked(OPERATIONS.get(operation), image, weights, given)
    spec = ArraySpec(colours_of(image).shape, image.data.dtype.name)
    plan = api.plan(spec, weights, operation=operation, mask=True if masked else None, **options)
    print(json.dumps(asdict(plan)) if as_json else plan)


def _checked(operation: Operation, image: Labeled, kernel: Kernel, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options with axes as numbers; whatever is wrong about them is found before the data are looked at."""
    options = dict(given)
    if options.get("dtype") is not None:
        try:
            options["dtype"] = np.dtype(options["dtype"])
        except TypeError as error:
            raise typer.BadParameter(f"--dtype: {error}") from error
    try:
        options["axes"] = kernel_axes(image, kernel, options["axes"])
        spec = ArraySpec(colours_of(image).shape, image.data.dtype.name)
        api.plan(spec, kernel, operation=operation.name, **options)
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    return options


def _expected(image: Labeled, kernel: Kernel, options: Mapping[str, Any]) -> Labeled:
    """An image like the result, of zeros that take no memory, to see whether a file can hold it."""
    complex_kernel = kernel.values.dtype.kind == "c"
    dtype = options.get("dtype") or compute_dtype(image.data.dtype.name, complex_kernel=complex_kernel)
    return replace(image, data=np.broadcast_to(np.zeros((), dtype), image.data.shape))


def _read(path: str, axes: str | None) -> Labeled:
    try:
        return read(path, axes)
    except FileError:
        raise
    except ValueError as error:  # a file that is as it should be, and --input-axes that are not its own
        raise typer.BadParameter(f"--input-axes: {error}") from error


def _spec(text: str) -> Labeled | None:
    """An image of zeros that takes no memory, for ``64x512x512:uint16``."""
    match = re.fullmatch(r"(\d+(?:x\d+)*)(?::(\w+))?", text)
    if not match:
        return None
    try:
        data = np.broadcast_to(np.zeros((), match[2] or "float32"), [int(n) for n in match[1].split("x")])
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(f"{text!r} is no size of an image: {error}") from error
    axes, alpha, _ = plain_axes(data)
    return Labeled(data, axes, alpha=alpha)


def _record(report: Report) -> dict[str, Any]:
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
