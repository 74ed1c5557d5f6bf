"""Normalised cross-correlation against its definition, scikit-image and the values of CORRECTNESS."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from skimage.feature import match_template as skimage_match
from tests.contracts.standin import NAME, on_device, on_host, standin
from tests.ops.matching import ncc_reference as reference

import napari_convolve as nc
from napari_convolve.boundary import MODES
from napari_convolve.methods import METHODS

#: no template here is separable; one that is has a test of its own
METHOD_NAMES = [name for name in ("auto", *METHODS.names()) if name not in ("separable", "multirate")]
TOLERANCE = {"float32": 1e-4, "float64": 1e-10}


def scene(shape: tuple[int, ...], side: tuple[int, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    image = rng.normal(size=shape)
    start = [(n - k) // 3 for n, k in zip(shape, side, strict=True)]
    template = image[tuple(slice(s, s + k) for s, k in zip(start, side, strict=True))] + 0.3 * rng.normal(size=side)
    return image, template


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("boundary", MODES.names())
@pytest.mark.parametrize("shape", ["same", "valid", "full"])
def test_equals_the_definition(shape: str, boundary: str, method: str) -> None:
    for size, side in (((17,), (4,)), ((13, 12), (5, 4)), ((13, 12), (1, 3)), ((6, 7, 8), (3, 2, 4))):
        image, template = scene(size, side)
        options: dict[str, Any] = {"shape": shape, "boundary": boundary, "cval": 0.7}
        if shape == "same":
            options["origin"] = tuple(-(k // 3) for k in side)
        expected = reference.scores(image, template, **options)
        for dtype, tolerance in TOLERANCE.items():
            got = nc.match_template(image.astype(dtype), template, method=method, **options)
            assert got.dtype == dtype and got.shape == expected.shape
            assert np.abs(got - expected).max() <= tolerance


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_valid_equals_scikit_image(method: str) -> None:
    for size, side in (((90, 101), (17, 12)), ((24, 30, 28), (7, 6, 5))):
        image, template = scene(size, side, seed=3)
        got = nc.match_template(image, template, shape="valid", method=method)
        assert np.abs(got - skimage_match(image, template)).max() <= 1e-10


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("offset", [0, 1000, 60000])
@pytest.mark.parametrize("dtype", ["float32", "uint16"])
@pytest.mark.parametrize("size, side", [((200, 210), (24, 31)), ((30, 36, 40), (7, 9, 8))])
def test_any_offset_at_low_contrast(
    size: tuple[int, ...], side: tuple[int, ...], dtype: str, offset: int, method: str
) -> None:
    """Gate 6: contrast 5 on an offset of 60000 is as right as without, and the best place exact."""
    rng = np.random.default_rng(1)
    image = scipy.ndimage.gaussian_filter(rng.normal(size=size), 1.0)
    image = np.clip(5 * image / image.std() + offset, 0, 65535).astype(dtype)
    place = tuple(n // 2 - k for n, k in zip(size, side, strict=True))
    key = tuple(slice(p, p + k) for p, k in zip(place, side, strict=True))
    template = image[key].astype(float) + rng.normal(size=side)
    got = nc.match_template(image, template, shape="valid", method=method)
    truth = skimage_match(image.astype(float) - offset, template - offset)
    assert got.dtype == np.float32
    assert np.abs(got).max() <= 1 + 1e-6
    assert np.abs(got - truth).max() <= 1e-4
    assert np.unravel_index(got.argmax(), got.shape) == place


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_dim_windows_beside_bright_ones(method: str) -> None:
    """A contrast of 1 in the shadow of 60000: float32 transforms would give noise there."""
    rng = np.random.default_rng(2)
    image = rng.normal(size=(120, 140)).astype(np.float32)
    image[:, 70:] = 30000 + 30000 * rng.random((120, 70))
    template = image[20:27, 20:29].astype(float)
    got = nc.match_template(image, template, method=method)
    assert np.abs(got - reference.scores(image, template)).max() <= 1e-4


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_a_hot_pixel_changes_its_own_windows_only(method: str) -> None:
    rng = np.random.default_rng(3)
    image = rng.normal(size=(60, 70))
    template = image[20:25, 30:37].copy()
    clean = nc.match_template(image, template)
    image[10, 10] = 1e10
    hot = nc.match_template(image, template, method=method)
    far = np.ones(image.shape, bool)
    far[7:14, 6:15] = False
    assert np.abs(hot - clean)[far].max() <= 1e-4
    assert np.abs(hot - reference.scores(image, template)).max() <= 1e-4


def test_saturated_integers_in_a_large_window() -> None:
    """The sum of squares of 64^3 samples of 65535 is beyond every 32 bit integer, and beyond exact float32."""
    rng = np.random.default_rng(4)
    image = np.full((70, 66, 68), 65535, np.uint16)
    image[rng.random(image.shape) < 1e-3] = 65534
    template = image[3:67, 1:65, 2:66]
    got = nc.match_template(image, template, shape="valid")
    truth = skimage_match(image.astype(float) - 65535, template.astype(float) - 65535)
    assert np.abs(got - truth).max() <= 1e-4
    assert np.unravel_index(got.argmax(), got.shape) == (3, 1, 2)


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("value", [0, 0.1, 1000, 60000, 1e30, -1e-30])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint16"])
def test_a_constant_image_scores_nothing(dtype: str, value: float, method: str) -> None:
    image = np.full((40, 50), value if dtype != "uint16" else abs(value) % 65535).astype(dtype)
    template = np.random.default_rng(5).normal(size=(6, 7))
    for boundary in MODES.names():
        got = nc.match_template(image, template, method=method, boundary=boundary, cval=image[0, 0])
        assert (got == 0).all()


def test_flat_parts_score_nothing_and_the_others_as_ever() -> None:
    rng = np.random.default_rng(6)
    image = np.full((50, 60), 100.1)
    image[20:40, 20:45] += rng.normal(size=(20, 25))
    template = image[25:32, 25:34].copy()
    for method in ("direct", "fft"):
        got = nc.match_template(image, template, method=method)
        expected = reference.scores(image, template)
        assert np.abs(got - expected).max() <= 1e-10
        assert (got[expected == 0] == 0).all()


def test_an_edge_template_on_noise_sees_no_edge_at_the_border() -> None:
    """Gate 6: zeros outside would give 0.9999 there."""
    rng = np.random.default_rng(7)
    template = np.repeat([[0.0] * 8 + [1.0] * 8], 16, axis=0)
    for offset in (0, 100, 10000):
        image = (offset + rng.normal(size=(200, 220))).astype(np.float32)
        got = np.abs(nc.match_template(image, template))
        inside = got[20:-20, 20:-20].max()
        border = got.copy()
        border[20:-20, 20:-20] = 0
        assert border.max() <= 1.5 * inside
    assert np.abs(nc.match_template(image, template, boundary="constant")).max() > 0.99  # that it can fail


@pytest.mark.parametrize("power", [-300, -30, 0, 30, 300])
def test_huge_and_tiny_numbers(power: int) -> None:
    image, template = scene((30, 33), (6, 5), seed=8)
    expected = nc.match_template(image, template)
    assert np.abs(nc.match_template(image * 10.0**power, template) - expected).max() <= 1e-9
    assert np.abs(nc.match_template(image, template * 10.0**power) - expected).max() <= 1e-9
    if abs(power) <= 30:
        got = nc.match_template((image * 10.0**power).astype(np.float32), template)
        assert np.abs(got - expected).max() <= 1e-4


def test_offset_of_a_million_in_float32() -> None:
    image, template = scene((64, 70), (9, 8), seed=9)
    image = (100 * image).round().astype(np.float32)
    plain = nc.match_template(image, template)
    assert np.abs(nc.match_template(image + np.float32(1e6), template) - plain).max() <= 1e-3


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint32", "int64", "float16"])
def test_types_equal_their_float64(dtype: str) -> None:
    rng = np.random.default_rng(10)
    image = rng.integers(0, 2 if dtype == "bool" else 120, (30, 31)).astype(dtype)
    template = image[5:12, 8:14]
    got = nc.match_template(image, template)
    wide = nc.match_template(image.astype(float), template.astype(float))
    assert got.dtype == (np.float64 if dtype in ("uint32", "int64") else np.float32)
    assert np.abs(got - wide).max() <= 1e-6


def test_layouts_of_memory_and_inputs_untouched() -> None:
    image, template = scene((30, 33), (6, 5))
    expected = nc.match_template(image, template)
    np.testing.assert_allclose(nc.match_template(np.asfortranarray(image), template.tolist()), expected, atol=1e-12)
    turned = nc.match_template(image[::-1, ::-1], template[::-1, ::-1], origin=(-1, 0))
    np.testing.assert_allclose(turned[::-1, ::-1], expected, atol=1e-10)
    swapped = nc.match_template(image.T, template.T)
    np.testing.assert_allclose(swapped.T, expected, atol=1e-10)
    image.flags.writeable = False
    before = image.copy(), template.copy()
    nc.match_template(image, template, mask=image > -1)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(template, before[1])


def test_axes_are_batches_of_the_others() -> None:
    rng = np.random.default_rng(11)
    image, template = rng.normal(size=(3, 14, 2, 15)), rng.normal(size=(4, 5))
    got = nc.match_template(image, template, axes=(1, 3))
    for t, c in itertools.product(range(3), range(2)):
        np.testing.assert_allclose(got[t, :, c], nc.match_template(image[t, :, c], template), atol=1e-10)
    swapped = nc.match_template(image, template.T, axes=(3, 1))
    np.testing.assert_allclose(swapped, got, atol=1e-10)
    assert nc.match_template(np.zeros((0, 8, 9)), template).shape == (0, 8, 9)


def test_kernels_keep_their_centre_and_even_templates_have_one() -> None:
    image = np.zeros((40, 41))
    template = np.random.default_rng(12).normal(size=(6, 8))
    image[10:16, 20:28] = template
    got = nc.match_template(image, template)
    assert np.unravel_index(got.argmax(), got.shape) == (13, 24)
    got = nc.match_template(image, nc.Kernel(template, center=(0, 7)))
    assert np.unravel_index(got.argmax(), got.shape) == (10, 27)


@pytest.mark.parametrize("method", ["separable", *METHOD_NAMES])
def test_methods_on_a_separable_template(method: str) -> None:
    """A Gaussian less its mean is the sum of two separable terms."""
    rng = np.random.default_rng(13)
    image, template = rng.normal(size=(80, 90)), nc.kernels.gaussian(sigma=1.5)
    got = nc.match_template(image, template, method=method)
    assert np.abs(got - reference.scores(image, template.values)).max() <= 1e-10


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_tiles_equal_the_whole(method: str, dtype: str) -> None:
    rng = np.random.default_rng(14)
    image = (200 + scipy.ndimage.gaussian_filter(rng.normal(size=(150, 170)), 2)).astype(dtype)
    template = image[30:43, 50:59].astype(float)
    for options in ({}, {"shape": "full"}, {"mask": rng.random(image.shape) < 0.9}):
        whole = nc.match_template(image, template, method=method, **options)
        reports: list[nc.Report] = []
        tiled = nc.match_template(image, template, method=method, max_memory=200_000, report=reports.append, **options)
        assert np.prod(reports[0].plan.tiles) < image.size / 2
        assert np.abs(tiled - whole).max() <= TOLERANCE[dtype]


@pytest.mark.parametrize("options", [{}, {"nan": "omit"}])
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_workers_do_not_change_a_bit(method: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(15)
    image = rng.normal(size=(2, 120, 130)).astype(np.float32)
    if options:
        image[rng.random(image.shape) < 0.01] = np.nan
    template = rng.normal(size=(9, 10))
    results = [
        nc.match_template(image, template, method=method, max_memory=2_000_000, workers=w, **options).tobytes()
        for w in (1, 2, 3, None)
    ]
    assert len(set(results)) == 1


def test_cancel_and_report() -> None:
    image, template = scene((200, 210), (9, 8))
    calls: list[int] = []

    def stop(done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == 3:
            raise nc.Cancelled

    with pytest.raises(nc.Cancelled):
        nc.match_template(image, template, progress=stop, max_memory=100_000)
    assert len(calls) == 3
    reports: list[nc.Report] = []
    nc.match_template(image, template, report=reports.append)
    assert reports[0].operation == "match_template" and reports[0].plan.method in str(reports[0])


def test_a_result_may_be_rounded_to_integers() -> None:
    image, template = scene((40, 41), (6, 5))
    got = nc.match_template(image, template, dtype="int8")
    np.testing.assert_array_equal(got, np.rint(nc.match_template(image, template)))


def test_rotated_equals_rotated() -> None:
    """Turning image and template by right angles turns the scores."""
    image, template = scene((50, 53), (7, 9), seed=16)
    expected = nc.match_template(image, template)
    for quarter in (1, 2, 3):
        got = nc.match_template(np.rot90(image, quarter), np.rot90(template, quarter))
        np.testing.assert_allclose(got, np.rot90(expected, quarter), atol=1e-10)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_on_another_device(method: str) -> None:
    rng = np.random.default_rng(17)
    image = rng.normal(size=(2, 40, 44)).astype(np.float32)
    image[0, 5:12, :] *= 1e4
    holes = image.copy()
    holes[1, 20, 20], holes[0, 3, 40] = np.nan, np.inf
    template = rng.normal(size=(5, 6))
    disk = np.hypot(*np.ogrid[-2:3, -2.5:3.5]) <= 2.6
    with standin():
        for options in (
            {},
            {"template_mask": disk},
            {"mask": image[0] > -1},
            {"shape": "full", "boundary": "constant"},
            {"dtype": "float64"},
        ):
            expected = nc.match_template(image, template, method=method, backend="numpy", **options)
            got = nc.match_template(image, template, method=method, backend=NAME, **options)
            assert np.abs(got - expected).max() <= 1e-4
        for nan in ("omit", "propagate"):
            expected = nc.match_template(holes, template, method=method, backend="numpy", nan=nan)
            got = on_host(nc.match_template(on_device(holes), on_device(template), method=method, nan=nan))
            np.testing.assert_allclose(got, expected, atol=1e-4)


def test_a_device_without_memory_hands_over_to_the_cpu() -> None:
    image, template = scene((60, 61), (9, 8))
    with standin(largest=0), pytest.warns(UserWarning, match="memory"):
        got = nc.match_template(image, template, backend=NAME)
    assert np.abs(got - nc.match_template(image, template)).max() <= 1e-10
