"""Second moments and gains that theory gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, special

from napari_convolve import kernels
from napari_convolve.kernels import Kernel, make


def variance(kernel: Kernel, axis: int) -> float:
    line = kernel.values.sum(axis=tuple(a for a in range(kernel.ndim) if a != axis))
    x = np.arange(line.size) - kernel.center[axis]
    return float((line * x**2).sum() / line.sum())


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
@pytest.mark.parametrize("sigma", [1.0, 1.7, 3.0])
def test_sampled_gaussian(sigma: float, ndim: int) -> None:
    kernel = kernels.gaussian(sigma, ndim=ndim, truncate=4 if ndim < 4 else 3.9)
    for axis in range(ndim):
        assert variance(kernel, axis) == pytest.approx(sigma**2, rel=0.01)


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
@pytest.mark.parametrize("sigma", [0.55, 0.8, 1.0, 3.0])
def test_integrated_gaussian(sigma: float, ndim: int) -> None:
    kernel = kernels.gaussian(sigma, ndim=ndim, integrate=True)
    for axis in range(ndim):
        assert variance(kernel, axis) == pytest.approx(sigma**2 + 1 / 12, rel=0.01)


@pytest.mark.parametrize("sigma", [0.3, 0.4, 0.5, 0.55, 0.7])
def test_second_moment_of_a_narrow_integrated_gaussian(sigma: float) -> None:
    """Centred on a pixel it is σ² + 1/12 less what Poisson's sum gives: 2.4 % for 0.5. Over all places it is σ² + 1/12.

    So the weights, which are right (the test above them is an independent sum), cannot come within 1 % at 0.5 pixels.
    """
    truth = variance(kernels.gaussian(sigma, integrate=True, ndim=1, truncate=12), 0)
    term = sum(
        (-1) ** k * np.exp(-2 * (np.pi * sigma * k) ** 2) * (4 * sigma**2 + 1 / (np.pi * k) ** 2) for k in range(1, 9)
    )
    assert truth == pytest.approx(sigma**2 + 1 / 12 + term, rel=1e-9)
    places = (np.arange(64) + 0.5) / 64 - 0.5
    edges = np.arange(-12, 12)[:, None] - 0.5 - places
    share = special.ndtr((edges + 1) / sigma) - special.ndtr(edges / sigma)
    moments = (share * (edges + 0.5) ** 2).sum(axis=0)
    assert moments.mean() == pytest.approx(sigma**2 + 1 / 12, rel=1e-9)


@pytest.mark.parametrize("sigma", [0.1, 0.3, 0.5, 1.0])
def test_integrated_gaussian_is_the_mean_over_pixels(sigma: float) -> None:
    """Below 0.55 pixels the moment of the samples depends on where the pixels lie; the weights are still right."""
    kernel = kernels.gaussian(sigma, integrate=True, ndim=1, truncate=8)
    x = np.arange(kernel.shape[0]) - kernel.center[0]
    fine = (np.arange(20000) + 0.5) / 20000 - 0.5
    density = np.exp(-((x[:, None] + fine) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(kernel.values, density.mean(axis=1), atol=1e-8)


def test_anisotropic_gaussian_in_micrometres() -> None:
    kernel = kernels.gaussian(0.9, spacing=(0.5, 0.2, 0.3))
    for axis, step in enumerate((0.5, 0.2, 0.3)):
        assert variance(kernel, axis) * step**2 == pytest.approx(0.81, rel=0.01)


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [1, 3, 5, 9])
def test_box(size: int, ndim: int) -> None:
    assert variance(kernels.box(size=size, ndim=ndim), -1 % ndim) == pytest.approx((size**2 - 1) / 12)


@pytest.mark.parametrize("size", [0.4, 1.5, 2.5, 4.0, 7.3])
def test_integrated_box_is_the_covered_share(size: float) -> None:
    line = kernels.box(size=size, ndim=1, integrate=True)
    fine = (np.arange(200000) + 0.5) / 200000 - 0.5
    x = np.arange(line.shape[0]) - line.center[0]
    covered = (np.abs(x[:, None] + fine) < size / 2).mean(axis=1)
    np.testing.assert_allclose(line.values, covered / size, atol=2e-5)


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
def test_integrated_ball(ndim: int) -> None:
    radius = 5.3
    kernel = kernels.disk(radius=radius, ndim=ndim, integrate=True)
    assert variance(kernel, 0) == pytest.approx(radius**2 / (ndim + 2) + 1 / 12, rel=0.01)
    volume = {1: 2, 2: np.pi, 3: 4 / 3 * np.pi, 4: np.pi**2 / 2}[ndim] * radius**ndim
    assert 1 / kernel.values.max() == pytest.approx(volume, rel=1e-6)


def test_sampled_disk() -> None:
    radii = np.arange(10, 15, 0.1)
    ratios = [variance(kernels.disk(radius=r), 0) / (r**2 / 4) for r in radii]
    assert np.mean(ratios) == pytest.approx(1, rel=0.01)
    assert np.max(np.abs(np.array(ratios) - 1)) < 0.05
    assert (kernels.disk(radius=5).values > 0).sum() == 81  # Gauss's circle problem


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_binomial(size: int) -> None:
    line = kernels.binomial(size=size, ndim=1).values
    x = np.arange(size) - (size - 1) / 2
    assert (line * x**2).sum() == pytest.approx((size - 1) / 4)


def test_ring_has_its_radius() -> None:
    kernel = kernels.ring(radius=8, width=2, integrate=True)
    # Both moments of a ring: the mean of r² is R² + w²/4.
    assert 2 * variance(kernel, 0) == pytest.approx(8**2 + 1 + 2 / 12, rel=0.01)
    assert kernel.values[kernel.center] == 0


def ramp(ndim: int, axis: int, slope: float = 1.0) -> np.ndarray:
    shape = [31 if a == axis % ndim else 11 for a in range(ndim)]
    return np.indices(shape)[axis] * slope


GAINS = {
    "sobel": lambda n: 2.0 * 4 ** (n - 1),
    "prewitt": lambda n: 2.0 * 3 ** (n - 1),
    "scharr": lambda n: 2.0,
    "gaussian_derivative": lambda n: 1.0,
}


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("name", GAINS)
def test_derivatives_of_a_ramp(name: str, ndim: int) -> None:
    for axis in range(ndim):
        result = ndimage.convolve(ramp(ndim, axis), make(name, axis=axis, ndim=ndim).values, mode="nearest")
        middle = tuple(n // 2 for n in result.shape)
        assert result[middle] == pytest.approx(GAINS[name](ndim), rel=1e-12)


@pytest.mark.parametrize("name", GAINS)
def test_normalized_derivatives_are_per_unit_length(name: str) -> None:
    options = {"sigma": 0.5} if name == "gaussian_derivative" else {"normalize": True}
    kernel = make(name, axis=0, spacing=(0.25, 0.5), **options)
    result = ndimage.convolve(ramp(2, 0, slope=0.25 * 3), kernel.values, mode="nearest")  # 3 per unit length
    assert result[15, 5] == pytest.approx(3, rel=1e-12)


@pytest.mark.parametrize("name", ["laplacian", "log"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_second_derivatives_of_a_parabola(name: str, ndim: int) -> None:
    kernel = make(name, ndim=ndim, spacing=0.5)
    image = sum((i * 0.5) ** 2 for i in np.indices((15,) * ndim)) / 2
    result = ndimage.convolve(image, kernel.values, mode="nearest")
    middle = (7,) * ndim
    if name == "laplacian":
        assert result[middle] == pytest.approx(ndim)
    assert (kernel.values * sum((i - kernel.center[0]) ** 2 for i in np.indices(kernel.shape))).sum() * 0.125 == (
        pytest.approx(ndim)
    )


@pytest.mark.parametrize("sigma", [0.0, 0.3, 0.7, 2.0])
@pytest.mark.parametrize("order", [1, 2, 3, 5, 8])
def test_gaussian_derivatives_differentiate_polynomials_exactly(order: int, sigma: float) -> None:
    kernel = kernels.gaussian_derivative(sigma=sigma, order=order, ndim=1)
    x = np.arange(kernel.shape[0]) - kernel.center[0]
    scale = np.abs(kernel.values * (1.0 * np.abs(x)) ** order).sum()
    for power in range(order + 1):
        got = (kernel.values * (-1.0 * x) ** power).sum()  # the convolution at 0
        want = float(np.prod(np.arange(1, order + 1))) if power == order else 0.0
        assert got == pytest.approx(want, abs=1e-9 * max(1, scale))


@pytest.mark.parametrize(
    "name",
    [
        "sobel",
        "prewitt",
        "scharr",
        "roberts",
        "laplacian",
        "log",
        "dog",
        "gabor",
        "blob",
        "line",
        "gaussian_derivative",
    ],
)
def test_constants_give_nothing(name: str) -> None:
    kernel = make(name)
    assert abs(kernel.sum) <= 1e-13 * np.abs(kernel.values).sum()


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_blob_answers_1_to_a_ball_of_its_radius(ndim: int) -> None:
    kernel = kernels.blob(radius=7, ndim=ndim)
    distance = np.sqrt(sum((i - kernel.center[0]) ** 2.0 for i in np.indices(kernel.shape)))
    assert (kernel.values * (distance <= 7)).sum() == pytest.approx(1, abs=0.02)


def test_line_answers_most_to_its_own_direction() -> None:
    image = np.zeros((61, 61))
    image[range(10, 51), range(50, 9, -1)] = 1  # rises to the right
    answers = {a: ndimage.convolve(image, kernels.line(angle=a).values)[30, 30] for a in (0, 45, 90, 135)}
    assert max(answers, key=lambda a: answers[a]) == 45


@pytest.mark.parametrize("length", [1, 2, 5, 9])
def test_motion_along_axes_is_a_mean(length: int) -> None:
    across, down = kernels.motion(length=length), kernels.motion(length=length, angle=90)
    np.testing.assert_array_equal(across.values.T, down.values)
    assert across.shape[0] == 1
    assert across.values.sum() == pytest.approx(1)
    if length % 2:
        np.testing.assert_allclose(across.values, np.full((1, length), 1 / length))


def test_motion_goes_where_its_angle_points() -> None:
    kernel = kernels.motion(length=21, angle=30)
    y, x = np.indices(kernel.shape) - np.reshape(kernel.center, (2, 1, 1))
    slope = (kernel.values * -y * x).sum() / (kernel.values * x * x).sum()  # y points down
    assert slope == pytest.approx(np.tan(np.deg2rad(30)), rel=0.01)


def test_direction_is_angle_in_the_plane() -> None:
    by_angle = kernels.gabor(angle=30)
    by_direction = kernels.gabor(direction=(-0.5, np.sqrt(3) / 2))
    np.testing.assert_allclose(by_angle.values, by_direction.values, atol=1e-15)
    # Lengths count, not pixels: in voxels twice as long along z the line is half as many of them.
    assert kernels.motion(length=20, direction=(1, 0, 0), spacing=(2, 1, 1)).shape == (11, 1, 1)
