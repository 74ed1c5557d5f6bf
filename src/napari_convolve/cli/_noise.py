"""``estimate-noise``: print the noise level of an image."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

import napari_convolve as nc

from ..ops.noise.noise_model import NoiseEstimate
from ..recipes import Operation
from . import _options as o
from ._images import aligned, kernel_axes, without_opacity
from ._kernels import weights_from
from ._operations import read_image, usage_errors
from ._progress_bar import progress_bar

_ESTIMATE = Operation("estimate_noise")


def register(app: typer.Typer) -> None:
    """Add the command."""
    psf = Annotated[str | None, typer.Option(metavar="NAME|FILE", parser=o.text, help="What blurred the image.")]
    parameters = [
        o.fixed("input", o.InputFile),
        o.fixed("psf", psf, None),
        o.fixed("parameter", o.ParameterValues, None),
        o.fixed("input_axes", o.InputAxes, None),
        *o.options_of(_ESTIMATE),
        o.fixed("json", o.Json, False),
        o.fixed("quiet", o.Quiet, False),
    ]
    o.add_command(app, _ESTIMATE, parameters, _estimate, short_to=",")


def _estimate(
    *, input: str, psf: str | None, parameter: list[str] | None, input_axes: str | None, quiet: bool, **given: Any
) -> None:
    as_json = given.pop("json")
    kernel = None if psf is None else weights_from("psf", psf, parameter or ())
    if kernel is None and parameter:
        raise typer.BadParameter(f"-p {parameter[0]} belongs to a PSF made by its name, --psf is not given")
    image = read_image(input, input_axes)
    try:
        given["axes"] = kernel_axes(image, kernel, given["axes"])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if given["mask"] is not None:
        given["mask"] = aligned(read_image(given["mask"], None), image)
    with progress_bar("estimate_noise") as progress, usage_errors(given):
        found = nc.estimate_noise(without_opacity(image), kernel, **given, progress=None if quiet else progress)
    for one in found if isinstance(found, list) else [found]:
        print(json.dumps(_record(one)) if as_json else one)


def _record(found: NoiseEstimate) -> dict[str, Any]:
    return {
        "noise": found.noise,
        "nsr": found.ratio(),
        "predicted_error": found.predicted_error,
        "reason": found.reason,
    }
