"""PSF models against other programs, closed forms and physical laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_convolve import kernels
from napari_convolve.kernels import Kernel, names
from napari_convolve.kernels._pupil import Pupil, focus, matched
from napari_convolve.kernels.diffraction import stack_path
from napari_convolve.kernels.psf import FWHM
from napari_convolve.kernels.scanning import pinhole_light

DATA = Path(__file__).parents[1] / "data" / "psf_reference"
MODELS = ("gaussian_psf", "airy", "born_wolf", "gibson_lanni", "confocal", "two_photon")
FINE = {"ndim": 3, "spacing": (0.02, 0.01, 0.01), "size": (151, 81, 81)}


def peer(name: str) -> np.ndarray:
    with np.load(DATA / "peers.npz") as stored:
        return stored[name].astype(np.float64)


def peak_one(profile: np.ndarray) -> np.ndarray:
    return profile / profile.max()


def test_gibson_lanni_is_imagej_ops() -> None:
    """EPFL's stack interpolates radii that are half a pixel apart linearly; so does this test."""
    want = tifffile.imread(DATA / "psfgenerator_gibsonlanni_16x16x8.tif").astype(np.float64)
    y, x = np.mgrid[:16, :16] - 7.5
    pupil = Pupil(1.4, 610, stack_path(1.4, ((1.33, 0.0), (1.5, -150.0)), 1.5, 150.0), top=1.33 / 1.4)
    radii = np.arange(24) / 2
    profile = pupil(radii * 0.1, (np.arange(8) - 3.5) * 0.25)
    got = np.stack([np.interp(np.hypot(y, x), radii, plane) for plane in profile.T])
    np.testing.assert_allclose(peak_one(got), want, atol=1e-4)


def test_scalar_integral_is_that_of_psfmodels() -> None:
    radii = np.arange(31) * 0.04
    got = matched(1.2, 1.33, 520)(radii, np.linspace(-1, 1, 21)).T
    np.testing.assert_allclose(peak_one(got), peer("psfmodels_matched"), atol=1e-4)


def test_gibson_lanni_in_depth_is_that_of_psfmodels() -> None:
    """psfmodels counts z from elsewhere: the shift along z is fitted, orientation and shape are not."""
    path = stack_path(1.2, ((1.33, 5.0), (1.515, -150.0)), 1.515, 150.0)
    pupil, want = Pupil(1.2, 520, path), peer("psfmodels_depth")
    z = np.linspace(-6, 10, 161)
    about = focus(pupil) - z[int(want[:, 0].argmax())]
    shifts = about + np.arange(-0.05, 0.05, 0.002)
    error = min(np.abs(peak_one(pupil(np.arange(31) * 0.04, z + s).T) - want).max() for s in shifts)
    assert error < 2e-3
    kernel = kernels.gibson_lanni(
        na=1.2, sample_index=1.33, depth=5, spacing=(0.1, 0.04, 0.04), size=(81, 61, 61), ndim=3
    )
    top = int(want[:, 0].argmax())
    own = peak_one(kernel.values[:, 30, 30:])
    assert np.abs(own - want[top - 40 : top + 41]).max() < 0.05  # sampled up to half a step apart
    assert np.abs(own[::-1] - want[top - 40 : top + 41]).max() > 0.15


def test_low_aperture_is_the_vectorial_psf_package() -> None:
    """At NA 0.3 scalar and vectorial diffraction agree to a percent: emission, confocal with a pinhole, two-photon."""
    r, z = np.linspace(0, 6, 31), np.linspace(0, 30, 31)
    seen, lit = matched(0.3, 1.0, 520), matched(0.3, 1.0, 488)
    through = pinhole_light(seen, 1.0578)
    models = {"emission": seen(r, z), "two_photon": lit(r, z) ** 2, "confocal": lit(r, z) * through(r, z)}
    for name, got in models.items():
        np.testing.assert_allclose(peak_one(got.T), peer(f"psf_{name}"), atol=0.0125, err_msg=name)


def test_gaussians_are_those_of_sdeconv() -> None:
    for name, sigma, shape in (("gaussian2d", (1.5, 1.5), (15, 15)), ("gaussian3d", (0.5, 1.5, 1.5), (11, 15, 15))):
        want = tifffile.imread(DATA / f"sdeconv_{name}.tif")
        got = kernels.gaussian(sigma, truncate=12).crop(shape)
        np.testing.assert_allclose(got.values, want, atol=1e-6)


