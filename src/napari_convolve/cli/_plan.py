"""``plan``: print the plan of an operation without computing it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Annotated, Any, Literal

import numpy as np
import typer

import napari_convolve as nc

from ..bigdata.files import Labeled, plain_axes
from ..planning import ArraySpec
from ..recipes import OPERATIONS
from . import _options as o
from ._images import without_opacity
from ._kernels import weights_from
from ._operations import checked_options, plan_commands, read_image


def register(app: typer.Typer) -> None:
    """Add the command; its options are those of `convolve`."""
    names: Any = Literal[plan_commands()]
    parameters = [
        o.fixed("input", Annotated[str, typer.Argument(help="Image, or its size and type: 64x512x512:uint16")]),
        *o.weights_options(OPERATIONS.get("convolve")),
        o.fixed("operation", Annotated[names, typer.Option(help="What would be done.")], "convolve"),
        o.fixed("input_axes", o.InputAxes, None),
        *o.options_of(OPERATIONS.get("convolve")),
        o.fixed("json", o.Json, False),
    ]
    app.command("plan")(
        o.command("plan", "Say how an operation would be computed, without doing it.", parameters, _plan)
    )


def _plan(*, input: str, kernel: str, parameter: list[str] | None, operation: str, **given: Any) -> None:
    input_axes, as_json = given.pop("input_axes"), given.pop("json")
    weights = weights_from("kernel", kernel, parameter or ())
    image = _spec(input) or read_image(input, input_axes)
    masked = given.pop("mask") is not None
    options = checked_options(OPERATIONS.get(operation), image, weights, given)
    spec = ArraySpec(without_opacity(image).shape, image.data.dtype.name)
    plan = nc.plan(spec, weights, operation=operation, mask=True if masked else None, **options)
    print(json.dumps(asdict(plan)) if as_json else plan)


def _spec(text: str) -> Labeled | None:
    """A stand-in image (zeros that take no memory) of a given size and type, such as ``64x512x512:uint16``."""
    match = re.fullmatch(r"(\d+(?:x\d+)*)(?::(\w+))?", text)
    if not match:
        return None
    try:
        data = np.broadcast_to(np.zeros((), match[2] or "float32"), [int(n) for n in match[1].split("x")])
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(f"{text!r} is no size of an image: {error}") from error
    axes, alpha, _ = plain_axes(data)
    return Labeled(data, axes, alpha=alpha)
