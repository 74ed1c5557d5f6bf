"""Axes, voxel size and units are kept when files are read and written."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_convolve.bigdata import _tiff_write
from napari_convolve.bigdata.files import FileError, Labeled, read, write

STEPS = {"t": 3.0, "z": 2.0, "y": 0.5, "x": 0.25}
UNITS = {"t": "s", "z": "um", "y": "um", "x": "um"}
SHAPES = {
    "yx": (5, 6),
    "zyx": (4, 5, 6),
    "tyx": (3, 5, 6),
    "tzyx": (2, 4, 5, 6),
    "czyx": (2, 4, 5, 6),
    "tczyx": (2, 3, 4, 5, 6),
    "tzcyx": (2, 4, 3, 5, 6),
    "yxs": (5, 6, 3),
    "zyxs": (4, 5, 6, 3),
    "zsyx": (4, 3, 5, 6),
    "tcyxs": (2, 2, 5, 6, 4),
    "x": (7,),
    "zy": (5, 6),
}
DTYPES = ("uint8", "uint16", "int16", "int64", "float16", "float32", "float64", "complex64", "bool")


def labeled(axes: str, dtype: str = "float32") -> Labeled:
    data = (np.random.default_rng(0).random(SHAPES[axes]) * 100).astype(dtype)
    alpha = SHAPES[axes][-1] == 4
    return Labeled(
        data,
        tuple(axes),
        tuple(STEPS.get(a, 1.0) for a in axes),
        tuple(UNITS.get(a) for a in axes),
        alpha=alpha,
    )


def assert_same(found: Labeled, expected: Labeled) -> None:
    assert found.axes == expected.axes
    assert found.data.dtype == expected.data.dtype
    np.testing.assert_array_equal(found.data, expected.data)
    np.testing.assert_allclose(found.spacing, expected.spacing)
    assert found.units == expected.units
    assert found.alpha == expected.alpha


@pytest.mark.parametrize(("axes", "dtype"), itertools.product(SHAPES, DTYPES))
def test_tif_keeps_everything(tmp_path: Path, axes: str, dtype: str) -> None:
    image = labeled(axes, dtype)
    if dtype == "bool" and "s" in axes:
        with pytest.raises(FileError, match="colours of type bool"):
            write(tmp_path / "a.tif", image)
        return
    write(tmp_path / "a.tif", image)
    assert_same(read(tmp_path / "a.tif"), image)


@pytest.mark.parametrize("axes", [axes for axes in SHAPES if axes not in ("x", "zy", "tcyxs")])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "complex128"])
def test_ome_tif_keeps_everything_and_is_ome(tmp_path: Path, axes: str, dtype: str) -> None:
    image = labeled(axes, dtype)
    write(tmp_path / "a.ome.tif", image)
    assert_same(read(tmp_path / "a.ome.tif"), image)
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tif:
        assert tif.is_ome
        assert "µm" in tif.ome_metadata


def test_tif_is_imagej_where_imagej_can_hold_it(tmp_path: Path) -> None:
    for axes, dtype, expected in [("tzyx", "float32", True), ("czyx", "float32", False), ("zyx", "float64", False)]:
        write(tmp_path / "a.tif", labeled(axes, dtype), overwrite=True)
        with tifffile.TiffFile(tmp_path / "a.tif") as tif:
            assert tif.is_imagej == expected, (axes, dtype)
            assert tif.is_ome != expected


@pytest.mark.parametrize(("axes", "dtype"), [("zyx", "int64"), ("zyx", "float16"), ("tcyxs", "uint8"), ("zy", "uint8")])
def test_ome_refuses_what_it_cannot_hold(tmp_path: Path, axes: str, dtype: str) -> None:
    with pytest.raises(FileError, match="OME-TIFF cannot hold"):
        write(tmp_path / "a.ome.tif", labeled(axes, dtype))
    assert not list(tmp_path.iterdir())


def test_large_results_become_bigtiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tiff_write, "CLASSIC_LIMIT", 100)
    write(tmp_path / "a.tif", labeled("zyx"))
    assert (tmp_path / "a.tif").read_bytes()[:4] == b"II\x2b\0"
    assert_same(read(tmp_path / "a.tif"), labeled("zyx"))


def test_units_that_differ_between_axes(tmp_path: Path) -> None:
    image = Labeled(np.zeros((3, 4, 5), "u1"), tuple("zyx"), (900.0, 0.1, 0.1), ("nm", "um", "um"))
    write(tmp_path / "a.tif", image)
    assert_same(read(tmp_path / "a.tif"), image)


def test_channel_names_survive(tmp_path: Path) -> None:
    image = Labeled(np.zeros((2, 4, 5), "f4"), tuple("cyx"), channels=("DAPI", "GFP"))
    write(tmp_path / "a.tif", image)
    assert read(tmp_path / "a.tif").channels == ("DAPI", "GFP")


def test_imagej_hyperstack_bigtiff_and_big_endian(tmp_path: Path) -> None:
    data = np.arange(2 * 3 * 2 * 4 * 5, dtype="u2").reshape(2, 3, 2, 4, 5)
    tifffile.imwrite(
        tmp_path / "a.tif",
        data,
        imagej=True,
        resolution=(4, 2),
        metadata={"axes": "TZCYX", "unit": "micron", "spacing": 2.0, "finterval": 0.5},
    )
    found = read(tmp_path / "a.tif")
    assert found.axes == tuple("tzcyx")
    assert found.spacing == (0.5, 2.0, 1.0, 0.5, 0.25)
    assert found.units == ("s", "um", None, "um", "um")
    tifffile.imwrite(tmp_path / "b.tif", data.astype(">i2"), bigtiff=True, byteorder=">", metadata={"axes": "TZCYX"})
    found = read(tmp_path / "b.tif")
    np.testing.assert_array_equal(found.data, data)
    assert found.data.dtype.isnative
    assert found.axes == tuple("tzcyx")


def test_resolution_in_centimetres_counts_and_dots_per_inch_do_not(tmp_path: Path) -> None:
    data = np.zeros((4, 5), "u1")
    tifffile.imwrite(tmp_path / "a.tif", data, resolution=(20000, 10000), resolutionunit="CENTIMETER")
    assert read(tmp_path / "a.tif").spacing == (1.0, 0.5)
    assert read(tmp_path / "a.tif").units == ("um", "um")
    tifffile.imwrite(tmp_path / "b.tif", data, resolution=(72, 72), resolutionunit="INCH")
    assert read(tmp_path / "b.tif").units == (None, None)


def test_axes_without_a_name_are_named_and_said_so(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((7, 5, 6), "u1"), photometric="minisblack")
    found = read(tmp_path / "a.tif")
    assert found.axes == tuple("zyx")
    assert found.notes == ("the file does not name axis 0: taken as 'z'",)
    assert read(tmp_path / "a.tif", axes="tyx").axes == tuple("tyx")
    assert read(tmp_path / "a.tif", axes="tyx").notes == ()
    with pytest.raises(ValueError, match="'yx' name 2 axes"):
        read(tmp_path / "a.tif", axes="yx")


@pytest.mark.parametrize("shape", [(5,), (5, 6), (4, 5, 6), (3, 4, 5, 6), (2, 3, 4, 5, 6)])
def test_npy_names_axes_from_the_right(tmp_path: Path, shape: tuple[int, ...]) -> None:
    data = np.arange(np.prod(shape), dtype=">f8").reshape(shape)
    np.save(tmp_path / "a.npy", data)
    found = read(tmp_path / "a.npy")
    assert "".join(found.axes) == {1: "x", 2: "yx", 3: "zyx", 4: "tzyx", 5: "tczyx"}[len(shape)]
    np.testing.assert_array_equal(found.data, data)
    write(tmp_path / "b.npy", found)
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), data)


def test_npy_colours_are_never_taken_for_x(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((20, 30, 4), "u1"))
    found = read(tmp_path / "a.npy")
    assert found.axes == tuple("yxs")
    assert found.alpha
    assert found.notes


@pytest.mark.parametrize(
    ("shape", "dtype", "axes", "alpha"),
    [
        ((5, 6), "uint8", "yx", False),
        ((5, 6), "uint16", "yx", False),
        ((5, 6), "bool", "yx", False),
        ((5, 6, 3), "uint8", "yxs", False),
        ((5, 6, 2), "uint8", "yxs", True),
        ((5, 6, 4), "uint8", "yxs", True),
    ],
)
def test_png_round_trip(tmp_path: Path, shape: tuple[int, ...], dtype: str, axes: str, alpha: bool) -> None:
    high = {"uint8": 255, "uint16": 65535, "bool": 1}[dtype]
    data = np.random.default_rng(1).integers(0, high, shape, endpoint=True).astype(dtype)
    write(tmp_path / "a.png", Labeled(data, tuple(axes), alpha=alpha))
    found = read(tmp_path / "a.png")
    np.testing.assert_array_equal(found.data, data)
    assert (found.data.dtype, found.axes, found.alpha) == (data.dtype, tuple(axes), alpha)


def test_palette_png_and_jpeg_become_colours(tmp_path: Path) -> None:
    colours = np.zeros((8, 9, 3), "u1")
    colours[:4] = (255, 0, 0)
    Image.fromarray(colours).quantize(4).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png").data, colours)
    Image.fromarray(colours).save(tmp_path / "a.jpg", quality=95)
    assert read(tmp_path / "a.jpg").axes == tuple("yxs")


@pytest.mark.parametrize(
    ("name", "axes", "dtype"),
    [
        ("io/2010-06-18x24y5z1t2c8b-text.ome.tiff", "zcyx", "uint8"),
        ("io/cells3d2ch.ome.tiff", "czyx", "uint16"),
        ("io/chessboard_big_endian_u16.tif", "yx", "uint16"),
        ("io/multipage_rgb_float64.tif", "zsyx", "float64"),
        ("beads3d_confocal/bead_image1_crop.tif", "zyx", "uint8"),
        ("spots2d_storm/storm_256x256.tif", "tyx", "uint16"),
        ("images2d/coins.png", "yx", "uint8"),
    ],
)
def test_real_files_survive(dataset, tmp_path: Path, name: str, axes: str, dtype: str) -> None:
    image = read(dataset(name))
    assert "".join(image.axes) == axes
    assert image.data.dtype == dtype
    write(tmp_path / "a.tif", image)
    assert_same(read(tmp_path / "a.tif"), image)
