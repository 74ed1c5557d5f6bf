"""The commands of the frequency domain: spectrum, bandpass, notch, estimate-kernel."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.bigdata.files import Labeled, read, write


@pytest.fixture
def striped(tmp_path: Path) -> Path:
    y, x = np.mgrid[:200, :240]
    image = 50.0 * (np.hypot(y - 90, x - 120) < 40) + 5 * np.cos(2 * np.pi * 0.21 * x + 1)
    path = tmp_path / "striped.tif"
    write(path, Labeled(image.astype("f4"), ("y", "x"), (0.5, 0.5), ("um", "um")))
    return path


def test_bandpass_takes_the_spacing_of_the_file(cli: Callable[..., Any], striped: Path, tmp_path: Path) -> None:
    out, recipe = tmp_path / "b.tif", tmp_path / "b.json"
    assert cli("bandpass", striped, out, "--low", 2, "--high", 20, "--by", "size", "--recipe", recipe).status == 0
    expected = nc.bandpass(read(striped).data, 2, 20, by="size", spacing=0.5)
    np.testing.assert_allclose(read(out).data, expected, atol=1e-4)
    assert read(out).spacing == (0.5, 0.5)
    assert cli("run", recipe, striped, tmp_path / "again.tif").status == 0
    np.testing.assert_array_equal(read(tmp_path / "again.tif").data, read(out).data)


@pytest.mark.parametrize("peaks", [(), ("--peaks", "0,0.42"), ("--peaks", "0,0.42;0.3,0.1")])
def test_notch_finds_the_stripes_or_takes_those_given(
    cli: Callable[..., Any], striped: Path, tmp_path: Path, peaks: tuple[str, ...]
) -> None:
    assert cli("notch", striped, tmp_path / "n.npy", *peaks).status == 0
    y, x = np.mgrid[:200, :240]
    disk = 50.0 * (np.hypot(y - 90, x - 120) < 40)
    assert (np.load(tmp_path / "n.npy") - disk).std() < 0.05


def test_spectrum_as_a_picture_and_as_a_table(cli: Callable[..., Any], striped: Path, tmp_path: Path) -> None:
    for show in ("amplitude", "log", "phase", "power"):
        assert cli("spectrum", striped, tmp_path / f"{show}.tif", "--show", show).status == 0
    found = read(tmp_path / "amplitude.tif")
    expected = nc.spectrum(read(striped).data, spacing=0.5).centered()
    np.testing.assert_allclose(found.data, expected.amplitude, rtol=1e-5, atol=1e-6)
    done = cli("spectrum", striped, tmp_path / "again.tif")
    assert "one sample is 0.01 x 0.00833333 cycles per um" in done.out
    assert cli("spectrum", striped, tmp_path / "p.csv", "--count", 5).status == 0
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text().splitlines()))
    nearest = min(rows, key=lambda r: abs(float(r["frequency_x"]) - 0.42) + abs(float(r["frequency_y"])))
    assert float(nearest["frequency_x"]) == pytest.approx(0.42, abs=1e-3)
    assert float(nearest["amplitude"]) == pytest.approx(5, rel=0.05)
    assert float(nearest["period"]) == pytest.approx(1 / 0.42, rel=0.01)


def test_estimate_kernel(cli: Callable[..., Any], tmp_path: Path) -> None:
    before = np.random.default_rng(0).normal(size=(2, 64, 66)).astype("f4")
    kernel = nc.kernels.gaussian(sigma=1)
    units = (None, "um", "um")
    write(tmp_path / "a.tif", Labeled(before, ("t", "y", "x"), (1, 0.2, 0.2), units))
    write(tmp_path / "b.tif", Labeled(nc.convolve(before, kernel), ("t", "y", "x"), (1, 0.2, 0.2), units))
    words = ("estimate-kernel", tmp_path / "a.tif", tmp_path / "k.json", "--after", tmp_path / "b.tif")
    done = cli(*words, "--size", 9, "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["explained"] > 0.9999
    found = nc.Kernel.load(tmp_path / "k.json")
    np.testing.assert_allclose(found.values, kernel.values, atol=1e-3)
    np.testing.assert_allclose(found.spacing, (0.2, 0.2))
    assert found.units == "um"
    assert cli(*words, "--size", 9).status == 1, "the file exists"
    assert cli(*words, "--size", "9,9,9", "--overwrite").status == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("bandpass", "IN", "x.tif", "--low", "5", "--high", "2"), 2),
        (("notch", "IN", "x.tif", "--peaks", "0;zero"), 2),
        (("spectrum", "IN", "x.tif", "--show", "beauty"), 2),
        (("spectrum", "IN", "x.csv", "--count", "0"), 2),
        (("estimate-kernel", "IN", "x.json", "--after", "IN"), 2),
    ],
)
def test_wrong_words(cli: Callable[..., Any], striped: Path, tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    given = [striped if w == "IN" else tmp_path / w if w.startswith("x.") else w for w in words]
    done = cli(*given)
    assert done.status == code, (done.out, done.err)
    assert "Traceback" not in done.err and not list(tmp_path.glob("x.*"))
