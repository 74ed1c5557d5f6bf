"""The commands ``richardson-lucy`` and ``estimate-noise``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import napari_convolve as nc

RNG = np.random.default_rng(0)
PSF = ["--psf", "gaussian", "-p", "sigma=1.5"]


def test_richardson_lucy(cli, tmp_path: Path) -> None:
    image = RNG.random(size=(30, 40))
    np.save(tmp_path / "a.npy", image)
    np.save(tmp_path / "mask.npy", RNG.random(size=(30, 40)) > 0.1)
    words = [tmp_path / "a.npy", tmp_path / "b.npy", *PSF, "--overwrite"]
    done = cli("richardson-lucy", *words, "--iterations", "5", "--tv", "0.01", "--acceleration", "none", "--json")
    assert done.status == 0 and json.loads(done.out)["iterations"] == 5
    psf = nc.kernels.gaussian(sigma=1.5)
    expected = nc.richardson_lucy(image, psf, iterations=5, tv=0.01, acceleration=None)
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), expected)
    assert cli("richardson_lucy", *words, "--mask", tmp_path / "mask.npy", "--stop", "auto").status == 0
    expected = nc.richardson_lucy(image, psf, mask=np.load(tmp_path / "mask.npy"), stop="auto")
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), expected)
    for option, wrong in (("iterations", "0"), ("iterations", "1.5"), ("tv", "-1"), ("stop", "soon")):
        failed = cli("richardson-lucy", *words, f"--{option}", wrong)
        assert (failed.status, option in failed.err) == (2, True)
    np.save(tmp_path / "a.npy", image - 0.5)
    failed = cli("richardson-lucy", *words)
    assert failed.status == 1 and "negative samples" in failed.err and failed.err.count("\n") == 1
    assert cli("richardson-lucy", *words, "--negative", "clip").status == 0


def test_estimate_noise(cli, tmp_path: Path) -> None:
    image = nc.convolve(RNG.normal(size=(2, 64, 66)), nc.kernels.gaussian(sigma=4)) * 50 + RNG.normal(size=(2, 64, 66))
    np.save(tmp_path / "a.npy", image)
    words = [tmp_path / "a.npy", "--input-axes", "tyx"]
    done = cli("estimate-noise", *words)
    assert done.status == 0 and done.out.startswith("noise ")
    found = json.loads(cli("estimate-noise", *words, *PSF, "--json", "--quiet").out)
    expected = nc.estimate_noise(image, nc.kernels.gaussian(sigma=1.5))
    assert found["noise"] == expected.noise and found["reason"] == expected.reason
    split = cli("estimate-noise", *words, *PSF, "--no-share").out.splitlines()
    assert split == [str(one) for one in nc.estimate_noise(image, nc.kernels.gaussian(sigma=1.5), share=False)]
    known = json.loads(
        cli("estimate-noise", *words, "--gain", "2", "--read-noise", "3", "--offset", "-100", "--json").out
    )
    assert abs(known["noise"] - np.sqrt(2 * (image.mean() + 100) + 9)) < 1e-6
    for wrong in (["--noise", "-1"], ["--gain", "-2"], ["-p", "sigma=2"], ["--axes", "q"]):
        assert cli("estimate-noise", *words, *wrong).status == 2
    np.save(tmp_path / "a.npy", np.full((5, 6), np.nan))
    assert cli("estimate-noise", tmp_path / "a.npy").status == 1
