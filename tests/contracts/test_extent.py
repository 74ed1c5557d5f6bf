"""``shape``, ``axes`` and complex data, against scipy.signal and the brute-force reference."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.signal

import napari_convolve as nc

from .matrix import BACKENDS, BOUNDARIES, METHOD_NAMES, OPERATIONS, call, separable_kernel
from .reference import assert_close, on_axes, scale_of, window_sum

SIDES = [((9,), (4,)), ((7, 6), (3, 2)), ((5, 9), (4, 5)), ((4, 5, 6), (2, 3, 4))]
LARGER = [((3, 5), (7, 4)), ((2,), (9,)), ((4, 1, 3), (2, 5, 6))]


def data(seed: int, shape: tuple[int, ...], dtype: str = "float64") -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dtype.startswith("complex"):
        return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)
    return rng.normal(size=shape).astype(dtype)


def check(operation: str, image: np.ndarray, kernel: np.ndarray, **options: Any) -> None:
    """Compare one call with the reference; method and backend are no business of the reference."""
    got = call(operation, image, kernel, **options)
    asked = {k: v for k, v in options.items() if k not in ("method", "backend")}
    expected = window_sum(operation, image, kernel, **asked)
    assert_close(got, expected, scale_of(operation, image, kernel, **asked), options)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_full_and_valid_equal_scipy_signal(operation: str, method: str, backend: str) -> None:
    for seed, (shape, sides) in enumerate(SIDES):
        image = data(seed, shape)
        kernel = separable_kernel(np.random.default_rng(seed), sides)
        for extent in ("full", "valid"):
            expected = getattr(scipy.signal, operation)(image, kernel, mode=extent, method="direct")
            got = call(
                operation,
                image,
                kernel,
                shape=extent,
                boundary="constant",
                method=method,
                backend=backend,
            )
            scale = scale_of(operation, image, kernel, boundary="constant", shape="full")
            assert_close(got, expected, scale, (shape, sides, extent))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_full_takes_outside_samples_from_the_boundary(boundary: str, method: str, backend: str) -> None:
    for seed, (shape, sides) in enumerate((*SIDES, *LARGER)):
        kernel = separable_kernel(np.random.default_rng(seed), sides)
        for operation in OPERATIONS:
            options = {"shape": "full", "boundary": boundary, "cval": 2.5}
            check(operation, data(seed, shape), kernel, method=method, backend=backend, **options)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_valid_does_not_look_at_the_boundary(boundary: str) -> None:
    image, kernel = data(1, (6, 7)), data(2, (3, 4))
    for operation in OPERATIONS:
        got = call(operation, image, kernel, shape="valid", boundary=boundary, cval=9.0)
        assert got.tobytes() == call(operation, image, kernel, shape="valid").tobytes()


@pytest.mark.parametrize("extent", ["full", "valid"])
def test_full_and_valid_take_no_origin(extent: str) -> None:
    for operation in OPERATIONS:
        with pytest.raises(ValueError, match="origin"):
            call(operation, np.ones((5, 5)), np.ones((3, 3)), shape=extent, origin=1)


def test_valid_with_a_larger_kernel_is_an_error_that_names_both_sizes() -> None:
    for operation in OPERATIONS:
        with pytest.raises(ValueError, match=r"(?s)9.*5|5.*9"):
            call(operation, np.ones((5, 5)), np.ones((3, 9)), shape="valid")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("kinds", ["image", "kernel", "both"])
def test_complex_data(kinds: str, method: str, backend: str) -> None:
    """Correlation conjugates the kernel; either side may be the complex one."""
    for seed, precision in enumerate(("64", "128")):
        real = {"64": "float32", "128": "float64"}[precision]
        image = data(seed, (6, 9), "complex" + precision if kinds != "kernel" else real)
        columns, rows = data(seed + 5, (4, 1), "complex128"), data(seed + 9, (1, 3), "complex128")
        kernel = columns * rows if kinds != "image" else (columns * rows).real[:, :1] * rows.real
        for operation in OPERATIONS:
            for options in ({"boundary": "mirror", "origin": (1, -1)}, {"shape": "full"}):
                got = call(operation, image, kernel, method=method, backend=backend, **options)
                assert got.dtype == "complex" + precision
                expected = window_sum(operation, image, kernel, **options)
                assert_close(got, expected, scale_of(operation, image, kernel, **options), options)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("axes", [(0,), (1, 2), (0, 2), (-1, -3), (3, 0), (0, 1, 3), (2, 3)])
def test_axes(axes: tuple[int, ...], method: str, backend: str) -> None:
    """The kernel's axis i acts on ``axes[i]``; the others are batch axes."""
    image = data(3, (5, 4, 3, 6))
    kernel = separable_kernel(np.random.default_rng(4), (3, 2, 4)[: len(axes)])
    for extent, boundary in (("same", "mirror"), ("full", "constant"), ("same", "wrap")):
        expected = on_axes("correlate", image, kernel, axes, shape=extent, boundary=boundary)
        got = nc.correlate(
            image,
            kernel,
            axes=axes,
            shape=extent,
            boundary=boundary,
            method=method,
            backend=backend,
        )
        assert_close(got, expected, np.abs(image).max() * np.abs(kernel).sum(), (axes, extent))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_every_choice_and_order_of_axes(method: str, backend: str) -> None:
    """Batch axes before, between and after the acted ones, in four dimensions."""
    image = data(9, (4, 3, 5, 2))
    for count in (1, 2, 3):
        kernel = separable_kernel(np.random.default_rng(count), (3, 2, 2)[:count])
        for axes in itertools.permutations(range(4), count):
            expected = on_axes("convolve", image, kernel, axes)
            got = nc.convolve(image, kernel, axes=axes, method=method, backend=backend)
            assert_close(got, expected, np.abs(image).max() * np.abs(kernel).sum(), axes)


