"""Pictures of docs/how-to/deconvolve.md: a real stack, deconvolved as the page says.

    python docs/make_deconvolution_pictures.py DATA [FOLDER]

DATA holds ``io/cells3d2ch.ome.tiff`` (a cell with stained membranes and chromosomes, 60 x 66 x 85 voxels, from
napari-ndev, BSD-3-Clause). Its PSF is not known: the page, too, begins with a Gaussian.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageDraw, ImageFont

import napari_convolve as nc

FOLDER = Path(__file__).parent / "images"
ZOOM, GAP, TOP = 3, 6, 18
PSF = nc.kernels.gaussian(sigma=(1.5, 1.0, 1.0))


def grey(plane: np.ndarray) -> Image.Image:
    """A plane between its first and 99.7th percentile, three times as large."""
    low, high = np.percentile(plane, (1, 99.7))
    shown = Image.fromarray((np.clip((plane - low) / (high - low), 0, 1) * 255).astype(np.uint8))
    return shown.resize((ZOOM * plane.shape[1], ZOOM * plane.shape[0]), Image.Resampling.NEAREST)


def column(stack: np.ndarray) -> list[Image.Image]:
    """The middle plane, and the section through the middle along z."""
    return [grey(stack[stack.shape[0] // 2]), grey(stack[:, stack.shape[1] // 2])]


def sheet(columns: dict[str, list[Image.Image]]) -> Image.Image:
    """Columns beside each other, each with its title."""
    width = max(image.width for images in columns.values() for image in images)
    height = max(sum(image.height + GAP for image in images) for images in columns.values())
    paper = Image.new("L", (len(columns) * (width + GAP) - GAP, TOP + height - GAP), 255)
    ink, font = ImageDraw.Draw(paper), ImageFont.load_default(13)
    for i, (title, images) in enumerate(columns.items()):
        left, top = i * (width + GAP), TOP
        ink.text((left, 1), title, fill=0, font=font)
        for image in images:
            paper.paste(image, (left, top))
            top += image.height + GAP
    return paper


def main(data: Path, folder: Path) -> None:
    cell = tifffile.imread(data / "io" / "cells3d2ch.ome.tiff")
    for name, stack in zip(("membranes", "chromosomes"), cell, strict=True):
        reports: list[nc.Report] = []
        columns = {
            "as it was taken": column(stack),
            "wiener": column(nc.wiener(stack, PSF, report=reports.append)),
            "richardson_lucy, stop='auto'": column(
                nc.richardson_lucy(stack, PSF, stop="auto", iterations=60, report=reports.append)
            ),
        }
        for report in reports:
            print(name, report)
        sheet(columns).save(folder / f"deconvolve-{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER)
