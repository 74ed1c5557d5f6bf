"""Fourier ring correlation of objects whose finest period is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.contracts.standin import NAME, on_device, standin

import napari_convolve as nc


@pytest.fixture(autouse=True, scope="module")
def device() -> Iterator[Any]:
    with standin() as memory:
        yield memory


def limited(
    shape: tuple[int, ...], period: float, seed: int = 0, spacing: tuple[float, ...] | None = None
) -> np.ndarray:
    """White noise without periods finer than `period`."""
    lengths = spacing or (1.0,) * len(shape)
    lines = [np.fft.fftfreq(n, d) for n, d in zip(shape, lengths, strict=True)]
    radius = np.sqrt(sum(f**2 for f in np.meshgrid(*lines, indexing="ij")))
    spectrum = np.fft.fftn(np.random.default_rng(seed).standard_normal(shape)) * (radius < 1 / period)
    found = np.fft.ifftn(spectrum).real
    return found / found.std()


def noisy(image: np.ndarray, seed: int, noise: float = 0.2) -> np.ndarray:
    return image + noise * np.random.default_rng(seed).standard_normal(image.shape)


def near(found: nc.RingCorrelation, period: float, rings: float = 2.5) -> bool:
    """Whether the resolution is right to a few rings, which the window smears."""
    return abs(1 / found.resolution - 1 / period) <= rings * (found.frequency[1] - found.frequency[0])


@pytest.mark.parametrize("threshold", ["1/7", "half-bit", 0.3])
@pytest.mark.parametrize("edges", ["extend", "periodic"])
@pytest.mark.parametrize(("shape", "period"), [((4000,), 6.0), ((200, 180), 5.0), ((48, 50, 52), 5.0)])
def test_two_takes_agree_down_to_the_finest_period(
    shape: tuple[int, ...], period: float, edges: str, threshold: Any
) -> None:
    image = limited(shape, period)
    found = nc.fourier_ring_correlation(noisy(image, 1), noisy(image, 2), edges=edges, threshold=threshold)
    assert near(found, period)
    assert (np.abs(found.correlation) <= 1 + 1e-12).all() and found.correlation[1:3].min() > 0.8


@pytest.mark.parametrize(("shape", "period"), [((256, 250), 8.0), ((64, 66, 68), 7.0)])
def test_one_image_gives_the_same_as_two(shape: tuple[int, ...], period: float) -> None:
    image = limited(shape, period)
    alone = nc.fourier_ring_correlation(noisy(image, 1))
    assert near(alone, period)
    takes = [noisy(image, seed) for seed in (1, 2)]
    assert near(alone, nc.fourier_ring_correlation(*takes).resolution, 4)
    assert alone.frequency.max() <= 0.25 + 1e-9


def test_by_definition_on_a_period() -> None:
    first, second = np.random.default_rng(0).random((2, 12, 14))
    found = nc.fourier_ring_correlation(first, second, edges="periodic")
    f, g = np.fft.fft2(first - first.mean()), np.fft.fft2(second - second.mean())
    radius = np.sqrt(np.fft.fftfreq(12)[:, None] ** 2 + np.fft.fftfreq(14) ** 2)
    for frequency, value, count in zip(found.frequency, found.correlation, found.count, strict=True):
        ring = np.rint(radius * 12) == round(frequency * 12)
        expected = (f * g.conj())[ring].real.sum() / np.sqrt((abs(f[ring]) ** 2).sum() * (abs(g[ring]) ** 2).sum())
        assert value == pytest.approx(expected, abs=1e-12) and count == ring.sum()


def test_lengths_are_physical() -> None:
    spacing = (0.3, 0.1)
    image = limited((100, 300), 0.9, spacing=spacing)
    found = nc.fourier_ring_correlation(noisy(image, 1), noisy(image, 2), spacing=spacing)
    assert near(found, 0.9)


def test_noise_has_no_resolution_and_a_clean_image_the_finest() -> None:
    one, two = np.random.default_rng(0).standard_normal((2, 64, 64))
    assert np.isnan(nc.fourier_ring_correlation(one, two).resolution)
    clean = nc.fourier_ring_correlation(one, one)
    assert clean.resolution == pytest.approx(2, rel=0.05) and "finest" in clean.reason


def test_batches_masks_backends_and_reports() -> None:
    image = limited((3, 64, 66), 6.0)
    takes = noisy(image, 1), noisy(image, 2)
    found = nc.fourier_ring_correlation(*takes, axes=(1, 2))
    assert near(found, 6)
    device = nc.fourier_ring_correlation(*map(on_device, takes), axes=(1, 2), backend=NAME)
    np.testing.assert_allclose(device.correlation, found.correlation, atol=1e-9)
    takes[0][0, 3, 4] = np.nan
    with pytest.raises(ValueError, match="1 NaN"):
        nc.fourier_ring_correlation(*takes, axes=(1, 2))
    assert np.isfinite(nc.fourier_ring_correlation(*takes, axes=(1, 2), nan="omit").correlation).all()
    reports: list[nc.Report] = []
    nc.fourier_ring_correlation(image, axes=(1, 2), report=reports.append)
    assert reports[0].details["resolution"] > 0


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"other": np.ones((3, 3))}, ValueError, "different shapes"),
        ({"threshold": "1/2"}, ValueError, "'half-bit'"),
        ({"threshold": -1}, ValueError, "threshold=-1"),
        ({"spacing": 0}, ValueError, "spacing"),
        ({"image": np.ones((20, 20), complex)}, TypeError, "complex"),
        ({"image": np.ones((2, 2))}, ValueError, "too small"),
        ({"edges": "reflect"}, ValueError, "'extend'"),
    ],
)
def test_bad_input(change: dict[str, Any], error: type[Exception], text: str) -> None:
    given: dict[str, Any] = {"image": np.ones((20, 20)), "other": None, **change}
    with pytest.raises(error, match=text):
        nc.fourier_ring_correlation(given.pop("image"), given.pop("other"), **given)


def test_deconvolution_raises_the_resolution() -> None:
    image = limited((256, 256), 6.0)
    psf = nc.kernels.gaussian(sigma=2.0)
    takes = [noisy(nc.convolve(image, psf, boundary="wrap"), seed, 0.05) for seed in (1, 2)]
    before = nc.fourier_ring_correlation(*takes).resolution
    after = nc.fourier_ring_correlation(*(nc.wiener(take, psf) for take in takes)).resolution
    assert after <= before * 1.02


def test_an_image_against_itself_says_so() -> None:
    image = np.random.default_rng(0).random((64, 64))
    reports: list[nc.Report] = []
    found = nc.fourier_ring_correlation(image, image.copy(), report=reports.append)
    assert "the two images are the same" in str(found) and "the two images are the same" in str(reports[0])
    assert "the same" not in str(
        nc.fourier_ring_correlation(image, image + 0.1 * np.random.default_rng(1).random((64, 64)))
    )
