"""``psf``, ``psf-from-beads`` and ``check-psf``: compute, measure and check a PSF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import napari_convolve as nc

from ..bigdata.files import FileError, Labeled, check_output, read
from ..kernels import KERNELS
from ..kernels._optics import FAMILY
from ..kernels.files import FORMATS
from ..ops.psf.check_context import PsfCheck
from . import _options as o
from ._kernels import weights_from, write_kernel_file
from ._operations import read_image
from ._progress_bar import progress_bar
from ._recording import input_files

PsfOutput = Annotated[str, typer.Argument(metavar="OUTPUT", parser=o.text, help="PSF: " + " ".join(FORMATS))]
PsfSize = Annotated[
    str | None, typer.Option("--size", metavar="INTEGER[,INTEGER...]", help="Size of the PSF in pixels.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("psf")(_psf)
    app.command("psf-from-beads")(_from_beads)
    app.command("psf_from_beads", hidden=True)(_from_beads)
    app.command("check-psf")(_check)
    app.command("check_psf", hidden=True)(_check)


def models() -> tuple[str, ...]:
    """Names of the PSF models among the kernels."""
    return tuple(name for name in KERNELS if KERNELS.get(name).family == FAMILY)


def _psf(
    name: Annotated[str, typer.Argument(metavar="[MODEL]", help="Without it, the models are listed.")] = "",
    output: Annotated[str, typer.Argument(metavar="[OUTPUT]", help=" ".join(FORMATS))] = "",
    parameter: o.ParameterValues = None,
    overwrite: o.Overwrite = False,
) -> None:
    """Compute a PSF from a microscope's numbers, show it, or write it into a file."""
    if not name:
        for key in models():
            text = o.without_marks(KERNELS.get(key).function.__doc__ or "")
            takes = ", ".join(p for p in KERNELS.get(key).signature.parameters)
            print(f"{key}({takes}): {text.partition(chr(10))[0]}")
        return
    if name not in models():
        raise typer.BadParameter(f"{name!r} is no model of a PSF; choose from {', '.join(models())}")
    made = weights_from("kernel", name, parameter or ())
    print(made)
    print(made.report())
    if output:
        target = check_output(output, inputs=input_files(parameter), overwrite=overwrite, formats=tuple(FORMATS))
        write_kernel_file(made, target)
        print(f"{target}: {' x '.join(map(str, made.shape))} px")


def _from_beads(
    input: o.InputFile,
    output: PsfOutput,
    points: Annotated[
        str | None, typer.Option(metavar="FILE.csv", help="Places in samples, one per row; by default all beads.")
    ] = None,
    size: PsfSize = None,
    saturation: Annotated[float | None, typer.Option(help="From which value on the camera is saturated.")] = None,
    min_snr: Annotated[float, typer.Option(help="Least height of a bead over the noise.")] = 8.0,
    input_axes: o.InputAxes = None,
    overwrite: o.Overwrite = False,
    quiet: o.Quiet = False,
) -> None:
    """Average the beads of an image to a PSF, and list the beads that were used."""
    target = check_output(output, inputs=input_files(input, points), overwrite=overwrite, formats=tuple(FORMATS))
    image = read_image(input, input_axes)
    if len(image.spatial) != image.data.ndim:
        raise FileError(f"{Path(input).name} has the axes {' '.join(image.axes)}; beads need spatial ones only")
    spacing, units = _lengths(image)
    places = None if points is None else _points(Path(points))
    with progress_bar("psf_from_beads") as progress:
        found = nc.psf_from_beads(
            image.data,
            points=places,
            size=_sizes(size),
            spacing=spacing,
            units=units,
            saturation=saturation,
            min_snr=min_snr,
            progress=None if quiet else progress,
        )
    write_kernel_file(found.psf, target)
    if not quiet:
        print(found)
        print(f"{target}: {' x '.join(map(str, found.psf.shape))} px")


