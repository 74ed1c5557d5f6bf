"""``detect`` writes the table that `nc.detect_features` makes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

import napari_convolve as nc

RNG = np.random.default_rng(5)
IMAGE = nc.convolve(RNG.normal(size=(2, 60, 70)), nc.kernels.gaussian(sigma=1.5)).astype("f4")
TEMPLATE = IMAGE[0, 20:31, 30:39]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    np.save(tmp_path / "a.npy", IMAGE)
    np.save(tmp_path / "t.npy", TEMPLATE)
    np.save(tmp_path / "u.npy", IMAGE[1, 40:47, 9:18])
    np.save(tmp_path / "m.npy", RNG.random(TEMPLATE.shape) > 0.2)
    np.save(tmp_path / "r.npy", np.arange(60 * 70).reshape(60, 70) < 35 * 70)
    return tmp_path


def table(path: Path) -> np.ndarray:
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header[:5] == ["index", "axis-0", "axis-1", "axis-2", "score"]
    return np.array(rows, float).reshape(-1, len(header))[:, 1:]


def close(found: np.ndarray, wanted: np.ndarray) -> None:
    """Tables are written with nine digits."""
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-7)


def expected(*args: object, **options: object) -> np.ndarray:
    found = nc.detect_features(*args, **options)
    return np.column_stack(list(found.columns().values()))


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (
            ["--threshold", "0.4", "--max-count", "5", "--no-subpixel"],
            {"threshold": 0.4, "max_count": 5, "subpixel": False},
        ),
        (["--rotations", "0:30:10", "--threshold", "0.6"], {"rotations": [0, 10, 20], "threshold": 0.6}),
        (["--rotations", "-10,0,5.5", "--scales", "0.9,1"], {"rotations": [-10, 0, 5.5], "scales": [0.9, 1]}),
        (["--min-distance", "4,5", "--threshold", "0.3"], {"min_distance": (4, 5), "threshold": 0.3}),
        (
            ["--axes", "yx", "--method", "direct", "--shape", "valid"],
            {"axes": (1, 2), "method": "direct", "shape": "valid"},
        ),
    ],
)
def test_options(cli, files: Path, words: list[str], options: dict[str, object]) -> None:
    done = cli("detect", files / "a.npy", files / "b.csv", "--template", files / "t.npy", *words)
    assert done.status == 0, done.err
    found = table(files / "b.csv")
    close(found, expected(IMAGE, TEMPLATE, **options))
    assert len(found) and np.allclose(found[0, :4], [0, 25, 34, 1], atol=0.1)


def test_several_templates_masks_and_regions(cli, files: Path) -> None:
    templates = ["--template", files / "t.npy", "--template", files / "u.npy"]
    words = [files / "a.npy", files / "b.csv", "--overwrite", "--quiet"]
    assert cli("detect", *words, *templates).status == 0
    close(table(files / "b.csv"), expected(IMAGE, [TEMPLATE, IMAGE[1, 40:47, 9:18]]))
    assert cli("detect-features", *words, *templates[:2], "--template-mask", files / "m.npy").status == 0
    mask = np.load(files / "m.npy")
    close(table(files / "b.csv"), expected(IMAGE, TEMPLATE, template_mask=mask))
    assert cli("detect_features", *words, *templates, "--region", files / "r.npy", "--threshold", "0.3").status == 0
    found = table(files / "b.csv")
    assert len(found) and (found[:, 1] < 35.6).all()


def test_nothing_found_is_a_table_without_rows(cli, files: Path) -> None:
    np.save(files / "flat.npy", np.zeros((2, 60, 70)))
    done = cli("detect", files / "flat.npy", files / "b.csv", "--template", files / "t.npy", "--json")
    assert done.status == 0 and json.loads(done.out)["detections"] == 0
    assert table(files / "b.csv").shape == (0, 7)


def test_axes_go_by_name(cli, files: Path) -> None:
    colours = np.repeat((IMAGE[0, ..., None] * 1e3 + 3e3).astype("u2"), 3, axis=-1)
    tifffile.imwrite(files / "rgb.tif", colours, photometric="rgb")
    done = cli("detect", files / "rgb.tif", files / "b.csv", "--template", files / "t.npy")
    assert done.status == 0, done.err
    close(table(files / "b.csv"), expected(colours, TEMPLATE, axes=(0, 1)))


WRONG = [
    ([], 2, "--template"),
    (["--template", "T", "--rotations", "0:360"], 2, "must read 0,15,30 or 0:360:15"),
    (["--template", "T", "--rotations", "0:360:0"], 2, "must read 0,15,30 or 0:360:15"),
    (["--template", "T", "--rotations", "0:1e9:1e-3"], 2, "100000 are possible"),
    (["--template", "T", "--rotations", "all"], 2, "--rotations"),
    (["--template", "T", "--threshold", "nan"], 2, "threshold"),
    (["--template", "T", "--threshold", "2"], 2, "threshold"),
    (["--template", "T", "--min-distance", "-1"], 2, "min_distance"),
    (["--template", "T", "--max-count", "0"], 2, "max_count"),
    (["--template", "T", "--axes", "q"], 2, "no axis 'q'"),
    (["--template", "gaussian"], 2, "--template 'gaussian' is no file"),
    (["--template", "LARGE"], 1, "a template of shape (61, 5) is larger than the image"),
    (["--template", "missing.npy"], 1, "no such file"),
]


@pytest.mark.parametrize(("words", "status", "sentence"), WRONG)
def test_wrong_arguments_are_named_in_one_line(cli, files: Path, words: list[str], status: int, sentence: str) -> None:
    np.save(files / "large.npy", RNG.normal(size=(61, 5)))
    before = sorted(path.name for path in files.iterdir())
    words = [{"T": str(files / "t.npy"), "LARGE": str(files / "large.npy")}.get(word, word) for word in words]
    failed = cli("detect", files / "a.npy", files / "b.csv", *words)
    assert (failed.status, failed.err.count("\n"), failed.out) == (status, 1, ""), failed.err
    assert sentence in failed.err
    assert sorted(path.name for path in files.iterdir()) == before


def test_outputs_that_cannot_be(cli, files: Path) -> None:
    words = ["--template", files / "t.npy"]
    (files / "b.csv").write_text("kept")
    for target, sentence in (
        ("b.csv", "exists; --overwrite"),
        ("b.tif", "cannot write 'b.tif': the formats are .csv"),
        ("no/b.csv", "no such folder"),
    ):
        failed = cli("detect", files / "a.npy", files / target, *words)
        assert failed.status == 1 and sentence in failed.err
    assert (files / "b.csv").read_text() == "kept"
