"""No option makes a command replace a file that it reads, and no recipe replaces a file that is not its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    image = np.random.default_rng(0).random((20, 21)).astype("f4") + 1
    for name in ("image", "mask", "template", "after"):
        np.save(
            tmp_path / f"{name}.npy", image > 1.2 if name == "mask" else image[:5, :5] if name == "template" else image
        )
    nc.kernels.gaussian(sigma=1.0).save(tmp_path / "psf.npz")
    np.savetxt(tmp_path / "points.csv", [[10, 10]], delimiter=",")
    return tmp_path


CASES = {
    "mask": ("convolve image.npy mask.npy --kernel gaussian -p sigma=1 --mask mask.npy", "mask.npy"),
    "recipe": ("wiener image.npy out.npy --psf psf.npz --recipe psf.json", "psf.npz"),
    "recipe over the mask": ("convolve image.npy out.npy --kernel psf.npz --mask psf.npz --recipe psf.json", "psf.npz"),
    "template": ("match-template image.npy template.npy --template template.npy", "template.npy"),
    "table": ("detect image.npy points.csv --template template.npy --region points.csv", "points.csv"),
    "after": ("estimate-kernel image.npy psf.npz --after psf.npz --size 3", "psf.npz"),
    "spectrum": ("spectrum image.npy mask.npy --mask mask.npy", "mask.npy"),
}


@pytest.mark.parametrize(("line", "kept"), CASES.values(), ids=CASES)
def test_an_output_that_is_an_input_is_refused(
    cli: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch, line: str, kept: str
) -> None:
    monkeypatch.chdir(folder)
    before = (folder / kept).read_bytes()
    found = cli(*line.split(), "--overwrite")
    assert found.status in (1, 2) and kept in found.err and found.err.count("\n") == 1
    assert (folder / kept).read_bytes() == before


def test_a_recipe_replaces_its_own_arrays_only(folder: Path) -> None:
    recipe = nc.Recipe.of("wiener", psf=nc.Kernel(np.random.default_rng(0).random((40, 41))), nsr=0.1)
    recipe.to_json(folder / "sharp.json")
    recipe.to_json(folder / "sharp.json")  # its own
    before = (folder / "psf.npz").read_bytes()
    with pytest.raises(FileExistsError, match=r"psf\.npz exists and holds no arrays of psf\.json"):
        recipe.to_json(folder / "psf.json")
    assert (folder / "psf.npz").read_bytes() == before and not (folder / "psf.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_replaced_file_keeps_its_permissions(cli: Callable[..., Any], folder: Path) -> None:
    target = folder / "out.npy"
    target.write_bytes(b"")
    target.chmod(0o640)
    assert cli("convolve", folder / "image.npy", target, "--kernel", "box", "-p", "size=3", "--overwrite").status == 0
    assert target.stat().st_mode & 0o777 == 0o640
