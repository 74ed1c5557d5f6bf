"""An image and a kernel of integers give the exact integers, on every method, whatever is compiled.

The reference is `scipy.ndimage` in int64, which adds integers; counting neighbours and dilating a mask are its uses.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from tests.contracts.standin import NAME, on_device, on_host, standin

import napari_convolve as nc
from napari_convolve.methods import METHODS

RNG = np.random.default_rng(0)
KERNELS = {
    "box": np.ones((3, 3)),
    "binomial": np.outer([1, 4, 6, 4, 1], [1, 2, 1]),
    "both signs": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 2]]),
    "disk": (np.hypot(*np.mgrid[-12:13, -12:13]) <= 12).astype(float),
}
DTYPES = ["bool", "uint8", "int16", "uint16", "int32", "int64", "uint64"]


def integers(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Most of the range of the dtype, as far as the sums stay below 2²² (2⁵¹ for wide ones)."""
    most = {"bool": 2, "uint8": 256, "int16": 4000, "uint16": 8000}.get(dtype, 2**40)
    low = -most + 1 if dtype.startswith("int") else 0
    return RNG.integers(low, most, shape).astype(dtype)


@pytest.mark.parametrize("boundary", ["reflect", "constant"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("method", ["auto", *(name for name in METHODS if name != "multirate")])
def test_sums_are_exact(method: str, kernel: np.ndarray, dtype: str, boundary: str) -> None:
    image = integers(dtype, (70, 83))
    if dtype in ("int16", "uint16") and kernel.size > 100:
        image //= 4  # sums of less than 2²²
    try:
        found = nc.convolve(image, kernel, boundary=boundary, method=method)
    except ValueError as error:
        assert "does not apply" in str(error)
        pytest.skip("the method has no form of this kernel")
    expected = ndimage.convolve(image.astype(np.int64), kernel.astype(np.int64), mode=boundary)
    np.testing.assert_array_equal(found, expected)
    if image.min() >= 0 and kernel.min() >= 0:
        assert not np.signbit(found).any(), "nothing is below 0, nor -0"


@pytest.mark.parametrize("method", ["direct", "separable", "fft", "overlap-save"])
def test_a_mask_is_dilated_in_space(method: str) -> None:
    """`convolve(mask, ball) > 0` is `scipy.ndimage.binary_dilation`."""
    mask = RNG.random((20, 25, 22)) > 0.995
    ball = sum(np.square(g) for g in np.mgrid[-2:3, -2:3, -2:3]) <= 5
    kernel = np.ones((5, 5, 5)) if method == "separable" else ball.astype(float)
    found = nc.convolve(mask, kernel, boundary="constant", method=method)
    np.testing.assert_array_equal(found > 0, ndimage.binary_dilation(mask, kernel > 0))


def test_a_device_is_exact_too() -> None:
    image, kernel = integers("uint8", (40, 41)), KERNELS["disk"]
    with standin():
        found = on_host(nc.convolve(on_device(image), kernel, backend=NAME, method="fft"))
    expected = ndimage.convolve(image.astype(np.int64), kernel.astype(np.int64), mode="reflect")
    np.testing.assert_array_equal(found, expected)


def test_the_factors_of_an_integer_kernel_are_integers() -> None:
    for kernel in (KERNELS["box"], KERNELS["binomial"], -6 * KERNELS["binomial"]):
        (term,) = nc.Kernel(kernel).factors() or ((),)
        assert all(np.array_equal(vector, np.rint(vector)) for vector in term)
        np.testing.assert_array_equal(np.multiply.outer(*term), kernel)
