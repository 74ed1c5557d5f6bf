"""Results for every kind of layer: correct values and position. No window, but the real panel."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from scipy import ndimage

from napari_convolve.plugin.panels.convolve_panel import ConvolvePanel


@pytest.fixture
def smooth(qtbot) -> Any:
    """Put one image into a viewer, press Run with a Gaussian of 1 pixel, hand back source and result."""

    def call(data: Any, act_on: str | None = None, options: dict[str, Any] | None = None, **attributes: Any) -> Any:
        viewer = ViewerModel()
        viewer.add_image(data, name="a", **attributes)
        panel = ConvolvePanel(viewer)
        if act_on is not None:
            panel.view.value = next(view for view in panel.view.choices if view.label == act_on)
        for name, value in (options or {}).items():
            panel.settings[name].value = value
        panel.run()
        qtbot.waitUntil(lambda: not panel.run_bar.busy, timeout=20000)
        assert len(viewer.layers) == 2, panel.run_bar.details.value or panel.run_bar.message.value
        return viewer.layers[0], viewer.layers[1]

    return call


def gaussian(image: Any, sigma: Any) -> Any:
    return ndimage.gaussian_filter(np.asarray(image).astype(float), sigma)


def test_rgb_is_filtered_in_each_colour_and_stays_rgb(smooth) -> None:
    image = np.random.default_rng(1).integers(0, 256, (12, 15, 3)).astype("u1")
    source, result = smooth(image, rgb=True, scale=(2, 3))
    assert result.rgb and result.data.dtype == np.uint8
    np.testing.assert_allclose(result.data, gaussian(image, (1, 1, 0)), atol=0.51)
    np.testing.assert_array_equal(result.scale, source.scale)


@pytest.mark.parametrize("shape", ["same", "valid", "full"])
def test_opacity_is_kept_where_it_can_be(smooth, shape: str) -> None:
    image = np.random.default_rng(1).integers(0, 256, (2, 12, 15, 4)).astype("u1")
    source, result = smooth(image, rgb=True, options={"shape": shape}, scale=(1, 2, 2))
    assert result.rgb
    if shape == "same":
        np.testing.assert_array_equal(result.data[..., 3], image[..., 3])
    shift = {"same": 0, "valid": 4, "full": -4}[shape]
    np.testing.assert_allclose(result.data_to_world((0, 0, 0)), source.data_to_world((0, shift, shift)))


def test_channels_and_time_are_done_one_by_one(smooth) -> None:
    image = np.random.default_rng(2).random((2, 3, 4, 10, 11)).astype("f4")
    labels = ("t", "c", "z", "y", "x")
    source, result = smooth(image, "3-D (z, y, x)", axis_labels=labels, units=("s", "pixel", "um", "um", "um"))
    np.testing.assert_allclose(result.data, gaussian(image, (0, 0, 1, 1, 1)), atol=1e-5)
    assert result.axis_labels == labels and result.units == source.units


def test_along_time(smooth) -> None:
    image = np.random.default_rng(3).random((9, 5, 6)).astype("f4")
    _, result = smooth(image, "along t", axis_labels=("t", "y", "x"))
    np.testing.assert_allclose(result.data, gaussian(image, (1, 0, 0)), atol=1e-5)


@pytest.mark.parametrize("frames", [1, 3])
def test_one_frame_and_an_empty_frame(smooth, frames: int) -> None:
    image = np.zeros((frames, 8, 9), "u2")
    image[0, 4, 4] = 1000 * (frames - 1)
    _, result = smooth(image, axis_labels=("t", "y", "x"))
    np.testing.assert_allclose(result.data, gaussian(image, (0, 1, 1)), atol=1e-3)


def test_full_resolution_of_a_multiscale_layer(smooth) -> None:
    image = np.random.default_rng(4).random((64, 48))
    source, result = smooth([image, image[::2, ::2]], multiscale=True, scale=(0.5, 0.5))
    assert not result.multiscale
    np.testing.assert_allclose(result.data, gaussian(image, 1), atol=1e-10)
    np.testing.assert_array_equal(result.scale, source.scale)


def test_dask_is_computed_with_a_warning_of_its_size(smooth, monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("napari_convolve.plugin.operation.operation_panel.show_warning", said.append)
    image = np.random.default_rng(5).random((5, 12, 13)).astype("f4")
    _, result = smooth(da.from_array(image, chunks=(2, 5, 13)))
    np.testing.assert_allclose(result.data, gaussian(image, (0, 1, 1)), atol=1e-5)
    assert isinstance(result.data, np.ndarray)
    assert len(said) == 1 and "3.0 KiB" in said[0]


def test_a_lazy_layer_larger_than_memory_is_refused(qtbot) -> None:
    viewer = ViewerModel()
    panel = ConvolvePanel(viewer)
    lazy = da.zeros((400_000, 1024, 1024), dtype="u1", chunks=(1, 1024, 1024))
    viewer.add_image(lazy, contrast_limits=(0, 1))
    panel.reset_choices()
    panel.run()
    assert "390625.0 MiB" in panel.run_bar.message.value or "390.6 GiB" in panel.run_bar.message.value
    assert not panel.run_bar.busy and len(viewer.layers) == 1


@pytest.mark.parametrize(
    "placement",
    [
        {"scale": (2, 0.5, 0.5), "translate": (5, -4, 3), "rotate": 30},
        {"scale": (2, 0.5, 0.25), "shear": (0.0, 0.0, 0.3), "rotate": 20},
        {"affine": [[3, 0, 0, 1], [0, 0.9, -0.1, 2], [0, 0.2, 1.1, 3], [0, 0, 0, 1]]},
    ],
)
@pytest.mark.parametrize("shape", ["same", "valid", "full"])
def test_rotated_sheared_and_moved_layers(smooth, placement, shape: str) -> None:
    image = np.random.default_rng(6).random((3, 20, 22)).astype("f4")
    source, result = smooth(
        image, options={"shape": shape}, units=("um",) * 3, axis_labels=("z", "y", "x"), **placement
    )
    shift = {"same": 0, "valid": 4, "full": -4}[shape]
    for index in ((0, 0, 0), (2, 5, 7)):
        at = np.add(index, (0, shift, shift))
        np.testing.assert_allclose(result.data_to_world(index), source.data_to_world(at), atol=1e-10)
    inside = result.data[1, 6 - shift, 7 - shift]
    np.testing.assert_allclose(inside, gaussian(image, (0, 1, 1))[1, 6, 7], rtol=1e-4)


def test_what_a_layer_looks_like_has_no_effect_on_the_numbers(smooth) -> None:
    image = np.random.default_rng(7).random((10, 11)).astype("f4")
    _, plain = smooth(image)
    _, odd = smooth(image, visible=False, opacity=0, contrast_limits=(0.4, 0.5), gamma=2, colormap="magma")
    np.testing.assert_array_equal(plain.data, odd.data)
    assert odd.colormap.name == "magma" and odd.visible


@pytest.mark.parametrize(
    "image", [np.arange(132.0).reshape(11, 12).T, np.arange(132, dtype=">f8").reshape(12, 11)[:, ::-1]]
)
def test_any_order_of_memory(smooth, image) -> None:
    before = image.copy()
    _, result = smooth(image)
    np.testing.assert_allclose(result.data, gaussian(before, 1), atol=1e-9)
    np.testing.assert_array_equal(image, before)


def test_a_slider_in_the_middle_and_transposed_dims_change_nothing(qtbot) -> None:
    image = np.random.default_rng(8).random((4, 10, 11)).astype("f4")
    viewer = ViewerModel()
    viewer.add_image(image)
    viewer.dims.order = (2, 0, 1)
    viewer.dims.set_point(2, 5)
    panel = ConvolvePanel(viewer)
    panel.run()
    qtbot.waitUntil(lambda: not panel.run_bar.busy, timeout=20000)
    assert len(viewer.layers) == 2, panel.run_bar.details.value
    np.testing.assert_allclose(viewer.layers[1].data, gaussian(image, (0, 1, 1)), atol=1e-5)


def test_a_second_result_does_not_replace_the_first(qtbot) -> None:
    viewer = ViewerModel()
    viewer.add_image(np.ones((5, 6)), name="a")
    panel = ConvolvePanel(viewer)
    for _ in range(2):
        panel.run()
        qtbot.waitUntil(lambda: not panel.run_bar.busy, timeout=20000)
    assert [layer.name for layer in viewer.layers] == ["a", "a · gaussian", "a · gaussian [1]"]