def _check(
    psf: Annotated[str, typer.Argument(metavar="PSF", parser=o.text, help="A kernel of the catalogue, or a file.")],
    parameter: o.ParameterValues = None,
    image: Annotated[str | None, typer.Option("--image", metavar="FILE", help="What it is for.")] = None,
    fix: Annotated[
        str | None, typer.Option("--fix", metavar="OUTPUT", help="Mend what can be, and write it: a kernel file.")
    ] = None,
    size: PsfSize = None,
    na: Annotated[float | None, typer.Option(help="Numerical aperture.")] = None,
    wavelength: Annotated[float | None, typer.Option(help="Of the light, in nm.")] = None,
    refractive_index: Annotated[float, typer.Option(help="Of the immersion medium.")] = 1.515,
    overwrite: o.Overwrite = False,
    as_json: o.Json = False,
) -> None:
    """Check a PSF: list its defects, how much they matter and how to repair them; exit status 1 when it is not good."""
    given = _psf_or_array(psf, parameter or ())
    target = None
    if fix is not None:
        target = check_output(fix, inputs=input_files(psf, image), overwrite=overwrite, formats=tuple(FORMATS))
    known: dict[str, Any] = {}
    shape = None
    if image is not None:
        labeled = read(image)
        axes = labeled.spatial[-min(len(labeled.spatial), given.ndim) :]
        shape = np.broadcast_to(np.zeros(()), tuple(labeled.data.shape[a] for a in axes))
        spacing, units = _lengths(labeled, axes)
        if units is not None and len(axes) == given.ndim:
            known = {"spacing": spacing, "units": units}
    found = nc.check_psf(given, shape, **known, na=na, wavelength=wavelength, refractive_index=refractive_index)
    print(json.dumps(_record(found)) if as_json else found)
    if target is not None:
        fixed = nc.fix_psf(given, shape, **known, size=_sizes(size))
        write_kernel_file(fixed, target)
        if not as_json:
            print("\n".join([*fixed.parameters["fixes"], f"{target}: {' x '.join(map(str, fixed.shape))} px"]))
    elif not found.ok:
        raise typer.Exit(1)


def _psf_or_array(text: str, settings: list[str] | tuple[str, ...]) -> Any:
    """A kernel, or the plain array where it holds NaN or infinity, which a kernel must not."""
    if Path(text).suffix.lower() == ".npy" and Path(text).is_file():
        values = np.load(text, allow_pickle=False)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            return values
    return weights_from("psf", text, settings)


def _lengths(image: Labeled, axes: tuple[int, ...] | None = None) -> tuple[tuple[float, ...] | None, str | None]:
    """Pixel sizes and the unit of the axes; (None, None) unless they share one unit."""
    chosen = range(image.data.ndim) if axes is None else axes
    units = {image.units[a] for a in chosen}
    unit = units.pop() if len(units) == 1 else None
    return (None, None) if unit is None else (tuple(image.spacing[a] for a in chosen), unit)


def _points(path: Path) -> Any:
    """Read rows of numbers; a first row of column names is skipped."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if line.strip():
            try:
                rows.append([float(part) for part in line.split(",")])
            except ValueError:
                if number > 1:
                    raise FileError(f"{path.name}, line {number}: {line[:40]!r} are no numbers") from None
    if not rows or len({len(row) for row in rows}) > 1:
        raise FileError(f"{path.name} holds no table of places")
    return rows


def _sizes(text: str | None) -> Any:
    if text is None:
        return None
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"--size {text!r} must read 21 or 11,21,21") from None
    return sizes if len(sizes) > 1 else sizes[0]


def _record(found: PsfCheck) -> dict[str, Any]:
    return {
        "ok": found.ok,
        "fwhm": found.fwhm,
        "unit": found.unit,
        "findings": [
            {"name": f.name, "severity": f.severity, "message": f.message, "fix": f.fix, "fixable": f.fixable}
            for f in found.findings
        ],
    }
