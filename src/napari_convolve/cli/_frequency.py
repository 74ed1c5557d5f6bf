"""``spectrum``: the spectrum as an image or its peaks as a table; ``estimate-kernel``: the kernel between images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import napari_convolve as nc

from .._files import atomic
from .._progress import Report
from ..bigdata.files import Labeled, check_fits, check_output, read, write
from ..kernels.files import FORMATS
from ..ops.fourier.spectrum_data import Spectrum
from ..recipes import OPERATIONS
from . import _options as o
from ._images import aligned, without_opacity
from ._kernels import write_kernel_file
from ._operations import checked_options, print_report, read_image, usage_errors
from ._progress_bar import progress_bar
from ._recording import input_files

_TABLE = ".csv"

Picture = Annotated[
    str,
    typer.Argument(
        metavar="OUTPUT", parser=o.text, help="Amplitudes, zero in the middle: .ome.tif .tif .npy .png; peaks: .csv"
    ),
]
Show = Annotated[str, typer.Option(metavar="WHAT", help="What to write: amplitude, log, phase or power.")]
PeakCount = Annotated[int, typer.Option(metavar="INTEGER", help="How many waves a table lists.")]
KernelFile = Annotated[str, typer.Argument(metavar="OUTPUT", parser=o.text, help="Kernel: " + " ".join(FORMATS))]
After = Annotated[str, typer.Option("--after", metavar="FILE", parser=o.text, help="The image after, of equal shape.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    spectrum, estimate = OPERATIONS.get("spectrum"), OPERATIONS.get("estimate_kernel")
    parameters = [
        o.fixed("input", o.InputFile),
        o.fixed("output", Picture),
        o.fixed("show", Show, "amplitude"),
        o.fixed("count", PeakCount, 10),
        o.fixed("input_axes", o.InputAxes, None),
        *o.options_of(spectrum),
        *o.REPORTING,
    ]
    o.add_command(app, spectrum, parameters, _spectrum, short_to=":")
    parameters = [
        o.fixed("input", o.InputFile),
        o.fixed("output", KernelFile),
        o.fixed("after", After),
        o.fixed("input_axes", o.InputAxes, None),
        *o.options_of(estimate),
        *o.REPORTING,
    ]
    o.add_command(app, estimate, parameters, _estimate, short_to=",")


def _spectrum(*, input: str, output: str, show: str, count: int, **given: Any) -> None:
    input_axes, overwrite = given.pop("input_axes"), given.pop("overwrite")
    as_json, quiet = given.pop("json"), given.pop("quiet")
    if show not in SPECTRUM_PICTURES:
        raise typer.BadParameter(f"--show: {show!r} is not one of {', '.join(SPECTRUM_PICTURES)}")
    if count < 1:
        raise typer.BadParameter(f"--count: {count} must be at least 1")
    table = Path(output).suffix.lower() == _TABLE
    formats = {"formats": (_TABLE,)} if table else {}
    target = check_output(output, inputs=input_files(input, given), overwrite=overwrite, **formats)
    image = read_image(input, input_axes)
    options = checked_options(OPERATIONS.get("spectrum"), image, None, given)
    if options["mask"] is not None:
        options["mask"] = aligned(read(options["mask"]), image)
    if not table:
        check_fits(target, replace(image, data=np.broadcast_to(np.zeros((), "f4"), without_opacity(image).shape)))
    reports: list[Report] = []
    with progress_bar("spectrum") as progress, usage_errors(options):
        found = nc.spectrum(without_opacity(image), **options, progress=progress, report=reports.append)
    if table:
        with atomic(target, overwrite=overwrite) as temporary:
            Path(temporary).write_text(_table(found, count, image), encoding="utf-8")
    else:
        write(target, _picture(found, show, image), overwrite=overwrite)
        if not as_json and not quiet:
            print(_frequency_steps(found, image))
    print_report(target, reports[0], as_json, quiet)


#: Choices of ``--show``.
SPECTRUM_PICTURES: dict[str, Callable[[Spectrum], Any]] = {
    "amplitude": lambda found: found.amplitude,
    "log": lambda found: _log(np.asarray(found.amplitude)),
    "phase": lambda found: found.phase,
    "power": lambda found: found.power,
}


def _log(amplitude: np.ndarray) -> np.ndarray:
    """Logarithm of base 10, of amplitudes from a millionth of the largest on."""
    least = 1e-6 * float(amplitude.max(initial=0.0)) or 1.0
    return np.asarray(np.log10(np.maximum(amplitude, least)))


def _picture(found: Spectrum, show: str, image: Labeled) -> Labeled:
    """The centred spectrum as an image; no file format has a unit of frequency, so that transformed axes get none."""
    values = np.asarray(SPECTRUM_PICTURES[show](found.centered()))
    spacing, units = list(image.spacing), list(image.units)
    for axis in found.axes:
        spacing[axis], units[axis] = 1.0, None
    return replace(
        image, data=values.astype("f4"), spacing=tuple(spacing), units=tuple(units), alpha=False, channels=()
    )


def _frequency_steps(found: Spectrum, image: Labeled) -> str:
    """The frequency step between samples of the spectrum, as a sentence."""
    steps = " x ".join(f"{1 / (found.shape[a] * s):.6g}" for a, s in zip(found.axes, found.spacing, strict=True))
    units = {image.units[a] or "pixel" for a in found.axes}
    return f"one sample is {steps} cycles per {units.pop() if len(units) == 1 else 'unit'}, zero in the middle"


def _table(found: Spectrum, count: int, image: Labeled) -> str:
    """The peaks as CSV, one row for each."""
    peaks = found.peaks(count)
    batch = [a for a in range(len(found.shape)) if a not in found.axes]
    names = [image.axes[a] for a in batch]
    lines = [",".join([*names, "amplitude", *(f"frequency_{image.axes[a]}" for a in found.axes), "period", "phase"])]
    for at in np.ndindex(*peaks.amplitude.shape):
        if np.isfinite(peaks.amplitude[at]):
            numbers = [peaks.amplitude[at], *peaks.frequency[at], peaks.period[at], peaks.phase[at]]
            lines.append(",".join([*map(str, at[:-1]), *(f"{float(x):.9g}" for x in numbers)]))
    return "\n".join(lines) + "\n"


def _estimate(*, input: str, output: str, after: str, **given: Any) -> None:
    input_axes, overwrite = given.pop("input_axes"), given.pop("overwrite")
    as_json, quiet = given.pop("json"), given.pop("quiet")
    target = check_output(output, inputs=input_files(input, after, given), overwrite=overwrite, formats=tuple(FORMATS))
    before, second = read_image(input, input_axes), read_image(after, input_axes)
    size = given.pop("size")
    count = len(size) if isinstance(size, tuple) else min(2, len(before.spatial))
    if given["axes"] is None:
        given["axes"] = [before.axes[a] for a in before.spatial[len(before.spatial) - count :]]
    options = checked_options(OPERATIONS.get("estimate_kernel"), before, None, given)
    units = {before.units[a] for a in options["axes"]}
    options["units"] = options["units"] or (units.pop() if len(units) == 1 else None)
    if options["mask"] is not None:
        options["mask"] = aligned(read(options["mask"]), before)
    reports: list[Report] = []
    with progress_bar("estimate_kernel") as progress, usage_errors({"size": size, **options}):
        found = nc.estimate_kernel(
            without_opacity(before), without_opacity(second), size, **options, progress=progress, report=reports.append
        )
    write_kernel_file(found.kernel, target)
    if not as_json and not quiet:
        print(found)
    print_report(target, reports[0], as_json, quiet)
