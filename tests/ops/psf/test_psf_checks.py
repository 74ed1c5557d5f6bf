"""`check_psf` finds exactly the defects put into a PSF; `fix_psf` repairs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.ops.psf.spot_geometry import fourier_shift

UM = {"spacing": (0.2, 0.1, 0.1), "units": "um"}
IMAGE = np.zeros((40, 64, 64))


def gauss(shape: tuple[int, ...] = (21, 25, 25), sigma: tuple[float, ...] = (2.2, 1.8, 1.8)) -> np.ndarray:
    grid = np.meshgrid(*(np.arange(n) - n // 2 for n in shape), indexing="ij", sparse=True)
    values = np.exp(-0.5 * sum((g / s) ** 2 for g, s in zip(grid, sigma, strict=True)))
    return values / values.sum()


def planted(change: Callable[[np.ndarray], np.ndarray]) -> nc.Kernel | np.ndarray:
    values = change(gauss())
    if not np.isfinite(values).all():
        return values
    return nc.Kernel(values, **UM)


def put(values: np.ndarray, where: Any, what: float) -> np.ndarray:
    values = values.copy()
    values[where] = what
    return values


def shift_contents(values: np.ndarray, shift: tuple[float, ...], margin: int = 8) -> np.ndarray:
    """Move the contents by `shift` samples; values from outside fade to 0."""
    whole = np.round(shift).astype(int)
    pads = [(margin + abs(int(w)),) * 2 for w in whole]
    padded = np.pad(values, pads, mode="linear_ramp")
    moved = fourier_shift(np.roll(padded, whole, tuple(range(values.ndim))), np.subtract(shift, whole))
    return moved[tuple(slice(p, p + n) for (p, _), n in zip(pads, values.shape, strict=True))]


def comatic(waves: float, planes: int = 1) -> np.ndarray:
    """A PSF of NA 1 in water at 520 nm, pixels of 80 nm, with Zernike coma along the last axis (waves rms)."""
    na, light, index, n = 1.0, 0.52, 1.33, 256
    f = np.fft.fftfreq(n, 0.08)
    rho, angle = np.hypot(f[:, None], f) * light / na, np.arctan2(f[:, None], f)
    path = waves * np.sqrt(8) * (3 * rho**3 - 2 * rho) * np.cos(angle)
    along = np.sqrt(np.maximum((index / light) ** 2 - (rho * na / light) ** 2, 0))
    fields = [
        np.fft.fftshift(np.fft.ifft2((rho <= 1) * np.exp(2j * np.pi * (path + along * z))))
        for z in 0.2 * (np.arange(planes) - planes // 2)
    ]
    values = np.abs(np.array(fields)[:, 96:161, 96:161]) ** 2
    return np.asarray((values if planes > 1 else values[0]) / values.sum())


def mismatched(depth: float = 10.0, step: float = 0.1) -> nc.Kernel:
    return nc.kernels.gibson_lanni(depth=depth, spacing=(step, 0.1, 0.1), size=(101, 35, 35))


NOISE = np.random.default_rng(0).normal(size=(21, 25, 25))
CASES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "one pixel off": ("off centre", planted(lambda v: np.roll(v, 1, 2)), {}),
    "half a pixel off": ("off centre", planted(lambda v: shift_contents(v, (0.0, 0.5, 0.0))), {}),
    "far off along z": ("off centre", planted(lambda v: np.roll(v, 4, 0)), {}),
    "centre said elsewhere": ("off centre", nc.Kernel(gauss(), (10, 12, 11), **UM), {}),
    "even, centred at (n - 1) / 2": ("off centre", gauss((21, 25, 25))[:, 1:, 1:], {}),
    "coma, too far along it": ("off centre", np.roll(comatic(0.1), 3, 1), {}),
    "coma, too far against it": ("off centre", np.roll(comatic(0.1), -2, 1), {}),
    "coma, one pixel beside it": ("off centre", np.roll(comatic(0.2), 1, 0), {}),
    "coma in depth": ("off centre", np.roll(comatic(0.1, 31), (2, 3), (0, 2)), {}),
    "another index, off along z": ("off centre", np.roll(mismatched().values, 3, 0), {}),
    "another index, off in the plane": ("off centre", np.roll(mismatched().values, 1, 2), {}),
    "dark after subtraction": ("negative", planted(lambda v: v - 0.01 * v.max()), {}),
    "one negative value": ("negative", planted(lambda v: put(v, (0, 0, 0), -0.001)), {}),
    "NaN": ("not finite", planted(lambda v: put(v, (3, 4, 5), np.nan)), {}),
    "infinite": ("not finite", planted(lambda v: put(v, (10, 12, 12), np.inf)), {}),
    "all NaN": ("not finite", np.full((5, 5), np.nan), {}),
    "sum of counts": ("sum", planted(lambda v: 5000 * v), {}),
    "nothing in it": ("empty", np.zeros((7, 7)), {}),
    "the same everywhere": ("flat", np.full((7, 7), 3.0), {}),
    "camera offset": ("background", planted(lambda v: v + 0.01 * v.max()), {}),
    "large background": ("background", planted(lambda v: v + 0.5 * v.max()), {}),
    "cut along z": ("cut off", nc.Kernel(gauss()[8:13], **UM), {}),
    "cut in the plane": ("cut off", nc.Kernel(gauss()[:, 10:15, 10:15], **UM), {}),
    "other pixels": ("spacing", planted(lambda v: v), {"spacing": (0.2, 0.065, 0.065)}),
    "other z": ("spacing", planted(lambda v: v), {"spacing": (300, 100, 100), "units": "nm"}),
    "too coarse to see": ("sampling", gauss((9, 9), (0.5, 0.5)), {}),
    "coarser than Nyquist": ("sampling", planted(lambda v: v), {"na": 1.4, "wavelength": 300}),
    "larger than the image": ("too large", planted(lambda v: v), {"image": np.zeros((16, 64, 64))}),
    "more axes than the image": ("dimensions", planted(lambda v: v), {"image": np.zeros((64, 64))}),
    "two beads": ("several spots", planted(lambda v: np.roll(v, -5, 2) + 0.9 * np.roll(v, 5, 2)), {}),
    "saturated": ("saturated", planted(lambda v: np.minimum(v, 0.6 * v.max())), {}),
    "noise": ("noise", planted(lambda v: np.maximum(v + 0.08 * v.max() * NOISE, 0)), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_each_planted_defect_is_found(name: str) -> None:
    what, psf, known = CASES[name]
    known = dict(known)
    found = nc.check_psf(psf, known.pop("image", None), **known)
    names = [finding.name for finding in found.findings]
    assert what in names, str(found)
    finding = found.findings[names.index(what)]
    assert finding.severity in ("error", "warning", "note") and finding.message in str(found) and finding.fix
    assert found.ok == (what == "sum") == bool(found)


def test_there_are_at_least_twenty() -> None:
    assert len(CASES) >= 20 and len({what for what, *_ in CASES.values()}) >= 12


SAMPLED = {"ndim": 3, "spacing": (0.15, 0.06, 0.06)}
GOOD: dict[str, Callable[[], nc.Kernel]] = {
    "gaussian": lambda: nc.kernels.gaussian(sigma=2),
    "gaussian 3-D": lambda: nc.Kernel(gauss(), **UM),
    "even gaussian": lambda: nc.Kernel(gauss((20, 24, 24)), **UM),
    "gaussian_psf": lambda: nc.kernels.gaussian_psf(**SAMPLED),
    "airy": lambda: nc.kernels.airy(spacing=0.06),
    "born_wolf": lambda: nc.kernels.born_wolf(**SAMPLED),
    "gibson_lanni": lambda: nc.kernels.gibson_lanni(**SAMPLED),
    "aberrated": lambda: nc.kernels.gibson_lanni(depth=5, na=1.2, **SAMPLED),
    "confocal": lambda: nc.kernels.confocal(**SAMPLED),
    "two_photon": lambda: nc.kernels.two_photon(**SAMPLED),
    "low aperture": lambda: nc.kernels.born_wolf(na=0.3, refractive_index=1, ndim=3, spacing=(3, 0.3, 0.3)),
    "a line": lambda: nc.kernels.gaussian(sigma=2, ndim=1),
    "some coma": lambda: nc.Kernel(comatic(0.1)),
    "much coma": lambda: nc.Kernel(comatic(0.2)),
    "coma in depth": lambda: nc.Kernel(comatic(0.1, 31)),
    "coma, centred on its core": lambda: nc.Kernel(np.roll(comatic(0.2), -2, 1)),
    "another index": mismatched,
    "another index, finely sampled": lambda: mismatched(step=0.05),
    "another index, deep": lambda: mismatched(30, 0.2),
    "too thick a coverslip": lambda: nc.kernels.gibson_lanni(
        coverslip=180, coverslip_index=1.52, spacing=(0.1, 0.1, 0.1), size=(81, 35, 35)
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_found_in_good_ones(name: str) -> None:
    psf = GOOD[name]()
    image = np.zeros(tuple(3 * n for n in psf.shape))
    found = nc.check_psf(psf, image, spacing=psf.spacing, units=psf.units)
    assert found.findings == (), str(found)
    assert found.ok and all(np.isfinite(w) for w in found.fwhm)
    fixed = nc.fix_psf(psf, image, spacing=psf.spacing, units=psf.units)
    assert fixed.parameters["fixes"] == () and fixed.center == psf.center
    np.testing.assert_allclose(fixed.values, psf.values, rtol=1e-12)


def test_the_width_is_in_the_unit_that_is_told() -> None:
    wide = 2.3548 * 2
    psf = nc.kernels.gaussian(sigma=2, ndim=2)
    for image, expected, unit in (
        ({}, (wide, wide), "px"),
        ({"spacing": (0.2, 0.1), "units": "um"}, (0.2 * wide, 0.1 * wide), "um"),
        ({"units": "um"}, (wide, wide), "px"),
    ):
        found = nc.check_psf(psf, **image)
        np.testing.assert_allclose(found.fwhm, expected, rtol=0.02)
        assert found.unit == unit
    known = nc.Kernel(psf.values, spacing=(0.2, 0.1), units="um")
    np.testing.assert_allclose(nc.check_psf(known, spacing=100.0, units="nm").fwhm, (0.2 * wide, 0.1 * wide), rtol=0.02)


def scene() -> tuple[np.ndarray, np.ndarray, nc.Kernel]:
    rng = np.random.default_rng(1)
    truth = np.zeros((32, 64, 64))
    truth[rng.integers(6, 26, 30), rng.integers(10, 54, 30), rng.integers(10, 54, 30)] = rng.uniform(1, 3, 30)
    truth = nc.convolve(truth, gauss((9, 9, 9), (1.2, 1.2, 1.2)))
    psf = nc.Kernel(gauss((17, 21, 21)), **UM)
    image = nc.convolve(truth, psf, boundary="constant")
    return truth, image + 1e-5 * image.max() * rng.normal(size=image.shape), psf


def spoilt() -> nc.Kernel:
    """The same PSF by another camera: smaller pixels, off centre, with a background and counts."""
    fine = gauss((33, 51, 51), (2.2 * 2, 1.8 * 2, 1.8 * 2))
    fine = shift_contents(fine, (2.0, -3.4, 1.3))
    return nc.Kernel(1000 * (fine / fine.max()) + 20, spacing=(0.1, 0.05, 0.05), units="um")


@pytest.mark.parametrize("method", ["wiener", "richardson_lucy"])
def test_deconvolution_with_the_mended_psf_is_that_with_the_good_one(method: str) -> None:
    _, image, good = scene()
    bad = spoilt()
    names = {finding.name for finding in nc.check_psf(bad, image, spacing=(0.2, 0.1, 0.1)).findings}
    assert {"off centre", "background", "spacing", "sum"} <= names
    fixed = nc.fix_psf(bad, image, spacing=(0.2, 0.1, 0.1))
    options: dict[str, Any] = {"nsr": 1e-3} if method == "wiener" else {"iterations": 15, "negative": "clip"}
    want = getattr(nc, method)(image, good, **options)
    got = getattr(nc, method)(image, fixed, **options)
    size = float(np.sqrt(np.mean(want**2)))
    assert float(np.sqrt(np.mean((got - want) ** 2))) < 0.02 * size
    assert nc.check_psf(fixed, image, spacing=(0.2, 0.1, 0.1)).findings == ()
    said = " ".join(fixed.parameters["fixes"])
    for word in ("background", "centre", "resampled", "sum"):
        assert word in said
    with pytest.raises(AssertionError):  # the spoilt one does not give it
        wrong = getattr(nc, method)(image, nc.Kernel(bad.values[6:27, 13:38, 13:38]), **options)
        assert float(np.sqrt(np.mean((wrong - want) ** 2))) < 0.5 * size


def test_the_damage_that_it_predicts_is_what_happens() -> None:
    values = gauss((31, 31), (1.8, 1.8))
    point = np.zeros((63, 63))
    point[31, 31] = 1
    image = nc.convolve(point, values, boundary="wrap")
    good = nc.wiener(image, values, nsr=1e-3, edges="periodic")
    for shift in ((0, 1), (2, 0), (1, 1)):
        off = nc.wiener(image, np.roll(values, shift, (0, 1)), nsr=1e-3, edges="periodic")
        found = nc.check_psf(np.roll(values, shift, (0, 1)))
        kept = float(found.findings[0].message.split("about ")[1].split(" %")[0]) / 100
        assert kept == pytest.approx(max(0.0, float(off[31, 31] / good[31, 31])), abs=0.03)


def test_a_skewed_psf_is_brought_onto_its_core() -> None:
    for good, far in ((comatic(0.1), (1, 3)), (mismatched().values, (5, 1, 0))):
        fixed = nc.fix_psf(np.roll(good, far, range(good.ndim)))
        assert fixed.parameters["fixes"] and nc.check_psf(fixed).findings == ()
        about = [n // 2 for n in good.shape]
        near = np.unravel_index(fixed.values.argmax(), fixed.shape)
        assert np.abs(np.subtract(near, fixed.center)).max() <= 1 and good[tuple(about)] > 0.9 * good.max()


def test_fixes_one_by_one() -> None:
    values = gauss((21, 21), (2, 2))
    holes = put(values, (10, 11), np.nan)
    fixed = nc.fix_psf(holes)
    assert np.isfinite(fixed.values).all() and "filled 1 NaN" in fixed.parameters["fixes"][0]
    np.testing.assert_allclose(fixed.values, values, atol=0.15 * values.max())
    fixed = nc.fix_psf(put(values, (0, 0), -0.5 * values.max()))
    assert fixed.values.min() == 0 and fixed.sum == pytest.approx(1)
    assert nc.fix_psf(values, np.zeros((9, 64))).shape == (9, 21)
    assert nc.fix_psf(values, size=31).shape == (31, 31)
    same = nc.fix_psf(nc.Kernel(values))
    assert same.parameters["fixes"] == () and same == nc.Kernel(values)
    reports: list[nc.Report] = []
    nc.fix_psf(7 * values, report=reports.append)
    assert reports[0].assumptions == ("divided by its sum, 7",)
    padded = nc.fix_psf(nc.Kernel(values, center=(10, 6)))
    np.testing.assert_allclose(padded.values, nc.Kernel(values).pad(padded.shape).values, atol=1e-12)


@pytest.mark.parametrize(
    ("psf", "known", "error", "says"),
    [
        (np.zeros((5, 5)), {}, ValueError, "all values are 0"),
        (np.full((5, 5), np.nan), {}, ValueError, "all values are 0"),
        (np.where(np.eye(5) > 0, 1.0, np.nan), {}, ValueError, "too many to be filled"),
        (np.full((5, 5), 2.0), {}, ValueError, "no point to see"),
        (np.ones(3) * 1j, {}, TypeError, "real numbers"),
        (np.zeros((0, 3)), {}, ValueError, "empty"),
        (gauss(), {"spacing": (1, 2)}, ValueError, "spacing needs one length per axis"),
        (nc.Kernel(gauss(), **UM), {"spacing": 1, "units": "parsec"}, ValueError, "no length that is known"),
        (gauss(), {"units": 3}, TypeError, "must be text"),
    ],
)
def test_what_cannot_be_mended_is_refused(psf: Any, known: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        nc.fix_psf(psf, **known)


def test_optics_belong_together() -> None:
    with pytest.raises(ValueError, match="belong together"):
        nc.check_psf(gauss(), na=1.4)
    with pytest.raises(ValueError, match="looks like µm"):
        nc.check_psf(gauss(), na=1.4, wavelength=0.52)


def test_published_psfs_of_the_data_sets(dataset: Callable[[str], Any]) -> None:
    """bars: in counts, few samples wide, its core half a sample off along z. rfi: centred at (n - 1) // 2."""
    import tifffile

    bars = nc.check_psf(tifffile.imread(dataset("deconv3d_bars/kernel.tif")))
    assert {f.name for f in bars.findings} == {"sum", "off centre", "sampling"}, str(bars)
    rfi = nc.check_psf(tifffile.imread(dataset("deconv3d_rfi/psf_rfi_8bit.tif")))
    assert "off centre" in {f.name for f in rfi.findings}, str(rfi)
