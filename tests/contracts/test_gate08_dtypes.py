"""Gate 8: which precision a result has, and how it is cast; no integer ever wraps."""

from __future__ import annotations

import numpy as np
import pytest

import napari_convolve as nc

from .matrix import BACKENDS, METHOD_NAMES, OPERATIONS, call

SINGLE = ["bool", "int8", "uint8", "int16", "uint16", "float16", "float32"]
DOUBLE = ["int32", "uint32", "int64", "uint64", "float64", "longdouble"]
INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", SINGLE + DOUBLE)
def test_the_image_decides_the_precision(dtype: str, backend: str) -> None:
    image = np.arange(20).reshape(4, 5).astype(dtype)
    precision = "float32" if dtype in SINGLE else "float64"
    for kernel in (np.ones((3, 3)), np.ones((3, 3), np.float32), np.ones((3, 3), np.int64)):
        for operation in OPERATIONS:
            got = call(operation, image, kernel, backend=backend)
            assert got.dtype == precision
            expected = call(operation, image.astype(float), kernel)
            np.testing.assert_allclose(got, expected, rtol=1e-6)
    complex_one = nc.convolve(image, np.ones((3, 3), complex), backend=backend)
    assert complex_one.dtype == {"float32": "complex64", "float64": "complex128"}[precision]


def test_complex_images_keep_their_precision() -> None:
    for dtype in ("complex64", "complex128"):
        image = np.ones((4, 5), dtype)
        assert nc.convolve(image, np.ones((3, 3))).dtype == dtype
        assert nc.convolve(image, np.ones((3, 3), complex)).dtype == dtype


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_sums_beyond_the_type_of_the_image(method: str) -> None:
    """Sums that scipy.ndimage and scipy.signal wrap."""
    for dtype in ("uint8", "int8", "uint16", "int16", "uint32", "int32"):
        largest = np.iinfo(dtype).max
        image = np.full((12, 12), largest, dtype)
        got = nc.convolve(image, np.ones((9, 9), dtype), method=method)
        np.testing.assert_allclose(got, 81.0 * largest, rtol=1e-6)
    assert nc.convolve(np.full((9, 9), 255, np.uint8), np.ones((9, 9)))[4, 4] == 20655


def test_bool_is_not_clipped_and_half_precision_not_overflown() -> None:
    assert nc.convolve(np.ones((5, 5), bool), np.ones((3, 3))).max() == 9
    got = nc.convolve(np.full((5, 5), 60000, np.float16), np.ones((3, 3)))
    assert np.isfinite(got).all() and got.dtype == np.float32
    np.testing.assert_allclose(got, 540000)


def test_integers_beyond_2_to_the_53_are_computed_in_float64_with_a_warning() -> None:
    image = np.full((5, 5), 2**53 + 1, np.int64)
    with pytest.warns(UserWarning, match=r"2\*\*53|2\^53|exact|rounded") as caught:
        got = nc.convolve(image, np.array([[1.0]]))
    assert len(caught) == 1
    np.testing.assert_allclose(got, float(2**53), rtol=1e-15)
    np.testing.assert_array_equal(nc.convolve(np.full((5, 5), 2**32 - 1, np.uint32), [[1.0]]), 2.0**32 - 1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_results_saturate_at_both_ends(dtype: str, method: str, backend: str) -> None:
    limits = np.iinfo(dtype)
    image = np.array([[-1e30, -5.0, 0.0, 7.0, 1e30]])
    got = nc.convolve(image, np.array([[1.0]]), dtype=dtype, method=method, backend=backend)
    assert got.dtype == dtype
    middle = [max(-5, limits.min), 0, 7]
    allowed = [limits.min, *middle, limits.max]
    if method in ("direct", "separable"):
        assert got[0].tolist() == allowed
    else:  # a transform mixes 1e30 into the small samples, but never beyond the limits
        assert got[0, 0] == limits.min and got[0, -1] == limits.max


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
def test_the_largest_integers_are_reached_and_not_passed(dtype: str) -> None:
    """2**63 is a float64 and no int64: neither wrapped nor cut to the float below."""
    limits = np.iinfo(dtype)
    image = np.array([float(limits.min), limits.min - 0.6, float(limits.max), limits.max + 0.6])
    got = nc.convolve(image, [1.0], dtype=dtype, method="direct")
    assert got.tolist() == [limits.min, limits.min, limits.max, limits.max]


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_a_small_overflow_saturates_on_every_method(method: str) -> None:
    image = np.array([[250.0, 3.0], [2.0, -4.0]])
    for boundary in ("reflect", "constant"):
        got = nc.convolve(image, [[1.5]], dtype="uint8", method=method, boundary=boundary)
        assert got.dtype == np.uint8
        assert got.tolist() in ([[255, 4], [3, 0]], [[255, 5], [3, 0]])


def test_integer_results_are_rounded_not_truncated() -> None:
    image = np.array([[0.6, 1.4, -0.6, -1.4, 2.51, 99.99]])
    got = nc.convolve(image, [[1.0]], dtype="int16")
    assert got.tolist() == [[1, 1, -1, -1, 3, 100]]


def test_the_result_of_a_float_image_can_be_asked_in_its_own_integer_type() -> None:
    image = np.random.default_rng(0).integers(0, 256, (30, 31)).astype(np.uint8)
    mean = np.full((3, 3), 1 / 9)
    got = nc.convolve(image, mean, dtype=np.uint8)
    expected = np.rint(nc.convolve(image.astype(float), mean))
    assert np.abs(got.astype(int) - expected).max() <= 1
    assert (got == expected).mean() > 0.99


def test_nan_has_no_place_in_an_integer_type() -> None:
    image = np.ones((5, 5))
    image[2, 2] = np.nan
    for dtype in ("uint8", "int64"):
        with pytest.raises(ValueError, match=r"NaN.*int"):
            nc.convolve(image, np.ones((3, 3)), dtype=dtype)
    assert nc.convolve(image, np.ones((3, 3)), dtype="uint8", nan="omit").max() == 9
    with pytest.raises(ValueError, match="NaN"):
        nc.convolve(image, np.ones((1, 1)), dtype="uint8", mask=np.zeros((5, 5), bool))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_float_and_complex_results_on_request(dtype: str, backend: str) -> None:
    for source in ("uint8", "float32", "float64"):
        image = np.arange(12).reshape(3, 4).astype(source)
        got = nc.convolve(image, np.ones((2, 2)) / 3, dtype=dtype, backend=backend)
        assert got.dtype == dtype
        plain = nc.convolve(image.astype(float), np.ones((2, 2)) / 3)
        np.testing.assert_allclose(got, plain, rtol=1e-6)


def test_more_precision_on_request_is_computed_not_padded() -> None:
    """float64 asked of a uint8 image is right to float64, not to float32."""
    image = np.random.default_rng(0).integers(0, 256, (16, 17)).astype(np.uint8)
    kernel = np.full((3, 3), 1 / 9)
    expected = nc.convolve(image.astype(float), kernel)
    np.testing.assert_allclose(nc.convolve(image, kernel, dtype="float64"), expected, rtol=1e-13)


def test_types_that_cannot_hold_the_result_are_errors() -> None:
    image, kernel = np.ones((4, 4)), np.ones((3, 3))
    for dtype in (object, "S4", "datetime64[s]", "no such type"):
        with pytest.raises(TypeError, match="dtype"):
            nc.convolve(image, kernel, dtype=dtype)
    with pytest.raises((TypeError, ValueError), match="complex"):
        nc.convolve(image, kernel.astype(complex), dtype="float32")