def test_without_axes_the_kernel_acts_on_the_last_ones() -> None:
    image, kernel = data(5, (2, 3, 6, 7)), data(6, (3, 4))
    got = nc.convolve(image, kernel)
    np.testing.assert_array_equal(got, nc.convolve(image, kernel, axes=(2, 3)))
    np.testing.assert_array_equal(got[1, 2], nc.convolve(image[1, 2], kernel))
    assert nc.convolve(data(7, (2, 2, 2, 3, 4, 5)), data(8, (3,))).shape == (2, 2, 2, 3, 4, 5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_one_kernel_serves_images_of_any_number_of_axes(method: str, backend: str) -> None:
    """What is kept of a kernel between calls (its spectrum) must not fix the image it was made for."""
    stack, kernel = data(8, (2, 3, 6, 7)), np.outer([1.0, 2, 4], [3.0, 1])
    frame = window_sum("convolve", stack[1, 2], kernel)
    nc.clear_cache()
    for image in (stack, stack[1, 2], stack[1], stack[None]):
        got = nc.convolve(image, kernel, method=method, backend=backend)
        last = got if got.ndim == 2 else got.reshape(-1, 6, 7)[-1]
        assert_close(last, frame, scale_of("convolve", stack[1, 2], kernel), image.shape)
    first = np.moveaxis(stack[1], 0, -1)
    got = nc.convolve(first, kernel, axes=(0, 1), method=method, backend=backend)
    assert_close(got[..., 2], frame, scale_of("convolve", stack[1, 2], kernel), "axes")


def test_the_documented_default_is_reflect_and_same() -> None:
    image, kernel = data(5, (6, 7)), data(6, (3, 4))
    for operation in OPERATIONS:
        default = call(operation, image, kernel)
        explicit = call(operation, image, kernel, boundary="reflect", shape="same", origin=0)
        np.testing.assert_array_equal(default, explicit)


def test_arrays_are_positional_and_options_are_not() -> None:
    image, kernel = np.ones((4, 4)), np.ones((3, 3))
    with pytest.raises(TypeError):
        nc.convolve(image=image, kernel=kernel)
    with pytest.raises(TypeError):
        nc.convolve(image, kernel, None)
    with pytest.raises(TypeError):
        nc.convolve(image, kernel, border="reflect")
