"""The combinations that the contract tests run: all kernels, modes, methods and backends registered at collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import napari_convolve as nc
from napari_convolve.backends import usable_backends
from napari_convolve.boundary import MODES
from napari_convolve.methods import METHODS

from .reference import assert_close, scipy_is_right, window_sum
from .standin import NAME

OPERATIONS = ("convolve", "correlate")
BOUNDARIES = MODES.names()
#: Those that take any kernel; wide Gaussians have tests of their own (tests/methods/test_multirate.py).
METHOD_NAMES = ("auto", *(name for name in METHODS.names() if name != "multirate"))
SCIPY_MODES = ("reflect", "mirror", "nearest", "wrap", "constant")
BACKENDS = [
    pytest.param(name, marks=pytest.mark.gpu) if name == "cupy" else name
    for name in (*(b.name for b in usable_backends() if b.name != NAME), NAME)
]


@dataclass(frozen=True)
class Case:
    """One call and its data, small enough to be printed when it fails."""

    operation: str
    shape: tuple[int, ...]
    kernel: tuple[int, ...]
    origin: tuple[int, ...]
    boundary: str
    cval: float
    dtype: str
    separable: bool
    seed: int

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Image and kernel."""
        rng = np.random.default_rng(self.seed)
        image = rng.normal(size=self.shape).astype(self.dtype)
        if self.separable:
            return image, separable_kernel(rng, self.kernel)
        return image, rng.normal(size=self.kernel)


def draw(rng: np.random.Generator, boundary: str, separable: bool) -> Case:
    """Sample a case: image sides 1..9 in 1-D to 4-D, odd and even kernels, any legal origin."""
    ndim = int(rng.integers(1, 5))
    shape = tuple(int(n) for n in rng.integers(1, 10, ndim))
    longest = (13, 9, 6, 4)[ndim - 1]
    kernel = tuple(int(k) for k in rng.integers(1, longest + 1, ndim))
    origin = tuple(int(rng.integers(-(k // 2), (k - 1) // 2 + 1)) for k in kernel)
    return Case(
        operation=str(rng.choice(OPERATIONS)),
        shape=shape,
        kernel=kernel,
        origin=origin if rng.random() < 0.6 else (0,) * ndim,
        boundary=boundary,
        cval=float(rng.choice([0.0, 1.5, -3.0])),
        dtype=str(rng.choice(["float32", "float64"])),
        separable=separable or bool(rng.random() < 0.3),
        seed=int(rng.integers(1 << 30)),
    )


def expected_same(
    operation: str,
    image: np.ndarray,
    kernel: np.ndarray,
    boundary: str,
    cval: float,
    origin: Sequence[int],
) -> np.ndarray:
    """SciPy's answer on the float64 image, the reference's where SciPy has none."""
    right = scipy_is_right(operation, image.shape, kernel.shape, boundary, origin)
    if boundary in SCIPY_MODES and right:
        function = getattr(scipy.ndimage, operation)
        return function(image.astype(float), kernel, mode=boundary, cval=cval, origin=origin)
    return window_sum(operation, image, kernel, boundary=boundary, cval=cval, origin=origin)


def check_case(case: Case, method: str, backend: str) -> None:
    """Gate 1 for one case."""
    image, kernel = case.data()
    options = {"boundary": case.boundary, "cval": case.cval, "origin": case.origin}
    got = call(case.operation, image, kernel, method=method, backend=backend, **options)
    assert got.dtype == image.dtype, f"{case}: {got.dtype}"
    expected = expected_same(case.operation, image, kernel, **options)
    options["cval"] = abs(case.cval)
    sums = expected_same(case.operation, np.abs(image), np.abs(kernel), **options)
    assert_close(got, expected, float(sums.max()), f"{case} {method} {backend}")


def call(operation: str, image: Any, kernel: Any, **options: Any) -> Any:
    """``nc.convolve`` or ``nc.correlate`` by name."""
    return getattr(nc, operation)(image, kernel, **options)


def separable_kernel(rng: np.random.Generator, sides: Sequence[int]) -> np.ndarray:
    """Draw an outer product of random lines."""
    kernel = np.ones(())
    for length in sides:
        kernel = np.multiply.outer(kernel, rng.normal(size=length))
    return kernel
