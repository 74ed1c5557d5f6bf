"""Separability found from values."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from napari_convolve.kernels import Kernel, make


def multiply(terms: list[tuple[np.ndarray, ...]]) -> np.ndarray:
    return sum(functools.reduce(np.multiply.outer, term) for term in terms)


@pytest.mark.parametrize("complex_values", [False, True])
@pytest.mark.parametrize("shape", [(5,), (4, 7), (1, 7, 7), (3, 4, 5), (3, 2, 4, 5)])
def test_products_are_found_exactly(shape: tuple[int, ...], complex_values: bool) -> None:
    rng = np.random.default_rng(0)
    lines = [rng.standard_normal(n) + complex_values * 1j * rng.standard_normal(n) for n in shape]
    k = Kernel(multiply([tuple(lines)]))
    terms = k.factors()
    assert terms is not None
    assert len(terms) == 1
    assert [line.size for line in terms[0]] == list(shape)
    np.testing.assert_allclose(multiply(terms), k.values, atol=1e-15 * np.abs(k.values).max())


@pytest.mark.parametrize(("ndim", "count"), [(2, 2), (3, 4), (4, 8)])
@pytest.mark.parametrize("name", ["log", "dog", "blob"])
def test_sums_of_products_are_found(name: str, ndim: int, count: int) -> None:
    terms = make(name, ndim=ndim).factors()
    assert terms is not None
    assert len(terms) == count


@pytest.mark.parametrize("shape", [(5, 6), (4, 5, 6)])
def test_noise_is_not_separable(shape: tuple[int, ...]) -> None:
    assert Kernel(np.random.default_rng(0).random(shape)).factors() is None


def test_a_disturbed_product_is_not_separable_unless_tolerated() -> None:
    values = np.array(make("gaussian", sigma=2).values)
    values[3, 4] += 1e-9
    values[5, 9] += 1e-9
    values[8, 2] += 1e-9
    assert Kernel(values).factors() is None
    terms = Kernel(values).factors(tol=1e-6)
    assert terms is not None
    assert len(terms) == 1


def test_zeros_and_float32_values() -> None:
    assert Kernel(np.zeros((3, 3))).factors() is None
    rounded = Kernel(make("gaussian", sigma=2).values.astype(np.float32))
    assert rounded.factors() is None, "a product rounded to float32 is one to 1e-7 only"


def test_factors_that_a_kernel_keeps_cannot_be_changed_by_who_asks() -> None:
    kernel = make("gaussian", sigma=1)
    terms = kernel.factors()
    assert terms is not None
    with pytest.raises(ValueError, match="read-only"):
        terms[0][0][0] = 7
    terms.clear()
    assert kernel.factors()


def test_cross_shaped_kernels_keep_their_zeros() -> None:
    terms = Kernel([[0, 1, 0], [1, -4, 1], [0, 1, 0]]).factors()
    assert terms is not None
    np.testing.assert_array_equal(multiply(terms), [[0, 1, 0], [1, -4, 1], [0, 1, 0]])
