"""Feature maps against PyTorch: its table, and itself where it is installed; and the window options besides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.standin import NAME, on_device, on_host, standin

import napari_convolve as nc

TABLE = np.load(Path(__file__).parents[2] / "data" / "torch" / "feature_maps.npz", allow_pickle=False)
ACTIVATIONS = (None, "relu", "sigmoid", "tanh", "leaky_relu", "abs")
POOLINGS = (None, "max", "mean")
RNG = np.random.default_rng(21)


def inputs(number: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Image, weights and options of a case of the table."""
    ndim, maps, channels, kernel, stride, dilation, padding, activation, pooling = TABLE["cases"][number].tolist()
    weights = TABLE[f"weights{ndim}"][:maps, :channels, *(slice(kernel) for _ in range(ndim))] / 64
    options = {
        "bias": TABLE["bias"][:maps] / 8,
        "stride": stride,
        "dilation": dilation,
        "padding": padding,
        "activation": ACTIVATIONS[activation],
        "pooling": POOLINGS[pooling],
        "boundary": "constant",
    }
    return TABLE[f"image{ndim}"][:channels].astype("f4"), weights, options


@pytest.mark.parametrize("number", range(len(TABLE["cases"])))
def test_the_table_of_torch(number: int) -> None:
    image, weights, options = inputs(number)
    expected = TABLE[f"maps{number}"]
    got = nc.feature_maps(image, weights, **options)
    assert got.dtype == np.float32 and got.shape == expected.shape
    np.testing.assert_allclose(got, expected, atol=1e-5 * max(1.0, float(np.abs(expected).max())))


def test_the_table_is_not_trivial() -> None:
    cases = TABLE["cases"]
    assert [len(set(cases[:, column].tolist())) for column in (0, 2, 4, 5, 6)] == [2, 2, 3, 3, 3]
    image, weights, options = inputs(5)
    flipped = nc.feature_maps(image, weights[..., ::-1, ::-1], **options)
    assert np.abs(flipped - TABLE["maps5"]).max() > 0.1


@pytest.mark.parametrize(("boundary", "mode"), [("mirror", "reflect"), ("nearest", "replicate"), ("wrap", "circular")])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_torch_itself(ndim: int, boundary: str, mode: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; its table is used instead")
    layers = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)
    layer = layers[ndim - 1](5, 4, 3, stride=2, padding=2, dilation=2, padding_mode=mode)
    image = RNG.normal(size=(2, 5, *(12, 11, 10)[:ndim])).astype("f4")
    with torch.no_grad():
        expected = layer(torch.tensor(image)).numpy()
        weights, bias = layer.weight.numpy(), layer.bias.numpy()
    got = nc.feature_maps(image, weights, bias=bias, stride=2, padding=2, dilation=2, boundary=boundary)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_one_map_of_one_channel_is_a_correlation() -> None:
    image, kernel = RNG.normal(size=(9, 10)), RNG.normal(size=(4, 3))
    for options in ({}, {"shape": "full"}, {"shape": "valid"}, {"origin": (1, -1), "boundary": "mirror"}):
        got = nc.feature_maps(image, kernel[None, None], **options)
        np.testing.assert_allclose(got, nc.correlate(image, kernel, **options)[None], atol=1e-12)
    np.testing.assert_allclose(
        nc.feature_maps(image, kernel[None, None], stride=(2, 3))[0], nc.correlate(image, kernel)[::2, ::3], atol=1e-12
    )


def test_a_bank_of_kernels_is_put_centre_on_centre() -> None:
    image = RNG.normal(size=(5, 20, 21))
    bank = [nc.kernels.gaussian(sigma=1), nc.kernels.sobel(axis=0), nc.Kernel(RNG.normal(size=(2, 5)), center=(1, 0))]
    maps = nc.feature_maps(image, bank)
    assert maps.shape == (5, 3, 20, 21)
    for number, kernel in enumerate(bank):
        np.testing.assert_allclose(maps[:, number], nc.correlate(image, kernel), atol=1e-12)


def test_where_the_channels_are() -> None:
    image, weights = RNG.normal(size=(9, 4, 10)), RNG.normal(size=(2, 4, 3, 3))
    first = nc.feature_maps(np.moveaxis(image, 1, 0), weights)
    np.testing.assert_allclose(
        nc.feature_maps(image, weights, axes=(0, 2), channel_axis=1), np.moveaxis(first, 0, 1), atol=1e-12
    )
    last = nc.feature_maps(np.moveaxis(image, 1, 2), weights, axes=(0, 1), channel_axis=-1)
    np.testing.assert_allclose(last, np.moveaxis(first, 0, 2), atol=1e-12)
    turned = nc.feature_maps(np.moveaxis(image, 1, 0), weights.swapaxes(2, 3), axes=(2, 1))
    np.testing.assert_allclose(turned, first, atol=1e-12)
    batch = nc.feature_maps(RNG.normal(size=(7, 5, 6)), weights[:, :1])
    assert batch.shape == (7, 2, 5, 6)
    assert nc.feature_maps(RNG.normal(size=(1, 5, 6)), weights[:, :1]).shape == (2, 5, 6)


