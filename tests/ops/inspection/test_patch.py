"""An inspected window holds the samples of the boundary rule, and its products add up to the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.boundary import MODES


@pytest.mark.parametrize("boundary", MODES.names())
@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_the_sum_is_the_result_at_many_random_places(ndim: int, operation: str, boundary: str) -> None:
    rng = np.random.default_rng(ndim)
    for kernel_shape in ((3, 4, 5)[:ndim], (2, 5, 9)[:ndim]):
        image, kernel = rng.normal(size=(7, 8, 6)), rng.normal(size=kernel_shape)
        options: dict[str, Any] = {"boundary": boundary, "cval": 0.7}
        result = getattr(nc, operation)(image, kernel, **options)
        for _ in range(50):
            index = tuple(int(i) for i in rng.integers(0, image.shape))
            patch = nc.inspect(image, kernel, index, operation=operation, **options)
            assert patch.sum == pytest.approx(result[index], abs=1e-12)
            assert patch.products.sum() == pytest.approx(result[index], abs=1e-12)
            np.testing.assert_allclose(patch.values * patch.weights, patch.products)


@pytest.mark.parametrize("shape", ["same", "full", "valid"])
def test_shapes_origins_and_axes(shape: str) -> None:
    rng = np.random.default_rng(5)
    image, kernel = rng.normal(size=(6, 9, 8)), rng.normal(size=(4, 3))
    options: dict[str, Any] = {"shape": shape, "axes": (0, 2), "origin": (1, -1) if shape == "same" else 0}
    result = nc.convolve(image, kernel, **options)
    for index in np.ndindex(result.shape):
        assert nc.inspect(image, kernel, index, **options).sum == pytest.approx(result[index], abs=1e-12)


def test_samples_outside_are_marked_and_the_kernel_is_flipped() -> None:
    image = np.arange(1.0, 13.0).reshape(3, 4)
    kernel = np.arange(9.0).reshape(3, 3)
    patch = nc.inspect(image, kernel, (0, 0), boundary="mirror")
    np.testing.assert_array_equal(patch.values, [[6, 5, 6], [2, 1, 2], [6, 5, 6]])
    np.testing.assert_array_equal(patch.supplied, [[1, 1, 1], [1, 0, 0], [1, 0, 0]])
    np.testing.assert_array_equal(patch.weights, kernel[::-1, ::-1])
    assert patch.start == (-1, -1)
    assert "5 of 9 samples supplied" in str(patch)
    np.testing.assert_array_equal(nc.inspect(image, kernel, (1, 1), operation="correlate").weights, kernel)


def test_missing_samples() -> None:
    image = np.ones((5, 5))
    image[2, 2] = np.nan
    assert np.isnan(nc.inspect(image, np.ones((3, 3)), (1, 1)).sum)
    assert nc.inspect(image, np.ones((3, 3)), (1, 1), nan="omit").sum == pytest.approx(9)
    mask = np.ones((5, 5), bool)
    mask[2, 2] = False
    patch = nc.inspect(image, np.ones((3, 3)), (1, 1), mask=mask)
    assert patch.sum == pytest.approx(9) and patch.valid.sum() == 8


@pytest.mark.parametrize("boundary", MODES.names())
@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_the_products_add_up_where_samples_are_left_out(operation: str, boundary: str) -> None:
    rng = np.random.default_rng(9)
    image = rng.normal(size=(9, 10))
    image[rng.random(image.shape) < 0.15] = np.nan
    mask, kernel = rng.random(image.shape) > 0.2, rng.normal(size=(3, 4))
    for options in ({"nan": "omit"}, {"mask": mask}, {"mask": mask, "nan": "omit"}, {"nan": "propagate"}):
        given: dict[str, Any] = {"boundary": boundary, "cval": 0.3, "origin": (1, -1), **options}
        result = getattr(nc, operation)(image, kernel, **given)
        for index in np.ndindex(result.shape):
            patch = nc.inspect(image, kernel, index, operation=operation, **given)
            np.testing.assert_allclose(patch.sum, result[index], atol=1e-12)
            if np.isfinite(patch.sum):  # otherwise no sample is left under the weights of a sign
                np.testing.assert_allclose(patch.products.sum(), result[index], atol=1e-12)
            assert not (patch.weights[~patch.valid]).any()


def test_errors() -> None:
    image, kernel = np.ones((5, 5)), np.ones((3, 3))
    with pytest.raises(IndexError, match="outside the result of shape"):
        nc.inspect(image, kernel, (5, 0))
    with pytest.raises(ValueError, match="1 entries, the result 2 axes"):
        nc.inspect(image, kernel, 3)
    with pytest.raises(TypeError, match="index"):
        nc.inspect(image, kernel, (1.5, 0))
    with pytest.raises(ValueError, match="operation"):
        nc.inspect(image, kernel, (0, 0), operation="blur")


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("boundary", MODES.names())
def test_the_same_in_frequency(boundary: str, operation: str) -> None:
    rng = np.random.default_rng(8)
    for shape, kernel_shape in (((20, 21), (4, 3)), ((9, 8, 7), (3, 2, 5)), ((6,), (11,))):
        image, kernel = rng.normal(size=shape) * 1e3, rng.normal(size=kernel_shape)
        options: dict[str, Any] = {"boundary": boundary, "cval": 2.5}
        found = nc.convolution_theorem(image, kernel, operation=operation, **options)
        result = getattr(nc, operation)(image, kernel, **options)
        np.testing.assert_allclose(found.direct, result, atol=1e-9)
        np.testing.assert_allclose(found.by_transform, result, atol=1e-9)
        assert found.difference < 1e-14
        np.testing.assert_allclose(found.product, found.image_transform * found.kernel_transform)
        box = [(1, n - 2) for n in shape]
        shifted = nc.convolution_theorem(image, kernel, operation=operation, origin=-1, **options)
        expected = getattr(nc, operation)(image, kernel, origin=-1, **options)
        np.testing.assert_allclose(shifted.by_transform, expected, atol=1e-9)
        part = nc.convolution_theorem(image, kernel, operation=operation, region=box, **options)
        np.testing.assert_allclose(part.by_transform, result[tuple(slice(*r) for r in box)], atol=1e-9)


def test_errors_of_the_theorem() -> None:
    with pytest.raises(ValueError, match="region"):
        nc.convolution_theorem(np.ones((5, 5)), np.ones((3, 3)), region=[(0, 5), (2, 6)])
    with pytest.raises(ValueError, match="as many"):
        nc.convolution_theorem(np.ones((5, 5)), [1, 1])
    with pytest.raises(ValueError, match="1 NaN or infinite samples"):
        nc.convolution_theorem([1, np.nan, 2], [1, 1])
    with pytest.raises(TypeError, match="real"):
        nc.convolution_theorem(np.ones((5, 5)) * 1j, np.ones((3, 3)))
