"""Gate 1: every mode, size, dimension, parity, origin, method and backend equals scipy.ndimage."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from .matrix import (
    BACKENDS,
    BOUNDARIES,
    METHOD_NAMES,
    OPERATIONS,
    Case,
    call,
    check_case,
    draw,
)

CASES = 3200


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_sampled_cases(boundary: str, method: str, backend: str) -> None:
    """At least 3,000 cases over all parameters, other ones for each."""
    combinations = len(BOUNDARIES) * len(METHOD_NAMES) * len(BACKENDS)
    names = [ord(c) for c in f"{boundary} {method} {backend}"]
    rng = np.random.default_rng([1, *names])
    for _ in range(-(-CASES // combinations)):
        check_case(draw(rng, boundary, method == "separable"), method, backend)


@pytest.mark.exhaustive
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_whole_matrix(boundary: str, method: str, backend: str, ndim: int) -> None:
    """Sizes 1..9 x odd and even kernels, larger than the image too x first, middle, last origin."""
    sides = {1: (1, 2, 3, 4, 5, 8, 9, 12, 19), 2: (1, 2, 3, 4, 7), 3: (1, 2, 3, 4), 4: (1, 2, 3)}
    for n, k in itertools.product(range(1, 10), sides[ndim]):
        for o, operation in itertools.product({-(k // 2), 0, (k - 1) // 2}, OPERATIONS):
            for dtype in ("float32", "float64"):
                case = Case(
                    operation=operation,
                    shape=(n,) * (ndim - 1) + (max(1, 10 - n),),
                    kernel=(k,) * ndim,
                    origin=(o,) * ndim,
                    boundary=boundary,
                    cval=1.5,
                    dtype=dtype,
                    separable=method == "separable",
                    seed=100 * n + k,
                )
                check_case(case, method, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_method_that_does_not_apply_says_so(backend: str) -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 3))
    for operation in OPERATIONS:
        with pytest.raises(ValueError, match="separable"):
            call(operation, np.ones((5, 5)), kernel, method="separable", backend=backend)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_an_index_rule_stays_inside(boundary: str) -> None:
    """Whatever is registered as a boundary maps any index to a sample or to -1."""
    from napari_convolve.boundary import MODES

    for length in range(1, 10):
        index = MODES.get(boundary)(np.arange(-40, 40 + length), length)
        assert index.min() >= -1 and index.max() < length
        np.testing.assert_array_equal(index[40 : 40 + length], np.arange(length))
