"""`deconvolution_quality` for the true object, and for too little and too much sharpening."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import napari_convolve as nc

PSF = nc.kernels.gaussian(sigma=1.5)


def scene(noise: float = 0.5, edges: str = "reflect") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    sharp = 10 + 20 * scipy.ndimage.gaussian_filter(rng.standard_normal((90, 96)), 2)
    return sharp, nc.convolve(sharp, PSF, boundary=edges) + noise * rng.standard_normal(sharp.shape)


def test_the_truth_leaves_white_noise() -> None:
    sharp, image = scene()
    judged = nc.deconvolution_quality(image, sharp, PSF, noise=0.5)
    assert abs(judged.chi_square - 1) < 0.05 and abs(judged.whiteness - 1) < 0.05
    assert max(map(abs, judged.neighbours)) < 0.05
    inside = judged.residual[10:-10, 10:-10]
    assert abs(inside.std() - 1) < 0.05 and np.isnan(judged.residual[0, 0])
    assert "chi-square" in str(judged)
    sharp, image = scene(edges="wrap")
    judged = nc.deconvolution_quality(image, sharp, PSF, noise=0.5, edges="periodic")
    assert np.isfinite(judged.residual).all() and abs(judged.chi_square - 1) < 0.05
    assert abs(judged.flux_ratio - 1) < 0.01


@pytest.mark.parametrize("noise", [1.0, 0.1, 0.01])
def test_light_beyond_the_edges_is_no_structure(noise: float) -> None:
    """Bright at one edge, dark at the other: the tail of a PSF is more than the noise of a good camera."""
    rng = np.random.default_rng(0)
    sharp = np.zeros((160, 140))
    sharp[:40] = 1000
    image = nc.convolve(sharp, PSF, boundary="nearest") + noise * rng.standard_normal(sharp.shape)
    judged = nc.deconvolution_quality(image, sharp, PSF, noise=noise)
    assert abs(judged.chi_square - 1) < 0.05 and abs(judged.whiteness - 1) < 0.05
    assert np.isfinite(judged.residual[10:-10, 10:-10]).all()


def test_too_smooth_leaves_structure_and_too_sharp_explains_noise() -> None:
    _, image = scene()
    smooth, good, rough = (
        nc.deconvolution_quality(image, nc.wiener(image, PSF, nsr=nsr), PSF) for nsr in (10.0, "auto", 1e-5)
    )
    assert smooth.chi_square > 1.5 > good.chi_square > 0.7 > rough.chi_square
    assert smooth.whiteness < good.whiteness
    assert abs(good.noise / 0.5 - 1) < 0.1
    lucy = nc.richardson_lucy(image, PSF, iterations=30)
    assert abs(nc.deconvolution_quality(image, lucy, PSF).flux_ratio - 1) < 0.02


def test_masks_backgrounds_and_bad_input() -> None:
    sharp, image = scene()
    mask = np.random.default_rng(1).random(image.shape) > 0.1
    spoilt = np.where(mask, image, np.nan)
    judged = nc.deconvolution_quality(spoilt + 5, sharp, PSF, noise=0.5, background=5, nan="omit")
    assert abs(judged.chi_square - 1) < 0.05 and np.isnan(judged.residual[~mask]).all()
    for change, error, text in (
        ({"found": sharp[1:]}, ValueError, "shape"),
        ({"noise": -1}, ValueError, "noise=-1"),
        ({"noise": 0}, ValueError, "noise=0"),
        ({"image": np.stack([image, image]), "found": np.stack([sharp, sharp])}, ValueError, "batch"),
        ({"image": image + 1j}, TypeError, "complex"),
    ):
        given: dict[str, Any] = {"image": image, "found": sharp, **change}
        with pytest.raises(error, match=text):
            nc.deconvolution_quality(given.pop("image"), given.pop("found"), PSF, **given)
