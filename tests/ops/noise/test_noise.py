"""`estimate_noise` and ``nsr="auto"``: the noise of known fields, and the error on real scenes."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import napari_convolve as nc


def gaussian(size: int, sigma: float, ndim: int = 2) -> np.ndarray:
    line = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * sigma**2))
    total: Any = 1.0
    for axis in range(ndim):
        total = total * line.reshape([-1 if a == axis else 1 for a in range(ndim)])
    return np.asarray(total / total.sum())


def field(shape: tuple[int, ...], exponent: float, psf: np.ndarray, noise: float, seed: int = 0) -> Any:
    """A periodic power-law field, blurred, with white noise: object, image, spectrum, transfer."""
    rng = np.random.default_rng(seed)
    radius = np.sqrt(sum(f**2 for f in np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij")))
    radius[(0,) * len(shape)] = np.inf
    spectrum = radius**-exponent
    sharp = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.sqrt(spectrum)).real
    scale = 1 / sharp.std()
    rolled = np.zeros(shape)
    rolled[tuple(slice(0, n) for n in psf.shape)] = psf
    transfer = np.fft.fftn(np.roll(rolled, [-(n // 2) for n in psf.shape], range(psf.ndim)))
    blurred = np.fft.ifftn(np.fft.fftn(sharp * scale) * transfer).real
    return sharp * scale, blurred + noise * rng.standard_normal(shape), spectrum * scale**2, transfer


CASES = [((4096,), 1.5), ((256, 250), 2.4), ((40, 64, 60), 3.0)]


@pytest.mark.parametrize("noise", [0.01, 0.05])
@pytest.mark.parametrize(("shape", "exponent"), CASES)
@pytest.mark.parametrize("edges", ["periodic", "extend"])
def test_noise_and_error_of_a_known_field(shape: tuple[int, ...], exponent: float, noise: float, edges: str) -> None:
    psf = gaussian(9, 1.5, len(shape))
    sharp, image, spectrum, transfer = field(shape, exponent, psf, noise)
    found = nc.estimate_noise(image, psf, edges=edges)
    assert abs(found.noise / noise - 1) < 0.05
    assert abs(found.spectrum.weights[1] - exponent) < 0.35
    power = np.abs(transfer) ** 2
    best = spectrum * noise**2 / (power * spectrum + noise**2)
    best[(0,) * len(shape)] = 0
    assert abs(found.predicted_error / math.sqrt(best.mean()) - 1) < 0.2
    if edges == "periodic":  # within three percent of what nothing can beat
        error = np.mean((nc.wiener(image, psf, edges=edges) - sharp) ** 2)
        assert 0.97 < error / best.mean() < 1.03


def test_without_a_psf() -> None:
    rng = np.random.default_rng(3)
    image = scipy.ndimage.gaussian_filter(rng.standard_normal((200, 210)), 6) * 50
    found = nc.estimate_noise(image + 0.7 * rng.standard_normal(image.shape))
    assert abs(found.noise / 0.7 - 1) < 0.03
    stack = np.stack([image + 0.7 * rng.standard_normal(image.shape), image + 1.4 * rng.standard_normal(image.shape)])
    each = nc.estimate_noise(stack, axes=(1, 2), share=False)
    assert [round(one.noise, 1) for one in each] == [0.7, 1.4]
    assert abs(nc.estimate_noise(stack, axes=(1, 2)).noise / math.sqrt((0.49 + 1.96) / 2) - 1) < 0.03


def test_what_is_known_is_used() -> None:
    psf = gaussian(9, 1.5)
    sharp, image, _, _ = field((128, 120), 2.0, psf, 0.05)
    assert nc.estimate_noise(image, psf, noise=0.08).noise == pytest.approx(0.08)
    camera = nc.estimate_noise(10 * image + 300, psf, gain=0.5, offset=100, read_noise=2.0)
    assert camera.noise == pytest.approx(math.sqrt(0.5 * (10 * image.mean() + 200) + 4))
    errors = [
        np.mean((nc.wiener(image, psf, nsr=nc.estimate_noise(image, psf, noise=noise)) - sharp) ** 2)
        for noise in (0.05, 0.5, 0.005)
    ]
    assert errors[0] < errors[1] and errors[0] < errors[2]


def test_poisson_noise_counts_as_its_mean() -> None:
    rng = np.random.default_rng(1)
    sharp = 200 + 20 * scipy.ndimage.gaussian_filter(rng.standard_normal((256, 256)), 3) * 10
    psf = gaussian(9, 1.5)
    image = rng.poisson(scipy.ndimage.convolve(sharp, psf, mode="wrap")).astype(np.uint16)
    assert abs(nc.estimate_noise(image, psf).noise / math.sqrt(image.mean()) - 1) < 0.04
    assert nc.estimate_noise(image, psf, gain=1.0).noise == pytest.approx(math.sqrt(image.mean()), rel=1e-6)


def test_the_estimate_is_an_nsr() -> None:
    psf = gaussian(9, 1.5)
    _, image, _, _ = field((96, 90), 2.2, psf, 0.03)
    found = nc.estimate_noise(image, psf)
    auto = nc.wiener(image, psf)
    np.testing.assert_allclose(nc.wiener(image, psf, nsr=found), auto, atol=1e-9)
    np.testing.assert_allclose(nc.wiener(image, psf, nsr=found.nsr), auto, atol=1e-9)
    values = np.asarray(found.nsr)
    assert values.shape == image.shape and (values > 0).all()
    np.testing.assert_allclose((values - found.nsr.floor) * np.asarray(found.spectrum), found.noise**2, rtol=1e-9)
    periodic = [nc.wiener(image, psf, nsr=nsr, edges="periodic") for nsr in (found, values)]
    np.testing.assert_allclose(periodic[0], periodic[1], atol=1e-9)
    np.testing.assert_array_equal(auto, nc.wiener(image, psf, regularization="laplacian"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.noise = 1.0  # type: ignore[misc]
    assert "noise" in str(found) and "fitted" in found.reason


def test_entries_share_or_split_as_asked() -> None:
    psf = gaussian(7, 1.2)
    stack = np.stack([field((64, 60), 2.0, psf, noise, seed)[1] for seed, noise in enumerate((0.02, 0.2))])
    split = nc.wiener(stack, psf)
    for image, result in zip(stack, split, strict=True):
        np.testing.assert_array_equal(result, nc.wiener(image, psf))
    listed = nc.wiener(stack, psf, nsr=nc.estimate_noise(stack, psf, share=False))
    np.testing.assert_allclose(listed, split, atol=1e-9)
    shared = nc.wiener(stack, psf, nsr=nc.estimate_noise(stack, psf))
    assert np.abs(shared - split).max() > 0.01
    with pytest.raises(ValueError, match="1 estimates for 2 batch items"):
        nc.wiener(stack, psf, nsr=nc.estimate_noise(stack[:1], psf, share=False))


def test_the_report_carries_the_estimate() -> None:
    psf = gaussian(9, 1.5)
    sharp, image, _, _ = field((128, 120), 2.2, psf, 0.03)
    reports: list[nc.Report] = []
    result = nc.wiener(image, psf, report=reports.append)
    details = reports[0].details
    assert isinstance(details["estimate"], nc.NoiseEstimate)
    assert 0 < details["nsr"] < 0.01 and abs(details["noise"] / 0.03 - 1) < 0.05
    assert abs(details["predicted_error"] / math.sqrt(np.mean((result - sharp) ** 2)) - 1) < 0.15
    assert "noise 0.03" in str(reports[0])


@pytest.mark.parametrize("scale", [1e-6, 1e6, 1e-30, 1e30])
def test_scaling_the_image_scales_everything(scale: float) -> None:
    psf = gaussian(9, 1.5)
    _, image, _, _ = field((64, 60), 2.2, psf, 0.03)
    one, other = nc.estimate_noise(image, psf), nc.estimate_noise(scale * image, psf)
    assert other.noise / scale == pytest.approx(one.noise, rel=1e-6)
    assert other.predicted_error / scale == pytest.approx(one.predicted_error, rel=1e-6)
    assert other.ratio() == pytest.approx(one.ratio(), rel=1e-6)
    np.testing.assert_allclose(nc.wiener(scale * image, psf) / scale, nc.wiener(image, psf), atol=1e-6)


@pytest.mark.parametrize("shape", [(200,), (90, 88), (30, 40, 42)])
def test_the_object_never_has_more_power_the_finer_the_detail(shape: tuple[int, ...]) -> None:
    """A PSF that loses frequencies entirely leaves nothing to fit there."""
    rng = np.random.default_rng(0)
    points = (rng.random(shape) > 0.999) * 100.0
    points.flat[points.size // 2] = 100
    image = scipy.ndimage.gaussian_filter(points, 1.5)
    image = rng.poisson(50 * image) + 0.01 * rng.normal(size=shape)
    found = nc.estimate_noise(image, nc.kernels.gaussian(sigma=3, ndim=len(shape)))
    along = np.linspace(0.05, 0.5, 100)
    for axis in range(len(shape)):
        lines = [along if a == axis else np.zeros(1) for a in range(len(shape))]
        assert (np.diff(np.log(found.spectrum(*lines))) <= 1e-9).all()
    assert (np.diff(np.log(found.spectrum(*[along] * len(shape)))) <= 1e-9).all()


def test_no_frequency_is_amplified_without_bound() -> None:
    """A PSF is never known exactly: what is found where it passes nothing must not become a huge object."""
    rng = np.random.default_rng(0)
    points = (rng.random((30, 60, 62)) > 0.998) * 1e5
    image = scipy.ndimage.gaussian_filter(points, 1.5) + rng.normal(size=points.shape)
    wide = np.zeros(points.shape)
    wide[:13, :13, :13] = nc.kernels.gaussian(sigma=2.5, truncate=2.4, ndim=3).values
    transfer = np.abs(np.fft.fftn(wide))
    for edges, most in (("extend", 80), ("periodic", math.inf)):
        nsr = np.asarray(nc.estimate_noise(image, wide[:13, :13, :13], edges=edges).nsr)
        gain = (transfer / (transfer**2 + nsr)).max()
        assert gain < most, "of a measured image"
    assert gain > 80, "a simulated period has an exact PSF"


def test_odd_images() -> None:
    psf = gaussian(3, 0.8)
    flat = nc.estimate_noise(np.full((20, 20), 7.0), psf)
    assert flat.noise == 0 and "constant" in flat.reason
    np.testing.assert_allclose(nc.wiener(np.full((20, 20), 7.0), psf), 7)
    assert "only 3 frequencies" in nc.estimate_noise([1.0, 2.0, 4.0, 1.0, 2.0, 3.0]).reason
    for shape in ((3, 3), (3, 40), (17, 5), (1, 60)):
        image = np.random.default_rng(0).random(shape)
        small = psf[:, 1:2] if shape[1] < 3 else psf[1:2] if shape[0] < 3 else psf
        assert np.isfinite(nc.wiener(image, small)).all()
    # integers carry at least the noise of their rounding
    smooth = np.round(100 * gaussian(65, 9) / gaussian(65, 9).max())
    assert nc.estimate_noise(smooth.astype(np.uint8)).noise >= math.sqrt(1 / 12) * 0.99
    with pytest.raises(ValueError, match="empty"):
        nc.estimate_noise(np.zeros((0, 5, 5)), psf)


def test_an_image_without_noise_does_not_explode() -> None:
    rng = np.random.default_rng(5)
    sharp = scipy.ndimage.gaussian_filter(rng.standard_normal((64, 60)), 2) * 10
    psf = gaussian(9, 1.5)
    for mode in ("reflect", "nearest", "constant", "wrap"):
        blurred = scipy.ndimage.convolve(sharp, psf, mode=mode)
        found = nc.wiener(blurred, psf)
        assert np.mean((found - sharp) ** 2) < np.mean((blurred - sharp) ** 2)


# --- real scenes: against the best constant that somebody who knows the truth could pick


def scenes() -> Any:
    data = pytest.importorskip("skimage.data")
    motion = np.zeros((15, 15))
    motion[7] = 1 / 15
    for name, psf, noise in itertools.product(("coins", "clock"), (gaussian(17, 2), motion), (0.002, 0.02)):
        sharp = getattr(data, name)()[:512, :512] / 255.0
        image = scipy.signal.fftconvolve(sharp, psf, mode="valid")
        image += noise * np.random.default_rng(1).standard_normal(image.shape)
        first = psf.shape[0] // 2
        yield f"{name} {noise}", image, psf, sharp[first : first + image.shape[0], first : first + image.shape[1]]


def test_auto_is_as_good_as_the_best_constant() -> None:
    def psnr(found: np.ndarray, sharp: np.ndarray) -> float:
        return -10 * math.log10(np.mean((found - sharp) ** 2))

    for name, image, psf, sharp in scenes():
        best = max(
            psnr(nc.wiener(image, psf, nsr=nsr, regularization=family), sharp)
            for nsr in np.logspace(-5, 1, 13)
            for family in ("identity", "laplacian")
        )
        assert psnr(nc.wiener(image, psf), sharp) > best - 0.2, name


# --- bad input


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"noise": -1}, ValueError, "noise=-1"),
        ({"noise": math.nan}, ValueError, "finite"),
        ({"noise": "loud"}, TypeError, "must be a number"),
        ({"gain": -2}, ValueError, "gain=-2"),
        ({"gain": 1.0, "noise": 1.0}, ValueError, "not both"),
        ({"offset": 100.0}, ValueError, "gain"),
        ({"edges": "reflect"}, ValueError, "'extend'"),
        ({"image": np.full((5, 5), np.inf)}, ValueError, "25 NaN"),
        ({"psf": np.ones((9, 9, 9))}, ValueError, "3 dimensions"),
        ({"axes": (0, 1)}, ValueError, "psf"),
    ],
)
def test_bad_input(change: dict[str, Any], error: type[Exception], text: str) -> None:
    given: dict[str, Any] = {"image": np.ones((12, 12)), "psf": np.ones((3,)) if "axes" in change else np.ones((3, 3))}
    given.update(change)
    image, psf = given.pop("image"), given.pop("psf")
    with pytest.raises(error, match=text):
        nc.estimate_noise(image, psf, **given)
