"""Kernels written and read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_convolve.kernels import Kernel, gabor, gaussian, sobel

FULL = [".json", ".npz", ".tif", ".tiff"]


@pytest.fixture(
    params=["gaussian", "complex", "1-D", "4-D", "off-centre", "tiny", "unicode"],
)
def kernel(request: pytest.FixtureRequest) -> Kernel:
    rng = np.random.default_rng(0)
    return {
        "gaussian": gaussian((1, 2, 2), spacing=(0.3, 0.1, 0.1)),
        "complex": gabor(analytic=True),
        "1-D": Kernel([1, 2, 4], 0, 0.1, "s"),
        "4-D": Kernel(rng.standard_normal((2, 3, 4, 5)), (0, 0, 3, 4), (1, 0.3, 0.1, 0.1), "um"),
        "off-centre": Kernel(rng.standard_normal((5, 6)) * 1e-300, (4, 0)),
        "tiny": Kernel([[1 / 3]]),
        "unicode": Kernel(
            [[1, -0.0]], units="µm", name='Größe "<&>" 名前', parameters={"s": "a, b", "t": (1, (2.5, None))}
        ),
    }[request.param]


@pytest.mark.parametrize("suffix", FULL)
def test_reads_back_equal(kernel: Kernel, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"kernel{suffix}"
    kernel.save(path)
    back = Kernel.load(str(path))
    assert back == kernel
    assert back.values.tobytes() == kernel.values.tobytes()
    assert (back.name, back.units, dict(back.parameters)) == (kernel.name, kernel.units, dict(kernel.parameters))
    assert [p.name for p in tmp_path.iterdir()] == [path.name], "no temporary file is left"


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".npy"])
def test_values_only_formats(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"KERNEL{suffix.upper()}"
    values = np.random.default_rng(1).standard_normal((3, 4)) * 1e-7
    Kernel(values).save(path)
    assert Kernel.load(path) == Kernel(values)
    for lossy in (Kernel(values, (0, 0)), Kernel(values, spacing=0.1), Kernel(values, units="um")):
        with pytest.raises(ValueError, match=r"values only.*save as"):
            lossy.save(path)
    assert Kernel.load(path) == Kernel(values), "the old file stays"


def test_text_is_as_imagej_writes_it(tmp_path: Path) -> None:
    sobel().save(tmp_path / "sobel.txt")
    assert (tmp_path / "sobel.txt").read_text() == "1 0 -1\n2 0 -2\n1 0 -1\n"
    sobel().save(tmp_path / "sobel.csv")
    assert (tmp_path / "sobel.csv").read_text() == "1,0,-1\n2,0,-2\n1,0,-1\n"
    # ImageJ: File > Save As > Text Image
    (tmp_path / "image.txt").write_text("1.000\t0.500\r\n-2\t1.0E-4\r\n")
    assert Kernel.load(tmp_path / "image.txt").values.tolist() == [[1, 0.5], [-2, 1e-4]]
    for refused in (gabor(analytic=True), gaussian(1, ndim=3)):
        with pytest.raises(ValueError, match="real kernels of one or two dimensions"):
            refused.save(tmp_path / "x.txt")
    assert not (tmp_path / "x.txt").exists()


def test_json_is_readable(tmp_path: Path) -> None:
    Kernel([[1, 2], [3, 4]], spacing=0.5, units="um", name="mine").save(tmp_path / "k.json")
    content = json.loads((tmp_path / "k.json").read_text())
    assert content == {
        "format": "napari-convolve kernel",
        "version": 1,
        "name": "mine",
        "center": [1, 1],
        "spacing": [0.5, 0.5],
        "units": "um",
        "parameters": {},
        "values": [[1.0, 2.0], [3.0, 4.0]],
    }
    (tmp_path / "short.json").write_text('{"version": 1, "values": [1, 2, 1]}')
    assert Kernel.load(tmp_path / "short.json") == Kernel([1, 2, 1])
    (tmp_path / "bare.json").write_text("[[1, 2, 1]]")
    assert Kernel.load(tmp_path / "bare.json") == Kernel([[1, 2, 1]])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_byte_order_marks_and_line_ends(encoding: str, newline: str, tmp_path: Path) -> None:
    for name, text in (("k.json", "[[1, 2],\n [3, 4]]\n"), ("k.csv", "1,2\n3,4\n"), ("k.txt", "1 2\n3 4\n")):
        (tmp_path / name).write_bytes(text.replace("\n", newline).encode(encoding))
        assert Kernel.load(tmp_path / name).values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("dtype", ["uint8", ">i2", "float32", ">f8", "complex64", "bool"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_that_numpy_wrote(dtype: str, order: str, tmp_path: Path) -> None:
    values = np.asarray(np.arange(6).reshape(2, 3) % 2, dtype=dtype, order=order)
    np.save(tmp_path / "k.npy", values)
    np.savez(tmp_path / "k.npz", psf=values)
    np.savez_compressed(tmp_path / "c.npz", values)
    for name in ("k.npy", "k.npz", "c.npz"):
        np.testing.assert_array_equal(Kernel.load(tmp_path / name).values, values)


def test_numpy_reads_what_we_write(tmp_path: Path) -> None:
    k = gaussian(1, spacing=0.5)
    k.save(tmp_path / "k.npz")
    with np.load(tmp_path / "k.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["values"], k.values)


def test_other_programs_read_our_tiff(tmp_path: Path) -> None:
    k = Kernel(gaussian(2, ndim=3).values, spacing=(0.3, 0.1, 0.1), units="um")
    k.save(tmp_path / "k.tif")
    with tifffile.TiffFile(tmp_path / "k.tif") as tif:
        assert tif.is_ome
        assert tif.series[0].axes == "ZYX"
        np.testing.assert_array_equal(tif.asarray(), k.values)
        assert 'PhysicalSizeZ="0.3"' in tif.ome_metadata
        assert 'PhysicalSizeXUnit="µm"' in tif.ome_metadata


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_plain_tiffs_are_values(dtype: str, tmp_path: Path) -> None:
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    tifffile.imwrite(tmp_path / "k.tif", values, photometric="minisblack")
    np.testing.assert_array_equal(Kernel.load(tmp_path / "k.tif").values, values)
    if dtype != "float64":
        tifffile.imwrite(tmp_path / "ij.tif", values, imagej=True, metadata={"axes": "ZYX"})
        np.testing.assert_array_equal(Kernel.load(tmp_path / "ij.tif").values, values)


def test_colour_tiffs_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros((8, 9, 3), np.uint8), photometric="rgb")
    with pytest.raises(ValueError, match="one channel, the TIFF has 3"):
        Kernel.load(tmp_path / "rgb.tif")


@pytest.mark.parametrize("name", ["k.xyz", "k", "k.pkl", "k.yaml", "k.py", ".json"])
def test_unknown_suffixes_list_the_known(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("1")
    with pytest.raises(ValueError, match=r"\.json, \.npz, \.tif"):
        Kernel.load(tmp_path / name)
    with pytest.raises(ValueError, match=r"\.json, \.npz, \.tif"):
        gaussian(1).save(tmp_path / name)
    assert (tmp_path / name).read_text() == "1"


def test_what_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "broken.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    for name in ("missing.json", "folder.json", "broken.json", "loop.json"):
        with pytest.raises(FileNotFoundError, match=f"no such file: .*{name}"):
            Kernel.load(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        gaussian(1).save(tmp_path / "nowhere" / "k.json")


def test_a_kernel_too_large_for_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_convolve._files.MAX_TEXT", 1000)
    with pytest.raises(ValueError, match="use .npz"):
        gaussian(3).save(tmp_path / "k.json")
    (tmp_path / "k.csv").write_text("1 " * 600)
    with pytest.raises(ValueError, match="use .npz"):
        Kernel.load(tmp_path / "k.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["k.csv"]