@pytest.mark.parametrize("boundary", ["reflect", "mirror", "nearest", "wrap", "constant"])
def test_missing_samples_as_in_a_correlation(boundary: str) -> None:
    image, kernel = RNG.random((12, 13)), RNG.random((3, 3))
    image[4, 5] = np.nan
    for options in ({}, {"nan": "omit"}, {"mask": RNG.random(image.shape) > 0.2, "nan": "omit"}):
        expected = nc.correlate(image, kernel, boundary=boundary, **options)
        got = nc.feature_maps(image, kernel[None, None], boundary=boundary, **options)[0]
        np.testing.assert_allclose(got, expected, atol=1e-12)
    pooled = nc.feature_maps(image, kernel[None, None], activation="relu", pooling="max", pool_size=3)
    assert np.isnan(pooled).any() and np.isfinite(pooled).any()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": (2, 3)},
        {"stride": 2, "pooling": "mean", "pool_size": (2, 3)},
        {"padding": (0, 2), "dilation": 2},
        {"shape": "full"},
        {"shape": "valid", "pooling": "mean"},
        {"origin": (1, -1)},
    ],
)
def test_where_the_maps_lie(options: dict[str, Any]) -> None:
    """A map of a single weight is the image, there; a ramp says where that is."""
    image = np.add.outer(100.0 * np.arange(20), np.arange(18))
    weights = np.zeros((1, 1, 3, 5))
    weights[0, 0, 1, 2] = 1
    reports: list[nc.Report] = []
    maps = nc.feature_maps(image, weights, boundary="nearest", report=reports.append, **options)
    grid = reports[0].details["grid"]
    assert (grid.axis, grid.new, grid.axes) == (0, True, (0, 1))
    y, x = (np.arange(n) * s + f for n, s, f in zip(maps.shape[1:], grid.step, grid.first, strict=True))
    inside = np.ix_((y >= 2) & (y <= 17), (x >= 2) & (x <= 15))
    expected = np.add.outer(100.0 * y, x)
    assert expected[inside].size > 5
    np.testing.assert_allclose(maps[0][inside], expected[inside])


def test_integers_saturate_and_methods_agree() -> None:
    image, weights = RNG.integers(0, 255, (3, 30, 31)).astype("u1"), RNG.normal(size=(2, 3, 5, 5))
    wide = nc.feature_maps(image, weights, dtype="float64")
    np.testing.assert_array_equal(
        nc.feature_maps(image, weights, dtype="uint8"), np.clip(np.round(wide), 0, 255).astype("u1")
    )
    for method in ("direct", "fft", "overlap-save"):
        np.testing.assert_allclose(nc.feature_maps(image, weights, method=method), wide, atol=2e-2)
    plans: list[nc.Report] = []
    ticks: list[tuple[int, int]] = []
    nc.feature_maps(image, weights, report=plans.append, progress=lambda d, n: ticks.append((d, n)))
    assert plans[0].operation == "feature_maps" and plans[0].plan is not None
    assert ticks[-1][0] == ticks[-1][1] and ticks == sorted(ticks)


def test_another_device() -> None:
    image, weights = RNG.normal(size=(3, 14, 15)), RNG.normal(size=(2, 3, 3, 4))
    with standin():
        for activation in ACTIVATIONS:
            options: dict[str, Any] = {"activation": activation, "pooling": "max", "stride": 2, "bias": [0.5, -1]}
            expected = nc.feature_maps(image, weights, **options)
            got = nc.feature_maps(on_device(image), weights, backend=NAME, **options)
            np.testing.assert_allclose(on_host(got), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("weights", "options", "error", "words"),
    [
        (np.ones((3, 3)), {}, ValueError, "must have the shape"),
        (np.ones((1, 2, 3, 3)), {}, ValueError, "channel axis"),
        (np.ones((1, 1, 3, 3)), {"channel_axis": 0}, ValueError, "one of the axes acted on"),
        (np.ones((1, 1, 3, 3)), {"channel_axis": "last"}, TypeError, "channel_axis"),
        (np.ones((1, 1, 3, 3)) * 1j, {}, TypeError, "complex"),
        (np.full((1, 1, 3, 3), np.nan), {}, ValueError, "finite"),
        (np.ones((1, 1, 3, 3)), {"stride": 0}, ValueError, "stride=0 must be at least 1"),
        (np.ones((1, 1, 3, 3)), {"dilation": 1.5}, TypeError, "dilation=1.5"),
        (np.ones((1, 1, 3, 3)), {"padding": (1, 2, 3)}, ValueError, "padding"),
        (np.ones((1, 1, 3, 3)), {"padding": 1, "shape": "full"}, ValueError, "give one"),
        (np.ones((1, 1, 3, 3)), {"dilation": 9, "shape": "valid"}, ValueError, "19 long"),
        (np.ones((1, 1, 3, 3)), {"pooling": "max", "pool_size": 9}, ValueError, "pool_size=9"),
        (np.ones((1, 1, 3, 3)), {"activation": "gelu"}, ValueError, "activation='gelu' is not one of 'relu'"),
        (np.ones((2, 1, 3, 3)), {"bias": [1, 2, 3]}, ValueError, "bias"),
        (np.ones((1, 1, 3, 3, 3)), {}, ValueError, "dimensions"),
        ([nc.kernels.sobel(), nc.kernels.box(ndim=1)], {}, ValueError, "one is needed"),
    ],
)
def test_errors(weights: Any, options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        nc.feature_maps(np.ones((6, 7)), weights, **options)
