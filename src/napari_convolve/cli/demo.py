"""The demonstration: a real 3-D stack of nuclei smoothed, its edges, its nuclei-sized blobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import scipy.fft  # noqa: F401  loaded now, for the times that are shown are those of the work
from numpy.typing import NDArray

from .. import convolve, kernels
from .._progress import Report, device_name, format_seconds
from ..bigdata.files import FileError, Labeled, read, write
from ..kernels import Kernel
from ._picture import CaptionedStack, save_picture

#: Standard deviations (voxels along z, y, x) that answer most to the nuclei of this stack, about 9 x 17 x 17 voxels.
BLOB_SIGMA = (2.3, 3.5, 3.5)


def demo(folder: Path) -> None:
    """Run it, write everything into `folder` and print a line per step."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FileError(f"{folder} is not a folder") from None
    with as_file(files("napari_convolve") / "data" / "nuclei3d.tif") as path:
        nuclei = read(path)
    _line(
        "input",
        f"nuclei, {' x '.join(map(str, nuclei.data.shape))} voxels ({' '.join(nuclei.axes)}), {nuclei.data.dtype}",
    )
    _save(folder, "nuclei", nuclei, nuclei.data)

    smooth = _step("smooth", "gaussian of sigma 1", nuclei.data, [kernels.gaussian(sigma=1, ndim=3)])[0]
    _save(folder, "smooth", nuclei, smooth)

    sobels = [kernels.sobel(axis=axis, ndim=3, normalize=True) for axis in range(3)]
    edges = np.sqrt(sum(slope**2 for slope in _step("edges", "length of the sobel gradient", smooth, sobels)))
    _save(folder, "edges", nuclei, edges)

    sigma = ", ".join(map(str, BLOB_SIGMA))
    blobs = _step("blobs", f"minus log of sigma {sigma}", nuclei.data, [-kernels.log(sigma=BLOB_SIGMA)])[0]
    _save(folder, "blobs", nuclei, blobs)
    centres = brightest_places(blobs, size=(5, 7, 7), threshold=0.2 * float(blobs.max()))
    _line("", f"{len(centres)} local maxima, the circles in the picture")

    panels = [
        CaptionedStack("the stack as it is", nuclei.data),
        CaptionedStack("smoothed: gaussian", smooth),
        CaptionedStack("edges: sobel gradient", edges),
        CaptionedStack("blobs: laplacian of gaussian", blobs, centres),
    ]
    save_picture(folder / "demo.png", panels)
    _line("look at", str(folder / "demo.png"))


def brightest_places(image: NDArray[Any], size: Sequence[int], threshold: float) -> NDArray[np.intp]:
    """Indices (n, ndim) of the samples above `threshold` that are the largest of the box of `size` around them."""
    from scipy.ndimage import maximum_filter

    return np.argwhere((maximum_filter(image, size=tuple(size)) == image) & (image > threshold))


def _step(title: str, what: str, image: NDArray[Any], weights: Sequence[Kernel]) -> list[NDArray[Any]]:
    """Convolve with each kernel and print what was run, the method, the backend and the time."""
    reports: list[Report] = []
    results = [convolve(image, kernel, report=reports.append) for kernel in weights]
    times = f"{len(weights)} times " if len(weights) > 1 else ""
    size = " x ".join(map(str, weights[0].shape))
    how = ", ".join(sorted({f"{report.plan.method} on {device_name(report.plan.backend)}" for report in reports}))
    seconds = format_seconds(sum(report.seconds for report in reports))
    _line(title, f"{what}: convolve {times}with {weights[0].name} ({size}), {how}, {seconds}")
    return results


def _save(folder: Path, name: str, like: Labeled, data: NDArray[Any]) -> None:
    path = folder / f"{name}.ome.tif"
    write(path, replace(like, data=data), overwrite=True)
    _line("", f"-> {path}")


def _line(title: str, text: str) -> None:
    print(f"{title:8}{text}", flush=True)
