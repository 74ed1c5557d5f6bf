"""The typer application with all commands."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ..backends import available_backends
from ..bigdata.files import check_output
from ..kernels import KERNELS
from ..kernels.files import FORMATS
from ..recipes import documented_parameters
from . import _detect, _frequency, _noise, _operations, _plan, _psf, _run
from . import _options as o
from ._kernels import weights_from, write_kernel_file
from .demo import demo

_MOST_PRINTED = 1000  # weights

app = typer.Typer(
    help="Convolve and correlate images in files, by the names of their axes.",
    epilog="--debug, anywhere, shows the traceback of an error.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"napari-convolve {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Handle the options before the command; print the help when there is no command."""
    if context.invoked_subcommand is None:
        print(context.get_help())


_operations.register(app)
_detect.register(app)
_frequency.register(app)
_noise.register(app)
_plan.register(app)
_psf.register(app)
_run.register(app)


@app.command("kernel")
def show_kernel(
    name: Annotated[str, typer.Argument(metavar="[NAME|FILE]", help="Without it, the catalogue is listed.")] = "",
    output: Annotated[str, typer.Argument(metavar="[OUTPUT]", help=" ".join(FORMATS))] = "",
    parameter: o.ParameterValues = None,
    overwrite: o.Overwrite = False,
) -> None:
    """Show a kernel, write it into a file, or list the catalogue."""
    if not name:
        for key in KERNELS:
            text = o.without_marks(KERNELS.get(key).function.__doc__ or "")
            print(f"{key}({', '.join(documented_parameters(text))}): {text.partition(chr(10))[0]}")
        return
    made = weights_from("kernel", name, parameter or ())
    if output:
        target = check_output(output, inputs=[name], overwrite=overwrite, formats=tuple(FORMATS))
        write_kernel_file(made, target)
    print(made)
    if not output and made.values.size <= _MOST_PRINTED:
        planes = made.values.reshape(-1, *made.shape[-2:]) if made.ndim > 1 else made.values[None, None]
        print("\n\n".join("\n".join(" ".join(f"{w:.6g}" for w in row) for row in plane) for plane in planes))


@app.command()
def backends(as_json: o.Json = False) -> None:
    """List what can compute here: device, memory, and why not."""
    found = available_backends().values()
    print(json.dumps([asdict(info) for info in found]) if as_json else "\n".join(map(str, found)))


@app.command("demo")
def _demo(
    folder: Annotated[str, typer.Argument(metavar="[FOLDER]", help="Where the results go.")] = "convolve-demo",
) -> None:
    """Smooth a real 3-D stack of nuclei, find its edges and its nuclei-sized blobs; write results and a picture."""
    demo(Path(folder))
