"""Kernels identified from images before and after filtering are the applied ones, within the stated uncertainty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.standin import on_device, standin

import napari_convolve as nc
from napari_convolve.bigdata.files import read

DATA = Path(__file__).parents[2] / "data" / "images2d"


def texture(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """A field with the power spectrum 1 / f^2 of natural images."""
    f = np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij")
    radius = np.sqrt(sum(x**2 for x in f))
    radius.flat[0] = np.inf
    return np.asarray(np.fft.ifftn(np.fft.fftn(np.random.default_rng(seed).normal(size=shape)) / radius).real)


def photograph() -> np.ndarray:
    """A quarter of the camera man, with his head and the sky: a kernel of 81 weights needs no more samples."""
    return np.asarray(read(DATA / "camera.png").data[40:296, 130:386].astype(float))


def noisy(clean: np.ndarray, snr: float, seed: int = 1) -> np.ndarray:
    return clean + clean.std() / snr * np.random.default_rng(seed).normal(size=clean.shape)


def kernels() -> dict[str, np.ndarray]:
    return {
        "gaussian": np.asarray(nc.kernels.gaussian(sigma=1.5, truncate=2.7).values),
        "random": np.random.default_rng(5).normal(size=(9, 9)),
        "motion": np.eye(9) / 9,
        "log": np.asarray(nc.kernels.log(sigma=1.1, truncate=4).values),
    }


def error(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(found - true) / np.linalg.norm(true))


@pytest.mark.parametrize("name", ["gaussian", "random", "motion", "log"])
def test_a_textured_field_tells_a_kernel_to_two_percent(name: str) -> None:
    before, true = texture((256, 256)), kernels()[name]
    assert true.shape == (9, 9)
    after = noisy(nc.convolve(before, true), 20)
    found = nc.estimate_kernel(before, after, 9)
    assert error(found.values, true) < 0.02
    assert found.noise == pytest.approx(nc.convolve(before, true).std() / 20, rel=0.03)
    assert found.explained == pytest.approx(1 - 1 / 401, abs=2e-4)
    assert found.samples == 248**2 and found.kernel.center == (4, 4)


@pytest.mark.parametrize("name", ["gaussian", "random", "motion", "log"])
@pytest.mark.parametrize("seed", range(3))
def test_the_stated_uncertainty_holds_the_truth_on_camera(name: str, seed: int) -> None:
    camera, true = photograph(), kernels()[name]
    found = nc.estimate_kernel(camera, noisy(nc.convolve(camera, true), 20, seed), 9)
    assert (np.abs(found.values - true) <= found.uncertainty).mean() >= 0.9
    assert np.linalg.norm(found.standard_error) < 0.1 * np.linalg.norm(true), "it says something"
    assert (np.abs(found.values - true) <= 0.1 * found.standard_error).mean() < 0.5, "and not too little"


def test_regularisation_helps_where_the_image_is_smooth() -> None:
    camera, true = photograph(), kernels()["gaussian"]
    after = noisy(nc.convolve(camera, true), 20)
    likely, plain = (nc.estimate_kernel(camera, after, 9, regularization=r) for r in ("auto", "none"))
    assert error(likely.values, true) < 0.3 * error(plain.values, true)
    assert (np.abs(plain.values - true) <= plain.uncertainty).mean() >= 0.9


@pytest.mark.parametrize(
    ("shape", "size", "kernel"), [((4000,), 7, (5,)), ((70, 81), (5, 8), (4, 7)), ((20, 22, 24), (3, 3, 4), (3, 2, 4))]
)
def test_without_noise_the_kernel_itself(shape: tuple[int, ...], size: Any, kernel: tuple[int, ...]) -> None:
    """Of every parity; smaller ones stand in the middle, with their centres on each other."""
    before = np.random.default_rng(3).normal(size=shape) + 1000
    weights = nc.Kernel(np.random.default_rng(4).normal(size=kernel))
    for regularization in ("auto", "none"):
        found = nc.estimate_kernel(before, nc.convolve(before, weights) - 7, size, regularization=regularization)
        start = [c - k for c, k in zip(found.kernel.center, weights.center, strict=True)]
        expected = np.zeros(found.kernel.shape)
        expected[tuple(slice(s, s + n) for s, n in zip(start, kernel, strict=True))] = weights.values
        np.testing.assert_allclose(found.values, expected, atol=1e-6)
        assert found.offset == pytest.approx(-7, abs=1e-3)
        assert found.explained == pytest.approx(1, abs=1e-9)
        inner = tuple(slice(10, -10) if n > 60 else slice(4, -4) for n in shape)
        again = nc.convolve(before, found.kernel) + found.offset
        np.testing.assert_allclose(again[inner], (nc.convolve(before, weights) - 7)[inner], atol=1e-6)


def test_frames_share_a_kernel_and_axes_are_those_of_the_caller() -> None:
    stack = np.random.default_rng(0).normal(size=(30, 4, 36))
    kernel = nc.Kernel(np.arange(15.0).reshape(3, 5) / 100, spacing=(0.5, 0.2), units="um")
    after = nc.convolve(stack, kernel, axes=(2, 0))
    found = nc.estimate_kernel(stack, after, (3, 5), axes=(2, 0), spacing=(0.5, 0.2), units="um")
    np.testing.assert_allclose(found.values, kernel.values, atol=1e-7)
    assert found.kernel.spacing == (0.5, 0.2) and found.kernel.units == "um"
    assert found.samples == 4 * 26 * 34 and found.standard_error.shape == (3, 5)


def test_samples_that_do_not_count() -> None:
    before = np.random.default_rng(0).normal(size=(60, 64))
    kernel = np.random.default_rng(1).normal(size=(3, 3))
    after = nc.convolve(before, kernel)
    spoilt = [before.copy(), after.copy()]
    spoilt[0][20, 20] = np.nan
    spoilt[1][40, 40] = np.inf
    with pytest.raises(ValueError, match="NaN"):
        nc.estimate_kernel(*spoilt, 3)
    found = nc.estimate_kernel(*spoilt, 3, nan="omit")
    np.testing.assert_allclose(found.values, kernel, atol=1e-7)
    assert found.samples == 58 * 62 - 9 - 1
    mask = np.ones(before.shape, bool)
    mask[:20] = False
    np.testing.assert_allclose(
        nc.estimate_kernel(np.where(mask, before, 1e6), after, 3, mask=mask).values, kernel, atol=1e-7
    )


def test_integers_and_a_filter_that_is_none() -> None:
    coins = read(DATA / "coins.png").data
    blurred = nc.convolve(coins, nc.kernels.gaussian(sigma=1), dtype="uint8")
    found = nc.estimate_kernel(coins, blurred, 9)
    assert error(found.values, np.asarray(nc.kernels.gaussian(sigma=1).values)) < 0.01
    assert found.noise == pytest.approx(12**-0.5, rel=0.1), "rounding"
    squared = nc.estimate_kernel(coins, coins.astype(float) ** 2, 5)
    assert squared.explained < 0.99 < found.explained


def test_progress_report_and_cancelling() -> None:
    before = np.random.default_rng(0).normal(size=(200, 200))
    steps: list[tuple[int, int]] = []
    reports: list[nc.Report] = []
    nc.estimate_kernel(before, before, 9, progress=lambda *s: steps.append(s), report=reports.append)
    assert steps[-1][0] == steps[-1][1] and len(steps) > 2
    assert reports[0].details["explained"] == pytest.approx(1)

    def cancel(done: int, total: int) -> None:
        if done:
            raise nc.Cancelled

    with pytest.raises(nc.Cancelled):
        nc.estimate_kernel(before, before, 9, progress=cancel)


@pytest.mark.parametrize(
    ("size", "options", "kind", "words"),
    [
        (0, {}, ValueError, "size=0"),
        (3.5, {}, TypeError, "size=3.5"),
        ((3, 3, 3), {}, ValueError, "3 numbers"),
        (99, {}, ValueError, "at most 4096"),
        (21, {}, ValueError, "larger than the image"),
        (13, {}, ValueError, "only 64 samples"),
        (3, {"regularization": "ridge"}, ValueError, "regularization='ridge'.*'auto', 'none'"),
        (3, {"units": 3}, TypeError, "units=3"),
        (3, {"axes": (0, 0)}, ValueError, "axes"),
        (3, {"spacing": -1}, ValueError, "spacing"),
        (3, {"nan": "propagate"}, ValueError, "nan"),
        (3, {"boundary": "wrap"}, TypeError, "boundary"),
    ],
)
def test_wrong_arguments(size: Any, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    image = np.random.default_rng(0).normal(size=(20, 20))
    with pytest.raises(kind, match=words) as caught:
        nc.estimate_kernel(image, image, size, **options)
    assert "\n" not in str(caught.value)


def test_wrong_images() -> None:
    image = np.random.default_rng(0).normal(size=(20, 20))
    with pytest.raises(ValueError, match="constant"):
        nc.estimate_kernel(np.full((20, 20), 0.1), image, 3)
    with pytest.raises(ValueError, match=r"different shapes: \(20, 20\) and \(20, 19\)"):
        nc.estimate_kernel(image, image[:, 1:], 3)
    with pytest.raises(TypeError, match="after has dtype complex128"):
        nc.estimate_kernel(image, image + 0j, 3)
    flat = nc.estimate_kernel(image, np.full((20, 20), 4.0), 3)
    np.testing.assert_allclose(flat.values, 0, atol=1e-9)
    assert flat.offset == pytest.approx(4)


def test_other_devices() -> None:
    before = texture((40, 50))
    after = noisy(nc.convolve(before, nc.kernels.gaussian(sigma=1)), 50)
    expected = nc.estimate_kernel(before, after, 5)
    with standin():
        for pair in ((on_device(before), on_device(after)), (on_device(before), after)):
            found = nc.estimate_kernel(*pair, 5, mask=None)
            np.testing.assert_allclose(found.values, expected.values, atol=1e-9)
