"""Gaussians on a coarser grid: equal sums to single precision, and only for kernels that allow it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

import napari_convolve as nc
from napari_convolve.backends import get_backend
from napari_convolve.methods import METHODS, PreparedKernel, _banded, _coarse, _compiled

MODES = ("reflect", "mirror", "nearest", "wrap", "constant")


def vector(sigma: float, truncate: float = 5.0) -> np.ndarray:
    """The 1-D Gaussian as scipy.ndimage makes it."""
    radius = int(truncate * sigma + 0.5)
    values = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights: np.ndarray = values / values.sum()
    return weights


def effective(found: _coarse.Coarse, length: int) -> np.ndarray:
    """``[phase, tap]``: the weights that the samples around a result get, the kernel's own `length` in the middle."""
    radius, margin = len(found.gather) // 2, 8 * found.step + len(found.gather)
    kernels = np.zeros((found.step, length + 2 * margin))
    for phase, tap in np.ndindex(found.spread.shape):
        start = margin + found.center + (tap - _coarse.BEFORE) * found.step - phase - radius
        kernels[phase, start : start + len(found.gather)] += found.spread[phase, tap] * found.gather
    return kernels[:, margin - 2 * found.step : margin + length + 2 * found.step]


@pytest.mark.parametrize("sigma", [8, 8.7, 10, 10.9, 13.3, 20, 50, 121.5])
@pytest.mark.parametrize("truncate", [5.0, 6.0, 8.0])
def test_the_same_kernel_on_a_coarser_grid(sigma: float, truncate: float) -> None:
    own = vector(sigma, truncate)
    found = _coarse.coarse(own)
    assert found
    assert found.step == round(sigma / 2.6)
    apart = effective(found, len(own)) - np.pad(own, 2 * found.step)
    assert np.abs(apart).max() <= 3e-6 * own.max()
    assert np.abs(apart).sum(axis=1).max() <= 3e-6
    # what is not finite has to spoil every result whose window holds it
    assert (effective(found, len(own)).astype(np.float32)[:, 2 * found.step : -2 * found.step] != 0).all()


def test_an_even_length_and_a_middle_that_is_nowhere_near_the_centre() -> None:
    places = np.arange(160) - 75.5
    assert _coarse.coarse(np.exp(-0.5 * (places / 12) ** 2))
    assert _coarse.coarse(np.exp(-0.5 * ((places + 40) / 12) ** 2)) is None  # cut off at 3 sigma on one side
    assert _coarse.coarse(np.concatenate([vector(12), np.zeros(60)])) is None  # and long on the other


def changed(values: np.ndarray, index: int, by: float) -> np.ndarray:
    values = values.copy()
    values[index] += by * values.max()
    return values


@pytest.mark.parametrize(
    "values",
    [
        vector(20, 4.0),
        vector(20, 4.8),
        vector(6),
        changed(vector(20), 100, 1e-4),
        changed(vector(20), 70, -1e-5),
        np.ones(201) / 201,
        np.hanning(201),
        1 / (1 + (np.arange(-100, 101) / 20) ** 2),
        -vector(20),
        np.zeros(201),
        np.full(201, np.nan),
        np.array([1.0]),
    ],
)
def test_other_kernels_are_left_alone(values: np.ndarray) -> None:
    assert _coarse.coarse(values) is None


def test_two_axes_at_most_the_widest() -> None:
    narrow, wide, wider = vector(10), vector(12), vector(20)
    assert _coarse.coarse_steps((wide, narrow, wider)) == (5, 1, 8)
    assert _coarse.coarse_steps((wide, wide, wide)) == (1, 5, 5)
    assert _coarse.coarse_steps((vector(3), wide)) == (1, 5)


numba = pytest.mark.skipif(not _compiled.installed(), reason="Numba is not installed")

CASES: list[tuple[tuple[int, ...], Any, str]] = [
    ((300, 417), 10, "float32"),
    ((60, 50), (9, 12), "float32"),  # smaller than the kernel
    ((3, 1100), (8, 30), "float32"),
    ((1100, 1), (8, 30), "float32"),
    ((1001,), 20, "float32"),
    ((301, 200), 11, "uint16"),
    ((20, 130, 77), (3, 9, 11), "uint8"),
    ((90, 61, 77), (12, 9, 11), "float32"),
]


@numba
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("shape", "sigma", "dtype"), CASES)
def test_against_scipy(shape: tuple[int, ...], sigma: Any, dtype: str, mode: str) -> None:
    image = (200 * np.random.default_rng(1).random(shape)).astype(dtype)
    kernel = nc.kernels.gaussian(sigma=sigma, truncate=5.0, **({"ndim": len(shape)} if np.isscalar(sigma) else {}))
    for cval in (0, 7, 5.5) if mode == "constant" else (0,):
        got = nc.convolve(image, kernel, method="multirate", boundary=mode, cval=cval)
        expected = ndimage.gaussian_filter(image.astype(float), sigma, mode=mode, truncate=5.0, cval=cval)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got / expected.max(), expected / expected.max(), atol=3e-6)


