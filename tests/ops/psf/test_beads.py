"""The PSF from beads: synthetic ones of known place and width, and a confocal stack with published centres."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

import napari_convolve as nc
from napari_convolve.ops.psf.spot_geometry import core_center, fourier_shift, gaussian_center, line_width

BEADS = Path(__file__).parents[2] / "data" / "beads3d_confocal"


def scene(
    shape: tuple[int, ...], sigma: tuple[float, ...], count: int, *, snr: float = 20.0, seed: int = 0, apart: float = 17
) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian beads of different brightness on a background, and their centres."""
    rng = np.random.default_rng(seed)
    places: list[np.ndarray] = []
    while len(places) < count:
        place = np.array([rng.uniform(13, n - 14) for n in shape])
        if all((np.abs(place - other) > apart).any() for other in places):
            places.append(place)
    grid = np.meshgrid(*map(np.arange, shape), indexing="ij", sparse=True)
    image = 100 + rng.normal(size=shape) * 200 / snr
    for place in places:
        square = sum(((g - c) / s) ** 2 for g, c, s in zip(grid, place, sigma, strict=True))
        image += rng.uniform(200, 300) * np.exp(-0.5 * square)
    return image, np.array(places)


@pytest.mark.parametrize(
    ("shape", "sigma", "count"), [((160, 160), (1.4, 1.4), 12), ((48, 150, 150), (2.2, 1.3, 1.5), 20)]
)
def test_centre_and_width_at_a_signal_of_twenty(shape: tuple[int, ...], sigma: tuple[float, ...], count: int) -> None:
    image, places = scene(shape, sigma, count)
    found = nc.psf_from_beads(image)
    assert len(found.accepted) >= 4
    middle = np.array([n // 2 for n in found.psf.shape])
    assert found.psf.center == tuple(middle) and all(n % 2 for n in found.psf.shape)
    # The average is nearer to the truth than any of its beads.
    center, _ = gaussian_center(found.psf.values, tuple(middle), np.array(sigma) * 2.355)
    assert np.abs(center - middle).max() < 0.02
    assert np.array(found.fwhm) / (np.array(sigma) * 2.3548) == pytest.approx(1, abs=0.03)
    grid = np.meshgrid(*(np.arange(n) - n // 2 for n in found.psf.shape), indexing="ij", sparse=True)
    truth = np.exp(-0.5 * sum((g / s) ** 2 for g, s in zip(grid, sigma, strict=True)))
    error = found.psf.values / found.psf.values.max() - truth
    assert np.sqrt(np.mean(error**2)) < 0.02
    errors = [np.abs(places - bead.center).max(axis=1).min() for bead in found.accepted]
    assert max(errors) < 0.25 and np.median(errors) < 0.08, "near the bound that the noise sets"
    # What it says of its own error is right: 2 of 3 weights within one standard error.
    scaled = truth / truth.sum()
    bright = truth > 0.2
    within = (np.abs(found.psf.values - scaled) < found.uncertainty)[bright]
    assert within.mean() > 0.4
    assert found.psf.values.min() >= 0


def test_without_noise_it_is_the_psf() -> None:
    image, places = scene((120, 120), (1.6, 1.6), 8, snr=1e9)
    found = nc.psf_from_beads(image, spacing=0.1, units="um")
    assert len(found.accepted) == len(places) - len(found.rejected)
    centers = np.array([bead.center for bead in found.accepted])
    assert max(np.abs(places - c).max(axis=1).min() for c in centers) < 0.005
    assert found.fwhm == pytest.approx((0.16 * 2.3548,) * 2, rel=0.003)
    assert found.psf.spacing == (0.1, 0.1) and found.psf.units == "um" and found.psf.sum == pytest.approx(1)
    assert max(found.fwhm_spread) < 0.001
    assert nc.check_psf(found).ok
    sharp = nc.wiener(image, found, nsr=1e-3)
    np.testing.assert_array_equal(sharp, nc.wiener(image, found.psf, nsr=1e-3))


def test_points_are_taken_to_the_brightest_sample_nearby_and_count_once() -> None:
    image, places = scene((120, 120), (1.6, 1.6), 6, snr=50)
    near = places[:3] + 1.4
    found = nc.psf_from_beads(image, points=np.concatenate([near, near[:1] - 1]), size=13)
    assert len(found.beads) == 3 and found.psf.shape == (13, 13)
    for bead, place in zip(found.beads, places, strict=False):
        np.testing.assert_allclose(bead.center, place, atol=0.1)


def test_bad_beads_are_left_out_and_it_says_why() -> None:
    sigma, places = 1.5, [(30, 30), (30, 80), (80, 30), (80, 80), (3, 60), (110, 104), (110, 110), (60, 110)]
    y, x = np.mgrid[:125, :125]
    heights = [1000, 1000, 1000, 1000, 1000, 1000, 1000, 9000]
    image = 50 + np.random.default_rng(0).normal(size=y.shape) * 5
    for (cy, cx), height in zip(places, heights, strict=True):
        image += height * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 2 / sigma**2)
    image = np.clip(image, 0, 4095).astype(np.uint16)
    found = nc.psf_from_beads(image)
    reasons = {tuple(round(c) for c in bead.center): bead.reason for bead in found.beads}
    assert [reasons[place] for place in places[:4]] == [""] * 4
    assert "cut by the edge of the image along axis 0" in reasons[3, 60]
    assert "overlaps with the bead at (110, 110)" in reasons[110, 104]
    assert "overlaps with the bead at (110, 104)" in reasons[110, 110]
    assert "saturated" in reasons[60, 110] and "4095" in reasons[60, 110]
    text = str(found)
    assert "PSF from 4 of 8 beads" in text and "left out: cut by the edge" in text and "FWHM 3.5" in text
    dim = nc.psf_from_beads(image, points=[(30, 30), (55, 55)])
    assert "too dim" in dim.rejected[0].reason
    reports: list[nc.Report] = []
    nc.psf_from_beads(image, report=reports.append)
    assert reports[0].details["accepted"] == 4 and "left out" in str(reports[0])


def test_something_else_among_the_beads_is_left_out() -> None:
    image, _ = scene((150, 150), (1.5, 1.5), 6, snr=100, seed=3)
    image = np.pad(image, ((0, 60), (0, 0)), constant_values=100)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    image += 250 * ((np.abs(np.hypot(y - 180, x - 75) - 3.5) < 1) + 0.7 * ((y == 180) & (x == 75)))
    found = nc.psf_from_beads(image, size=15)
    odd = [bead for bead in found.beads if abs(bead.center[0] - 180) < 6]
    assert odd and all(not bead.accepted for bead in odd)


def test_confocal_beads_are_found_where_they_were_published() -> None:
    """Four beads of a real stack; the published centres of mass include what lies around the beads."""
    image = tifffile.imread(BEADS / "bead_image1_crop.tif")
    published = np.loadtxt(BEADS / "published_centres_of_mass.csv", delimiter=",", skiprows=1)
    found = nc.psf_from_beads(image, spacing=(0.125, 0.0225, 0.0225), units="um")
    assert len(found.accepted) == 4
    for place in published:
        nearest = min(found.accepted, key=lambda bead: np.abs(np.array(bead.center) - place).sum())
        assert np.abs(np.array(nearest.center) - place).max() < 0.5
    assert 0.4 < found.fwhm[0] < 0.8 and 0.12 < found.fwhm[2] < found.fwhm[1] < 0.3
    assert max(s / w for s, w in zip(found.fwhm_spread, found.fwhm, strict=True)) < 0.05
    # One bead deconvolved with the PSF of the other three becomes smaller than it was.
    others = nc.psf_from_beads(image, points=published[1:], size=(19, 31, 31))
    sharp = nc.richardson_lucy(image, others.psf, iterations=20, background=float(np.median(image)))
    top = tuple(round(c) for c in found.beads[1].center)
    line = sharp[top[0], :, top[2]]
    assert line_width(np.asarray(line, float), float(line.argmax())) < 0.8 * found.fwhm[1] / 0.0225


def test_fourier_shift_moves_a_band_limited_spot_exactly() -> None:
    x = np.arange(32) - 16
    spot = np.exp(-0.5 * (x / 2.5) ** 2)
    for move in (0.3, -2.75, 3.0):
        np.testing.assert_allclose(fourier_shift(spot, (move,)), np.exp(-0.5 * ((x - move) / 2.5) ** 2), atol=1e-5)
    y = np.mgrid[:15, :14]
    assert core_center(np.exp(-((y[0] - 6.7) ** 2 + (y[1] - 7.2) ** 2) / 8), (7, 7)) == pytest.approx(
        (6.7, 7.2), abs=0.04
    )


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda a: {"image": a * 1j}, TypeError, "real numbers"),
        (lambda a: {"image": np.zeros((2, 2, 9, 9))}, ValueError, "1 to 3"),
        (lambda a: {"image": np.where(a > 200, np.nan, a)}, ValueError, "NaN"),
        (lambda a: {"image": np.zeros((40, 40))}, ValueError, "no bead"),
        (lambda a: {"image": a[:4]}, ValueError, "too small"),
        (lambda a: {"size": 8}, ValueError, "size=8 must be odd"),
        (lambda a: {"size": 999}, ValueError, "no larger"),
        (lambda a: {"points": [[1, 2, 3]]}, ValueError, "shape \\(n, 2\\)"),
        (lambda a: {"points": [[1, np.nan]]}, ValueError, "finite"),
        (lambda a: {"points": [[2, 2]], "min_snr": 1e6}, ValueError, "none of 1 beads can be used"),
        (lambda a: {"spacing": -1}, ValueError, "spacing"),
    ],
)
def test_bad_inputs(change: Callable[[np.ndarray], dict[str, object]], error: type[Exception], says: str) -> None:
    image, _ = scene((90, 90), (1.5, 1.5), 4)
    given = {"image": image, **change(image)}
    with pytest.raises(error, match=says):
        nc.psf_from_beads(given.pop("image"), **given)
