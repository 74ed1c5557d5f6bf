"""Gate 2: kernels larger than the image, one pixel, and axes of size zero."""

from __future__ import annotations

import numpy as np
import pytest

from .matrix import BACKENDS, BOUNDARIES, METHOD_NAMES, OPERATIONS, call, separable_kernel
from .reference import assert_close, scale_of, window_sum

EXTENTS = {"same": (0, 0), "full": (2, 3), "valid": (-2, -3)}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_kernel_larger_than_the_image(boundary: str, method: str, backend: str) -> None:
    sizes = [((5, 5), (9, 9)), ((3, 8), (10, 3)), ((2, 2), (17, 16)), ((4,), (41,))]
    for seed, (shape, sides) in enumerate(sizes):
        rng = np.random.default_rng(seed)
        image, kernel = rng.normal(size=shape), separable_kernel(rng, sides)
        for operation in OPERATIONS:
            expected = window_sum(operation, image, kernel, boundary=boundary, cval=0.5)
            got = call(
                operation,
                image,
                kernel,
                boundary=boundary,
                cval=0.5,
                method=method,
                backend=backend,
            )
            scale = scale_of(operation, image, kernel, boundary=boundary, cval=0.5)
            assert_close(got, expected, scale, (shape, sides))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_image_of_one_pixel(ndim: int, boundary: str, method: str, backend: str) -> None:
    """Every rule but ``constant`` repeats the one sample: the result is its product with the sum."""
    image = np.full((1,) * ndim, 3.0)
    for side in (1, 2, 3, 6):
        kernel = separable_kernel(np.random.default_rng(side), (side,) * ndim)
        got = call("convolve", image, kernel, boundary=boundary, method=method, backend=backend)
        middle = kernel[(side // 2,) * ndim] if boundary == "constant" else kernel.sum()
        if boundary in ("reflect", "mirror", "nearest", "wrap", "constant"):
            assert_close(got, middle * image, 3 * np.abs(kernel).sum(), (side, ndim))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("extent", sorted(EXTENTS))
def test_a_batch_axis_of_size_zero_gives_an_empty_result(extent: str, method: str, backend: str) -> None:
    image, kernel = np.zeros((0, 8, 9), np.uint8), np.ones((3, 4))
    for operation in OPERATIONS:
        got = call(operation, image, kernel, shape=extent, method=method, backend=backend)
        grown = EXTENTS[extent]
        assert got.shape == (0, 8 + grown[0], 9 + grown[1])
        assert got.dtype == np.float32


@pytest.mark.parametrize(
    ("shape", "kernel"),
    [((0,), (3,)), ((0, 5), (3, 3)), ((3, 0, 4), (3, 3)), ((5, 0), (1,)), ((0, 0), (3,))],
)
def test_an_acted_axis_of_size_zero_is_an_error(shape: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    for operation in OPERATIONS:
        for extent in EXTENTS:
            with pytest.raises(ValueError, match="axis|size|empty"):
                call(operation, np.zeros(shape), np.ones(kernel), shape=extent)


def test_zero_size_beside_the_acted_axes() -> None:
    assert call("convolve", np.zeros((0, 5)), np.ones(3)).shape == (0, 5)
    assert call("convolve", np.zeros((3, 0, 4)), np.ones(3)).shape == (3, 0, 4)
    assert call("convolve", np.zeros((4, 0)), np.ones(3), axes=(0,)).shape == (4, 0)
