"""The demonstration of the README."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.ndimage
import tifffile
from PIL import Image

from napari_convolve.cli.demo import BLOB_SIGMA, brightest_places

NAMES = {"nuclei.ome.tif", "smooth.ome.tif", "edges.ome.tif", "blobs.ome.tif", "demo.png"}


def test_demo_writes_results_a_picture_and_a_line_per_step(cli, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    shown = cli("demo", folder)
    assert shown.status == 0
    assert {path.name for path in folder.iterdir()} == NAMES
    steps = [line for line in shown.out.splitlines() if line.startswith(("smooth", "edges", "blobs"))]
    assert [line.split()[0] for line in steps] == ["smooth", "edges", "blobs"]
    for line in steps:
        assert " on the CPU, " in line or " on the GPU, " in line
        assert line.endswith("s")
    assert cli("demo", folder).status == 0, "a second run replaces the first"

    nuclei = tifffile.imread(folder / "nuclei.ome.tif").astype(float)
    results = {name: tifffile.imread(folder / f"{name}.ome.tif") for name in ("smooth", "edges", "blobs")}
    smooth = scipy.ndimage.gaussian_filter(nuclei, 1)
    np.testing.assert_allclose(results["smooth"], smooth, rtol=1e-5)
    gradient = np.sqrt(sum((scipy.ndimage.sobel(smooth, axis) / 32) ** 2 for axis in range(3)))
    np.testing.assert_allclose(results["edges"], gradient, atol=2e-3)
    blobs = -scipy.ndimage.gaussian_laplace(nuclei, BLOB_SIGMA, truncate=8)
    np.testing.assert_allclose(results["blobs"], blobs, atol=1e-2 * np.abs(blobs).max())
    with tifffile.TiffFile(folder / "blobs.ome.tif") as tif:
        assert (tif.is_ome, tif.series[0].axes, tif.series[0].dtype) == (True, "ZYX", np.float32)

    picture = np.asarray(Image.open(folder / "demo.png"))
    assert picture.shape[1] > picture.shape[0] > 400
    assert (picture == (255, 176, 0)).all(axis=-1).sum() > 100, "circles around the blobs"


def test_the_blobs_are_the_nuclei(dataset, cli, tmp_path: Path) -> None:
    """Nearly every nucleus that a person outlined holds a maximum, and nearly every maximum lies in one."""
    cli("demo", tmp_path)
    labels, blobs = tifffile.imread(dataset("nuclei3d/mask3d.tif")), tifffile.imread(tmp_path / "blobs.ome.tif")
    found = labels[tuple(brightest_places(blobs, (5, 7, 7), 0.2 * blobs.max()).T)]
    nuclei = set(np.unique(labels)) - {0}
    assert len(nuclei & set(found)) >= 0.9 * len(nuclei)
    assert (found > 0).mean() >= 0.9


def test_a_file_in_the_place_of_the_folder(cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    failed = cli("demo", tmp_path / "file")
    assert failed.status == 1
    assert "is not a folder" in failed.err
