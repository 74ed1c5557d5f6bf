"""The report of a kernel."""

from __future__ import annotations

import numpy as np
import pytest

from napari_convolve.kernels import Kernel, box, gaussian, identity, laplacian, make, sobel


def test_gaussian_in_micrometres() -> None:
    r = gaussian(1.2, spacing=(0.4, 0.2)).report()
    assert r.sum == pytest.approx(1)
    assert r.dc_gain == pytest.approx(1)
    # Discrete Gaussians: Σw² = 1 / (4π σy σx) in pixels.
    assert r.noise_gain == pytest.approx(1 / (4 * np.pi * 3 * 6), rel=1e-3)
    assert r.fwhm == pytest.approx((2.3548 * 1.2, 2.3548 * 1.2), rel=0.01)
    assert r.center_of_mass == pytest.approx((0, 0), abs=1e-12)
    assert (r.symmetry, r.mirror, r.rank) == ("even", ("even", "even"), 1)
    assert r.separable_error == pytest.approx(0, abs=1e-14)
    assert r.support == (25, 49)
    assert r.nonzero == 25 * 49


def test_noise_gain_is_the_variance_of_filtered_noise() -> None:
    from scipy import ndimage

    noise = np.random.default_rng(0).standard_normal((600, 600))
    for k in (box(), sobel(), make("sharpen")):
        got = ndimage.convolve(noise, k.values, mode="wrap").var()
        assert got == pytest.approx(k.report().noise_gain, rel=0.02)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_fwhm_of_a_box_is_its_width(size: int) -> None:
    assert box(size=size, ndim=3).report().fwhm == pytest.approx((size,) * 3)


def test_symmetry_is_about_the_centre() -> None:
    assert sobel().report().symmetry == "odd"
    assert sobel().report().mirror == ("even", "odd")
    assert Kernel([1, 2, 1], 0).report().symmetry == "none"
    assert Kernel([1, 1]).report().symmetry == "none"
    assert Kernel([1j, 2, -1j]).report().symmetry == "even", "Hermitian: its response is real"


def test_centre_of_mass_and_peak_are_counted_from_the_centre() -> None:
    r = Kernel([[0, 0, 0, 3, 1]], (0, 1)).report()
    assert r.center_of_mass == pytest.approx((0, 2.25))
    assert r.peak == (0, 2)
    assert laplacian().report().center_of_mass == pytest.approx((0, 0))
    assert Kernel(np.zeros((3, 4))).report().nonzero == 0


def test_rank_and_its_error() -> None:
    values = np.diag([3.0, 2.0, 1.0, 0.0])
    r = Kernel(values).report()
    assert r.rank == 3
    assert r.separable_error == pytest.approx(np.sqrt(5 / 14))
    assert Kernel(values[None]).report().rank == 3
    assert identity(ndim=4).report().rank == 1
    r = make("dog", ndim=3).report()
    assert r.rank is None
    assert 0.1 < r.separable_error < 1


@pytest.mark.parametrize("name", ["box", "sobel", "laplacian", "sharpen", "emboss", "gaussian_derivative"])
def test_output_range_is_reached_and_never_left(name: str) -> None:
    k = make(name)
    for dtype in ("uint8", "uint16", "int16"):
        limits = np.iinfo(dtype)
        low, high = k.report().output_range[dtype]
        positive = k.values > 0
        assert np.where(positive, limits.max, limits.min).ravel() @ k.values.ravel() == pytest.approx(high)
        assert np.where(positive, limits.min, limits.max).ravel() @ k.values.ravel() == pytest.approx(low)


def test_overflow() -> None:
    assert not gaussian(2).report().overflows("uint8")
    assert not Kernel(np.full((3, 3), 1 / 9)).report().overflows("int16")
    assert box().report().overflows("uint8") is False
    assert Kernel(np.ones((9, 9))).report().output_range["uint8"] == (0, 20655)
    assert laplacian().report().overflows("uint16")
    assert Kernel([1j]).report().overflows("uint8")
    with pytest.raises(ValueError, match="uint8"):
        box().report().overflows("float32")


@pytest.mark.parametrize("values", [[[1, 2], [3, 4]], [1j, 2, 3], np.zeros((3, 3)), np.ones((2, 3, 4))])
def test_it_prints(values: object) -> None:
    text = str(Kernel(values, spacing=0.5, units="um").report())
    assert "DC gain" in text
    assert "um" in text
    assert all(len(line) < 100 for line in text.splitlines())


def test_rounding_is_not_shown() -> None:
    wave = make("gabor", angle=20.0)
    assert wave.sum != 0, "a sum of rounding errors"
    shown = {line[:15].strip(): line[15:].strip() for line in str(wave.report()).splitlines()}
    assert shown["sum"] == shown["DC gain"] == "0"
    assert shown["centre of mass"] == "0 x 0 px from the centre"