def test_full_widths_are_those_of_theory() -> None:
    def width(kernel: Kernel) -> tuple[float, ...]:
        return kernel.report().fwhm

    lateral = 0.5145 * 0.52 / 0.9
    assert width(kernels.airy(na=0.9, spacing=0.01))[0] == pytest.approx(lateral, rel=0.01)
    found = width(kernels.born_wolf(na=0.9, refractive_index=1.33, **FINE))
    assert found == pytest.approx((1.772 * 1.33 * 0.52 / 0.81, lateral, lateral), rel=0.01)
    # On the axis: a closed form, with u = cos of the angle, ∫ u exp(i k n z u) du from cos(alpha) to 1.
    z, low = np.linspace(0, 1, 2001), np.sqrt(1 - (1.2 / 1.33) ** 2)
    u = np.linspace(low, 1, 2001)
    axis = np.abs(np.trapezoid(u * np.exp(2j * np.pi / 0.52 * 1.33 * np.outer(z, u)), u, axis=1)) ** 2
    half = z[np.argmax(axis < axis[0] / 2)]
    found = width(kernels.gibson_lanni(na=1.2, refractive_index=1.33, **FINE))
    assert found[0] == pytest.approx(2 * half, rel=0.01)
    # Two-photon squares that, and so does a confocal microscope with a point for a pinhole and one wavelength.
    small_planes = {**FINE, "size": (151, 9, 9), "na": 1.2, "refractive_index": 1.33, "excitation": 520}
    for squared in (kernels.two_photon(**small_planes), kernels.confocal(wavelength=520, pinhole=0, **small_planes)):
        assert width(squared)[0] == pytest.approx(2 * z[np.argmax(axis < axis[0] / np.sqrt(2))], rel=0.01)
    # Two-photon: where the excitation has fallen to 1/√2. Confocal with a point: the product of two Airy patterns.
    small = {"na": 0.3, "refractive_index": 1.0, "ndim": 2, "spacing": 0.05}
    assert width(kernels.two_photon(excitation=900, **small))[1] == pytest.approx(0.3727 * 0.9 / 0.3, rel=0.01)
    pinched = kernels.confocal(excitation=500, wavelength=500, pinhole=0, **small)
    assert width(pinched)[1] == pytest.approx(0.3727 * 0.5 / 0.3, rel=0.01)


@pytest.mark.parametrize("pinhole", [0.5, 1, 2, 5, 20, 100])
def test_confocal_width_is_that_of_the_published_formula(pinhole: float) -> None:
    """``(2 J1(v) / v)²`` times its mean over a disk, the mean by integrating over the arcs within the disk."""
    from scipy.integrate import quad
    from scipy.optimize import brentq
    from scipy.special import j1

    na, wave = 0.3, 0.5
    hole = pinhole * 0.61 * wave / na

    def airy(r: float) -> float:
        v = 2 * np.pi * na * r / wave
        return float((2 * j1(v) / v) ** 2) if v > 1e-9 else 1.0

    def arc(s: float, r: float) -> float:
        if s <= hole - r:
            return 2 * np.pi * s
        return float(2 * s * np.arccos(np.clip((s * s + r * r - hole * hole) / (2 * s * r), -1, 1)))

    def through(r: float) -> float:
        return float(
            quad(lambda s: airy(s) * arc(s, r), max(0, r - hole), r + hole, points=[abs(hole - r)], limit=800)[0]
        )

    top = through(1e-9)
    half = brentq(lambda r: airy(r) * through(r) - top / 2, 0.1 * wave / na, 0.4 * wave / na, xtol=1e-4)
    kernel = kernels.confocal(
        na=na, refractive_index=1, excitation=500, wavelength=500, pinhole=pinhole, spacing=0.05, size=51
    )
    assert kernel.report().fwhm == pytest.approx((2 * half,) * 2, rel=0.005)
    if pinhole >= 5:  # so wide a pinhole stops nothing: what is lit is seen
        assert 2 * half == pytest.approx(0.5145 * wave / na, rel=0.002)


def test_gaussian_is_near_to_the_diffraction_of_the_same_microscope() -> None:
    same = {"na": 1.0, "refractive_index": 1.33, **FINE}
    pairs = [
        (kernels.gaussian_psf(**same), kernels.gibson_lanni(sample_index=1.33, **same)),
        (kernels.gaussian_psf(modality="two-photon", excitation=920, **same), kernels.two_photon(**same)),
        (kernels.gaussian_psf(modality="confocal", **same), kernels.confocal(**same)),
    ]
    for gauss, truth in pairs:
        assert gauss.report().fwhm == pytest.approx(truth.report().fwhm, rel=0.12)
    sheet = kernels.gaussian_psf(modality="light-sheet", sheet=0.5, **same)
    axial, wide = sheet.report().fwhm[0], pairs[0][0].report().fwhm[0]
    assert axial == pytest.approx((0.5**-2 + wide**-2) ** -0.5, rel=0.02)
    assert gauss.report().fwhm[1] < wide and FWHM == pytest.approx(2 * np.sqrt(2 * np.log(2)))


