"""Sample images: one real stack, and three simulated scenes with known truth."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import tifffile

import napari_convolve as nc

from .layers.kernel_layers import kernel_tuple
from .layers.layer_data import LayerTuple

_AXES = ("z", "y", "x")


def nuclei() -> list[LayerTuple]:
    """A stack of nuclei from StarDist's examples, of unknown voxel size."""
    with (files("napari_convolve") / "data" / "nuclei3d.tif").open("rb") as file:
        image = tifffile.imread(file)
    return [(image, {"name": "nuclei", "axis_labels": _AXES}, "image")]


def beads() -> list[LayerTuple]:
    """Forty blurred beads at random subpixel positions, with Poisson noise, and the positions as a points layer."""
    rng = np.random.default_rng(7)
    shape, spacing, count = (32, 128, 128), (0.3, 0.1, 0.1), 40
    places = rng.uniform(4, np.array(shape) - 5, (count, 3))
    grid = np.indices(shape, dtype=np.float32)
    image = np.full(shape, 100.0)
    for place, brightness in zip(places, rng.uniform(400, 900, count), strict=True):
        distance = sum(((axis - p) / s) ** 2 for axis, p, s in zip(grid, place, (1.5, 2.0, 2.0), strict=True))
        image += brightness * np.exp(-distance / 2)
    frame = {"scale": spacing, "units": ("um",) * 3, "axis_labels": _AXES}
    noisy = rng.poisson(image).astype(np.uint16)
    truth = {"name": "true places of the beads", "size": 4, "symbol": "cross", "visible": False, **frame}
    return [(noisy, {"name": "beads", **frame}, "image"), (places, truth, "points")]


def blurred() -> list[LayerTuple]:
    """Curved filaments, the same with Gaussian blur and Poisson noise, and the PSF."""
    rng = np.random.default_rng(3)
    size = 256
    sharp = np.zeros((size, size), np.float32)
    along = np.linspace(0, 1, 4 * size)
    for _ in range(14):
        start, end, bend = rng.uniform(10, size - 10, (3, 2))
        line = (
            (1 - along[:, None]) ** 2 * start
            + 2 * along[:, None] * (1 - along[:, None]) * bend
            + along[:, None] ** 2 * end
        )
        np.add.at(sharp, tuple(np.round(line).astype(int).T), 60.0)
    psf = nc.kernels.gaussian(sigma=3)
    seen = rng.poisson(nc.convolve(sharp, psf) + 20).astype(np.uint16)
    plane = {"axis_labels": ("y", "x")}
    data, options, kind = kernel_tuple(psf, "PSF")
    options |= {"visible": False, **plane}
    return [
        (sharp, {"name": "filaments, sharp", "visible": False, **plane}, "image"),
        (data, options, kind),
        (seen, {"name": "filaments, blurred", **plane}, "image"),
    ]


def textures() -> list[LayerTuple]:
    """Four fields with a little noise: shapes with edges, stripes in two directions, spots, a weave."""
    size = 128
    y, x = np.indices((size, size), dtype=float)
    shapes = ((np.hypot(y - 40, x - 42) < 26) | ((y > 72) & (y < 112) & (x > 60) & (x < 108))).astype(float)
    along = np.where(x + y < size, x + y, x - y)
    stripes = 0.5 + 0.5 * np.cos(2 * np.pi * along / (6 * np.sqrt(2)))
    spots = np.zeros((size, size))
    rng = np.random.default_rng(11)
    for place, sigma in zip(rng.uniform(8, size - 8, (40, 2)), rng.choice([1.5, 3.0], 40), strict=True):
        spots = np.maximum(spots, np.exp(-((y - place[0]) ** 2 + (x - place[1]) ** 2) / (2 * sigma**2)))
    weave = ((y // 8 + x // 8) % 2) * (0.5 + 0.5 * (y % 8 > 3))
    image = np.block([[shapes, stripes], [spots, weave]]) + rng.normal(0, 0.03, (2 * size, 2 * size))
    return [(image.astype(np.float32), {"name": "edges and textures", "axis_labels": ("y", "x")}, "image")]
