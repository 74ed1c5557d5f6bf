"""Missing, damaged and malicious files: one-sentence errors, no partial output, nothing replaced unasked."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_convolve.bigdata import _tiff_read, files
from napari_convolve.bigdata.files import FileError, Labeled, check_output, read, write

STACK = np.random.default_rng(0).integers(0, 255, (41, 30, 30)).astype("u1")


def small() -> Labeled:
    return Labeled(np.zeros((4, 5), "u1"), tuple("yx"))


def test_missing_folders_and_links(tmp_path: Path) -> None:
    (tmp_path / "loop.tif").symlink_to(tmp_path / "loop.tif")
    (tmp_path / "broken.tif").symlink_to(tmp_path / "nowhere.tif")
    for name in ("missing.tif", "loop.tif", "broken.tif", "x" * 300 + ".tif", "y/" * 3000 + "a.tif", "a\0.tif"):
        with pytest.raises(FileNotFoundError, match="no such file"):
            read(tmp_path / name)
    (tmp_path / "folder.tif").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        read(tmp_path / "folder.tif")


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tif")
    with pytest.raises(FileError, match="not a regular file"):
        read(tmp_path / "pipe.tif")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    with pytest.raises(FileError, match="not a regular file"):
        read(tmp_path / "zero.png")


@pytest.mark.parametrize("name", ["a.xyz", "a.czi", "a"])
def test_unknown_suffix_lists_the_formats(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"abc")
    with pytest.raises(FileError, match=r"the formats are \.tif"):
        read(tmp_path / name)
    with pytest.raises(FileError, match=r"the formats are \.ome\.tif"):
        write(tmp_path / name, small(), overwrite=True)


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg", ".npy"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello, this is text\n" * 20,
        b"II*\0" + b"\xff" * 20,
        b"MM\0*\0\0\0\x08\0\0",
        b"\x93NUMPY\x01\0",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_files_that_are_something_else(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(FileError, match="not a readable|damaged|not an array"):
        read(path)


KINDS = {
    "imagej": {"imagej": True, "metadata": {"axes": "ZYX"}},
    "ome": {"ome": True, "metadata": {"axes": "ZYX"}},
    "shaped": {"metadata": {"axes": "ZYX"}, "photometric": "minisblack"},
    "pages": {"metadata": None, "photometric": "minisblack"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("part", [1000, 0.3, 0.5, 0.9, 0.99])
def test_cut_stacks_are_refused(tmp_path: Path, kind: str, compression: str | None, part: float) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK, compression=compression, **KINDS[kind])
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "b.tif").write_bytes(content[: int(part * len(content)) if part < 1 else int(part)])
    assert read(tmp_path / "a.tif").data.shape == STACK.shape
    with pytest.raises(FileError, match="damaged|not a readable TIFF"):
        read(tmp_path / "b.tif")


def test_cut_imagej_stack_says_how_much_is_left(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK, imagej=True, metadata={"axes": "ZYX"})
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "b.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(FileError, match="the file declares 41 planes, 1 readable"):
        read(tmp_path / "b.tif")


def test_ome_planes_that_are_missing_are_not_zeros(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", STACK, metadata={"axes": "ZYX"})
    content = (tmp_path / "a.ome.tif").read_bytes()
    (tmp_path / "a.ome.tif").write_bytes(content.replace(b'SizeZ="41"', b'SizeZ="99"').replace(b'"41"', b'"99"'))
    with pytest.raises(FileError, match="damaged"):
        read(tmp_path / "a.ome.tif")


def tiff(width: int, height: int, next_page: int, pixels: int = 25) -> bytes:
    """A TIFF of one 8-bit page, written by hand."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 200)]
    tags += [(277, 3, 1), (278, 4, height), (279, 4, pixels)]
    page = struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags
    )
    return (b"II*\0" + struct.pack("<I", 8) + page + struct.pack("<I", next_page)).ljust(200, b"\0") + bytes(pixels)


def test_hand_written_tiff_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(5, 5, 0))
    assert read(tmp_path / "a.tif").data.shape == (5, 5)


def test_cycles_empty_pages_and_lies(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(5, 5, 8))
    with pytest.raises(FileError, match="damaged"):
        read(tmp_path / "a.tif")
    (tmp_path / "a.tif").write_bytes(tiff(5, 0, 0))
    with pytest.raises(FileError, match="damaged|no pixels|not a readable"):
        read(tmp_path / "a.tif")
    (tmp_path / "a.tif").write_bytes(tiff(2**20, 2**20, 0))
    with pytest.raises((FileError, MemoryError), match="damaged|GiB|not a readable"):
        read(tmp_path / "a.tif")


