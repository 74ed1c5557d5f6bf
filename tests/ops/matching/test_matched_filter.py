"""`matched_filter`: results in units of sigma, optimal signal-to-noise ratio, and noise estimated from the image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from tests.contracts.standin import NAME, on_device, on_host, standin
from tifffile import imread

import napari_convolve as nc

DATA = Path(__file__).parents[2] / "data" / "synthetic"
BEAD = nc.kernels.gaussian(sigma=1.3).values
RNG = np.random.default_rng


def coloured(shape: tuple[int, ...], seed: int, floor: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Periodic noise and its power: a smooth part of standard deviation 3 and a white one of `floor`."""
    frequency = np.sqrt(sum(f**2 for f in np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij")))
    smooth = np.exp(-((frequency / 0.06) ** 2))
    power = 9 * smooth / smooth.mean() + floor**2
    white = RNG(seed).normal(size=shape)
    return np.fft.ifftn(np.fft.fftn(white) * np.sqrt(power)).real, power


@pytest.mark.parametrize("shape, side", [((4000,), (9,)), ((150, 160), (7, 8)), ((30, 40, 42), (3, 5, 4))])
def test_white_noise_gives_units_of_sigma(shape: tuple[int, ...], side: tuple[int, ...]) -> None:
    image = 1000 + 2.5 * RNG(0).normal(size=shape)
    template = RNG(1).normal(size=side)
    for noise in ("white", 2.5):
        snr = nc.matched_filter(image, template, noise=noise)
        assert abs(snr.std() - 1) < 0.05 and abs(snr.mean()) < 0.05


def test_the_value_on_a_feature_is_its_height_over_its_error() -> None:
    template = RNG(2).normal(size=(9, 8))
    image = np.full((60, 61), 30.0)
    image[20:29, 30:38] += 7 * template
    snr = nc.matched_filter(image, template, noise=2.0)
    expected = 7 / 2 * np.sqrt(np.sum((template - template.mean()) ** 2))
    assert np.unravel_index(snr.argmax(), snr.shape) == (24, 34)
    assert abs(snr.max() - expected) <= 1e-9 * expected
    # twice the noise, half the value; a constant and the template's own background change nothing
    np.testing.assert_allclose(nc.matched_filter(image, template, noise=4.0), snr / 2, atol=1e-9)
    np.testing.assert_allclose(nc.matched_filter(image + 500, template + 40, noise=2.0), snr, atol=1e-8)


def test_no_other_kernel_of_the_window_does_better() -> None:
    _, power = coloured((64, 64), 3)
    kernels: list[Any] = []
    nc.matched_filter(np.zeros((64, 64)), BEAD, noise=power, report=lambda r: kernels.append(r.details["kernel"]))
    best = kernels[0]
    big = np.zeros((64, 64))
    key = tuple(slice(32 - c, 32 - c + k) for c, k in zip(best.center, best.shape, strict=True))
    shape = np.zeros((64, 64))
    shape[32 - 5 : 32 + 6, 32 - 5 : 32 + 6] = BEAD

    def quality(values: np.ndarray) -> float:
        big[key] = values
        return float(np.sum(big * shape) / np.sqrt(np.mean(np.abs(np.fft.fft2(big)) ** 2 * power)))

    top = quality(best.values)
    for _ in range(30):
        other = best.values + 0.05 * best.values.std() * RNG(4).normal(size=best.shape)
        assert quality(other - other.mean()) < top
    # by theory: all frequencies, an unknown constant
    whole = np.fft.fft2(shape)
    limit = np.sqrt(np.sum((np.abs(whole) ** 2 / power).ravel()[1:]) / power.size)
    assert 0.95 * limit < top <= limit * 1.0001
    white: list[Any] = []
    nc.matched_filter(np.zeros((64, 64)), BEAD, noise=1.0, report=lambda r: white.append(r.details["kernel"]))
    plain = np.zeros(best.shape)
    margin = (best.shape[0] - white[0].shape[0]) // 2
    plain[margin : margin + 11, margin : margin + 11] = white[0].values
    assert top > 1.3 * quality(plain)  # whitening is worth something here


@pytest.mark.parametrize("given", ["array", "function", "learnt"])
def test_coloured_noise_gives_units_of_sigma(given: str) -> None:
    image, power = coloured((256, 256), 5)

    def function(y: np.ndarray, x: np.ndarray) -> np.ndarray:
        smooth = np.exp(-(y**2 + x**2) / 0.06**2)
        return 9 * smooth / (np.pi * 0.06**2) + 1

    noise: Any = {"array": power, "function": function, "learnt": "coloured"}[given]
    for template in (BEAD, imread(DATA / "match2d_plain_template.tif")):
        snr = nc.matched_filter(image + 100, template, noise=noise)
        assert abs(snr.std() - 1) < 0.05 and abs(snr.mean()) < 0.02
    assert nc.matched_filter(image, BEAD, noise=1.0).std() > 1.3


def test_learnt_noise_leaves_features_out() -> None:
    noise, power = coloured((256, 256), 6)
    features = np.zeros((256, 256))
    places = RNG(7).integers(12, 244, (40, 2))
    for y, x in places:
        features[y - 5 : y + 6, x - 5 : x + 6] += 40 * BEAD / BEAD.max()
    reports: list[nc.Report] = []
    learnt = nc.matched_filter(features + noise, BEAD, noise="coloured", report=reports.append)
    known = nc.matched_filter(features + noise, BEAD, noise=power)
    kernel = reports[0].details["kernel"]
    assert abs(nc.correlate(noise, kernel).std() - 1) < 0.06
    assert abs(learnt[tuple(places.T)].mean() / known[tuple(places.T)].mean() - 1) < 0.1
    assert any("learnt from" in text for text in reports[0].assumptions)


def test_learnt_white_noise_is_not_moved_by_beads() -> None:
    image = imread(DATA / "beads2d.tif")
    reports: list[nc.Report] = []
    nc.matched_filter(image, BEAD, report=reports.append)
    assert 2 < reports[0].details["sigma"] < 5  # a background of 10 photons has 3.2
    assert "standard deviation" in str(reports[0])


def test_noise_estimates_are_taken() -> None:
    image = 50 + 3 * RNG(8).normal(size=(120, 130))
    estimate = nc.estimate_noise(image)
    snr = nc.matched_filter(image, BEAD, noise=estimate)
    np.testing.assert_allclose(snr, nc.matched_filter(image, BEAD, noise=float(estimate.noise)))


def test_layouts_batches_and_masks() -> None:
    image = 5 * RNG(9).normal(size=(2, 40, 44)) + 100
    whole = nc.matched_filter(image, BEAD, noise=5.0)
    for number in range(2):
        np.testing.assert_allclose(nc.matched_filter(image[number], BEAD, noise=5.0), whole[number], atol=1e-9)
    valid = nc.matched_filter(image, BEAD, noise=5.0, shape="valid")
    np.testing.assert_allclose(valid, whole[:, 5:-5, 5:-5], atol=1e-9)
    for extent, length in (("valid", 30), ("full", 50)):
        learnt = nc.matched_filter(image, BEAD, noise="coloured", shape=extent)
        assert learnt.shape[1] == length
    turned = nc.matched_filter(image.transpose(0, 2, 1), BEAD, axes=(2, 1), noise=5.0)
    np.testing.assert_allclose(turned.transpose(0, 2, 1), whole, atol=1e-9)
    holes = image.copy()
    holes[0, 20, 20] = np.nan
    got = nc.matched_filter(holes, BEAD)
    assert np.isnan(got).sum() == 121 and np.isfinite(got[1]).all()
    assert np.isfinite(nc.matched_filter(holes, BEAD, nan="omit")).all()
    disk = np.hypot(*np.mgrid[-5:6, -5:6]) < 5.5
    hidden = nc.matched_filter(image, np.where(disk, BEAD, 99), template_mask=disk, noise=5.0)
    assert abs(hidden.std() - 1) < 0.1


def test_blurred_noise_without_a_floor_stays_finite() -> None:
    image = scipy.ndimage.gaussian_filter(RNG(10).normal(size=(150, 150)), 3)
    snr = nc.matched_filter(image, BEAD, noise="coloured")
    assert abs(snr.std() - 1) < 0.1


def test_constant_images_hold_nothing() -> None:
    for noise in ("white", "coloured", 1.0):
        assert np.abs(nc.matched_filter(np.full((40, 40), 7, np.uint8), BEAD, noise=noise)).max() <= 1e-4


def test_on_another_device() -> None:
    image = (100 + 3 * RNG(11).normal(size=(60, 64))).astype(np.float32)
    with standin():
        for noise in ("white", "coloured", 3.0):
            expected = nc.matched_filter(image, BEAD, noise=noise, backend="numpy")
            np.testing.assert_allclose(nc.matched_filter(image, BEAD, noise=noise, backend=NAME), expected, atol=1e-3)
            got = on_host(nc.matched_filter(on_device(image), BEAD, noise=noise))
            np.testing.assert_allclose(got, expected, atol=1e-3)


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"noise": 0}, ValueError, "noise=0"),
        ({"noise": -1.0}, ValueError, "noise=-1.0"),
        ({"noise": np.nan}, ValueError, "noise=nan"),
        ({"noise": "pink"}, ValueError, "'white', 'coloured'"),
        ({"noise": np.ones((4, 4))}, ValueError, r"noise of shape \(4, 4\)"),
        ({"noise": -np.ones((40, 41))}, ValueError, "not negative"),
        ({"noise": np.zeros((40, 41))}, ValueError, "not 0 everywhere"),
        ({"noise": lambda y, x: y * x * np.nan}, ValueError, "finite"),
        ({"noise": True}, TypeError, "noise=True"),
        ({"noise": None}, TypeError, "noise=None"),
        ({"boundary": "torus"}, ValueError, "boundary"),
        ({"template_mask": np.zeros((11, 11), bool)}, ValueError, "template_mask"),
    ],
)
def test_wrong_options_are_one_sentence(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        nc.matched_filter(RNG(12).normal(size=(40, 41)), BEAD, **options)
    with pytest.raises(ValueError, match="flat"):
        nc.matched_filter(np.ones((40, 41)), np.ones((3, 3)))


def test_coverings_reach_every_orientation() -> None:
    from scipy.spatial.transform import Rotation

    everywhere = Rotation.random(3000, rng=0)
    for angle in (12.0, 25, 60):
        chosen = nc.covering_rotations(angle)
        nearest = [np.degrees((chosen * r.inv()).magnitude().min()) for r in everywhere]
        assert max(nearest) <= angle
        assert max(nearest) >= 0.6 * angle  # and not many more than needed
    for wrong in (0, -5, 91, np.nan):
        with pytest.raises(ValueError, match="angle"):
            nc.covering_rotations(wrong)
    with pytest.raises(TypeError, match="angle"):
        nc.covering_rotations("fine")
