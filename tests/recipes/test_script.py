"""A recipe written out as Python runs by itself and makes the same bytes."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

import napari_convolve as nc
from napari_convolve.recipes import OPERATIONS

from .cases import ASYMMETRIC, CASES, PLANE, bits, record
from .test_recipe import chain

FIRST = {operation: next(n for n in CASES if CASES[n][0] == operation) for operation in OPERATIONS}


def in_this_process(script: str, image: np.ndarray) -> Any:
    scope: dict[str, Any] = {"__name__": "script"}
    exec(compile(script, "script.py", "exec"), scope)
    return scope["process"](image)


@pytest.mark.parametrize("name", CASES)
def test_the_script_of_every_case_makes_the_same_bits(name: str) -> None:
    recipe, image, result = record(name)
    script = recipe.to_python()
    assert bits(in_this_process(script, image)) == bits(result)
    assert max(map(len, script.splitlines())) <= 200
    assert "napari_convolve." not in script, "public names only"


@pytest.mark.parametrize("name", FIRST.values(), ids=list(FIRST))
def test_the_script_of_every_operation_runs_by_itself(command: Callable[..., str], name: str, tmp_path: Path) -> None:
    recipe, image, result = record(name)
    source = tmp_path / 'it\'s an "image" ü.tif'
    tifffile.imwrite(source, image)
    (tmp_path / "script.py").write_text(recipe.to_python(source), encoding="utf-8")
    words = [source, "found.csv"] if isinstance(result, nc.Detections) else []
    command("python", "script.py", *words)
    if words:
        result.to_csv(tmp_path / "expected.csv")
        assert (tmp_path / "found.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()
    elif name in ("estimate_noise", "estimate_kernel"):
        assert (tmp_path / "result.txt").read_text() == f"{result}\n"
    else:
        made = np.load(tmp_path / "result.npy")
        assert made.tobytes() == bits(result)
        assert made.dtype == getattr(result, "values", result).dtype


def test_the_script_of_a_chain_of_three_in_a_python_of_its_own(tmp_path: Path) -> None:
    recipe, score = chain()
    np.save(tmp_path / "a.npy", PLANE)
    (tmp_path / "script.py").write_text(recipe.to_python(), encoding="utf-8")
    words = [sys.executable, "-W", "error", "script.py", "a.npy", "b.npy"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert (done.returncode, done.stderr) == (0, "")
    assert np.load(tmp_path / "b.npy").tobytes() == score.tobytes()


def test_it_reads_like_a_person_wrote_it() -> None:
    recipe, _, _ = record("convolve")
    text = recipe.to_python("/data/cells.tif")
    assert "kernel = nc.kernels.gaussian(sigma=(2.0, 1.3))" in text
    assert "boundary='wrap'" in text
    assert "cval" not in text and "mask" not in text, "defaults go without saying"
    assert "'/data/cells.tif'" in text
    assert f"numpy {np.__version__}" in text.splitlines()[4]
    assert recipe.to_python().count("/data") == 0
    nothing_planned = nc.Recipe.of("convolve", kernel=[1, 2, 1]).to_python()
    assert "return nc.convolve(image, kernel)\n" in nothing_planned
    assert "kernel = (1, 2, 1)\n" in nothing_planned


def test_kernels_are_written_by_name_only_where_that_makes_the_same_bits() -> None:
    made = nc.kernels.gaussian(sigma=1.3, spacing=0.5)
    for kernel, by_name in (
        (made, True),
        (nc.kernels.log(sigma=1.5, ndim=1), True),
        (nc.Kernel(made.values, made.center, made.spacing, "um", "gaussian", made.parameters), False),
        (nc.Kernel(np.nextafter(made.values, 1), None, 0.5, None, "gaussian", made.parameters), False),
        (nc.Kernel([1, 2], name="gaussian", parameters={"sigma": -1}), False),
        (nc.Kernel([[1, 2]], name="gaussian", parameters={"system": "echo"}), False),
        (ASYMMETRIC, False),
    ):
        text = nc.Recipe.of("convolve", kernel=kernel).to_python()
        assert ("nc.kernels.gaussian(" in text or "nc.kernels.log(" in text) == by_name
        image = PLANE[0] if kernel.ndim == 1 else PLANE
        again = in_this_process(text, image)
        np.testing.assert_array_equal(again, nc.convolve(image, kernel))


@pytest.mark.parametrize("name", ["a.npy", "a.png", "a.tif", "a.TIFF"])
def test_every_kind_of_source(name: str, tmp_path: Path) -> None:
    image = (PLANE // 16).astype("u1")
    if name.endswith("npy"):
        np.save(tmp_path / name, image)
    elif name.endswith("png"):
        Image.fromarray(image).save(tmp_path / name)
    else:
        tifffile.imwrite(tmp_path / name, image)
    script = nc.Recipe.of("convolve", kernel=[[1, 2, 1]]).to_python(tmp_path / name)
    scope: dict[str, Any] = {"__name__": "script"}
    exec(compile(script, "script.py", "exec"), scope)
    np.testing.assert_array_equal(scope["read"](str(tmp_path / name)), image)


def test_a_source_of_another_reader_is_told_of() -> None:
    text = nc.Recipe.of("convolve", kernel=[[1, 2, 1]]).to_python("/data/a.czi")
    assert "save the array as .npy" in text
    ast.parse(text)


HOSTILE = "'''\"\"\"\\\n__import__('os').system('touch PWNED')\n#"


def test_no_text_becomes_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = nc.Kernel([[1, 2, 1]], spacing=1, units=HOSTILE, name=HOSTILE, parameters={HOSTILE: HOSTILE})
    estimate = nc.NoiseEstimate(0.01, 1.0, 1.0, 1.0, HOSTILE)
    recipe = nc.Recipe.of("convolve", kernel=kernel, plan=nc.Plan(HOSTILE, HOSTILE, (8, 8), reason=HOSTILE))
    recipe += nc.Recipe.of("wiener", psf=kernel, nsr=estimate)
    text = recipe.to_python(HOSTILE)
    calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    assert not {call.id for call in calls if isinstance(call, ast.Name)} & {"__import__", "exec", "eval"}
    assert "system" not in {call.attr for call in calls if isinstance(call, ast.Attribute)}
    with pytest.raises(ValueError, match="is not one of"):
        in_this_process(text, PLANE)
    assert not list(tmp_path.iterdir())


def test_arrays_too_large_for_a_text() -> None:
    noise = np.random.default_rng(0).random((1200, 1400))
    recipe = nc.Recipe.of("wiener", psf=np.ones((3, 3)), nsr=noise)
    with pytest.raises(ValueError, match="use to_json"):
        recipe.to_python()
    with pytest.raises(ValueError, match="to_json\\(path\\) writes arrays beside it"):
        recipe.to_json()