def test_an_npy_header_that_lies_allocates_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 4), "u1"))
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content.replace(b"(3, 4), }            ", b"(300000000000, 4), } "))
    with pytest.raises(FileError, match="not a readable NPY"):
        read(tmp_path / "a.npy")


def test_a_stack_larger_than_memory_is_refused_before_allocating(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 64, 64)), compression="zlib", photometric="minisblack")
    assert read(tmp_path / "a.tif").data.nbytes == 2**18
    monkeypatch.setattr(type(_tiff_read.get_backend("numpy")), "free_bytes", lambda self: 2**18 - 1)
    with pytest.raises(MemoryError, match=r"needs 0\.000244 GiB"):
        read(tmp_path / "a.tif")


def test_npy_runs_no_pickle(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "PWNED"),)

    np.save(tmp_path / "a.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(FileError, match="not a readable NPY"):
        read(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", np.array(["text"]))
    with pytest.raises(FileError, match="not an array of numbers"):
        read(tmp_path / "b.npy")
    assert not (tmp_path / "PWNED").exists()


def test_png_of_deep_colours_is_not_cut_to_8_bits(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[24] = 16
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(FileError, match="16 bits per colour|not a readable"):
        read(tmp_path / "a.png")


def test_truncated_pictures(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        Image.fromarray(STACK[0]).resize((200, 200)).save(tmp_path / name)
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(FileError, match="not a readable"):
            read(tmp_path / name)


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (Labeled(np.zeros((4, 5)), tuple("yx")), "integers of 8 or 16 bits, the result is float64"),
        (Labeled(np.zeros((4, 5, 3), "u2"), tuple("yxs")), "colours holds 8 bits here"),
        (Labeled(np.zeros((3, 4, 5), "u1"), tuple("zyx")), "holds one plane"),
        (Labeled(np.zeros((0, 5), "u1"), tuple("yx")), "nothing to write"),
    ],
)
def test_png_refuses_what_it_cannot_hold(tmp_path: Path, image: Labeled, sentence: str) -> None:
    with pytest.raises(FileError, match=sentence):
        write(tmp_path / "a.png", image)
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_replaced_only_on_request(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    write(path, small())
    with pytest.raises(FileExistsError, match="exists"):
        write(path, Labeled(np.ones((4, 5), "u1"), tuple("yx")))
    assert np.load(path).max() == 0
    write(path, Labeled(np.ones((4, 5), "u1"), tuple("yx")), overwrite=True)
    assert np.load(path).max() == 1
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    write(tmp_path / "a.npy", small())
    (tmp_path / "link.npy").symlink_to(tmp_path / "a.npy")
    write(tmp_path / "link.npy", Labeled(np.ones((4, 5), "u1"), tuple("yx")), overwrite=True)
    assert (tmp_path / "link.npy").is_symlink()
    assert np.load(tmp_path / "a.npy").max() == 1


def test_outputs_that_make_no_sense(tmp_path: Path) -> None:
    write(tmp_path / "a.npy", small())
    (tmp_path / "link.npy").symlink_to(tmp_path / "a.npy")
    for name in ("a.npy", "link.npy", "../" + tmp_path.name + "/a.npy"):
        with pytest.raises(FileError, match="is an input"):
            check_output(tmp_path / name, inputs=[tmp_path / "a.npy"], overwrite=True)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        check_output(tmp_path / "nowhere" / "a.npy")
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "null.npy").symlink_to("/dev/null")
    for name in ("folder.npy", "null.npy"):
        with pytest.raises(IsADirectoryError, match="not a file that can be replaced"):
            check_output(tmp_path / name, overwrite=True)


@pytest.mark.parametrize(
    "name", ["ユニコード_ß_ö 名前.tif", "-x.tif", "a'b\"c.npy", "line\nbreak.npy", "ü" * 120 + ".npy"]
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, small())
    np.testing.assert_array_equal(read(tmp_path / name).data, small().data)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException] | BaseException
) -> None:
    write(tmp_path / "a.npy", small())

    def fail(path: Path, name: str, image: Labeled) -> None:
        path.write_bytes(b"half")
        raise error

    monkeypatch.setitem(files._WRITERS, ".npy", fail)
    with pytest.raises((KeyboardInterrupt, OSError)):
        write(tmp_path / "a.npy", Labeled(np.ones((4, 5), "u1"), tuple("yx")), overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]
    assert np.load(tmp_path / "a.npy").max() == 0
