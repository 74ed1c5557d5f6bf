"""Recipe files: nothing is executed, no access outside their folder, one-sentence errors."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve import __version__

BLUR = nc.kernels.gaussian(sigma=1)
MASK = np.random.default_rng(0).random((90, 100)) > 0.1
SMALL = nc.Recipe.of("convolve", kernel=BLUR)
LARGE = nc.Recipe.of("convolve", kernel=BLUR, mask=MASK) + nc.Recipe.of("wiener", psf=np.ones((25, 27)), mask=MASK)


def test_large_arrays_lie_beside_the_recipe_once(tmp_path: Path) -> None:
    text = LARGE.to_json(tmp_path / "smooth.json")
    assert (tmp_path / "smooth.json").read_text() == text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["smooth.json", "smooth.npz"]
    data = json.loads(text)
    assert data["arrays"] == "smooth.npz"
    masks = [step["arguments"]["mask"]["array"] for step in data["steps"]]
    assert masks[0] == masks[1] and set(masks[0]) == {"dtype", "shape", "member", "sha256"}
    with np.load(tmp_path / "smooth.npz") as arrays:
        assert len(arrays.files) == 2
        np.testing.assert_array_equal(arrays[masks[0]["member"]], MASK)
    SMALL.to_json(tmp_path / "small.json")
    assert not (tmp_path / "small.npz").exists()
    for folder in ("moved", "moved again"):
        (tmp_path / folder).mkdir()
        for name in ("smooth.json", "smooth.npz"):
            (tmp_path / folder / name).write_bytes((tmp_path / name).read_bytes())
        assert nc.Recipe.from_json(tmp_path / folder / "smooth.json") == LARGE


def test_4_KiB_is_the_limit(tmp_path: Path) -> None:
    for size, written in ((512, False), (513, True)):
        nc.Recipe.of("convolve", kernel=np.ones(size)).to_json(tmp_path / f"{size}.json")
        assert (tmp_path / f"{size}.npz").exists() == written


def test_files_are_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SMALL.to_json(tmp_path / "r.json")
    before = (tmp_path / "r.json").read_text()
    monkeypatch.setattr("napari_convolve.recipes._files.recipe_to_json", lambda data: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        LARGE.to_json(tmp_path / "r.json")
    assert (tmp_path / "r.json").read_text() == before
    assert not list(tmp_path.glob("*.part*"))
    with pytest.raises(ValueError, match=r"must end in \.json"):
        SMALL.to_json(tmp_path / "r.txt")


def test_arrays_of_every_kind_survive(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    special = [0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1.7976931348623157e308, 0.1]
    for dtype in ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16", ">f4", ">u2"]:
        for shape in ((8,), (3, 5), (40, 50), (0, 4), ()):
            array = np.asarray(rng.random(shape) * 99 - (0 if "u" in dtype else 40)).astype(dtype)
            if np.dtype(dtype).kind in "fc" and shape == (8,):
                with np.errstate(over="ignore"):
                    array = np.array(special).astype(dtype)
            if np.dtype(dtype).kind in "iu" and array.size:
                array.flat[0] = np.iinfo(dtype).max
            recipe = nc.Recipe.of("wiener", psf=BLUR, nsr=array)
            recipe.to_json(tmp_path / "r.json")
            forms = [nc.Recipe.from_json(recipe.to_json()), nc.Recipe.from_json(tmp_path / "r.json")]
            for again in (*forms, nc.Recipe.from_dict(recipe.to_dict())):
                kept = again.steps[0].arguments["nsr"]
                assert (kept.dtype, kept.shape) == (array.dtype.newbyteorder("="), shape)
                assert kept.tobytes() == array.astype(kept.dtype).tobytes() or np.isnan(kept).any()
                np.testing.assert_array_equal(kept, array)


def test_text_with_a_byte_order_mark(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "r.json").write_text(SMALL.to_json(), encoding=encoding)
        assert nc.Recipe.from_json(tmp_path / "r.json") == SMALL
    assert nc.Recipe.from_json("\ufeff \n" + SMALL.to_json()) == SMALL


# --- other versions --------------------------------------------------------------------------------------------------


def edited(change: Callable[[dict[str, Any]], object], recipe: nc.Recipe = SMALL) -> str:
    data = json.loads(recipe.to_json())
    change(data)
    return json.dumps(data)


def test_a_newer_recipe_says_both_versions_and_the_step() -> None:
    both = re.escape(f"(written by napari-convolve 9.9.0, this is {__version__})")

    def newer(**changes: Any) -> Callable[[dict[str, Any]], object]:
        return lambda data: data.update({"napari-convolve": "9.9.0"}, **changes)

    cases: list[tuple[str, str]] = [
        (edited(newer(version=7)), "version 7 of the format, known is 1 "),
        (edited(newer(mood="calm")), "unknown key 'mood'; a recipe has format, version"),
    ]
    two = SMALL + SMALL
    for change, words in (
        ({"operation": "sharpen"}, r"step 2 \(sharpen\) unknown operation 'sharpen'; choose from"),
        ({"mood": 1}, r"step 2 \(convolve\) has the unknown key 'mood'; a step has operation"),
        ({"arguments": {}}, r"step 2 \(convolve\) lacks the argument kernel"),
        ({"arguments": {"kernel": 1, "softly": True}}, r"step 2 \(convolve\) has the unknown argument 'softly'"),
        ({"arguments": {"kernel": {"tensor": 1}}}, r"step 2 \(convolve\) has the argument kernel, which .*'tensor'"),
        ({"plan": {"method": "fft", "where": "here"}}, r"step 2 \(convolve\) has a plan whose keys"),
    ):

        def change_it(data: dict[str, Any], change: dict[str, Any] = change) -> None:
            newer()(data)
            data["steps"][1].update(change)

        cases.append((edited(change_it, two), words))
    boundary = edited(newer(), SMALL).replace('"reflect"', '"softly"')
    cases.append((boundary, r"step 1 \(convolve\) has boundary='softly', which is not one of 'reflect'"))

    def newest(data: dict[str, Any]) -> None:
        newer(version=7)(data)
        data["steps"][1]["operation"] = "sharpen"

    cases.append((edited(newest, two), r"version 7 of the format, known is 1; step 2 \(sharpen\) is unknown here "))
    for text, words in cases:
        with pytest.raises(ValueError, match=words + ".*" + both if not words.endswith(" ") else words + both):
            nc.Recipe.from_json(text)


def test_an_older_recipe_takes_the_default_of_what_it_does_not_know() -> None:
    def older(data: dict[str, Any]) -> None:
        data["napari-convolve"] = "0.0.9"
        del data["steps"][0]["arguments"]["nan"]

    recipe = nc.Recipe.from_json(edited(older))
    assert recipe.steps[0].arguments["nan"] == "propagate"
    assert recipe == SMALL


def test_what_differs_from_where_it_was_written() -> None:
    assert SMALL.steps[0].differences() == ()

    def elsewhere(data: dict[str, Any]) -> None:
        data["steps"][0]["versions"] |= {"numpy": "1.0.0", "numba": "0.1", "abacus": "2"}

    told = nc.Recipe.from_json(edited(elsewhere)).steps[0].differences()
    assert f"numpy 1.0.0, here {np.__version__}" in told and "abacus 2, here none" in told


# --- hostile files ---------------------------------------------------------------------------------------------------


def put(*path: Any) -> Callable[[Any], str]:
    """Text of a recipe with one value replaced."""

    def text(value: Any) -> str:
        data = json.loads(SMALL.to_json())
        at = data
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        return json.dumps(data)

    return text


STEP = ("steps", 0)
KERNEL = (*STEP, "arguments", "kernel", "kernel")
ARRAY = (*KERNEL, "values", "array")
CODE = "__import__('os').system('touch PWNED')"
HOSTILE: dict[str, tuple[str, str]] = {
    "a list": ("[" + SMALL.to_json() + "]", "not a recipe"),
    "not JSON": ("{'format': 1}", "not JSON: .* in line 1"),
    "cut": (SMALL.to_json()[:300], "not JSON"),
    "nested": ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
    "twice": (SMALL.to_json().replace('"version": 1', '"version": 1, "version": 1', 1), "comes twice"),
    "no format": (put("format")("napari-convolve kernel"), 'its "format" must be'),
    "version text": (put("version")("1"), "version must be a whole number"),
    "version true": (put("version")(True), "version must be a whole number"),
    "version 0": (put("version")(0), "version must be a whole number"),
    "program": (put("napari-convolve")(CODE).replace('"version": 1', '"version": 2', 1), "of an unknown version, this"),
    "no steps": (put("steps")([]), "list of 1 to 1000"),
    "many steps": (put("steps")([{}] * 1001), "list of 1 to 1000"),
    "steps text": (put("steps")(CODE), "list of 1 to 1000"),
    "step text": (put("steps")([CODE]), "step 1 must be an object"),
    "operation code": (put(*STEP, "operation")(CODE), "unknown operation"),
    "operation list": (put(*STEP, "operation")([1]), "unknown operation"),
    "operation dunder": (put(*STEP, "operation")("__class__"), "unknown operation '__class__'"),
    "arguments list": (put(*STEP, "arguments")([1]), "arguments that are no object"),
    "dunder argument": (put(*STEP, "arguments", "__class__")(1), "unknown argument '__class__'"),
    "callback": (put(*STEP, "arguments", "progress")("print"), "unknown argument 'progress'"),
    "workers": (put(*STEP, "arguments", "workers")(10**6), "unknown argument 'workers'"),
    "infinite": (put(*STEP, "arguments", "cval")(1).replace('"cval": 1', '"cval": 1e999'), "not finite"),
    "NaN": (put(*STEP, "arguments", "cval")(1).replace('"cval": 1', '"cval": NaN'), "finite, got NaN"),
    "a huge integer": (put(*STEP, "arguments", "origin")(10**400), "integer that is too large|4300"),
    "a number as code": (put(*STEP, "arguments", "cval")({"number": CODE}), "is no number"),
    "a number of powers": (put(*STEP, "arguments", "cval")({"number": "9**9**9"}), "is no number"),
    "a deep list": (put(*STEP, "arguments", "mask")([[[[[[[[[[1]]]]]]]]]]), "nested too deeply"),
    "kind": (put(*STEP, "arguments", "mask")({"pickle": "gASVDA=="}), "unknown kind 'pickle'"),
    "two kinds": (put(*STEP, "arguments", "mask")({"array": {}, "kernel": {}}), "object of one key"),
    "dtype object": (put(*ARRAY, "dtype")("object"), "dtype must be one of"),
    "dtype long": (put(*ARRAY, "dtype")("S1000000000"), "dtype must be one of"),
    "dtype code": (put(*ARRAY, "dtype")(CODE), "dtype must be one of"),
    "shape negative": (put(*ARRAY, "shape")([-1, 9]), "shape must be a list"),
    "shape huge": (put(*ARRAY, "shape")([10**9, 10**9]), "do not have the shape"),
    "shape deep": (put(*ARRAY, "shape")([1] * 99), "shape must be a list"),
    "ragged": (put(*ARRAY, "values")([[1], [1, 2]]), "do not have the shape"),
    "values text": (put(*ARRAY, "values")([[CODE] * 9] * 9), "must be numbers"),
    "values true": (put(*ARRAY, "values")([[True] * 9] * 9), "must be numbers"),
    "array key": (put(*ARRAY, "eval")(CODE), "unknown key 'eval'"),
    "no values": (put(*ARRAY)({"dtype": "float64", "shape": [9, 9]}), "open the recipe by its path"),
    "member": (put(*ARRAY)({"dtype": "float64", "shape": [1], "member": "/etc/passwd"}), "open the recipe by its path"),
    "kernel center": (put(*KERNEL, "center")([99, 99]), "center must lie inside"),
    "kernel key": (put(*KERNEL, "file")("/etc/passwd"), "is no kernel"),
    "kernel nan": (put(*ARRAY, "values")([["nan"] * 9] * 9), "kernel must be finite"),
    "plan text": (put(*STEP, "plan")(CODE), "plan whose keys"),
    "plan tiles": (put(*STEP, "plan")({"method": "fft", "backend": "numpy", "tiles": [0, -3]}), "tiles that are no"),
    "plan tiles text": (put(*STEP, "plan")({"method": "fft", "backend": "numpy", "tiles": "99"}), "tiles that are no"),
    "plan method": (put(*STEP, "plan")({"method": "a" * 9999, "backend": "numpy", "tiles": [1]}), "no short text"),
    "plan seconds": (
        put(*STEP, "plan")({"method": "fft", "backend": "numpy", "tiles": [1], "seconds": "now"}),
        "seconds are no number",
    ),
    "image": (put(*STEP, "image")({"shape": [1], "dtype": [1]}), "not a shape and a dtype"),
    "labels": (put(*STEP, "labels")("y\n" + CODE), "one letter for each axis"),
    "versions": (put(*STEP, "versions")({"numpy": '"""\n' + CODE}), "no name or version"),
    "many versions": (put(*STEP, "versions")({f"a{i}": "1" for i in range(99)}), "at most 16"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_does_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text, words = HOSTILE[name]
    started = time.process_time()
    for source in (text, tmp_path / "r.json"):
        if isinstance(source, Path):
            source.write_text(text)
        with pytest.raises((ValueError, OSError), match=words) as error:
            nc.Recipe.from_json(source)
        shown = str(error.value).replace(str(source), "")
        assert len(shown) < 600
    assert time.process_time() - started < 10
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_tiles_that_would_never_end() -> None:
    plan = {"method": "direct", "backend": "numpy", "tiles": [1, 1]}
    recipe = nc.Recipe.from_json(put(*STEP, "plan")(plan))
    with pytest.raises(ValueError, match=r"step 1 \(convolve\): the plan's tiles of \(1, 1\) are too small"):
        recipe.run(np.broadcast_to(np.zeros((), "f4"), (4096, 4096)))


def archive(path: Path, members: dict[str, bytes], *, stored: bool = False) -> None:
    kind = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, data in members.items():
            file.writestr(name, data)


def npy(array: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


class Pwned:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch PWNED",)


def objects() -> bytes:
    array = np.empty(1, object)
    array[0] = Pwned()
    return npy(array, allow_pickle=True)


NUMBERS = np.ones((25, 27))
BESIDE: dict[str, tuple[dict[str, bytes] | bytes, str]] = {
    "no archive": (b"text", "is not readable"),
    "pickle": (pickle.dumps(Pwned()), "is not readable"),
    "cut": (npy(MASK), "is not readable"),
    "empty": ({}, "is there 0 times"),
    "objects": ({"0.npy": objects(), "1.npy": objects()}, "bytes; 9000 are promised"),
    "objects of the right size": (
        {"0.npy": objects().ljust(9128, b"x"), "1.npy": npy(NUMBERS)},
        "is not an array of bool",
    ),
    "other shape": ({"0.npy": npy(MASK.T), "1.npy": npy(NUMBERS)}, "is not an array of bool and shape"),
    "other dtype": ({"0.npy": npy(MASK.astype("u1")), "1.npy": npy(NUMBERS)}, "is not an array of bool"),
    "other samples": ({"0.npy": npy(~MASK), "1.npy": npy(NUMBERS)}, "another SHA-256"),
    "damaged header": ({"0.npy": b"\x93NUMPY\x01\x00" + b"(" * 9100, "1.npy": npy(NUMBERS)}, "header is damaged"),
    "code in the header": (
        {"0.npy": b"\x93NUMPY\x01\x00\x76\x00" + f"{{'shape': {CODE}}}".encode().ljust(118) + b"\0" * 9000},
        "header is damaged",
    ),
    "traversal": ({"../../PWNED.npy": npy(MASK), "0.npy": npy(~MASK)}, "another SHA-256"),
    "bomb": ({"0.npy": npy(np.zeros(1 << 27, bool)), "1.npy": npy(NUMBERS)}, "134217856 bytes; 9000 are promised"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_hostile_archive_does_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    LARGE.to_json(folder / "r.json")
    members, words = BESIDE[name]
    if isinstance(members, bytes):
        (folder / "r.npz").write_bytes(members)
    else:
        archive(folder / "r.npz", members)
    with pytest.raises(ValueError, match=words) as error:
        nc.Recipe.from_json("r.json")
    assert str(error.value).startswith("r.json: step 1 (convolve) has the argument mask")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "r.json", "r.npz"]


def test_a_bomb_that_tells_its_size_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zeros pack a thousandfold; what is stored as it is takes no more memory than the file."""
    monkeypatch.setattr("napari_convolve.recipes._files._MOST_INFLATED", 1 << 22)
    masks = [np.zeros((1 << 21) + n, bool) for n in range(4)]
    recipes = [nc.Recipe.of("convolve", kernel=[1, 2, 1], mask=mask) for mask in masks]
    (recipes[0] + recipes[1] + recipes[2] + recipes[3]).to_json(tmp_path / "r.json")
    with zipfile.ZipFile(tmp_path / "r.npz") as file:
        kinds = [info.compress_type for info in file.infolist()]
    assert kinds == [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_STORED]
    assert len(nc.Recipe.from_json(tmp_path / "r.json")) == 4
    archive(tmp_path / "r.npz", {f"{n}.npy": npy(mask) for n, mask in enumerate(masks)})
    assert (tmp_path / "r.npz").stat().st_size < 1 << 16
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"step 2 .* claims too much: compressed arrays may take 4194304 bytes"):
            nc.Recipe.from_json(tmp_path / "r.json")
        assert tracemalloc.get_traced_memory()[1] < 4 * masks[0].nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "name",
    [
        "../r.npz",
        "/etc/passwd",
        "sub/r.npz",
        "..\\r.npz",
        "C:r.npz",
        "r.npy",
        ".npz",
        ".hidden.npz",
        "a\0.npz",
        3,
        None,
    ],
)
def test_the_arrays_stay_in_the_folder(name: Any, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    text = LARGE.to_json(folder / "r.json")
    for place in (tmp_path, folder / "sub"):
        (place / "r.npz").write_bytes((folder / "r.npz").read_bytes())
    (folder / "r.json").write_text(text.replace('"r.npz"', json.dumps(name), 1))
    with pytest.raises(ValueError, match=r"is no name of an \.npz file|open the recipe by its path"):
        nc.Recipe.from_json(folder / "r.json")


def test_links_that_lead_out_and_files_that_are_missing(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    LARGE.to_json(folder / "r.json")
    (folder / "r.npz").rename(tmp_path / "out.npz")
    with pytest.raises(FileNotFoundError, match=r"no such file: .*r\.npz \(the arrays of r\.json\)"):
        nc.Recipe.from_json(folder / "r.json")
    (folder / "r.npz").symlink_to(tmp_path / "out.npz")
    with pytest.raises(ValueError, match="leads out of the folder"):
        nc.Recipe.from_json(folder / "r.json")
    (folder / "r.npz").unlink()
    os.mkfifo(folder / "r.npz")
    with pytest.raises(FileNotFoundError):
        nc.Recipe.from_json(folder / "r.json")
    for missing in (folder / "no.json", folder):
        with pytest.raises(FileNotFoundError, match="no such file"):
            nc.Recipe.from_json(missing)
    with pytest.raises(ValueError, match="open the recipe by its path"):
        nc.Recipe.from_json((folder / "r.json").read_text())


def test_a_text_of_17_MiB(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(" " * (17 << 20) + "{}")
    with pytest.raises(ValueError, match="bytes of text are too many"):
        nc.Recipe.from_json(tmp_path / "r.json")


def test_plain_data_is_not_trusted_either() -> None:
    data = LARGE.to_dict()
    array = data["steps"][0]["arguments"]["mask"]["array"]
    for change, words in (
        ({"values": MASK.T}, "is not bool"),
        ({"values": MASK.astype("u1")}, "is not bool"),
        ({"values": np.array([Pwned()])}, "is not bool"),
        ({"values": Pwned()}, "do not have the shape"),
    ):
        bad = {
            **data,
            "steps": [{**data["steps"][0], "arguments": {"kernel": [1], "mask": {"array": {**array, **change}}}}],
        }
        with pytest.raises(ValueError, match=words):
            nc.Recipe.from_dict(bad)
    for wrong in (None, [], "text", 3, {"format": 1}):
        with pytest.raises(ValueError, match="not a recipe"):
            nc.Recipe.from_dict(wrong)  # type: ignore[arg-type]
