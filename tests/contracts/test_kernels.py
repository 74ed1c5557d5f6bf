"""Every kernel of the catalogue x boundary x method x backend, with its own centre."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.kernels import KERNELS

from .matrix import BACKENDS, BOUNDARIES, METHOD_NAMES, OPERATIONS, call
from .reference import assert_close, scale_of, window_sum


@functools.cache
def example(name: str) -> nc.Kernel:
    """Make a kernel from its name alone: 1.5 is a length that every required parameter allows."""
    needed: dict[str, Any] = {
        p.name: 1.5 for p in KERNELS.get(name).signature.parameters.values() if p.default is inspect.Parameter.empty
    }
    if "values" in needed:
        needed["values"] = "1 2 3\n4 5 6"
    return nc.kernels.make(name, **needed)


@functools.cache
def image(ndim: int) -> np.ndarray:
    return np.random.default_rng(ndim).normal(size=(13, 8, 11, 6)[:ndim])


@functools.cache
def expected(operation: str, name: str, boundary: str) -> tuple[np.ndarray, float]:
    """Compute the reference and its scale."""
    kernel = example(name)
    options: dict[str, Any] = {"boundary": boundary, "cval": 0.5}
    scale = scale_of(operation, image(kernel.ndim), kernel.values, **options)
    result = window_sum(operation, image(kernel.ndim), kernel.values, centre=kernel.center, **options)
    return result, scale


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("name", nc.kernels.names())
def test_every_kernel_on_every_boundary(name: str, method: str, backend: str) -> None:
    kernel = example(name)
    if method == "separable" and kernel.factors() is None:
        pytest.skip(f"{name} is not separable")
    for operation in OPERATIONS:
        for boundary in BOUNDARIES:
            how = {"boundary": boundary, "cval": 0.5, "method": method, "backend": backend}
            got = call(operation, image(kernel.ndim), kernel, **how)
            result, scale = expected(operation, name, boundary)
            assert_close(got, result, scale, (operation, boundary))


@pytest.mark.parametrize("name", nc.kernels.names())
def test_the_catalogue_is_the_attributes(name: str) -> None:
    assert isinstance(example(name), nc.Kernel)
    assert callable(getattr(nc.kernels, name)) and name in dir(nc.kernels)


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("extent", ["same", "full", "valid"])
def test_any_centre(extent: str, method: str) -> None:
    """``full`` and ``valid`` do not depend on the centre; ``same`` shifts with it."""
    values = np.multiply.outer([1.0, 2, 4, -1], [2.0, 1, 5])
    for centre in np.ndindex(values.shape):
        kernel = nc.Kernel(values, center=centre)
        for operation in OPERATIONS:
            options: dict[str, Any] = {"shape": extent, "boundary": "mirror"}
            got = call(operation, image(2), kernel, method=method, **options)
            result = window_sum(operation, image(2), values, centre=centre, **options)
            assert_close(got, result, scale_of(operation, image(2), values), (operation, centre))
            if extent == "valid":
                np.testing.assert_allclose(got, call(operation, image(2), values, **options), atol=1e-12)


def test_the_origin_is_bounded_by_the_kernels_own_centre() -> None:
    kernel = nc.Kernel(np.ones((1, 5)), center=(0, 0))
    options: dict[str, Any] = {"boundary": "wrap"}
    shifted = nc.convolve(image(2), kernel, origin=(0, 2), **options)
    np.testing.assert_allclose(shifted, nc.convolve(image(2), np.ones((1, 5)), **options))
    with pytest.raises(ValueError, match="origin"):
        nc.convolve(image(2), kernel, origin=(0, -1))


def test_kernel_objects_and_their_values_give_the_same_bits() -> None:
    kernel = nc.kernels.gaussian(sigma=(1, 2))
    for operation in OPERATIONS:
        one = call(operation, image(2), kernel, method="separable")
        other = call(operation, image(2), kernel.values, method="separable")
        assert one.tobytes() == other.tobytes()
