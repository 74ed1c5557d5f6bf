"""Kernels against independent programs: SciPy, scikit-image, GNU Octave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage, signal
from skimage import filters

from napari_convolve import convolve, kernels
from napari_convolve.kernels import Kernel

OCTAVE = Path(__file__).parents[1] / "data" / "octave_reference" / "octave_a.npz"


def impulse(kernel: Kernel, length: int = 61) -> np.ndarray:
    """The answer to a unit impulse, convolved by SciPy."""
    image = np.zeros((length,) * kernel.ndim)
    image[(length // 2,) * kernel.ndim] = 1
    return ndimage.convolve(image, kernel.values, mode="constant")


def answer(function: Callable[..., np.ndarray], ndim: int = 2, length: int = 61, **options: object) -> np.ndarray:
    image = np.zeros((length,) * ndim)
    image[(length // 2,) * ndim] = 1
    return function(image, **options)


@pytest.mark.parametrize("sigma", [0.0, 1e-3, 0.3, 1.0, 2.5, (2.0, 0.7)])
@pytest.mark.parametrize("truncate", [2.0, 4.0])
def test_gaussian_is_scipys(sigma: float, truncate: float) -> None:
    want = answer(ndimage.gaussian_filter, sigma=sigma, truncate=truncate, mode="constant")
    np.testing.assert_allclose(impulse(kernels.gaussian(sigma, truncate=truncate)), want, atol=1e-16)


def test_gaussian_is_scipys_in_3d() -> None:
    want = answer(ndimage.gaussian_filter, 3, 31, sigma=(1, 2, 0.5), mode="constant")
    np.testing.assert_allclose(impulse(kernels.gaussian((1, 2, 0.5)), 31), want, atol=1e-16)


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("name", ["sobel", "prewitt"])
def test_edge_kernels_are_scipys(name: str, ndim: int) -> None:
    for axis in range(ndim):
        want = answer(getattr(ndimage, name), ndim, 7, axis=axis, mode="constant")
        np.testing.assert_array_equal(impulse(kernels.make(name, axis=axis, ndim=ndim), 7), want)


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
def test_laplacian_is_scipys(ndim: int) -> None:
    want = answer(ndimage.laplace, ndim, 5, mode="constant")
    np.testing.assert_array_equal(impulse(kernels.laplacian(ndim=ndim), 5), want)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 3.0])
def test_log_is_scipys(sigma: float) -> None:
    want = answer(ndimage.gaussian_laplace, sigma=sigma, mode="constant")
    # SciPy cuts at four sigma, where it still answers to a constant; ours is exact for any cut.
    assert np.abs(impulse(kernels.log(sigma=sigma)) - want).max() < 1e-3 * np.abs(want).max()
    want = answer(ndimage.gaussian_laplace, sigma=sigma, mode="constant", truncate=9)
    assert np.abs(impulse(kernels.log(sigma=sigma, truncate=9)) - want).max() < 1e-5 * np.abs(want).max()


@pytest.mark.parametrize("order", [0, 1, 2, 3, 4])
def test_gaussian_derivative_is_scipys(order: int) -> None:
    want = answer(ndimage.gaussian_filter1d, 1, 121, sigma=3, order=order, mode="constant", truncate=9)
    got = impulse(kernels.gaussian_derivative(sigma=3, order=order, ndim=1, truncate=9), 121)
    np.testing.assert_allclose(got, want, atol=1e-9 * np.abs(want).max())


def test_mixed_gaussian_derivative_is_scipys() -> None:
    want = answer(ndimage.gaussian_filter, 2, 61, sigma=2, order=(1, 2), mode="constant", truncate=9)
    got = impulse(kernels.gaussian_derivative(sigma=2, order=(1, 2), truncate=9))
    np.testing.assert_allclose(got, want, atol=1e-9 * np.abs(want).max())


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_box_and_moving_average_are_scipys(size: int) -> None:
    # Correlated: an even window of SciPy lies one sample more to the left.
    image = np.random.default_rng(size).random((21, 17))
    got = ndimage.correlate(image, kernels.box(size=size).values)
    np.testing.assert_allclose(got, ndimage.uniform_filter(image, size), atol=1e-14)
    got = ndimage.correlate1d(image[0], kernels.moving_average(size=size).values)
    np.testing.assert_allclose(got, ndimage.uniform_filter1d(image[0], size), atol=1e-14)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(("size", "degree"), [(5, 2), (7, 3), (11, 4)])
def test_savitzky_golay_is_scipys(size: int, degree: int, order: int) -> None:
    want = signal.savgol_coeffs(size, degree, deriv=order, delta=0.5, use="conv")
    got = kernels.savitzky_golay(size=size, degree=degree, order=order, ndim=1, spacing=0.5)
    np.testing.assert_allclose(got.values, want, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
def test_scharr_is_skimages(axis: int) -> None:
    want = answer(filters.scharr, 2, 9, axis=axis, mode="constant")
    np.testing.assert_allclose(impulse(kernels.scharr(axis=axis), 9), want, atol=1e-15)


def test_roberts_is_skimages() -> None:
    rng = np.random.default_rng(3)
    image = rng.random((16, 16))
    for diagonal, function in (("main", filters.roberts_pos_diag), ("anti", filters.roberts_neg_diag)):
        got = ndimage.convolve(image, kernels.roberts(diagonal=diagonal).values)
        np.testing.assert_allclose(got[2:-2, 2:-2], function(image)[2:-2, 2:-2], atol=1e-14)


@pytest.mark.parametrize("theta", [0.0, 30.0, 90.0, 133.0])
@pytest.mark.parametrize(("wavelength", "bandwidth"), [(10, 1), (5, 1.3), (6.7, 0.8)])
def test_gabor_is_skimages(wavelength: float, bandwidth: float, theta: float) -> None:
    want = filters.gabor_kernel(1 / wavelength, theta=np.deg2rad(theta), bandwidth=bandwidth, offset=0.4)
    got = kernels.gabor(
        wavelength=wavelength,
        angle=-theta,  # ours turns counter-clockwise on the screen
        bandwidth=bandwidth,
        phase=np.rad2deg(0.4),
        analytic=True,
        zero_sum=False,
    )
    np.testing.assert_allclose(got.values, want, atol=1e-15)


def test_gabor_with_two_widths_is_skimages() -> None:
    want = filters.gabor_kernel(0.1, theta=0, sigma_x=3, sigma_y=5)
    got = kernels.gabor(wavelength=10, sigma=3, sigma_across=5, analytic=True, zero_sum=False)
    np.testing.assert_allclose(got.values, want, atol=1e-15)


def test_dog_is_skimages() -> None:
    image = np.random.default_rng(1).random((64, 64))
    want = filters.difference_of_gaussians(image, 1.2, 2.4)
    got = ndimage.convolve(image, kernels.dog(sigma=1.2, ratio=2).values, mode="nearest")
    np.testing.assert_allclose(got[12:-12, 12:-12], want[12:-12, 12:-12], atol=1e-13)


def test_unsharp_is_skimages() -> None:
    image = np.random.default_rng(1).random((64, 64))
    want = filters.unsharp_mask(image, radius=1.5, amount=0.7, preserve_range=True)
    got = ndimage.convolve(image, kernels.unsharp(sigma=1.5, amount=0.7).values, mode="reflect")
    np.testing.assert_allclose(got[9:-9, 9:-9], want[9:-9, 9:-9], atol=1e-13)


@pytest.fixture(scope="module")
def octave() -> dict[str, np.ndarray]:
    with np.load(OCTAVE) as archive:
        return {k: archive[k] for k in archive.files if k.startswith("fspecial")}


@pytest.mark.parametrize(("case", "radius"), [(0, 1), (1, 2), (2, 3), (3, 5)])
def test_disk_is_octaves(octave: dict[str, np.ndarray], case: int, radius: float) -> None:
    got = kernels.disk(radius=radius, integrate=True).values
    np.testing.assert_allclose(got, octave[f"fspecial_disk_00{case}_h"], atol=1e-15)


@pytest.mark.parametrize(("case", "alpha"), [(0, 0.2), (1, 0.5), (2, 0.9)])
def test_laplacian_and_sharpen_are_octaves(octave: dict[str, np.ndarray], case: int, alpha: float) -> None:
    want = octave[f"fspecial_laplacian_00{case}_h"]
    np.testing.assert_allclose(kernels.laplacian(alpha=alpha).values, want, atol=1e-15)
    delta = np.zeros((3, 3))
    delta[1, 1] = 1
    np.testing.assert_allclose(kernels.sharpen(alpha=alpha).values, delta - want, atol=1e-15)


def test_average_sobel_prewitt_are_octaves(octave: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(kernels.box(size=(3, 5)).values, octave["fspecial_average_h"], atol=1e-16)
    np.testing.assert_array_equal(kernels.sobel(axis=0).values, octave["fspecial_sobel_h"])
    np.testing.assert_array_equal(kernels.prewitt(axis=0).values, octave["fspecial_prewitt_h"])


SIZES = [(3, 3), (5, 5), (7, 5), (4, 4)]


@pytest.mark.parametrize("case", range(12))
def test_gaussian_is_octaves(octave: dict[str, np.ndarray], case: int) -> None:
    """fspecial takes a size, and an even one is centred between pixels: on a grid of half the spacing we have both."""
    size, sigma = SIZES[case // 3], (0.5, 1.0, 1.7)[case % 3]
    fine = kernels.gaussian(sigma, spacing=0.5, truncate=12)
    start = [c - (n - 1) for c, n in zip(fine.center, size, strict=True)]
    values = fine.values[start[0] :: 2, start[1] :: 2][: size[0], : size[1]]
    np.testing.assert_allclose(values / values.sum(), octave[f"fspecial_gaussian_{case:03d}_h"], atol=1e-12)


def test_a_rising_ramp_has_a_positive_slope() -> None:
    """Convolution with the derivative kernels has the sign of `scipy.ndimage.sobel` and `prewitt`."""
    ramp = np.tile(np.arange(9.0), (9, 1))
    for name in ("sobel", "prewitt"):
        found = convolve(ramp, getattr(kernels, name)(axis=-1), boundary="reflect")
        np.testing.assert_allclose(found, getattr(ndimage, name)(ramp, axis=-1, mode="reflect"))
