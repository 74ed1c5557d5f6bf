"""Malformed and malicious kernel files: one-sentence errors, no large allocation, no code is run."""

from __future__ import annotations

import io
import json
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_convolve.kernels import Kernel, gaussian

LIMIT = 50 * 2**20  # bytes


class Bomb:
    """Pickles to a command."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("touch PWNED_pickle",)


def npy(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode("latin1")
    text += b" " * (63 - (len(text) + 10) % 64) + b"\n"
    size = len(text).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + size + text + data


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)
    return buffer.getvalue()


def saved(array: object, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array(array), **options)
    return buffer.getvalue()


ONES = saved(np.ones((3, 3)))
PICKLED = saved(np.array([Bomb()], dtype=object), allow_pickle=True)
KERNEL = {"version": 1, "values": [[1, 2], [3, 4]]}


def changed(**keys: object) -> bytes:
    return json.dumps({**KERNEL, **keys}).encode()


FILES = {
    # rows 76 to 79: arrays
    "pickle.npy": (PICKLED, "numbers"),
    "pickle.npz": (archive(**{"values.npy": PICKLED}), "numbers"),
    "bare_pickle.npy": (pickle.dumps(Bomb()), "not a readable NPY"),
    "eval_header.npy": (npy("__import__('os').system('touch PWNED_header')"), "not a readable NPY"),
    "negative_shape.npy": (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 5)}", bytes(40)), "shape"),
    "header_lies.npy": (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (200000, 200000)}", bytes(64)), "3.2e"),
    "header_lies_a_little.npy": (
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9, 9)}", bytes(64)),
        "promises 648",
    ),
    "huge_shape.npy": (npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**40},)}}"), "bytes"),
    "deep_header.npy": (npy("(" * 9000 + ")" * 9000, version=b"\x02\x00"), "not a readable NPY"),
    "long_header.npy": (npy("{'descr': '<f8'," + " " * 40000 + "}"), "not a readable NPY"),
    "no_keys.npy": (npy("{}"), "not a readable NPY"),
    "version_9.npy": (npy("{}", version=b"\x09\x00"), "not a readable NPY"),
    "truncated.npy": (ONES[:-1], "promises 72 bytes of data, the file holds 71"),
    "longer.npy": (ONES + b"x", "promises 72"),
    "half_header.npy": (ONES[:20], "not a readable NPY"),
    "empty.npy": (b"", "not a readable NPY"),
    "strings.npy": (saved(["a", "b"]), "numbers"),
    "dates.npy": (saved(np.zeros(3, "datetime64[s]")), "numbers"),
    "records.npy": (saved(np.zeros(3, "i4,f8")), "numbers"),
    "scalar.npy": (saved(3.0), "shape"),
    "zero.npy": (saved(np.zeros((0, 3))), "shape"),
    "nan.npy": (saved([1, np.nan]), "1 NaN"),
    "traversal.npz": (archive(**{"../../PWNED.npy": ONES, "../../PWNED.json": b"{}"}), "a kernel is one array"),
    "two_arrays.npz": (archive(a=b"", **{"a.npy": ONES, "b.npy": ONES}), "a kernel is one array"),
    "no_array.npz": (archive(**{"kernel.json": b"{}"}), "a kernel is one array"),
    "empty.npz": (archive(), "a kernel is one array"),
    "bomb.npz": (
        archive(
            **{"values.npy": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (32768, 32768)}", bytes(2**26))}
        ),
        "8.59e[+]09 bytes",
    ),
    "not_a_zip.npz": (b"PK\x03\x04 nonsense", "not a readable NPZ"),
    "truncated.npz": (archive(**{"values.npy": ONES})[:-30], "not a readable NPZ"),
    "bad_description.npz": (archive(**{"values.npy": ONES, "kernel.json": b"[1, 2]"}), "object"),
    "long_description.npz": (archive(**{"values.npy": ONES, "kernel.json": b" " * 2**21}), "limit"),
    "newer.npz": (archive(**{"values.npy": ONES, "kernel.json": b'{"version": 2}'}), "version 2.*up to version 1"),
    # rows 80 to 84: JSON
    "injection.json": (changed(values="__import__('os').system('touch PWNED_json')"), "ragged|numbers|array|at least"),
    "injection2.json": (changed(values=[["9**9**9**9", 1]]), "numbers"),
    "expression.json": (changed(expression="'a'*10**10"), "unknown key 'expression'"),
    "huge_shape.json": (changed(shape=[10**9, 10**9]), "unknown key 'shape'"),
    "deep.json": (b"[" * 100_000 + b"]" * 100_000, "nested"),
    "deep_object.json": (b'{"version": 1, "values":' * 50_000 + b"1" + b"}" * 50_000, "nested"),
    "rather_deep.json": (b"[" * 60 + b"1" + b"]" * 60, "nested"),
    "ragged.json": (b"[[1, 2], [3]]", "row 2 differs in length"),
    "mixed.json": (b"[[1, 2], 3]", "row 2 differs"),
    "strings.json": (b'[["1", "2"]]', "numbers, got '1'"),
    "booleans.json": (b"[[true, 1]]", "numbers, got 'True'"),
    "nulls.json": (b"[null, 1]", "numbers, got 'None'"),
    "objects.json": (b'[{"a": 1}]', "numbers"),
    "nan.json": (b"[[NaN, 1]]", "finite, got NaN"),
    "infinity.json": (b"[[-Infinity, 1]]", "finite, got -Infinity"),
    "overflow.json": (b"[[1e400, 1]]", "NaN or infinite"),
    "large_integer.json": (b"[1" + b"0" * 400 + b"]", "too large"),
    "very_large_integer.json": (b"[1" + b"0" * 10_000 + b"]", "."),
    "truncated.json": (b'{"version": 1,\n"values": [[1, 2], [3', "line 2"),
    "duplicate.json": (b'{"version": 1, "values": [1], "values": [2]}', "'values' comes twice"),
    "empty.json": (b"", "line 1"),
    "empty_list.json": (b"[]", "empty"),
    "empty_rows.json": (b"[[], []]", "empty"),
    "number.json": (b"3", "array of numbers"),
    "no_values.json": (b'{"version": 1}', "array of numbers"),
    "no_version.json": (b'{"values": [1]}', "version must be a whole number from 1, got None"),
    "newer.json": (changed(version=7), "version 7 of the format, this program reads up to version 1"),
    "odd_version.json": (changed(version="1"), "version"),
    "true_version.json": (changed(version=True), "version"),
    "other_format.json": (changed(format="recipe"), "recipe"),
    "bad_center.json": (changed(center=[5, 5]), "center"),
    "text_center.json": (changed(center="11"), "center"),
    "float_center.json": (changed(center=[0.5, 1]), "center"),
    "bad_spacing.json": (changed(spacing=[1, 0]), "spacing"),
    "text_spacing.json": (changed(spacing=["1", "1"]), "spacing"),
    "bad_units.json": (changed(units=3), "units"),
    "bad_name.json": (changed(name=None), "name"),
    "bad_parameters.json": (changed(parameters=[1]), "parameters"),
    "nested_parameters.json": (changed(parameters={"a": {"b": 1}}), "parameters"),
    "bad_imaginary.json": (changed(imaginary=[1, 2]), "differ in shape"),
    "latin1.json": ("[1, 2, 'µ']".encode("latin1"), "not text"),
    "binary.json": (bytes(range(256)), "not text"),
    # row 83: matrices
    "ragged.csv": (b"1,2\n3\n", "row 2 has 1 values"),
    "empty.csv": (b"", "empty"),
    "header.csv": (b"a,b\n1,2\n", "row 1: 'a'"),
    "formula.csv": (b"1,2\n=1+1,3\n", "row 2: '=1[+]1'"),
    "decimal_comma.csv": (b"1,5;2,5\n3,5;4,5\n", "row 1: '1,5' may be one number or two"),
    "nan.csv": (b"1,nan\n", "row 1: 'nan'"),
    "binary.csv": (bytes(range(256)), "not text"),
    "eval.txt": (b"1 2\n__import__('os').system('touch PWNED_text') 2\n", "row 2: .__import__"),
    "yaml.txt": (b"!!python/object/apply:os.system ['touch PWNED_yaml']\n", "row 1"),
    # images
    "empty.tif": (b"", "TIFF"),
    "text.tif": (b"1 2\n3 4", "TIFF"),
    "magic.tif": (b"II*\x00\x08\x00\x00\x00", "TIFF"),
}


@pytest.mark.parametrize("name", FILES)
def test_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data, message = FILES[name]
    (tmp_path / "inside").mkdir()
    path = tmp_path / "inside" / name
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message) as caught:
            Kernel.load(path)
        assert tracemalloc.get_traced_memory()[1] < LIMIT
    finally:
        tracemalloc.stop()
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert len(text) < 400 + len(str(path))
    assert [p.name for p in tmp_path.iterdir()] == ["inside"], "nothing was run or written"
    assert [p.name for p in path.parent.iterdir()] == [name]


def test_pickles_are_refused_by_suffix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kernel.pkl").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match=r"'.pkl' is not a kernel file"):
        Kernel.load(tmp_path / "kernel.pkl")
    assert [p.name for p in tmp_path.iterdir()] == ["kernel.pkl"]


@pytest.mark.parametrize("suffix", [".json", ".npz", ".npy", ".tif", ".csv"])
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_give_a_kernel_or_one_sentence(suffix: str, tmp_path: Path) -> None:
    """Cut short or with flipped bytes, a file never ends in another exception."""
    path = tmp_path / f"k{suffix}"
    Kernel(gaussian(1, ndim=2).values).save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for trial in range(150):
        data = bytearray(whole)
        if trial % 2:
            data = data[: rng.integers(len(data))]
        else:
            for place in rng.integers(len(data), size=3):
                data[place] = rng.integers(256)
        path.write_bytes(data)
        try:
            assert isinstance(Kernel.load(path), Kernel)
        except ValueError as error:
            assert str(path) in str(error)


def test_a_tiff_with_missing_planes_is_refused(tmp_path: Path) -> None:
    import tifffile

    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.ones((8, 16, 16), np.float32), imagej=True, metadata={"axes": "ZYX"})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="declares 8 planes"):
        Kernel.load(path)


def test_a_description_cannot_deceive(tmp_path: Path) -> None:
    import tifffile

    start = '{"format": "napari-convolve kernel"'
    for text, message in (
        (start, "JSON"),
        (start + ', "version": 1}', "shape"),
        (start + ', "version": 1, "shape": [3, -3]}', "shape"),
        (start + ', "version": 1, "shape": [1000000, 1000000]}', "reshape"),
        (start + ', "version": 1, "shape": [3, 3], "center": [9, 9]}', "center"),
        (start + ', "version": 9, "shape": [3, 3]}', "version 9"),
        (start + ', "shape": [3, 3]}', "version"),
    ):
        tifffile.imwrite(tmp_path / "k.tif", np.ones((3, 3)), ome=True, metadata={"axes": "YX", "Description": text})
        with pytest.raises(ValueError, match=message):
            Kernel.load(tmp_path / "k.tif")
