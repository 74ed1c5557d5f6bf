"""Precision of subpixel positions: beads in shot noise against the localisation bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

import napari_convolve as nc


def profile(length: int, centres: np.ndarray, sigma: float) -> np.ndarray:
    """The share of a Gaussian's photons in each pixel of a line; shape (bead, pixel)."""
    edges = np.arange(length + 1) - 0.5
    return np.diff(0.5 * (1 + erf((edges - centres[:, None]) / (sigma * np.sqrt(2)))), axis=1)


def beads(
    sigmas: tuple[float, ...], snr: float, background: float, number: int, seed: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Beads on a grid, each at a random place between the samples; image, places, photons of each.

    SNR is peak / sqrt(peak + background), the peak that of a bead in the middle of a pixel.
    """
    rng = np.random.default_rng(seed)
    peak = (snr**2 + np.sqrt(snr**4 + 4 * snr**2 * background)) / 2
    share = np.prod([profile(41, np.array([20.0]), s)[0, 20] for s in sigmas])
    apart = [int(np.ceil(14 * s)) for s in sigmas]
    grid = np.stack(np.meshgrid(*(np.arange(number) for _ in sigmas), indexing="ij"), -1).reshape(-1, len(sigmas))
    places = (grid + 0.5) * apart + rng.uniform(-0.5, 0.5, grid.shape)
    lines = [profile(number * d, places[:, a], sigmas[a]) for a, d in enumerate(apart)]
    letters = "abc"[: len(sigmas)]
    image = np.einsum(",".join(f"n{c}" for c in letters) + "->" + letters, *lines, optimize=True)
    photons = peak / share
    return rng.poisson(photons * image + background).astype(np.uint16), places, photons


def errors(found: nc.Detections, places: np.ndarray) -> np.ndarray:
    """Of every bead, which must be found, along each axis."""
    distance = np.linalg.norm(found.coordinates[None] - places[:, None], axis=2)
    assert distance.min(1).max() < 1.5
    return found.coordinates[distance.argmin(1)] - places


def fisher_bound(sigmas: tuple[float, ...], photons: float, background: float) -> np.ndarray:
    """Cramer-Rao bound of the place when place, photons and background are unknown; the mean over sub-pixel places."""
    size = [2 * int(np.ceil(5 * s)) + 1 for s in sigmas]
    rng, step, bounds = np.random.default_rng(0), 1e-3, []

    def mean(parameters: np.ndarray) -> np.ndarray:
        *place, number, floor = parameters
        image = np.ones(())
        for n, c, s in zip(size, place, sigmas, strict=True):
            image = np.multiply.outer(image, profile(n, np.array([c]), s)[0])
        return number * image + floor

    for _ in range(20):
        place = np.array(size) // 2 + rng.uniform(-0.5, 0.5, len(size))
        parameters = np.array([*place, photons, background])
        steps = step * np.maximum(parameters, 1) * np.eye(len(parameters))
        slopes = np.array([(mean(parameters + d) - mean(parameters - d)).ravel() / (2 * d.sum()) for d in steps])
        information = (slopes / mean(parameters).ravel()) @ slopes.T
        bounds.append(np.diag(np.linalg.inv(information))[: len(size)])
    return np.sqrt(np.mean(bounds, axis=0))


@pytest.mark.parametrize("snr", [5, 10, 20])
@pytest.mark.parametrize("background", [2, 10, 100])
@pytest.mark.parametrize("sigma", [1.3, 2.0])
def test_beads_in_a_plane_reach_the_bound(sigma: float, background: float, snr: float) -> None:
    """Thompson 2002 with the pixel's own width; least squares may be sqrt(16/9) above without background."""
    image, places, photons = beads((sigma, sigma), snr, background, 22, seed=1)
    found = nc.detect_features(image, nc.kernels.gaussian(sigma=sigma, integrate=True), threshold=0.35, min_distance=4)
    rms = np.sqrt(np.mean(errors(found, places) ** 2, axis=0))
    square = sigma**2 + 1 / 12
    bound = np.sqrt(square / photons * (1 + 8 * np.pi * square * background / photons))
    assert (rms >= 0.9 * bound).all()  # better than the bound is a mistake here
    assert (rms <= (1.5 if snr >= 10 else 2) * bound).all()


@pytest.mark.parametrize("snr", [5, 10, 20])
@pytest.mark.parametrize("background", [5, 50])
def test_beads_in_space_reach_the_bound(background: float, snr: float) -> None:
    sigmas = (2.0, 1.2, 1.2)
    image, places, photons = beads(sigmas, snr, background, 7, seed=2)
    found = nc.detect_features(image, nc.kernels.gaussian(sigma=sigmas, integrate=True), threshold=0.35, min_distance=4)
    rms = np.sqrt(np.mean(errors(found, places) ** 2, axis=0))
    bound = fisher_bound(sigmas, photons, background)
    assert (rms >= 0.9 * bound).all()
    assert (rms <= (1.5 if snr >= 10 else 2) * bound).all()


def test_the_shift_of_a_noiseless_template_is_exact() -> None:
    """No bias towards samples or half samples: the template between its samples is a spline, not a parabola."""
    y, x = np.mgrid[-12:13, -12:13]
    for dy, dx in ((0, 0), (0.5, 0.5), (0.25, -0.4), (-0.1, 0.33)):
        image = np.zeros((60, 61))
        image[18:43, 20:45] = 100 + 7 * np.exp(-((y - dy) ** 2 + (x - dx) ** 2) / (2 * 1.8**2))
        image[image == 0] = 100
        template = np.exp(-(y**2 + x**2) / (2 * 1.8**2))[4:-4, 4:-4]
        found = nc.detect_features(image, template, threshold=0.9)
        np.testing.assert_allclose(found.coordinates, [[30 + dy, 32 + dx]], atol=2e-3)


def test_axes_too_short_to_move_along_stay() -> None:
    image = np.zeros((5, 40, 41))
    y, x = np.mgrid[-6:7, -6:7]
    image[2, 14:27, 14:27] = np.exp(-((y - 0.3) ** 2 + (x + 0.2) ** 2) / 8)
    found = nc.detect_features(image, np.exp(-(y**2 + x**2) / 8)[None], threshold=0.9)
    np.testing.assert_allclose(found.coordinates, [[2, 20.3, 19.8]], atol=2e-3)
    assert found.coordinates[0, 0] == 2
