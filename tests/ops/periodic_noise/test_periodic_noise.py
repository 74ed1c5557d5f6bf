"""Periodic noise: found only where it is, and removed without changing the rest."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.standin import NAME, on_device, on_host, standin

import napari_convolve as nc
from napari_convolve.bigdata.files import read

DATA = Path(__file__).parents[2] / "data" / "images2d"
IMAGES = ("camera", "cell", "coins")
#: Frequencies in cycles per sample that no image has to itself: oblique, along an axis, nearly along one, fast.
STRIPES = ((0.0731, 0.1213), (0.0, 0.21), (0.3377, -0.0123), (0.4321, 0.3987))


def image_of(name: str) -> np.ndarray:
    return np.asarray(read(DATA / f"{name}.png").data, dtype=np.float64)


def wave(shape: tuple[int, ...], f: Any, amplitude: float, phase: float = 1.0) -> np.ndarray:
    index = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij", sparse=True)
    turns: Any = sum(a * i for a, i in zip(f, index, strict=True))
    return np.asarray(amplitude * np.cos(2 * np.pi * turns + phase))


def share(image: np.ndarray, f: Any) -> float:
    """Amplitude of the image at a frequency."""
    index = np.meshgrid(*(np.arange(n) for n in image.shape), indexing="ij", sparse=True)
    turns: Any = sum(a * i for a, i in zip(f, index, strict=True))
    return 2 * abs(complex(np.mean(image * np.exp(-2j * np.pi * turns))))


# --- notch


@pytest.mark.parametrize("f", STRIPES)
@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("off", [0.0, 0.4])
def test_a_stripe_goes_and_the_rest_stays(name: str, f: tuple[float, float], off: float) -> None:
    clean = image_of(name)
    amplitude = 12.0
    given = [a + off / n for a, n in zip(f, clean.shape, strict=True)]  # right to a fraction of a bin
    found = nc.notch(clean + wave(clean.shape, f, amplitude), [given])
    left = found - clean
    assert share(left, f) < 0.01 * amplitude
    index = np.meshgrid(*(np.arange(n) for n in clean.shape), indexing="ij", sparse=True)
    turns: Any = sum(a * i for a, i in zip(f, index, strict=True))
    carrier = np.exp(2j * np.pi * turns)
    rest = left - 2 * np.real(np.mean(left * np.conj(carrier)) * carrier)
    assert rest.std() < 0.005 * clean.std()
    assert np.sqrt(np.mean(rest**2)) < 0.001 * np.sqrt(np.mean(clean**2))


@pytest.mark.parametrize("name", IMAGES)
def test_of_a_faint_stripe_no_more_is_left_than_is_said(name: str) -> None:
    """A stripe of amplitude 3: what the image's own grain has at its frequency bounds what anybody can know of it."""
    clean, amplitude = image_of(name), 3.0
    left, said = [], []
    for i, f in enumerate(STRIPES):
        reports: list[nc.Report] = []
        found = nc.notch(clean + wave(clean.shape, f, amplitude, i), [f], report=reports.append)
        left.append(share(found - clean, f))
        said.append(reports[0].details["errors"].item())
    assert (np.array(left) < 3 * np.array(said)).all()
    assert np.median(left) < 0.01 * amplitude
    if name != "coins":  # coarse grain: up to 2 % there
        assert max(left) < 0.01 * amplitude


@pytest.mark.parametrize("name", IMAGES)
def test_what_the_image_shows_itself_stays(name: str) -> None:
    clean = image_of(name)
    change = nc.notch(clean, STRIPES) - clean
    assert change.std() < 0.005 * clean.std()
    both = nc.notch(clean + sum(wave(clean.shape, f, 8.0, i) for i, f in enumerate(STRIPES)), STRIPES)
    assert (both - clean).std() < 0.01 * 8


def test_the_edges_too() -> None:
    """A notch in the transform alone rings where the stripes end."""
    clean = image_of("camera")
    f = (0.0, 0.2113)
    striped = clean + wave(clean.shape, f, 12.0)
    border = np.ones(clean.shape, bool)
    border[10:-10, 10:-10] = False
    plain = np.fft.fft2(striped)
    for sign in (1, -1):
        plain[0, round(sign * f[1] * 512) % 512] = 0
    by_transform = np.fft.ifft2(plain).real
    assert np.abs(nc.notch(striped, [f]) - clean)[border].max() < 0.2
    assert np.abs(by_transform - clean)[border].max() > 2


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_dtypes(dtype: str) -> None:
    clean = image_of("coins") / 2 + 40
    striped = (clean + wave(clean.shape, (0.0, 0.21), 10.0)).astype(dtype)
    before = striped.copy()
    found = nc.notch(striped, (0.0, 0.21))
    assert found.dtype == ("float64" if dtype == "float64" else "float32")
    np.testing.assert_array_equal(striped, before)
    assert np.sqrt(np.mean((found - clean) ** 2)) < (0.6 if "int" in dtype else 0.1), (
        "integers are cut off, not rounded"
    )
    whole = nc.notch(striped, (0.0, 0.21), dtype="uint8")
    assert whole.dtype == "uint8" and np.abs(whole - found).max() <= 0.5 + 1e-3


