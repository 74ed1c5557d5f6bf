"""``--recipe`` writes the recipe of a result, and ``run`` computes the same bytes again; also on other images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import napari_convolve as nc

RNG = np.random.default_rng(8)
STACK = RNG.integers(0, 4000, (3, 40, 50)).astype("u2")

COMMANDS: dict[str, list[str]] = {
    "convolve": ["--kernel", "gaussian", "-p", "sigma=2", "--boundary", "wrap"],
    "correlate": ["--kernel", "log", "-p", "sigma=1.5", "--method", "fft", "--shape", "full"],
    "match-template": ["--template", "t.npy", "--mask", "m.tif"],
    "wiener": ["--psf", "gaussian", "-p", "sigma=1.2"],
    "richardson-lucy": ["--psf", "gaussian", "-p", "sigma=1.2", "--iterations", "4", "--acceleration", "none"],
    "detect": ["--template", "t.npy", "--rotations", "0:20:10", "--threshold", "0.3"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    tifffile.imwrite("a.tif", STACK, imagej=True, metadata={"axes": "TYX"})
    np.save("t.npy", STACK[0, 10:21, 10:19])
    tifffile.imwrite("m.tif", (RNG.random(STACK.shape) > 0.05).astype("u1"), imagej=True, metadata={"axes": "TYX"})
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_bytes_again(cli, folder: Path, command: str) -> None:
    suffix = ".csv" if command == "detect" else ".npy"
    done = cli(command, "a.tif", f"b{suffix}", *COMMANDS[command], "--recipe", "b.json")
    assert done.status == 0, done.err
    again = cli("run", "b.json", "a.tif", f"c{suffix}")
    assert (again.status, again.err) == (0, ""), again.err
    assert (folder / f"c{suffix}").read_bytes() == (folder / f"b{suffix}").read_bytes()
    recipe = nc.Recipe.from_json("b.json")
    result = recipe.run(tifffile.imread("a.tif"))
    if command == "detect":
        result.to_csv("d.csv")
        assert (folder / "d.csv").read_bytes() == (folder / "b.csv").read_bytes()
    else:
        assert result.tobytes() == np.load("b.npy").tobytes()
    assert recipe.steps[0].labels == "tyx" and recipe.steps[0].image.shape == STACK.shape
    assert (folder / "b.npz").exists() == (command == "match-template"), "the mask is large"
    alone = cli("run", "b.json", "a.tif", f"e{suffix}", "--workers", "1")
    assert (alone.status, alone.err) == (0, "")
    assert (folder / f"e{suffix}").read_bytes() == (folder / f"b{suffix}").read_bytes()


def test_three_steps_in_one(cli, folder: Path) -> None:
    names = ["a.tif", "b.ome.tif", "c.ome.tif", "d.ome.tif"]
    recipes = []
    for number, command in enumerate(["convolve", "wiener", "richardson-lucy"]):
        words = [*COMMANDS[command], *(["--negative", "clip"] if command == "richardson-lucy" else [])]
        done = cli(command, *names[number : number + 2], *words, "--recipe", f"{number}.json")
        assert done.status == 0, done.err
        recipes.append(nc.Recipe.from_json(f"{number}.json"))
    (recipes[0] + recipes[1] + recipes[2]).to_json("all.json")
    done = cli("run", "all.json", "a.tif", "e.ome.tif")
    assert done.status == 0 and done.out.count(" | ") == 2
    assert tifffile.imread("e.ome.tif").tobytes() == tifffile.imread("d.ome.tif").tobytes()
    with tifffile.TiffFile("e.ome.tif") as tif:
        assert tif.series[0].axes == "TYX"
    report = json.loads(cli("run", "all.json", "a.tif", "f.npy", "--json").out)
    assert [step["operation"] for step in report["steps"]] == ["convolve", "wiener", "richardson_lucy"]


def test_axes_are_found_by_name_in_other_images(cli, folder: Path) -> None:
    assert cli("convolve", "a.tif", "b.npy", *COMMANDS["convolve"], "--recipe", "b.json").status == 0
    kernel = nc.kernels.gaussian(sigma=2)
    moved = np.moveaxis(STACK, 0, -1)
    np.save("yxc.npy", moved)
    np.save("plane.npy", STACK[0])
    Image.fromarray((np.moveaxis(STACK, 0, -1) // 16).astype("u1")).save("rgb.png")
    rgba = np.dstack([(moved // 16), np.full(STACK.shape[1:], 77)]).astype("u1")
    Image.fromarray(rgba).save("rgba.png")
    assert cli("run", "b.json", "plane.npy", "plane.out.npy").status == 0
    np.testing.assert_allclose(np.load("plane.out.npy"), nc.convolve(STACK[0], kernel, boundary="wrap"), rtol=1e-5)
    for name in ("yxc.npy", "rgb.png", "rgba.png"):
        axes = ["--input-axes", "yxc"] if name == "yxc.npy" else []
        done = cli("run", "b.json", name, "out.npy", "--overwrite", *axes)
        assert done.status == 0, done.err
        found = np.load("out.npy")
        image = moved if name.startswith("yxc") else moved // 16
        expected = nc.convolve(image, kernel, boundary="wrap", axes=(0, 1))
        np.testing.assert_allclose(found[..., :3], expected, rtol=1e-5)
        if name == "rgba.png":
            assert (found[..., 3] == 77).all()
    smooth = ["--kernel", "moving_average", "-p", "size=3", "-p", "ndim=1", "--axes", "t"]
    assert cli("convolve", "a.tif", "t.npy", *smooth, "--recipe", "t.json", "--overwrite").status == 0
    failed = cli("run", "t.json", "plane.npy", "out.npy", "--overwrite")
    assert failed.status == 1
    assert "t.json: step 1 (convolve): the image has no axis 't'; its axes are y x" in failed.err


def test_recipes_made_in_python_act_on_the_spatial_axes(cli, folder: Path) -> None:
    Image.fromarray((np.moveaxis(STACK, 0, -1) // 16).astype("u1")).save("rgb.png")
    nc.Recipe.of("convolve", kernel=np.ones((3, 3)), dtype="u1").to_json("r.json")
    assert cli("run", "r.json", "rgb.png", "out.png").status == 0
    expected = nc.convolve(np.moveaxis(STACK, 0, -1) // 16, np.ones((3, 3)), axes=(0, 1), dtype="u1")
    np.testing.assert_array_equal(np.asarray(Image.open("out.png")), expected)
    nc.Recipe.of("convolve", kernel=np.ones((3, 3)), axes=(1, 2)).to_json("r.json")
    assert cli("run", "r.json", "a.tif", "out.npy").status == 0
    np.testing.assert_array_equal(np.load("out.npy"), nc.convolve(STACK, np.ones((3, 3))))


def test_other_versions_are_told(cli, folder: Path) -> None:
    text = nc.Recipe.of("convolve", kernel=np.ones((3, 3))).to_json()
    Path("old.json").write_text(text.replace(f'"{np.__version__}"', '"1.2.3"'))
    done = cli("run", "old.json", "a.tif", "b.npy")
    note = f"note: old.json: numpy 1.2.3, here {np.__version__}: equal to rounding, not bit for bit\n"
    assert (done.status, done.err) == (0, note)
    assert cli("run", "old.json", "a.tif", "c.npy", "--quiet").err == ""


def test_what_cannot_be_run(cli, folder: Path) -> None:
    good = nc.Recipe.of("convolve", kernel=np.ones((3, 3)))
    good.to_json("good.json")
    text = good.to_json()
    Path("new.json").write_text(text.replace('"version": 1', '"version": 9', 1))
    Path("unknown.json").write_text(text.replace('"convolve"', '"sharpen"'))
    Path("code.json").write_text("__import__('os').system('touch PWNED')")
    nc.Recipe.of("spectrum").to_json("spectrum.json")
    (good + nc.Recipe.of("wiener", psf=np.zeros((3, 3)))).to_json("zero.json")
    nc.Recipe.of("detect_features", templates=STACK[0, :9, :9]).to_json("detect.json")
    for recipe, output, words in (
        ("missing.json", "b.npy", "no such file: missing.json"),
        (".", "b.npy", "no such file"),
        ("a.tif", "b.npy", "a.tif: not text"),
        ("code.json", "b.npy", "code.json: not JSON"),
        ("new.json", "b.npy", "version 9 of the format, known is 1 (written by"),
        ("unknown.json", "b.npy", "step 1 (sharpen) unknown operation 'sharpen'"),
        ("spectrum.json", "b.npy", "ends in spectrum, which makes neither an image nor a table"),
        ("zero.json", "b.npy", "zero.json: step 2 (wiener): psf"),
        ("good.json", "b.png", "b.png"),
        ("good.json", "b.csv", "cannot write 'b.csv': the formats are .ome.tif"),
        ("detect.json", "b.npy", "cannot write 'b.npy': the formats are .csv"),
        ("good.json", "a.tif", "is an input"),
        ("good.json", "good.json", "cannot write"),
    ):
        failed = cli("run", recipe, "a.tif", output)
        assert (failed.status, failed.err.count("\n"), failed.out) == (1, 1, ""), (recipe, failed.err)
        assert words in failed.err
    assert cli("run", "good.json", "a.tif").status == 2
    assert cli("run", "good.json", "a.tif", "b.npy", "--workers", "0").status in (1, 2)
    assert not Path("PWNED").exists() and not Path("b.npy").exists()


def test_where_a_recipe_cannot_be_written(cli, folder: Path) -> None:
    words = ["convolve", "a.tif", "b.npy", *COMMANDS["convolve"]]
    Path("old.json").write_text("kept")
    Path("taken.npz").write_text("kept")
    for name, sentence in (
        ("old.json", "old.json exists; --overwrite"),
        ("taken.json", "taken.npz exists; --overwrite"),
        ("r.txt", "cannot write 'r.txt': the formats are .json"),
        ("no/r.json", "no such folder"),
    ):
        failed = cli(*words, "--recipe", name)
        assert failed.status == 1 and sentence in failed.err
    assert not Path("b.npy").exists(), "found out before the work"
    assert cli(*words, "--recipe", "").status == 2
    assert cli(*words, "--recipe", "old.json", "--overwrite").status == 0
    assert len(nc.Recipe.from_json("old.json")) == 1
