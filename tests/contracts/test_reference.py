"""The reference itself is checked against SciPy wherever SciPy gives an answer."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

from .reference import extend, normalised, on_axes, propagated, scale_of, scipy_is_right, window_sum

MODES = ("reflect", "mirror", "nearest", "wrap", "constant")
PAD_NAMES = {"reflect": "symmetric", "mirror": "reflect", "nearest": "edge"}


def data(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_same_equals_ndimage_for_every_size_parity_and_origin(operation: str, mode: str) -> None:
    for n in range(1, 10):
        for k in (*range(1, 6), 11, 24, 40):
            for origin in {-(k // 2), 0, (k - 1) // 2}:
                if not scipy_is_right(operation, (n,), (k,), mode, (origin,)):
                    continue
                image, kernel = data(n, n, 3), data(k, k, 2)
                expected = getattr(scipy.ndimage, operation)(image, kernel, mode=mode, cval=1.5, origin=(origin, 0))
                got = window_sum(operation, image, kernel, boundary=mode, cval=1.5, origin=(origin, 0))
                np.testing.assert_allclose(got, expected, atol=1e-12, err_msg=f"{n} {k} {origin}")


@pytest.mark.parametrize("mode", MODES)
def test_far_outside_the_image_the_line_filters_of_scipy_are_right(mode: str) -> None:
    """There `ndimage.convolve` reads before the array in ``reflect``; `convolve1d` does not."""
    for n, k in ((2, 17), (3, 31), (5, 64)):
        image, kernel = data(n, n), data(k, k)
        expected = scipy.ndimage.convolve1d(image, kernel, mode=mode, cval=1.5)
        got = window_sum("convolve", image, kernel, boundary=mode, cval=1.5)
        np.testing.assert_allclose(got, expected, atol=1e-12)
    assert not scipy_is_right("convolve", (2,), (17,), "reflect", (0,))


@pytest.mark.parametrize("shape", ["full", "valid"])
@pytest.mark.parametrize("sizes", [((7, 6), (3, 2)), ((5, 9), (4, 4)), ((6,), (6,))])
def test_full_and_valid_equal_scipy_signal(shape: str, sizes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    image, kernel = data(1, *sizes[0]), data(2, *sizes[1]) + 1j * data(3, *sizes[1])
    for operation in ("convolve", "correlate"):
        expected = getattr(scipy.signal, operation)(image, kernel, mode=shape, method="direct")
        got = window_sum(operation, image, kernel, boundary="constant", shape=shape)
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_complex_same_equals_ndimage_which_conjugates_in_correlate() -> None:
    image, kernel = data(1, 7, 8) + 1j * data(2, 7, 8), data(3, 3, 4) + 1j * data(4, 3, 4)
    for operation in ("convolve", "correlate"):
        expected = getattr(scipy.ndimage, operation)(image, kernel)
        np.testing.assert_allclose(window_sum(operation, image, kernel), expected, atol=1e-12)


@pytest.mark.parametrize("mode", sorted(PAD_NAMES))
def test_extension_equals_numpy_pad(mode: str) -> None:
    image = data(5, 4, 3)
    padded = np.pad(image, 9, mode=PAD_NAMES[mode])
    np.testing.assert_array_equal(extend(image, [(-9, 13), (-9, 12)], mode), padded)


def test_batch_axes() -> None:
    image, kernel = data(6, 2, 5, 3, 6), data(7, 3, 4)
    expected = scipy.ndimage.convolve(image, kernel[None, :, None, :], mode="mirror")
    got = on_axes("convolve", image, kernel, (1, 3), boundary="mirror")
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_propagated_touches_only_the_windows_of_the_bad_sample() -> None:
    image = data(8, 9)
    image[4] = np.inf
    out = propagated("convolve", image, np.array([1.0, 0.0, 2.0]), boundary="constant")
    assert np.flatnonzero(np.isnan(out)).tolist() == [3, 5]


def test_normalised_equals_plain_where_all_is_valid_and_keeps_a_constant() -> None:
    image, kernel = data(9, 6, 7), data(10, 3, 3)
    every = np.ones(image.shape, bool)
    np.testing.assert_allclose(
        normalised("correlate", image, kernel, every, boundary="wrap"),
        window_sum("correlate", image, kernel, boundary="wrap"),
        atol=1e-12,
    )
    some = np.random.default_rng(1).random(image.shape) > 0.3
    flat = normalised("convolve", np.full(image.shape, 5.0), np.array([[1.0, 0, -1]]), some)
    assert np.nanmax(np.abs(flat)) < 1e-12 and np.isnan(flat).any()


def test_scale_bounds_the_result() -> None:
    image, kernel = data(11, 8), data(12, 3)
    largest = np.abs(window_sum("convolve", image, kernel)).max()
    assert scale_of("convolve", image, kernel) >= largest