def test_spacing_axes_and_batches() -> None:
    clean = image_of("coins")[:200, :300]
    frames = [clean + wave(clean.shape, (0.1, 0.2), 5.0 + i, i) for i in range(3)]
    stack = np.stack(frames, axis=1)
    reports: list[nc.Report] = []
    options: dict[str, Any] = {"axes": (2, 0), "spacing": (0.5, 2.0)}
    found = nc.notch(stack, [[0.4, 0.05]], **options, report=reports.append)
    for i in range(3):
        assert (found[:, i] - clean).std() < 0.2
        np.testing.assert_allclose(found[:, i], nc.notch(frames[i], [[0.1, 0.2]]), atol=1e-6)
    peaks = reports[0].details["peaks"]
    assert peaks.amplitude.shape == (3, 1) and peaks.frequency.shape == (3, 1, 2)
    np.testing.assert_allclose(peaks.amplitude[:, 0], [5, 6, 7], rtol=0.05)
    np.testing.assert_allclose(peaks.frequency, np.broadcast_to([0.4, 0.05], (3, 1, 2)), atol=1e-4)
    np.testing.assert_allclose(peaks.phase[:, 0], np.degrees([0, 1, 2]), atol=3)
    automatic = nc.notch(stack, **options)
    for i in range(3):
        assert (automatic[:, i] - clean).std() < 0.2


def test_hum_in_a_line_and_waves_in_a_volume() -> None:
    rng = np.random.default_rng(2)
    t = np.arange(4000) / 1000
    walk = rng.normal(size=4000).cumsum()
    found = nc.notch(walk + 3 * np.cos(2 * np.pi * 50.03 * t + 2), 50, spacing=1 / 1000)
    assert (found - walk).std() < 0.2, "a fifteenth of the hum"
    two = walk + 3 * np.cos(2 * np.pi * 50.03 * t + 2) + np.sin(2 * np.pi * 150 * t)
    for peaks in ([50, 150], [[50.0], [150.0]], None):
        assert (nc.notch(two, peaks, spacing=1 / 1000) - walk).std() < 0.25
    z, y, x = np.mgrid[:24, :60, :64]
    balls = 10.0 * ((z - 12) ** 2 + (y - 30) ** 2 / 4 + (x - 25) ** 2 / 4 < 50)
    f = (0.1, 0.05, 0.23)
    cleaned = nc.notch(balls + wave(balls.shape, f, 1.0), [f])
    assert (cleaned - balls).std() < 0.01
    turning = balls + np.exp(2j * np.pi * (0.1 * z + 0.05 * y + 0.23 * x))
    assert np.abs(nc.notch(turning, [f]) - balls).std() < 0.01


def test_the_highest_frequency_and_slow_waves() -> None:
    clean = image_of("coins")
    f = (0.0, 0.5)
    assert (nc.notch(clean + wave(clean.shape, f, 5.0, 0.0), [f]) - clean).std() < 0.05
    slow = (0.0, 5 / clean.shape[1])  # hardly told apart from what the image shows: most of it goes
    assert share(nc.notch(clean + wave(clean.shape, slow, 50.0), [slow]) - clean, slow) < 10


def test_width_blocks_what_is_not_steady() -> None:
    clean = image_of("camera")
    x = np.arange(512)
    fading = 12 * (1 + 0.5 * np.cos(2 * np.pi * x / 400)) * np.cos(2 * np.pi * 0.21 * x)
    steady = nc.notch(clean + fading, [(0, 0.21)])
    wide = nc.notch(clean + fading, [(0, 0.21)], width=0.01)
    left = [np.sqrt(np.mean((found - clean) ** 2)) for found in (steady, wide)]
    assert left[1] < 0.6 * left[0], "at the price of what the image shows there"
    assert nc.spectrum(wide, window="hann").amplitude[0, round(0.21 * 512)] < 0.01 * 12


# --- finding


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("amplitude", [3.0, 12.0])
def test_exactly_the_planted_stripes_are_found(name: str, amplitude: float) -> None:
    clean = image_of(name)
    assert len(nc.find_periodic_noise(clean)) == 0
    np.testing.assert_array_equal(nc.notch(clean), clean.astype(np.float64))
    for count in (1, len(STRIPES)):
        striped = clean + sum(wave(clean.shape, f, amplitude, i) for i, f in enumerate(STRIPES[:count]))
        found = nc.find_periodic_noise(striped)
        assert len(found) == count
        for i, f in enumerate(STRIPES[:count]):
            sign = -1 if f[1] < 0 else 1  # of a wave's two frequencies the one with a positive last number is named
            away = np.abs(found.frequency - np.multiply(sign, f)).max(axis=1)
            nearest = int(np.argmin(away))
            assert away[nearest] * max(clean.shape) < 0.05, "less than a twentieth of a bin"
            assert abs(found.amplitude[nearest] - amplitude) < 0.3
            assert abs(found.phase[nearest] - sign * math.degrees(i)) < 10
        reports: list[nc.Report] = []
        # however strong the stripes: what is left is what the image itself shows at their frequencies
        assert (nc.notch(striped, report=reports.append) - clean).std() < 0.1
        assert reports[0].details["count"] == count


