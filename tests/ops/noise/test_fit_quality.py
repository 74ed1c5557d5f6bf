"""The basis of a noise estimate: power over rings, and the expected error of a constant."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

import napari_convolve as nc


def scene(shape: tuple[int, ...], noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A periodic field with power 1/k^2 through a Gaussian, in white noise; the field, the image, the PSF."""
    rng = np.random.default_rng(3)
    k = np.sqrt(sum(f**2 for f in np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij")))
    k.flat[0] = np.inf
    sharp = np.fft.ifftn(np.fft.fftn(rng.normal(size=shape)) * 0.1 / k).real
    psf = nc.kernels.gaussian(sigma=1.2, ndim=len(shape)).values
    image = scipy.ndimage.convolve(sharp, psf, mode="wrap") + noise * rng.normal(size=shape)
    return sharp, image, psf


@pytest.mark.parametrize("shape", [(2000,), (128, 120), (32, 40, 44)])
def test_rings_are_means_of_the_periodogram(shape: tuple[int, ...]) -> None:
    _, image, psf = scene(shape, 0.05)
    found = nc.estimate_noise(image, psf, edges="periodic")
    profile = found.fit.profile()
    power = np.abs(np.fft.fftn(image - image.mean())) ** 2 / image.size
    k = np.sqrt(sum(f**2 for f in np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij")))
    assert (np.diff(profile.frequencies) > 0).all()
    for i in (len(profile.frequencies) // 2, len(profile.frequencies) - 3):
        low, here, high = profile.frequencies[i - 1 : i + 2]
        inside = (k > np.sqrt(low * here)) & (k <= np.sqrt(here * high))
        assert abs(profile.observed[i] / power[inside].mean() - 1) < 0.25
        assert abs(profile.observed[i] / profile.expected[i] - 1) < 0.3
    assert profile.noise == pytest.approx(found.noise**2)
    halved = found.fit.profile(spacing=(0.5,) * len(shape))
    np.testing.assert_allclose(halved.frequencies, 2 * profile.frequencies)
    # where the Gaussian, exp(-2 pi^2 sigma^2 f^2), has brought 0.01 / f^2 down to the noise's 0.0025
    assert profile.finest is not None and 3 < profile.finest < 8
    assert halved.finest == pytest.approx(profile.finest / 2)


def test_the_error_of_a_constant_is_foreseen() -> None:
    sharp, image, psf = scene((128, 120), 0.05)
    found = nc.estimate_noise(image, psf, edges="periodic")
    for nsr in (1e-4, 1e-2, 1.0):
        left = np.sqrt(np.mean((nc.wiener(image, psf, nsr=nsr, edges="periodic") - sharp) ** 2))
        assert found.fit.error(nsr) == pytest.approx(left, rel=0.1)
        assert found.fit.error(nsr) >= found.predicted_error


def test_everything_and_nothing_above_the_noise() -> None:
    rng = np.random.default_rng(0)
    white = nc.estimate_noise(rng.normal(size=(64, 64)), nc.kernels.gaussian(sigma=3))
    assert white.fit.profile().finest is None
    clean = nc.estimate_noise(scene((64, 64), 0.0)[0])
    assert clean.fit.profile().finest is None or clean.fit.profile().finest < 3
    few = nc.estimate_noise(rng.normal(size=30))
    assert len(few.fit.profile().frequencies) >= 1


def test_a_model_that_cannot_be_true_is_said_to_fit_poorly() -> None:
    _, image, psf = scene((128, 120), 0.05)
    reports: list[nc.Report] = []
    nc.wiener(image, psf, report=reports.append)
    assert abs(reports[0].details["estimate"].fit.excess) < 0.2 and not reports[0].assumptions
    smoothed = scipy.ndimage.zoom(image, 1.7, order=3)  # its noise is no longer white
    nc.wiener(smoothed, psf, report=reports.append)
    assert reports[1].details["estimate"].fit.excess > 0.6
    assert "poor fit" in reports[1].assumptions[0] and "poor fit" in str(reports[1])
