"""Gate 7: a NaN or masked sample changes its own window only, on every method and backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

from .matrix import BACKENDS, BOUNDARIES, METHOD_NAMES, OPERATIONS, call
from .reference import assert_close, normalised, propagated, scale_of

#: kernels of positive, zero, negative and mixed sums, with and without weights that are zero
KERNELS = {
    "positive": np.outer([1.0, 2, 1], [1.0, 3, 2, 1]),
    "zero sum": np.outer([1.0, 2, 1], [-1.0, 0, 1]),
    "negative": -np.outer([2.0, 1], [1.0, 1, 3]),
    "mixed": np.outer([1.0, -2, 0.5], [1.0, 0, 3]),
    "laplacian": np.outer([1.0, -2, 1], [0.0, 1, 0]) + np.outer([0.0, 1, 0], [1.0, -2, 1]),
    "all zero": np.zeros((3, 2)),
    # no weight is a float32: a kernel may be separable in one precision and not in the other
    "not dyadic": np.outer(np.exp([-0.7, 0, -0.9]), np.exp([-0.3, -0.1, 0, -0.2])),
}
BAD = {"nan": np.nan, "inf": np.inf, "minus inf": -np.inf}


def image_with(value: float, dtype: str = "float64") -> np.ndarray:
    image = np.random.default_rng(7).normal(size=(9, 11)).astype(dtype)
    image[4, 5] = value
    image[0, 10] = value
    return image


def some_valid(share: float, shape: tuple[int, ...] = (9, 11)) -> np.ndarray:
    return np.random.default_rng(8).random(shape) < share


def answer(operation: str, image: np.ndarray, kernel: np.ndarray, **options: Any) -> np.ndarray:
    """Call, or skip the one method that may not apply to this kernel."""
    try:
        return call(operation, image, kernel, **options)
    except ValueError as error:
        if options.get("method") == "separable" and "separable" in str(error):
            pytest.skip("no separable form of this kernel")
        raise


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("name", sorted(KERNELS))
@pytest.mark.parametrize("bad", sorted(BAD))
def test_propagates_exactly_under_weights_that_are_not_zero(bad: str, name: str, method: str, backend: str) -> None:
    kernel = KERNELS[name]
    for dtype in ("float32", "float64"):
        image = image_with(BAD[bad], dtype)
        for operation in OPERATIONS:
            for boundary, origin in (("reflect", 0), ("constant", 0), ("wrap", (0, -1))):
                options = {"boundary": boundary, "origin": origin, "cval": 1.0}
                got = answer(operation, image, kernel, method=method, backend=backend, **options)
                expected = propagated(operation, image, kernel, **options)
                scale = scale_of(operation, image, kernel, **options)
                assert_close(got, expected, scale, (operation, dtype, options))


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("extent", ["full", "valid"])
def test_propagates_in_full_and_valid(extent: str, method: str) -> None:
    kernel = KERNELS["mixed"]
    image = image_with(np.nan)
    for operation in OPERATIONS:
        for boundary in BOUNDARIES:
            got = call(operation, image, kernel, shape=extent, boundary=boundary, method=method)
            expected = propagated(operation, image, kernel, shape=extent, boundary=boundary)
            assert_close(got, expected, scale_of(operation, image, kernel), (extent, boundary))


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_the_rest_of_the_image_does_not_notice(method: str) -> None:
    """Samples outside the window are those of the same image without the NaN."""
    kernel = KERNELS["mixed"]
    clean = np.random.default_rng(3).normal(size=(64, 70)).astype(np.float32)
    image = clean.copy()
    image[30, 33] = np.nan
    for operation in OPERATIONS:
        got = call(operation, image, kernel, method=method)
        plain = call(operation, clean, kernel, method=method)
        missing = np.isnan(got)
        assert missing.sum() == np.count_nonzero(kernel)
        scale = np.abs(clean).max() * np.abs(kernel).sum()
        assert np.abs(got - plain)[~missing].max() <= 1e-5 * scale


def test_an_image_of_nan_gives_nan() -> None:
    assert np.isnan(nc.convolve(np.full((5, 6), np.nan), np.ones((3, 3)))).all()
    assert not np.isnan(nc.convolve(np.full((5, 6), np.nan), np.zeros((3, 3)))).any()


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_nan_in_a_complex_image_and_under_a_complex_kernel(method: str) -> None:
    image = np.ones((7, 8), complex)
    image[3, 3] = complex(np.nan, 1)
    image[6, 7] = complex(0, np.inf)
    kernel = np.outer([1, 0, 2], [1j, 1])
    for operation in OPERATIONS:
        got = call(operation, image, kernel, method=method, boundary="wrap")
        expected = propagated(operation, image, kernel, boundary="wrap")
        assert_close(got, expected, scale_of(operation, image, kernel), operation)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("name", sorted(KERNELS))
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_mask_is_normalised_convolution(boundary: str, name: str, method: str, backend: str) -> None:
    """Few, some and nearly all samples valid; what lies under the mask must not matter."""
    kernel = KERNELS[name]
    for share in (0.1, 0.6, 0.97):
        valid = some_valid(share)
        for dtype in ("float32", "float64"):
            image = np.where(valid, np.random.default_rng(1).normal(size=valid.shape), 1e30)
            image = image.astype(dtype)
            image[~valid & some_valid(0.5)] = np.nan
            for operation in OPERATIONS:
                options: dict[str, Any] = {"boundary": boundary, "cval": 0.25}
                how = {"method": method, "backend": backend}
                got = answer(operation, image, kernel, mask=valid, **how, **options)
                expected = normalised(operation, image, kernel, valid, **options)
                scale = scale_of(operation, np.where(valid, image, 0), kernel, **options)
                assert_close(got, expected, scale, (operation, share, dtype))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("extent", ["full", "valid"])
def test_mask_in_full_and_valid(extent: str, method: str, backend: str) -> None:
    image, valid = np.random.default_rng(1).normal(size=(9, 11)), some_valid(0.4)
    for operation in OPERATIONS:
        for name in ("positive", "zero sum", "not dyadic"):
            options = {"shape": extent, "boundary": "nearest"}
            how = {"method": method, "backend": backend}
            got = answer(operation, image, KERNELS[name], mask=valid, **how, **options)
            expected = normalised(operation, image, KERNELS[name], valid, **options)
            assert_close(got, expected, scale_of(operation, image, KERNELS[name]), (name, extent))


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("bad", sorted(BAD))
def test_omit_treats_what_is_not_finite_as_masked(bad: str, method: str) -> None:
    image = image_with(BAD[bad])
    kernel = KERNELS["mixed"]
    for operation in OPERATIONS:
        omitted = call(operation, image, kernel, nan="omit", method=method)
        masked = call(operation, image, kernel, mask=np.isfinite(image), method=method)
        assert omitted.tobytes() == masked.tobytes()
        expected = normalised(operation, image, kernel, np.isfinite(image))
        assert_close(omitted, expected, scale_of(operation, image, kernel), bad)


def test_omit_and_mask_add_up() -> None:
    image, valid = image_with(np.nan), some_valid(0.7)
    got = nc.convolve(image, KERNELS["positive"], nan="omit", mask=valid)
    expected = normalised("convolve", image, KERNELS["positive"], valid & np.isfinite(image))
    assert_close(got, expected, scale_of("convolve", image, KERNELS["positive"]))


def test_a_nan_under_true_still_propagates() -> None:
    image, valid = image_with(np.nan), np.ones((9, 11), bool)
    valid[0, 10] = False
    got = nc.convolve(image, KERNELS["positive"], mask=valid)
    expected = normalised("convolve", np.nan_to_num(image), KERNELS["positive"], valid)
    hit = np.isnan(propagated("convolve", np.where(valid, image, 0), KERNELS["positive"]))
    expected[hit] = np.nan
    assert_close(got, expected, scale_of("convolve", image, KERNELS["positive"]))


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_without_missing_samples_it_equals_the_plain_result(method: str) -> None:
    image = np.random.default_rng(2).normal(size=(9, 11))
    for name in ("positive", "zero sum", "mixed"):
        plain = call("convolve", image, KERNELS[name], method=method)
        scale = scale_of("convolve", image, KERNELS[name])
        for options in ({"nan": "omit"}, {"mask": np.ones(image.shape, bool)}):
            got = call("convolve", image, KERNELS[name], method=method, **options)
            assert_close(got, plain, scale, (name, options))


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_the_derivative_of_a_masked_constant_stays_zero(method: str) -> None:
    for value in (1.0, 60000.0):
        got = call(
            "convolve",
            np.full((9, 11), value),
            KERNELS["zero sum"],
            mask=some_valid(0.6),
            method=method,
        )
        assert np.nanmax(np.abs(got)) <= 1e-12 * value * 8


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_empty_windows_are_found_by_counting(method: str) -> None:
    """One valid sample far from a hole, at a million times the scale: the hole is NaN, nothing else."""
    image = np.zeros((40, 40), np.float32)
    valid = np.ones(image.shape, bool)
    valid[10:20, 10:20] = False
    image[0, 0], image[valid] = 1e6, 1e6
    kernel = np.outer([1e-3, 1, 1e-3], [1e-3, 1, 1e-3])
    got = call("convolve", image, kernel, mask=valid, method=method)
    assert np.isnan(got).sum() == 8 * 8 and np.isnan(got[11:19, 11:19]).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_windows_seen_through_tiny_weights_are_as_exact_as_others(method: str, backend: str) -> None:
    """At the rim of a hole only weights of 1e-5 and 1e-10 meet samples: no rounding of a transform."""
    image = np.random.default_rng(6).normal(size=(30, 31))
    valid = np.ones(image.shape, bool)
    valid[10:20, 10:20] = False
    kernel = np.outer([1e-5, 1, 2e-5], [3e-5, 1, 1e-5])
    for operation in OPERATIONS:
        got = call(operation, image, kernel, mask=valid, method=method, backend=backend)
        expected = normalised(operation, image, kernel, valid)
        assert_close(got, expected, scale_of(operation, image, kernel), operation)


def test_batch_axes_and_axes_carry_their_masks() -> None:
    rng = np.random.default_rng(5)
    image, valid = rng.normal(size=(3, 6, 7)), rng.random((3, 6, 7)) < 0.6
    kernel = KERNELS["positive"]
    got = nc.convolve(image, kernel, mask=valid, axes=(0, 2))
    for row in range(6):
        expected = nc.convolve(image[:, row], kernel, mask=valid[:, row])
        np.testing.assert_allclose(got[:, row], expected, atol=1e-12)


def test_complex_kernels_and_wrong_masks_are_errors() -> None:
    image = np.ones((5, 6))
    for options in ({"mask": np.ones((5, 6), bool)}, {"nan": "omit"}):
        with pytest.raises(ValueError, match="complex"):
            nc.convolve(image, np.ones((3, 3), complex), **options)
    with pytest.raises(ValueError, match=r"mask.*(4, 6).*(5, 6)|mask.*(5, 6).*(4, 6)"):
        nc.convolve(image, np.ones((3, 3)), mask=np.ones((4, 6), bool))
    with pytest.raises((TypeError, ValueError), match="mask"):
        nc.convolve(image, np.ones((3, 3)), mask=np.full((5, 6), 0.5))
    with pytest.raises(ValueError, match=r"nan.*propagate.*omit"):
        nc.convolve(image, np.ones((3, 3)), nan="ignore")
