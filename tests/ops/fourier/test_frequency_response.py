"""Frequency response of kernels, and kernels made for a response."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal

import napari_convolve as nc

RNG = np.random.default_rng(5)


def kernels() -> dict[str, nc.Kernel]:
    return {
        "gaussian": nc.kernels.gaussian(sigma=(1.4, 0.8)),
        "sobel": nc.kernels.sobel(),
        "random": nc.Kernel(RNG.normal(size=(5, 4)), center=(1, 3)),
        "line": nc.Kernel([0.2, 0.5, -0.1, 0.7], center=0),
        "complex": nc.Kernel(RNG.normal(size=(3, 3)) + 1j * RNG.normal(size=(3, 3))),
        "space": nc.Kernel(RNG.normal(size=(3, 2, 4))),
    }


# --- frequency_response


@pytest.mark.parametrize("name", kernels())
def test_equals_what_convolving_waves_gives(name: str) -> None:
    kernel = kernels()[name]
    spacing = np.linspace(0.3, 1.7, kernel.ndim)
    response = nc.frequency_response(kernel, spacing=spacing)
    shape = (16,) * kernel.ndim
    index = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    middle = (8,) * kernel.ndim
    for _ in range(20):
        f = RNG.uniform(-0.5, 0.5, kernel.ndim) / spacing
        turns = sum(a * s * i for a, s, i in zip(f, spacing, index, strict=True))
        wave = np.exp(2j * np.pi * np.asarray(turns))
        measured = nc.convolve(wave, kernel)[middle] / wave[middle]
        assert abs(measured - response.at(*f)) < 1e-9
        if kernel.values.dtype.kind == "f":  # a real wave: amplitude and phase apart
            out = nc.convolve(0.3 * np.cos(2 * np.pi * np.asarray(turns) + math.radians(60)), kernel)
            gain = complex(response.at(*f))
            expected = 0.3 * abs(gain) * np.cos(2 * np.pi * turns[middle] + math.radians(60) + np.angle(gain))
            assert abs(out[middle] - expected) < 1e-6


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("length", [2, 5, 12])
def test_the_grid_is_that_of_wrap_convolution(name: str, length: int) -> None:
    kernel = kernels()[name]
    image = RNG.normal(size=(length,) * kernel.ndim)
    response = nc.frequency_response(kernel, image.shape)
    by_response = np.fft.ifftn(np.fft.fftn(image) * response.values)
    np.testing.assert_allclose(by_response, nc.convolve(image, kernel, boundary="wrap"), atol=1e-12)
    for f, n in zip(response.frequencies, image.shape, strict=True):
        np.testing.assert_array_equal(f, np.fft.fftfreq(n))


def test_equals_freqz() -> None:
    weights = scipy.signal.firwin(21, 0.3)
    f = np.linspace(0, 0.5, 64)
    _, expected = scipy.signal.freqz(weights, worN=2 * np.pi * f)
    found = nc.frequency_response(nc.Kernel(weights, center=0)).at(f)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_amplitude_and_phase() -> None:
    response = nc.frequency_response(nc.Kernel([0.0, 0.0, 1.0]), 8)  # moves by one sample
    np.testing.assert_allclose(response.amplitude, 1.0)
    np.testing.assert_allclose(response.phase[1:4], [-45, -90, -135])
    assert nc.frequency_response([1.0, -1.0, 0.0], 4).phase[0] == 0, "nothing passes: no phase"
    with pytest.raises(dataclasses.FrozenInstanceError):
        response.values = np.zeros(3)  # type: ignore[misc]


def test_cut_offs_of_a_gaussian_by_its_formula() -> None:
    kernel = nc.kernels.gaussian(sigma=(3.0, 4.0), truncate=7.0, spacing=(0.5, 0.2))
    response = nc.frequency_response(kernel)
    assert response.spacing == (0.5, 0.2)
    for axis, sigma in enumerate((3.0, 4.0)):  # lengths are in physical units, and so are the cut-offs
        assert response.cutoff_3db[axis] == pytest.approx((math.sqrt(math.log(2)) / (2 * math.pi * sigma),), rel=1e-3)
        assert response.cutoff_6db[axis] == pytest.approx((math.sqrt(math.log(4)) / (2 * math.pi * sigma),), rel=1e-3)
    in_pixels = nc.frequency_response(kernel, spacing=1)
    assert in_pixels.cutoff_3db[0][0] == pytest.approx(response.cutoff_3db[0][0] * 0.5)


def test_cut_offs_are_where_the_gain_is() -> None:
    kernel = nc.kernels.dog(sigma=1.0)
    response = nc.frequency_response(kernel)
    line = response.at(np.linspace(0, 0.5, 20001), np.zeros(20001))
    for cutoffs, level in ((response.cutoff_3db, math.sqrt(0.5)), (response.cutoff_6db, 0.5)):
        for axis in range(2):
            low, high = cutoffs[axis]
            assert low < high
            gains = np.abs(response.at(*((low, high), (0.0, 0.0))[:: 1 if axis == 0 else -1]))
            np.testing.assert_allclose(gains, level * np.abs(line).max(), rtol=1e-4)


def test_no_cut_off() -> None:
    assert nc.frequency_response([1.0]).cutoff_3db == ((),)
    assert nc.frequency_response([0.0, 0.0]).cutoff_3db == ((),)
    one_sided = nc.frequency_response(nc.Kernel(np.exp(2j * np.pi * 0.2 * np.arange(-20, 21)) * np.hanning(41)))
    low, high = one_sided.cutoff_3db[0]
    assert 0.15 < low < 0.2 < high < 0.25
    assert nc.frequency_response(one_sided.kernel.values.conj()).cutoff_3db[0][0] < 0


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"shape": 0}, ValueError),
        ({"shape": (4, 4, 4)}, ValueError),
        ({"shape": 2.5}, TypeError),
        ({"shape": "4"}, TypeError),
        ({"shape": (10**6, 10**6)}, ValueError),
        ({"spacing": 0}, ValueError),
        ({"spacing": (1, 2, 3)}, ValueError),
        ({"spacing": "1"}, TypeError),
    ],
)
def test_wrong_options(options: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind, match=next(iter(options))):
        nc.frequency_response(np.ones((3, 3)), **options)
    with pytest.raises(ValueError, match="2 axes"):
        nc.frequency_response(np.ones((3, 3))).at(0.1)


# --- kernel_from_response


def low(f: np.ndarray) -> np.ndarray:
    return np.where(np.abs(f) < 0.1, 1.0, np.where(np.abs(f) > 0.18, 0.0, np.nan))


def high(f: np.ndarray) -> np.ndarray:
    return 1 - low(f)


def band(f: np.ndarray) -> np.ndarray:
    f = np.abs(f)
    return np.where((f > 0.18) & (f < 0.3), 1.0, np.where((f < 0.1) | (f > 0.38), 0.0, np.nan))


def notch(f: np.ndarray) -> np.ndarray:
    away = np.abs(np.abs(f) - 0.25)
    return np.where(away < 0.02, 0.0, np.where(away > 0.1, 1.0, np.nan))


def smooth(f: np.ndarray) -> np.ndarray:
    return np.exp(-((f / 0.15) ** 2))


DESIGNS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "low": low,
    "high": high,
    "band": band,
    "notch": notch,
    "smooth": smooth,
    "jump": lambda f: np.where(np.abs(f) < 0.2, 1.0, 0.0),
}


@pytest.mark.parametrize("window", ["hamming", "hann", "blackman", "boxcar", 5.0, None])
@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize("name", DESIGNS)
def test_the_stated_error_is_reached_and_not_exceeded(name: str, ndim: int, window: Any) -> None:
    size = {1: 31, 2: 15}[ndim]
    wanted = DESIGNS[name]
    kernel = nc.kernel_from_response(wanted, size, window=window, ndim=ndim, spacing=0.5)
    f = RNG.uniform(-1, 1, (ndim, 30000))  # up to the Nyquist frequency of this spacing
    radius = np.sqrt((f**2).sum(axis=0)) if ndim > 1 else f[0]
    error = np.abs(nc.frequency_response(kernel).at(*f) - wanted(radius))
    error = error[~np.isnan(error)]
    stated = kernel.parameters["max_error"]
    assert error.max() <= 1.001 * stated + 1e-12
    assert error.max() >= 0.6 * stated or stated < 1e-5, "the bound is not far from what is reached"
    assert math.sqrt((error**2).mean()) == pytest.approx(kernel.parameters["rms_error"], rel=0.15, abs=1e-6)
    assert kernel.sum == pytest.approx(float(wanted(np.zeros(1))[0]), abs=1e-12)
    assert kernel.spacing == (0.5,) * ndim


@pytest.mark.parametrize("name", ["low", "high", "band", "notch"])
def test_least_squares_uses_what_does_not_matter(name: str) -> None:
    errors = {
        window: nc.kernel_from_response(DESIGNS[name], 31, window=window, ndim=1).parameters["rms_error"]
        for window in (None, "hamming", "hann", "blackman", "boxcar")
    }
    assert min(errors.values()) == errors[None] < 0.5 * errors["hamming"]


def test_equals_firwin_and_firls() -> None:
    """scipy.signal designs the same filters."""
    fine = np.arange(4096) / 8192
    cut = nc.kernel_from_response((fine, np.where(fine < 0.15, 1.0, 0.0)), 31, window="hamming", ndim=1)
    np.testing.assert_allclose(cut.values, scipy.signal.firwin(31, 0.3), atol=2e-3)
    fitted = nc.kernel_from_response(low, 31, window=None, ndim=1)
    expected = scipy.signal.firls(31, [0, 0.2, 0.36, 1], [1, 1, 0, 0])
    np.testing.assert_allclose(fitted.values, expected / expected.sum(), atol=2e-3)


def test_an_array_of_the_kernel_gives_the_kernel_back() -> None:
    for kernel in (nc.kernels.gaussian(sigma=1), nc.kernels.sobel(), nc.Kernel(RNG.normal(size=(3, 5)))):
        response = nc.frequency_response(kernel, (16, 20)).values
        for window in (None, "boxcar"):
            again = nc.kernel_from_response(response, kernel.shape, window=window)
            np.testing.assert_allclose(again.values, kernel.values, atol=1e-12)
            assert again.parameters["max_error"] < 1e-12


def test_a_derivative() -> None:
    kernel = nc.kernel_from_response(lambda f: 2j * np.pi * f * np.exp(-((f / 0.15) ** 2)), 31, window=None, ndim=1)
    ramp = nc.convolve(np.arange(60.0) * 3, kernel)
    np.testing.assert_allclose(ramp[20:-20], 3.0, rtol=1e-3)
    assert abs(kernel.sum) < 1e-12
    np.testing.assert_allclose(kernel.values, -kernel.values[::-1], atol=1e-12)


def test_one_side_of_a_response_counts_for_both() -> None:
    grid = np.ones(64)
    grid[10:13] = 0  # a notch drawn at positive frequencies alone
    both = grid.copy()
    both[-12:-9] = 0
    one_sided, expected = (nc.kernel_from_response(g, 63, window="boxcar") for g in (grid, both))
    np.testing.assert_allclose(one_sided.values, expected.values, atol=1e-15)
    passing = nc.kernel_from_response(1 - grid, 63, window="boxcar")
    np.testing.assert_allclose(
        passing.values, nc.kernel_from_response(1 - both, 63, window="boxcar").values, atol=1e-15
    )


def test_a_radial_curve_and_functions_of_every_axis() -> None:
    curve = nc.kernel_from_response(([0, 0.1, 0.2, 1], [1, 1, 0, 0]), (15, 15), spacing=(1, 0.5))
    function = nc.kernel_from_response(
        lambda y, x: np.interp(np.hypot(y, x), [0, 0.1, 0.2], [1, 1, 0]), (15, 15), spacing=(1, 0.5)
    )
    np.testing.assert_allclose(curve.values, function.values, atol=1e-12)
    assert nc.kernel_from_response(smooth, 5, ndim=3).shape == (5, 5, 5)
    assert nc.kernel_from_response(smooth, (5, 1)).shape == (5, 1)


@pytest.mark.parametrize("size", [4, 6, (7, 4)])
def test_even_sizes_state_their_larger_error(size: Any) -> None:
    kernel = nc.kernel_from_response(smooth, size)
    f = RNG.uniform(-0.5, 0.5, (2, 5000))
    error = np.abs(nc.frequency_response(kernel).at(*f) - smooth(np.hypot(*f)))
    assert error.max() <= kernel.parameters["max_error"]


@pytest.mark.parametrize(
    ("response", "options", "kind", "words"),
    [
        (smooth, {"window": "tukey"}, ValueError, "tukey.*hamming"),
        (smooth, {"window": -1.0}, ValueError, "window=-1.0"),
        (smooth, {"size": 0}, ValueError, "size"),
        (smooth, {"size": 3.5}, TypeError, "size"),
        (smooth, {"ndim": 0}, ValueError, "ndim"),
        (smooth, {"ndim": "2"}, TypeError, "ndim"),
        (smooth, {"size": (3, 3), "ndim": 2, "spacing": (1, 1, 1)}, ValueError, "spacing"),
        (lambda f: np.full(f.shape, np.nan), {}, ValueError, "NaN at every"),
        (lambda f: np.full(f.shape, np.inf), {}, ValueError, "infinite"),
        (lambda f: "a", {}, TypeError, "numbers"),
        (lambda f: np.zeros(3), {}, ValueError, "shape"),
        (3.0, {}, ValueError, "single number"),
        ("low", {}, TypeError, "numbers"),
        (None, {}, TypeError, "numbers"),
        ([[1, 2], [3]], {}, ValueError, "regular"),
        (np.full((9, 9), np.nan), {}, ValueError, "NaN"),
        (np.ones(9), {"size": (3, 3)}, ValueError, "1 axes"),
        (np.ones((3, 9)), {"size": 5}, ValueError, "longer"),
        (([0, 0.2, 0.1], [1, 1, 0]), {}, ValueError, "rise"),
        (([0, 0.1], [1, 1, 0]), {}, ValueError, "pair"),
        (([0, 0.1], [1, 1j]), {}, TypeError, "real"),
        (([0, 0.1], [1, np.inf]), {}, ValueError, "infinite"),
        (low, {"size": (65, 65), "window": None}, ValueError, "4096 weights"),
    ],
)
def test_wrong_arguments(response: Any, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        nc.kernel_from_response(response, **{"size": 5, **options})
    assert "\n" not in str(caught.value)
