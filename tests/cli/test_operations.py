"""Every operation is a command whose second array and options come from its signature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.bigdata.files import Labeled, read, write
from napari_convolve.cli._operations import filtering
from napari_convolve.recipes import OPERATIONS

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", filtering())
def test_every_option_of_every_operation_is_in_its_help(cli, name: str) -> None:
    shown = cli(name.replace("_", "-"), "--help")
    assert shown.status == 0
    for option in (*OPERATIONS.get(name).options, *OPERATIONS.get(name).arrays[1:]):
        assert "--" + option.name.replace("_", "-") in shown.out
    assert cli(name).status == 2, "the arguments are missing"


def test_match_template(cli, tmp_path: Path) -> None:
    image = RNG.normal(size=(3, 40, 50))
    np.save(tmp_path / "a.npy", image)
    np.save(tmp_path / "t.npy", image[1, 10:19, 20:27])
    np.save(tmp_path / "m.npy", np.arange(63).reshape(9, 7) % 5 > 0)
    words = [tmp_path / "a.npy", tmp_path / "b.npy", "--template", tmp_path / "t.npy", "--overwrite"]
    assert cli("match-template", *words).status == 0
    expected = nc.match_template(image, image[1, 10:19, 20:27])
    np.testing.assert_allclose(np.load(tmp_path / "b.npy"), expected, atol=1e-9)
    assert np.unravel_index(np.load(tmp_path / "b.npy").argmax(), image.shape) == (1, 14, 23)
    assert cli("match_template", *words, "--template-mask", tmp_path / "m.npy", "--shape", "valid").status == 0
    mask = np.load(tmp_path / "m.npy")
    expected = nc.match_template(image, image[1, 10:19, 20:27], template_mask=mask, shape="valid")
    np.testing.assert_allclose(np.load(tmp_path / "b.npy"), expected, atol=1e-9)


def test_templates_that_are_none(cli, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", RNG.normal(size=(9, 10)))
    np.save(tmp_path / "colours.npy", np.zeros((9, 10, 3), "u1"))
    np.save(tmp_path / "nan.npy", np.full((3, 3), np.nan))
    np.save(tmp_path / "flat.npy", np.ones((3, 3)))
    for template, status in (("colours.npy", 1), ("nan.npy", 1), ("flat.npy", 1), ("no.npy", 1), ("gaussian", 2)):
        path = template if template == "gaussian" else tmp_path / template
        failed = cli("match-template", tmp_path / "a.npy", tmp_path / "b.npy", "--template", path)
        assert (failed.status, failed.err.count("\n")) == (status, 1), template
    assert not (tmp_path / "b.npy").exists()


def test_wiener(cli, tmp_path: Path) -> None:
    image = RNG.normal(size=(40, 50))
    np.save(tmp_path / "a.npy", image)
    words = [tmp_path / "a.npy", tmp_path / "b.npy", "--psf", "gaussian", "-p", "sigma=1.5", "--overwrite"]
    assert cli("wiener", *words, "--nsr", "0.01").status == 0
    expected = nc.wiener(image, nc.kernels.gaussian(sigma=1.5), nsr=0.01)
    np.testing.assert_allclose(np.load(tmp_path / "b.npy"), expected, atol=1e-9)
    assert cli("wiener", *words).status == 0, "nsr is estimated"
    for wrong in ("-1", "nan", "much"):
        failed = cli("wiener", *words, "--nsr", wrong)
        assert (failed.status, failed.err.count("\n")) == (2, 1)
        assert "nsr" in failed.err
    np.save(tmp_path / "a.npy", np.full((40, 50), np.nan))
    assert cli("wiener", *words).status == 1, "the data are wrong, not the words"


def test_diffuse_in_the_units_of_the_file(cli, tmp_path: Path) -> None:
    image = RNG.random((3, 9, 20, 21)).astype("f4")
    file = Labeled(image, axes="tzyx", spacing=(1, 0.5, 0.2, 0.2), units=("s", "um", "um", "um"))
    write(tmp_path / "a.ome.tif", file, overwrite=False)
    words = [tmp_path / "a.ome.tif", tmp_path / "b.ome.tif", "--D", "0.3", "--t", "0.5", "--overwrite"]
    assert cli("diffuse", *words).status == 0
    expected = nc.diffuse(image, D=0.3, t=0.5, spacing=(0.5, 0.2, 0.2), axes=(1, 2, 3))
    np.testing.assert_allclose(read(tmp_path / "b.ome.tif").data, expected, atol=1e-5)
    assert cli("diffuse", *words, "--spacing", "1", "--axes", "yx", "--D", "0.3,0.1").status == 0
    expected = nc.diffuse(image, D=(0.3, 0.1), t=0.5, axes=(2, 3))
    np.testing.assert_allclose(read(tmp_path / "b.ome.tif").data, expected, atol=1e-5)
    failed = cli("diffuse", *words, "--D", "-1")
    assert (failed.status, failed.err.count("\n")) == (2, 1) and "D=-1" in failed.err


def test_feature_maps(cli, tmp_path: Path) -> None:
    image, weights = RNG.random((5, 3, 20, 22)).astype("f4"), RNG.normal(size=(4, 3, 3, 3))
    file = Labeled(image, axes="tcyx", spacing=(1, 1, 0.2, 0.2), units=("s", None, "um", "um"))
    write(tmp_path / "a.ome.tif", file)
    np.save(tmp_path / "w.npy", weights)
    words = [tmp_path / "a.ome.tif", tmp_path / "b.ome.tif", "--weights", tmp_path / "w.npy", "--overwrite"]
    more = ["--bias", "0.5,0,-1,2", "--stride", "2", "--activation", "relu", "--pooling", "max", "--padding", "1"]
    assert cli("feature-maps", *words, *more, "--recipe", tmp_path / "r.json").status == 0
    options = {"bias": (0.5, 0, -1, 2), "stride": 2, "activation": "relu", "pooling": "max", "padding": 1}
    made = read(tmp_path / "b.ome.tif")
    np.testing.assert_allclose(made.data, nc.feature_maps(image, weights, **options), atol=1e-5)
    assert made.axes == ("t", "c", "y", "x") and made.spacing[2:] == pytest.approx((0.8, 0.8))
    again = cli("run", tmp_path / "r.json", tmp_path / "a.ome.tif", tmp_path / "c.ome.tif")
    assert again.status == 0
    np.testing.assert_array_equal(read(tmp_path / "c.ome.tif").data, made.data)


def test_feature_maps_of_planes_and_colours(cli, tmp_path: Path) -> None:
    stack = RNG.random((6, 20, 22))
    write(tmp_path / "a.tif", Labeled(stack, axes="zyx"))
    np.save(tmp_path / "w.npy", RNG.normal(size=(2, 1, 3, 3)))
    words = [tmp_path / "a.tif", tmp_path / "b.npy", "--weights", tmp_path / "w.npy", "--overwrite"]
    assert cli("feature-maps", *words).status == 0
    expected = nc.feature_maps(stack, np.load(tmp_path / "w.npy"))
    assert expected.shape == (6, 2, 20, 22)
    np.testing.assert_allclose(np.load(tmp_path / "b.npy"), expected, atol=1e-9)
    colours = RNG.integers(0, 255, (20, 22, 3)).astype("u1")
    write(tmp_path / "a.png", Labeled(colours, axes="yxs"))
    np.save(tmp_path / "w.npy", RNG.normal(size=(5, 3, 3, 3)))
    words[0] = tmp_path / "a.png"
    assert cli("feature-maps", *words).status == 0
    expected = nc.feature_maps(colours, np.load(tmp_path / "w.npy"), axes=(0, 1), channel_axis=2)
    np.testing.assert_allclose(np.load(tmp_path / "b.npy"), expected, atol=1e-3)


def test_feature_maps_of_a_bank(cli, tmp_path: Path) -> None:
    stack = RNG.random((6, 20, 22))
    write(tmp_path / "a.tif", Labeled(stack, axes="zyx"))
    words = [tmp_path / "a.tif", tmp_path / "b.npy", "--overwrite", "--weights"]
    assert cli("feature-maps", *words, "texture", "--recipe", tmp_path / "r.json").status == 0
    expected = nc.feature_maps(stack, nc.kernels.bank("texture"))
    assert expected.shape == (6, 8, 20, 22)
    np.testing.assert_allclose(np.load(tmp_path / "b.npy"), expected, atol=1e-6)
    assert cli("run", tmp_path / "r.json", tmp_path / "a.tif", tmp_path / "c.npy").status == 0
    np.testing.assert_allclose(np.load(tmp_path / "c.npy"), expected, atol=1e-6)
    assert cli("feature-maps", *words, "edges", "-p", "ndim=3").status == 0
    np.testing.assert_allclose(
        np.load(tmp_path / "b.npy"), nc.feature_maps(stack, nc.kernels.bank("edges", ndim=3)), atol=1e-6
    )
    for wrong in (["edges", "-p", "ndim=9"], ["edges", "-p", "size=3"], ["corners"], ["w.npy", "-p", "ndim=3"]):
        failed = cli("feature-maps", *words, *wrong)
        assert (failed.status, failed.err.count("\n")) == (2, 1), failed.err


def test_weights_that_are_none(cli, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", RNG.normal(size=(9, 10)))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "flat.npy", np.ones((3, 3)))
    np.save(tmp_path / "many.npy", np.ones((2, 5, 3, 3)))
    for name, status in (("objects.npy", 1), ("flat.npy", 1), ("none.npy", 1), ("many.npy", 1), ("w.pkl", 2)):
        failed = cli("feature-maps", tmp_path / "a.npy", tmp_path / "b.npy", "--weights", tmp_path / name)
        assert (failed.status, failed.err.count("\n")) == (status, 1), (name, failed.err)
    assert not (tmp_path / "b.npy").exists()