@pytest.mark.parametrize("shape", [(4000,), (300, 200), (30, 50, 60)])
def test_nothing_is_found_in_noise_and_shapes(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(8)
    index = np.meshgrid(*(np.arange(n) - n / 3 for n in shape), indexing="ij", sparse=True)
    ball = 1.0 * (sum(i**2 for i in index) < (min(shape) / 4) ** 2)
    for image in (
        np.ones(shape),
        ball,
        rng.normal(size=shape),
        rng.poisson(3 + 20 * ball),
        rng.normal(size=shape).cumsum(-1),
    ):
        assert len(nc.find_periodic_noise(image)) == 0


def test_as_many_as_asked_for() -> None:
    clean = image_of("cell")
    striped = clean + sum(wave(clean.shape, f, 5.0 + i) for i, f in enumerate(STRIPES))
    assert len(nc.find_periodic_noise(striped, max_count=2)) == 2
    found = nc.find_periodic_noise(striped, spacing=(0.5, 0.25))
    expected = {tuple(np.round(np.divide(f, (0.5, 0.25)) * (-1 if f[1] < 0 else 1), 3)) for f in STRIPES}
    assert {tuple(np.round(f, 3) + 0.0) for f in found.frequency} == expected


def test_missing_samples() -> None:
    clean = image_of("coins")
    striped = clean + wave(clean.shape, (0.0, 0.21), 12.0)
    holes = np.random.default_rng(0).random(clean.shape) < 0.01
    with pytest.raises(ValueError, match="NaN"):
        nc.notch(np.where(holes, np.nan, striped))
    found = nc.notch(np.where(holes, np.nan, striped), nan="omit")
    assert (found - clean)[~holes].std() < 0.3
    assert len(nc.find_periodic_noise(np.where(holes, 1e5, striped), mask=~holes)) == 1


@pytest.mark.parametrize(
    ("peaks", "options", "kind", "words"),
    [
        ([[0.1, 0.2, 0.3]], {}, ValueError, "2 columns"),
        (0.1, {}, ValueError, "2 columns"),
        ([[0.0, 0.0]], {}, ValueError, "not zero"),
        ([[np.nan, 0.1]], {}, ValueError, "finite"),
        ([[0.1, 0.7]], {}, ValueError, "half a cycle"),
        ([[0.1, 0.7]], {"spacing": 2}, ValueError, "half a cycle"),
        ([[0.1], [0.2, 0.3]], {}, ValueError, "table"),
        ("hum", {}, TypeError, "numbers"),
        ([[0.1, 0.2]], {"width": -1}, ValueError, "width"),
        ([[0.1, 0.2]], {"width": math.inf}, ValueError, "width"),
        ([[0.1, 0.2]], {"width": "a"}, TypeError, "width"),
        (None, {"max_count": 0}, ValueError, "max_count"),
        (None, {"max_count": 1.5}, TypeError, "max_count"),
        (None, {"boundary": "wrap"}, TypeError, "boundary"),
        (None, {"method": "fft"}, TypeError, "method"),
    ],
)
def test_wrong_arguments(peaks: Any, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        nc.notch(np.ones((8, 8)), peaks, **options)
    assert "\n" not in str(caught.value)


def test_no_peaks_and_tiny_images() -> None:
    image = np.random.default_rng(0).normal(size=(9, 11))
    kept = nc.notch(image, [])
    np.testing.assert_array_equal(kept, image)
    kept[0, 0] = 99
    assert image[0, 0] != 99, "a new array"
    for shape in ((1,), (5,), (1, 30), (2, 3)):
        assert nc.notch(np.ones(shape)).shape == shape
        assert np.isfinite(nc.notch(np.random.default_rng(1).normal(size=shape), [(0.25,) * len(shape)])).all()
    assert nc.notch(np.zeros((0, 8, 8)), axes=(1, 2)).shape == (0, 8, 8)
    assert len(nc.find_periodic_noise(np.zeros((0, 8, 8)), axes=(1, 2))) == 0


@pytest.mark.parametrize("options", [{}, {"width": 0.02}, {"axes": 1}, {"nan": "omit"}], ids=str)
def test_other_devices(options: dict[str, Any]) -> None:
    clean = image_of("coins")[:150, :160]
    peaks = [0.21] if "axes" in options else [(0.0, 0.21), (0.2, 0.1)]
    striped = clean + wave(clean.shape, (0.0, 0.21), 12.0)
    expected = nc.notch(striped, peaks, backend="numpy", **options)
    with standin():
        for given in (striped, on_device(striped)):
            found = nc.notch(given, peaks, backend=NAME, **options)
            found = found if given is striped else on_host(found)
            np.testing.assert_allclose(found, expected, atol=1e-6)
        if "width" not in options and "axes" not in options:
            assert len(nc.find_periodic_noise(on_device(striped), **options)) == 1