@numba
@pytest.mark.parametrize("axes", [(0, 1), (0, 2), (1, 2), (1,), (2,)])
@pytest.mark.parametrize("sigma", [(10, 2), (2, 10), (9, 12)])
def test_some_axes_of_a_strided_view(axes: tuple[int, ...], sigma: tuple[float, ...]) -> None:
    image = np.random.default_rng(2).random((70, 110, 2, 100), np.float32)[3:, ::2, 1, 2:99]
    if len(axes) == 1:
        sigma = (max(sigma),)
    kernel = nc.kernels.gaussian(sigma=sigma if len(axes) > 1 else sigma[0], truncate=5.0, ndim=len(axes))
    for tiles in (image.shape, (50, 33, 31)):
        got = nc.convolve(image, kernel, axes=axes, method=nc.Plan("multirate", "numpy", tiles))
        expected = ndimage.gaussian_filter(image.astype(float), sigma, mode="reflect", truncate=5.0, axes=axes)
        np.testing.assert_allclose(got, expected, atol=3e-6)


@numba
@pytest.mark.parametrize("shape", ["full", "valid", "same"])
@pytest.mark.parametrize("operation", [nc.convolve, nc.correlate])
def test_shapes_and_origins_as_by_another_method(shape: str, operation: Any) -> None:
    image = np.random.default_rng(3).random((190, 221), np.float32)
    kernel = nc.kernels.gaussian(sigma=(9, 13), truncate=5.5)
    options = {"shape": shape, "origin": (2, -3) if shape == "same" else 0, "boundary": "mirror"}
    got, expected = (operation(image, kernel, method=m, **options) for m in ("multirate", "separable"))
    np.testing.assert_allclose(got, expected, atol=3e-6)


@numba
def test_the_block_alone_gives_the_same_as_the_image() -> None:
    block = np.random.default_rng(4).random((250, 230), np.float32)
    own = (vector(9).astype(np.float32), vector(14).astype(np.float32))
    weights, out = PreparedKernel(np.outer(*own), (0, 1), (own,)), np.empty((250 - 90, 230 - 140), np.float32)
    assert METHODS.get("multirate").run(block, weights, out, get_backend("numpy"), 2)
    expected = ndimage.convolve1d(ndimage.convolve1d(block.astype(float), own[0], 0), own[1], 1)[45:-45, 70:-70]
    np.testing.assert_allclose(out, expected, atol=3e-6)


@numba
@pytest.mark.parametrize("shape", [(700, 900), (3, 401, 333)])
def test_bits_do_not_depend_on_workers(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(5).random(shape, np.float32)
    kernel = nc.kernels.gaussian(sigma=15, truncate=5.0)
    results = [nc.convolve(image, kernel, axes=(-2, -1), method="multirate", workers=n) for n in (1, 2, 3, None)]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@numba
@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
def test_what_is_not_finite_spoils_its_windows_and_no_other(spoilt: float) -> None:
    image = np.random.default_rng(6).random((180, 200), np.float32)
    clean = image.copy()
    image[60, 90] = spoilt
    kernel = nc.kernels.gaussian(sigma=8, truncate=5.0)
    got = nc.convolve(image, kernel, method="multirate", boundary="nearest")
    hit = np.zeros(image.shape, bool)
    hit[20:101, 50:131] = True
    np.testing.assert_array_equal(np.isnan(got), hit)
    expected = nc.convolve(clean, kernel, method="separable", boundary="nearest")
    np.testing.assert_allclose(got[~hit], expected[~hit], atol=3e-6)


@numba
def test_the_plan_says_why() -> None:
    wide, image = nc.kernels.gaussian(sigma=50, truncate=5.0), nc.ArraySpec((2048, 2048))
    assert "fastest" in nc.plan(image, wide, method="auto").reason
    assert nc.plan(image, wide, method="multirate").method == "multirate"
    for spec, kernel, options, why in [
        (image, nc.kernels.gaussian(sigma=50), {}, "cut off late"),
        (image, nc.kernels.box(size=201), {}, "cut off late"),
        (image, np.random.default_rng(0).random((41, 41)), {}, "product of Gaussians"),
        (nc.ArraySpec((2048, 2048), "float64"), wide, {}, "double precision"),
        (nc.ArraySpec((2048, 2048), "complex64"), wide, {}, "double precision"),
        (image, wide, {"nan": "omit"}, "masks"),
    ]:
        with pytest.raises(ValueError, match=why):
            nc.plan(spec, kernel, method="multirate", **options)


@pytest.mark.parametrize(("step", "first", "length"), [(3, 0, 20), (4, 5, 9), (8, 3, 30), (9, 17, 1), (20, 0, 100)])
def test_a_matrix_that_interpolates(step: int, first: int, length: int) -> None:
    spread = np.random.default_rng(7).random((step, _coarse.TAPS)).astype(np.float32)
    weights, begins = _banded.between(spread, first, length)
    assert len(weights) == step // math.gcd(step, _banded.AT_ONCE)
    for row in range(length):
        group, at = divmod(row, _banded.AT_ONCE)
        place, phase = divmod(first + row, step)
        expected = np.zeros(weights.shape[1])
        start = place - begins[group]
        expected[start : start + _coarse.TAPS] = spread[phase]
        np.testing.assert_array_equal(weights[group % len(weights), :, at], expected)
