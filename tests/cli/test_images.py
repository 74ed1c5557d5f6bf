"""Kernels act on axes by their names: on time, channel or colour only with --axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import tifffile
from PIL import Image

RNG = np.random.default_rng(0)
STACK = RNG.integers(0, 60000, (3, 6, 20, 22)).astype("u2")


def imagej(path: Path, data: np.ndarray, axes: str) -> Path:
    tifffile.imwrite(path, data, imagej=True, resolution=(4, 2), metadata={"axes": axes, "unit": "um", "spacing": 3.0})
    return path


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * max(np.abs(expected).max(), 1))


@pytest.mark.parametrize("suffix", [".tif", ".ome.tif"])
def test_time_series_of_stacks_with_a_3d_kernel(cli, tmp_path: Path, suffix: str) -> None:
    source, target = imagej(tmp_path / "a.tif", STACK, "TZYX"), tmp_path / f"b{suffix}"
    assert cli("convolve", source, target, "--kernel", "gaussian", "-p", "sigma=1,1.5,1.5").status == 0
    expected = [scipy.ndimage.gaussian_filter(frame.astype(float), (1, 1.5, 1.5)) for frame in STACK]
    with tifffile.TiffFile(target) as tif:
        assert tif.series[0].axes == "TZYX"
        assert tif.series[0].dtype == np.float32
        close(tif.asarray(), np.array(expected))
        if suffix == ".tif":
            assert tif.imagej_metadata["unit"] == "um"
            assert tif.imagej_metadata["spacing"] == 3.0
            assert tif.pages[0].resolution == (4, 2)
        else:
            assert 'PhysicalSizeZ="3.0" PhysicalSizeZUnit="µm"' in tif.ome_metadata
            assert 'PhysicalSizeX="0.25"' in tif.ome_metadata


def test_moving_average_over_time(cli, tmp_path: Path) -> None:
    source = imagej(tmp_path / "a.tif", STACK, "TZYX")
    for number, words in enumerate(
        (["custom", "-p", "values=1/3,1/3,1/3"], ["moving_average", "-p", "size=3", "-p", "ndim=1"])
    ):
        target = tmp_path / f"{number}.tif"
        assert cli("convolve", source, target, "--kernel", *words, "--axes", "t").status == 0
        close(tifffile.imread(target), scipy.ndimage.uniform_filter1d(STACK.astype(float), 3, axis=0))


@pytest.mark.parametrize(("axes", "ome"), [("CZYX", True), ("ZCYX", True), ("ZCYX", False)])
def test_channels_are_filtered_one_by_one(cli, tmp_path: Path, axes: str, ome: bool) -> None:
    source, target = tmp_path / ("a.ome.tif" if ome else "a.tif"), tmp_path / "b.ome.tif"
    data = np.moveaxis(STACK[:2], 0, axes.index("C"))
    tifffile.imwrite(source, data, ome=ome, imagej=not ome, metadata={"axes": axes})
    assert cli("convolve", source, target, "--kernel", "box", "-p", "size=3", "-p", "ndim=3").status == 0
    size = [1 if axis == "C" else 3 for axis in axes]
    with tifffile.TiffFile(target) as tif:
        assert tif.series[0].axes == axes
        close(tif.asarray(), scipy.ndimage.uniform_filter(data.astype(float), size))


def test_2d_kernel_acts_on_rows_and_columns_of_every_plane(cli, tmp_path: Path) -> None:
    source, target = imagej(tmp_path / "a.tif", STACK, "TZYX"), tmp_path / "b.npy"
    assert cli("correlate", source, target, "--kernel", "sobel", "-p", "axis=0").status == 0
    expected = scipy.ndimage.correlate1d(STACK.astype(float), [1, 0, -1], axis=2)
    close(np.load(target), scipy.ndimage.correlate1d(expected, [1, 2, 1], axis=3))


@pytest.mark.parametrize("samples", [3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy"])
def test_colours_are_filtered_and_opacity_is_kept(cli, tmp_path: Path, samples: int, suffix: str) -> None:
    data = RNG.integers(0, 256, (30, 40, samples)).astype("u1")
    source, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    if suffix == ".png":
        Image.fromarray(data).save(source)
    elif suffix == ".npy":
        np.save(source, data)
    else:
        tifffile.imwrite(source, data, photometric="rgb")
    assert cli("convolve", source, target, "--kernel", "gaussian", "-p", "sigma=2", "--dtype", "uint8").status == 0
    found = {".png": lambda p: np.asarray(Image.open(p)), ".npy": np.load, ".tif": tifffile.imread}[suffix](target)
    assert found.dtype == np.uint8
    expected = np.rint(scipy.ndimage.gaussian_filter(data[..., :3].astype(float), (2, 2, 0)))
    assert np.abs(found[..., :3] - expected).max() <= 1
    np.testing.assert_array_equal(found[..., 3:], data[..., 3:])


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("kernel", ["1,2,3", "1 2 3 4; 0 1 0 1"])
def test_opacity_follows_the_shape_of_the_result(cli, tmp_path: Path, operation: str, kernel: str) -> None:
    """Opacity that is a copy of a colour goes where that colour goes under an impulse."""
    colours = RNG.integers(0, 256, (12, 13, 3)).astype("u1")
    Image.fromarray(np.dstack([colours, colours[..., 0]])).save(tmp_path / "a.png")
    words = ["--kernel", "custom", "-p", f"values={kernel}", "--boundary", "nearest"]
    impulse = {"1,2,3": "0,1,0", "1 2 3 4; 0 1 0 1": "0 0 0 0; 0 0 1 0"}[kernel]
    for shape in ("full", "valid"):
        command = [operation, tmp_path / "a.png", tmp_path / f"{shape}.npy", "--shape", shape, *words]
        assert cli(*command).status == 0
        command = [operation, tmp_path / "a.png", tmp_path / f"{shape}_impulse.npy", "--shape", shape, *words]
        command[command.index(f"values={kernel}")] = f"values={impulse}"
        assert cli(*command).status == 0
        expected = np.load(tmp_path / f"{shape}_impulse.npy")[..., 0]
        np.testing.assert_allclose(np.load(tmp_path / f"{shape}.npy")[..., 3], expected, atol=1e-3)


def test_shape_and_origin(cli, tmp_path: Path) -> None:
    image, weights = RNG.normal(size=(9, 11)), RNG.normal(size=(4, 3))
    np.save(tmp_path / "a.npy", image)
    np.save(tmp_path / "k.npy", weights)
    common = ["convolve", tmp_path / "a.npy", tmp_path / "b.npy", "--kernel", tmp_path / "k.npy", "--overwrite"]
    assert cli(*common, "--shape", "full", "--boundary", "constant").status == 0
    close(np.load(tmp_path / "b.npy"), scipy.signal.convolve(image, weights))
    assert cli(*common, "--shape", "valid").status == 0
    close(np.load(tmp_path / "b.npy"), scipy.signal.convolve(image, weights, "valid"))
    assert cli(*common, "--origin", "-1,1").status == 0
    close(np.load(tmp_path / "b.npy"), scipy.ndimage.convolve(image, weights, origin=(-1, 1)))
    assert cli(*common, "--boundary", "constant", "--cval", "-2.5").status == 0
    close(np.load(tmp_path / "b.npy"), scipy.ndimage.convolve(image, weights, mode="constant", cval=-2.5))


def test_a_mask_goes_by_the_names_of_its_axes(cli, tmp_path: Path) -> None:
    source = imagej(tmp_path / "a.tif", STACK, "TZYX")
    mask = np.zeros(STACK.shape[-2:], "u1")
    mask[:, 5:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    words = ["--kernel", "box", "-p", "size=3", "--mask", tmp_path / "mask.png"]
    assert cli("convolve", source, tmp_path / "b.npy", *words).status == 0
    weight = scipy.ndimage.uniform_filter(mask / 255.0, 3)
    size = (1, 1, 3, 3)
    found, total = np.load(tmp_path / "b.npy"), scipy.ndimage.uniform_filter(STACK * (mask / 255.0), size)
    inside = weight > 0.05
    close(found[..., inside], (total / np.where(inside, weight, 1))[..., inside])
    assert np.isnan(found[..., 0]).all()
    np.save(tmp_path / "mask.npy", np.ones((7, 8, 9, 10, 11, 12, 2), bool))
    failed = cli("convolve", source, tmp_path / "c.npy", *words[:-1], tmp_path / "mask.npy")
    assert failed.status == 1
    assert "the mask has an axis" in failed.err


def test_input_axes_rename_what_a_file_does_not_tell(cli, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK[0], photometric="minisblack")
    common = ["convolve", tmp_path / "a.tif", tmp_path / "b.tif", "--kernel", "box", "-p", "size=3", "--overwrite"]
    told = cli(*common)
    assert "does not name axis 0: taken as 'z' (--input-axes says otherwise)" in told.err
    assert cli(*common, "--input-axes", "tyx").err == ""
    with tifffile.TiffFile(tmp_path / "b.tif") as tif:
        assert tif.series[0].axes == "TYX"
    assert cli(*common, "--input-axes", "tyx", "-p", "ndim=3").status == 2
    for labels in ("yx", "zzyx", "yyx"):
        failed = cli(*common, "--input-axes", labels)
        assert failed.status == 2, labels
        assert "--input-axes" in failed.err


def test_metadata_of_a_real_ome_file_survive(cli, dataset, tmp_path: Path) -> None:
    source, target = dataset("io/cells3d2ch.ome.tiff"), tmp_path / "b.ome.tif"
    assert cli("convolve", source, target, "--kernel", "box", "-p", "size=3", "-p", "ndim=3").status == 0
    with tifffile.TiffFile(target) as tif:
        assert tif.series[0].axes == "CZYX"
        assert 'Name="membrane"' in tif.ome_metadata
        close(tif.asarray(), scipy.ndimage.uniform_filter(tifffile.imread(source).astype(float), (1, 3, 3, 3)))
