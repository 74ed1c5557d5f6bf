"""``estimate-noise``: how much of an image is noise."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

import napari_convolve as nc

from ..ops.noise.noise_model import NoiseEstimate
from ..recipes import Operation
from . import _options as o
from ._images import aligned, colours_of, kernel_axes
from ._kernels import weights_from
from ._operations import read_image
from ._progress_bar import progress_bar

_ESTIMATE = Operation("estimate_noise")


def register(app: typer.Typer) -> None:
    """Add the command."""
    psf = Annotated[str | None, typer.Option(metavar="NAME|FILE", parser=o.text, help="What blurred the image.")]
    words = [
        o.fixed("input", o.Input),
        o.fixed("psf", psf, None),
        o.fixed("parameter", o.Settings, None),
        o.fixed("input_axes", o.InputAxes, None),
        *o.options_of(_ESTIMATE),
        o.fixed("json", o.Json, False),
        o.fixed("quiet", o.Quiet, False),
    ]
    summary = o.plain(_ESTIMATE.summary)
    function = o.command("estimate_noise", summary, words, _estimate)
    app.command("estimate-noise", short_help=summary.partition(",")[0])(function)
    app.command("estimate_noise", hidden=True)(function)


def _estimate(*, input: str, psf: str | None, parameter: list[str] | None, **given: Any) -> None:
    input_axes, as_json, quiet = given.pop("input_axes"), given.pop("json"), given.pop("quiet")
    kernel = None if psf is None else weights_from("psf", psf, parameter or ())
    if kernel is None and parameter:
        raise typer.BadParameter(f"-p {parameter[0]} belongs to a PSF made by its name, --psf is not given")
    image = read_image(input, input_axes)
    try:
        if kernel is not None:
            given["axes"] = kernel_axes(image, kernel, given["axes"])
        else:
            given["axes"] = image.spatial if given["axes"] is None else image.indices(given["axes"])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if given["mask"] is not None:
        given["mask"] = aligned(read_image(given["mask"], None), image)
    with progress_bar("estimate_noise") as progress:
        try:
            found = nc.estimate_noise(colours_of(image), kernel, **given, progress=None if quiet else progress)
        except (TypeError, ValueError) as error:
            if str(error).startswith(tuple(f"{name}=" for name in given)):
                raise typer.BadParameter(str(error)) from error
            raise  # it is about the data
    each = found if isinstance(found, list) else [found]
    for one in each:
        print(json.dumps(_record(one)) if as_json else one)


def _record(found: NoiseEstimate) -> dict[str, Any]:
    return {
        "noise": found.noise,
        "nsr": found.ratio(),
        "predicted_error": found.predicted_error,
        "reason": found.reason,
    }