@pytest.mark.parametrize("depth", [0.0, 8.0])
def test_light_is_conserved_from_plane_to_plane(depth: float) -> None:
    """Of the integral exactly; of a kernel within what its support leaves out."""
    path = stack_path(1.2, ((1.33, depth), (1.515, -150.0)), 1.515, 150.0)
    pupil = Pupil(0.9, 520, path)
    start, r = focus(pupil), np.arange(0, 60, 0.01)
    rings = pupil(r, start + np.array([-3.0, -1.0, 0.0, 2.0])) * (2 * np.pi * r)[:, None]
    np.testing.assert_allclose(np.trapezoid(rings, r, axis=0) / pupil.power, 1, atol=0.01)


@pytest.mark.parametrize("name", ["born_wolf", "gibson_lanni"])
def test_the_support_holds_the_light_it_promises(name: str) -> None:
    for energy in (0.8, 0.95):
        few = {"na": 0.9, "refractive_index": 1.33, "ndim": 3, "spacing": (0.3, 0.1, 0.1)}
        kernel = kernels.make(name, energy=energy, **few)
        assert all(n % 2 for n in kernel.shape)
        wider = tuple(n * 5 | 1 for n in kernel.shape[1:])
        whole = kernels.make(name, size=(kernel.shape[0], *wider), **few)
        share = whole.crop(kernel.shape).values.sum(axis=(1, 2)) / whole.values.sum(axis=(1, 2))
        assert share.min() >= energy - 0.02
        assert share.min() < (1 + energy) / 2 + 0.02, "no larger than needed"


def test_depth_aberrates_and_the_brightest_point_stays_at_the_centre() -> None:
    common = {"ndim": 3, "spacing": (0.2, 0.1, 0.1), "size": (61, 31, 31)}
    peaks = []
    for depth in (0, 5, 20):
        kernel = kernels.gibson_lanni(depth=depth, **common)
        assert kernel.report().peak == (0, 0, 0)
        assert kernel.report().mirror == ("none" if depth else "even", "even", "even")
        peaks.append(kernel.values.max())
    assert peaks[0] > 1.5 * peaks[1] > 1.5 * peaks[2]
    matched_media = kernels.gibson_lanni(depth=20, sample_index=1.515, **common)
    np.testing.assert_allclose(
        matched_media.values, kernels.gibson_lanni(sample_index=1.515, **common).values, atol=1e-9
    )


def test_immersion_and_coverslip_matter_as_in_the_objective() -> None:
    good = kernels.gibson_lanni(ndim=3, size=(31, 31, 31))
    for wrong in ({"coverslip": 180.0, "coverslip_index": 1.52}, {"design_index": 1.52}):
        assert kernels.gibson_lanni(ndim=3, size=(31, 31, 31), **wrong).values.max() < 0.95 * good.values.max()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"wavelength": 0.488}, "wavelength=0.488 looks like µm, nm is expected: 488"),
        ({"wavelength": 5.2e-7}, "looks like m, nm is expected: 520"),
        ({"wavelength": 0.0}, "must be 100 to 20000 nm"),
        ({"spacing": 65.0}, "spacing=65 looks like nm, µm is expected: 0.065"),
        ({"spacing": 1e-7}, "spacing=1e-07 looks like m, µm is expected: 0.1"),
        ({"na": 1.6}, "na=1.6 must be less than refractive_index=1.515"),
        ({"na": 0.0}, "na=0.0 must be at least 0.01"),
        ({"size": 10**9}, "choose a smaller size"),
        ({"spacing": (0.1, 0.1), "ndim": 3}, "dimensions do not agree"),
    ],
)
def test_implausible_numbers_are_refused_with_the_likely_unit(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        kernels.born_wolf(**given)  # type: ignore[arg-type]


def test_a_pattern_of_one_plane_has_one() -> None:
    assert kernels.airy(ndim=3).shape[0] == 1
    with pytest.raises(ValueError, match="must be 1"):
        kernels.airy(size=(3, 9, 9), spacing=(0.2, 0.1, 0.1))


@pytest.mark.parametrize("name", MODELS)
def test_even_sizes_are_centred_at_half_their_length(name: str) -> None:
    assert name in names()
    even, odd = (kernels.make(name, size=n, ndim=2) for n in (16, 17))
    cut = odd.values[:-1, :-1]
    assert even.center == (8, 8) and even.units == "um"
    np.testing.assert_allclose(even.values, cut / cut.sum(), atol=1e-9)
