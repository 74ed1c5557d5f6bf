"""Gate 13: the laws of convolution, on data that hypothesis draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import napari_convolve as nc

from .matrix import BACKENDS, METHOD_NAMES, OPERATIONS, call, separable_kernel

laws = settings(deadline=None, max_examples=12, derandomize=True)


@st.composite
def sizes(draw: Any, larger_kernel: bool = False) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Sides of an image and of a kernel with the same number of axes, and a seed."""
    ndim = draw(st.integers(1, 3))
    image = draw(st.tuples(*[st.integers(1, 9)] * ndim))
    kernel = draw(st.tuples(*[st.integers(1, 12 if larger_kernel else 5)] * ndim))
    return image, kernel, draw(st.integers(0, 2**20))


def draw_data(drawn: Any, many: int = 1) -> tuple[list[np.ndarray], np.ndarray]:
    shape, sides, seed = drawn
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for _ in range(many)], separable_kernel(rng, sides)


def assert_same(a: Any, b: Any, scale: float = 1.0) -> None:
    assert np.abs(np.asarray(a) - np.asarray(b)).max(initial=0.0) <= 1e-11 * max(scale, 1.0)


every_method = pytest.mark.parametrize("method", METHOD_NAMES)
every_backend = pytest.mark.parametrize("backend", BACKENDS)


@every_backend
@every_method
@laws
@given(sizes(), st.floats(-3, 3), st.floats(-3, 3))
def test_linearity(method: str, backend: str, drawn: Any, a: float, b: float) -> None:
    (f, g), w = draw_data(drawn, 2)
    how = {"method": method, "backend": backend}
    for operation in OPERATIONS:
        together = call(operation, a * f + b * g, w, **how)
        apart = a * call(operation, f, w, **how) + b * call(operation, g, w, **how)
        assert_same(together, apart, np.abs(w).sum() * 20)


@every_method
@laws
@given(sizes(larger_kernel=True), st.integers(-9, 9))
def test_shift_invariance_on_a_torus(method: str, drawn: Any, shift: int) -> None:
    (f,), w = draw_data(drawn)
    for operation in OPERATIONS:
        after = np.roll(call(operation, f, w, boundary="wrap", method=method), shift, axis=-1)
        before = call(operation, np.roll(f, shift, axis=-1), w, boundary="wrap", method=method)
        assert_same(before, after, np.abs(w).sum() * 5)


@every_method
@laws
@given(sizes(larger_kernel=True))
def test_convolution_theorem(method: str, drawn: Any) -> None:
    """On a torus the spectrum of the result is the product of the spectra."""
    (f,), w = draw_data(drawn)
    wrapped = np.zeros(f.shape)
    for index in np.ndindex(w.shape):
        place = tuple((i - k // 2) % n for i, k, n in zip(index, w.shape, f.shape, strict=True))
        wrapped[place] += w[index]
    spectrum = np.fft.fftn(wrapped)
    scale = np.abs(w).sum() * f.size
    got = np.fft.fftn(call("convolve", f, w, boundary="wrap", method=method))
    assert_same(got, np.fft.fftn(f) * spectrum, scale)
    got = np.fft.fftn(call("correlate", f, w, boundary="wrap", method=method))
    assert_same(got, np.fft.fftn(f) * spectrum.conj(), scale)


@every_method
@laws
@given(sizes(larger_kernel=True))
def test_full_convolution_commutes_and_keeps_the_product_of_sums(method: str, drawn: Any) -> None:
    (f,), w = draw_data(drawn)
    f = separable_kernel(np.random.default_rng(drawn[2] + 1), f.shape)  # each takes both roles
    options: dict[str, Any] = {"shape": "full", "boundary": "constant", "method": method}
    one, other = nc.convolve(f, w, **options), nc.convolve(w, f, **options)
    scale = np.abs(w).sum() * np.abs(f).sum()
    assert_same(one, other, scale)
    assert_same(one.sum(), f.sum() * w.sum(), scale)


@every_method
@laws
@given(sizes())
def test_full_convolution_associates(method: str, drawn: Any) -> None:
    (f,), w = draw_data(drawn)
    v = separable_kernel(np.random.default_rng(drawn[2] + 1), (3, 2, 4)[: f.ndim])
    options: dict[str, Any] = {"shape": "full", "boundary": "constant", "method": method}
    left = nc.convolve(nc.convolve(f, w, **options), v, **options)
    right = nc.convolve(f, nc.convolve(w, v, **options), **options)
    assert_same(left, right, np.abs(w).sum() * np.abs(v).sum() * 5)


@every_method
@pytest.mark.parametrize("boundary", ["wrap", "constant"])
@laws
@given(sizes(larger_kernel=True), st.booleans())
def test_correlation_is_the_adjoint_of_convolution(
    boundary: str, method: str, drawn: Any, complex_kernel: bool
) -> None:
    (f, g), w = draw_data(drawn, 2)
    w = w * (0.6 - 0.8j) if complex_kernel else w
    f, g = f + 1j * g[::-1], g - 0.5j * f[::-1]
    how = {"boundary": boundary, "method": method}
    left = np.vdot(g, nc.convolve(f, w, **how))
    right = np.vdot(nc.correlate(g, w, **how), f)
    assert_same(left, right, np.abs(w).sum() * f.size * 5)


@every_backend
@every_method
@laws
@given(sizes())
def test_the_impulse_response_is_the_kernel(method: str, backend: str, drawn: Any) -> None:
    _, w = draw_data(drawn)
    impulse = np.zeros(w.shape)
    impulse[tuple(k // 2 for k in w.shape)] = 1
    options: dict[str, Any] = {"boundary": "constant", "method": method, "backend": backend}
    assert_same(nc.convolve(impulse, w, **options), w)
    padded = np.pad(impulse, 2)
    assert_same(nc.convolve(padded, w, **options), np.pad(w, 2))
    reverse = (slice(None, None, -1),) * w.ndim
    odd = all(k % 2 for k in w.shape)
    if odd:
        assert_same(nc.correlate(impulse, w, **options), w[reverse])


@laws
@given(st.floats(2.0, 4.0), st.floats(2.0, 4.0))
def test_gaussians_form_a_semigroup(first: float, second: float) -> None:
    """Sampled Gaussians alias by exp(-2 pi^2 sigma^2), 1e-34 from sigma 2 on; 9 sigma cut off 1e-18."""
    a = nc.kernels.gaussian(sigma=first, truncate=9, ndim=1).values
    b = nc.kernels.gaussian(sigma=second, truncate=9, ndim=1).values
    both = nc.kernels.gaussian(sigma=float(np.hypot(first, second)), truncate=9, ndim=1).values
    product = nc.convolve(a, b, shape="full", boundary="constant")
    extra = (product.size - both.size) // 2
    product = product[extra:-extra] if extra > 0 else np.pad(product, -extra)
    assert np.abs(product - both).max() < 1e-9


@every_method
def test_white_noise_keeps_the_sum_of_squares_as_variance(method: str) -> None:
    noise = np.random.default_rng(0).normal(size=(400, 400))
    kernel = separable_kernel(np.random.default_rng(1), (4, 5))
    variance = nc.convolve(noise, kernel, method=method).var()
    assert variance == pytest.approx((kernel**2).sum(), rel=0.03)
