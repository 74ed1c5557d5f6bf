"""Feature maps in napari: what the function gives, as a channel axis over the image, with a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtWidgets import QApplication

import napari_convolve as nc
from napari_convolve.ops.filtering.cnn_layer import SampleGrid
from napari_convolve.plugin.layers.feature_map_layers import MOVED, maps_tuple
from napari_convolve.plugin.layers.layer_data import read_layer
from napari_convolve.plugin.layers.recording import RECIPE

pytestmark = pytest.mark.usefixtures("at_once")

RNG = np.random.default_rng(50)


@pytest.mark.panel
def test_a_bank_on_a_plane(viewer, open_panel, hands) -> None:
    image = RNG.random((31, 40)).astype("f4")
    viewer.add_image(image, name="a", scale=(0.5, 0.25), units=("um", "um"), axis_labels=("y", "x"))
    panel = open_panel("Feature Maps")
    assert "4 maps. 0: rises along y, 1: falls along y" in panel.weights.about.value
    assert panel.weights.pictures.count == 4
    hands.pick(panel.settings["activation"], "relu")
    hands.pick(panel.settings["pooling"], "max")
    message = hands.run(panel)
    assert message.endswith("the slider c goes from map to map")
    layer = viewer.layers[-1]
    expected = nc.feature_maps(image, nc.kernels.bank("edges"), activation="relu", pooling="max")
    np.testing.assert_array_equal(layer.data, expected)
    assert layer.data.shape == (4, 15, 20) and layer.name == "a · 4 maps"
    assert (
        tuple(map(str, layer.axis_labels)) == ("c", "y", "x")
        and [str(u) for u in layer.units][1:] == ["micrometer"] * 2
    )
    np.testing.assert_allclose(layer.scale, (1, 1, 0.5))
    np.testing.assert_allclose(layer.data_to_world((0, 0, 0))[1:], (0.25, 0.125), err_msg="the middle of a block")
    np.testing.assert_array_equal(layer.metadata[RECIPE].run(image), expected)
    hands.click(panel.run_bar[-1].button)
    hands.click(panel.tools.copy)
    script = QApplication.clipboard().text()
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(script, "script", "exec"), names)
    made = next(f for f in names.values() if callable(f) and getattr(f, "__module__", "") == "script")(image)
    np.testing.assert_allclose(made, expected, atol=1e-6)


def test_all_banks_and_views(viewer, open_panel, hands) -> None:
    viewer.add_image(RNG.random((7, 26, 27)).astype("f4"), name="a")
    panel = open_panel("Feature Maps")
    for name, count in (("spots", 6), ("texture", 8), ("directions", 8), ("edges", 4)):
        hands.pick(panel.weights.kind, name)
        hands.run(panel)
        assert viewer.layers[-1].data.shape == (7, count, 26, 27), "the maps stand before the plane"
    hands.pick(panel.view, "3-D")
    assert panel.weights.about.value.startswith("6 maps. 0: rises along z")
    hands.run(panel)
    assert viewer.layers[-1].data.shape == (6, 7, 26, 27)
    hands.pick(panel.weights.kind, "directions")
    assert "for planes" in panel.weights.about.value and "for planes" in hands.run(panel)
    hands.pick(panel.view, "along")
    hands.pick(panel.weights.kind, "edges")
    hands.run(panel)
    assert viewer.layers[-1].data.shape == (2, 7, 26, 27)


def test_weights_of_a_file(viewer, open_panel, hands, tmp_path: Path) -> None:
    image, weights = RNG.random((3, 20, 22)), RNG.normal(size=(5, 3, 3, 3))
    np.save(tmp_path / "w.npy", weights)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "flat.npy", np.ones((3, 3)))
    viewer.add_image(image, name="a", axis_labels=("c", "y", "x"))
    panel = open_panel("Feature Maps")
    hands.pick(panel.weights.kind, "from a .npy")
    assert "choose the .npy file" in hands.run(panel)
    for name, words in (("objects.npy", "object"), ("flat.npy", "must have the shape"), ("none.npy", "no such file")):
        panel.weights.file.value = tmp_path / name
        assert words in panel.weights.about.value and words in hands.run(panel)
    panel.weights.file.value = tmp_path / "w.npy"
    assert panel.weights.about.value == "5 maps of 3 input channels, kernels 3 × 3."
    hands.write(panel.settings["stride"], "2")
    hands.run(panel)
    expected = nc.feature_maps(image, weights, stride=2)
    np.testing.assert_array_equal(viewer.layers[-1].data, expected)
    assert tuple(map(str, viewer.layers[-1].axis_labels)) == ("c", "y", "x")
    np.testing.assert_allclose(viewer.layers[-1].scale, (1, 2, 2))
    hands.pick(panel.view, "along")
    assert "choose other axes" in panel.weights.about.value


def test_colours(viewer, open_panel, hands, tmp_path: Path) -> None:
    image, weights = RNG.integers(0, 255, (20, 22, 3)).astype("u1"), RNG.normal(size=(5, 3, 3, 3))
    np.save(tmp_path / "w.npy", weights)
    viewer.add_image(image, rgb=True, name="a")
    panel = open_panel("Feature Maps")
    assert "three input channels" in hands.run(panel)
    hands.pick(panel.weights.kind, "from a .npy")
    panel.weights.file.value = tmp_path / "w.npy"
    hands.run(panel)
    maps = viewer.layers[-1]
    expected = nc.feature_maps(image, weights, axes=(0, 1), channel_axis=2)
    np.testing.assert_array_equal(maps.data, np.moveaxis(expected, -1, 0))
    assert not maps.rgb and maps.metadata[MOVED]
    np.testing.assert_array_equal(maps.metadata[RECIPE].run(image), expected)
    viewer.add_image(image[:10], rgb=True, name="b")
    again = open_panel("Recipes")
    again.result.value = maps
    again.target.value = viewer.layers["b"]
    hands.run(again)
    np.testing.assert_allclose(viewer.layers[-1].data[:, :8], maps.data[:, :8], atol=1e-3)
    # what is made of the maps begins with them: the recipe of colours would hand out other axes
    other = open_panel("Convolve")
    other.image.value = maps
    hands.run(other)
    assert len(viewer.layers[-1].metadata[RECIPE]) == 1


def test_the_recipe_for_another_layer(viewer, open_panel, hands) -> None:
    first, second = RNG.random((24, 25)), RNG.random((30, 33))
    viewer.add_image(first, name="a")
    panel = open_panel("Feature Maps")
    hands.pick(panel.weights.kind, "texture")
    hands.write(panel.settings["stride"], "3")
    hands.run(panel)
    convolve = open_panel("Convolve")
    convolve.image.value = viewer.layers[-1]
    hands.run(convolve)
    assert len(viewer.layers[-1].metadata[RECIPE]) == 2
    made = viewer.layers[-1]
    viewer.add_image(second, name="b")
    again = open_panel("Recipes")
    again.result.value = made
    again.target.value = viewer.layers["b"]
    hands.run(again)
    expected = nc.convolve(nc.feature_maps(second, nc.kernels.bank("texture"), stride=3), nc.kernels.gaussian(sigma=1))
    assert viewer.layers[-1].data.shape == expected.shape == (8, 10, 11)
    np.testing.assert_allclose(viewer.layers[-1].scale, (1, 3, 3))


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
@pytest.mark.parametrize(("new", "at"), [(True, 0), (True, 1), (False, 0)])
def test_maps_lie_on_layers_that_are_turned_and_sheared(new: bool, at: int) -> None:
    affine = np.eye(4)
    affine[:3, :3] += RNG.normal(size=(3, 3)) / 9
    affine[:3, 3] = 4, 5, 6
    layer = Image(
        np.zeros((4, 20, 22)),
        scale=(2, 0.5, 0.25),
        translate=(3, -7, 11),
        rotate=30,
        shear=(0.1, 0.2, 0.3),
        affine=affine,
    )
    axes = (1, 2) if at == 1 or not new else (0, 1, 2)
    step, first = (2, 1, 3)[: len(axes)], (0.5, 1.0, -2.0)[: len(axes)]
    shape = (4, 6, 20, 22) if at == 1 else (6, 4, 20, 22) if new else (6, 20, 22)
    grid = SampleGrid(at, new, axes, first, step)
    made = Image.create(*maps_tuple(read_layer(layer), np.zeros(shape), grid, "maps"))
    for _ in range(5):
        sample = RNG.uniform(0, 5, 3)
        place = sample.copy()
        for axis, s, f in zip(axes, step, first, strict=True):
            place[axis] = f + s * sample[axis]
        world = np.asarray(layer.data_to_world(place))
        got = np.asarray(made.data_to_world(np.insert(sample, at, 2.0) if new else sample))
        np.testing.assert_allclose(np.delete(got, at) if new else got, world)
