"""The spectrum: amplitude, frequency and phase of waves, on frequency bins and between them."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
import scipy.signal
from tests.contracts.standin import NAME, on_device, on_host, standin

import napari_convolve as nc

RNG = np.random.default_rng(11)


def wave(shape: Any, bins: Any, amplitude: float = 0.3, phase: float = 60.0) -> np.ndarray:
    """A cosine of `bins` periods along each axis."""
    index = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij", sparse=True)
    turns = sum(b * i / n for b, i, n in zip(bins, index, shape, strict=True))
    return np.asarray(amplitude * np.cos(2 * np.pi * np.asarray(turns) + np.radians(phase)))


# --- reading


def test_a_wave_on_a_bin_reads_as_it_is() -> None:
    t = np.arange(1000) / 1000
    signal = 5 + 0.3 * np.cos(2 * np.pi * 30 * t + math.radians(60))
    found = nc.spectrum(signal, spacing=1 / 1000)
    at = int(np.argmin(np.abs(found.frequencies[0] - 30)))
    assert abs(found.frequencies[0][at] - 30) < 1e-6
    assert abs(found.amplitude[at] - 0.3) < 1e-6
    assert abs(found.phase[at] - 60) < 1e-6
    assert abs(found.amplitude[0] - 5) < 1e-6, "the mean is no pair of waves"
    others = np.delete(found.amplitude, [0, at, -at])
    assert others.max() < 1e-12
    assert not np.delete(found.phase, [0, at, -at]).any(), "no amplitude, no phase"
    peak = found.peaks(1)[0]
    assert (abs(peak.amplitude - 0.3), abs(peak.frequency[0] - 30), abs(peak.phase - 60)) < (1e-6, 1e-6, 1e-6)
    assert abs(peak.period - 1 / 30) < 1e-9


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_waves_in_space_with_spacing(dtype: str) -> None:
    shape, spacing = (20, 30, 32), (0.5, 0.2, 0.1)
    image = wave(shape, (2, -3, 5), 0.3, 60) + wave(shape, (0, 4, 0), 0.1, -100) + wave(shape, (0, 0, 16), 0.7, 0)
    found = nc.spectrum(image.astype(dtype), spacing=spacing)
    close = {"float32": 1e-5, "float64": 1e-9}[dtype]
    for bins, amplitude, phase in (((2, -3, 5), 0.3, 60), ((0, 4, 0), 0.1, -100), ((0, 0, 16), 0.7, 0)):
        assert abs(found.amplitude[bins] - amplitude) < close
        assert abs(found.phase[bins] - phase) < 100 * close
        opposite = tuple(-b for b in bins)
        assert abs(found.amplitude[opposite] - amplitude) < close, "it stands at the opposite frequency too"
    for f, n, s in zip(found.frequencies, shape, spacing, strict=True):
        np.testing.assert_allclose(f, np.fft.fftfreq(n, s))
    peaks = found.peaks(3)
    np.testing.assert_allclose(peaks.amplitude, [0.7, 0.3, 0.1], atol=close)
    expected = [(0, 0, 5), (2 / 10, -3 / 6, 5 / 3.2), (0, 4 / 6, 0)]
    np.testing.assert_allclose(peaks.frequency[1:], expected[1:], atol=close)
    np.testing.assert_allclose(np.abs(peaks.frequency[0]), expected[0], atol=1e-5)


@pytest.mark.parametrize("n", [64, 101, 1000])
def test_peaks_between_bins(n: int) -> None:
    for _ in range(60):
        bins, phase = RNG.uniform(3, n / 2 - 3), RNG.uniform(-180, 180)
        peak = nc.spectrum(wave((n,), (bins,), 0.3, phase) + 2).peaks(1)[0]
        assert abs(peak.amplitude / 0.3 - 1) < 0.01
        assert abs(peak.frequency[0] * n - bins) < 0.02
        assert abs((peak.phase - phase + 180) % 360 - 180) < 2


@pytest.mark.parametrize("window", ["hann", "blackman", None])
def test_without_noise_peaks_are_exact(window: str | None) -> None:
    for bins in (0.8, 1.3, 2.5, 7.9, 30.01, 31.2, 31.9):  # also where positive and negative frequency overlap
        peak = nc.spectrum(wave((64,), (bins,), 0.3, 25.0)).peaks(1, window=window)[0]
        np.testing.assert_allclose([peak.amplitude, peak.frequency[0] * 64, peak.phase], [0.3, bins, 25], rtol=1e-6)


def test_many_waves_between_bins_in_noise() -> None:
    shape = (96, 120)
    waves = [((10.3, 20.7), 1.0, 10.0), ((-14.6, 33.4), 0.5, 120.0), ((0.0, 41.25), 0.25, -70.0), ((30.5, 0), 0.1, 0.0)]
    image = 100 + RNG.normal(scale=0.02, size=shape)
    for bins, amplitude, phase in waves:
        image += wave(shape, bins, amplitude, phase)
    found = nc.spectrum(image).peaks(4)
    for peak, (bins, amplitude, phase) in zip(found, waves, strict=True):
        assert abs(peak.amplitude / amplitude - 1) < 0.01
        np.testing.assert_allclose(peak.frequency * shape, bins, atol=0.02)
        assert abs(peak.phase - phase) < 2


def test_complex_images_have_waves_of_one_sign() -> None:
    t = np.arange(128)
    image = 0.3 * np.exp(2j * np.pi * (-20.4 * t / 128) + 1j * math.radians(60))
    found = nc.spectrum(image)
    assert not found.real
    peak = found.peaks(1)[0]
    np.testing.assert_allclose([peak.amplitude, peak.frequency[0] * 128, peak.phase], [0.3, -20.4, 60], rtol=1e-6)


def test_fewer_peaks_when_nothing_is_left() -> None:
    assert len(nc.spectrum(wave((64,), (7,))).peaks(5)) == 1
    assert len(nc.spectrum(np.ones((8, 8))).peaks(5)) == 0
    assert repr(nc.spectrum(np.ones(8)).peaks(5)) == "no peaks"
    assert len(nc.spectrum(RNG.normal(size=(40, 40))).peaks(7)[2:5]) == 3


def test_batch_axes() -> None:
    frames = [wave((40, 50), (5, 3 + i), 1.0 + i, 20 * i) for i in range(3)]
    stack = np.stack(frames, axis=1)  # y, time, x
    found = nc.spectrum(stack, axes=(0, 2), spacing=(1.0, 2.0))
    for i, frame in enumerate(frames):
        np.testing.assert_allclose(found.values[:, i], nc.spectrum(frame).values, atol=1e-12)
    peaks = found.peaks(2)
    assert peaks.amplitude.shape == (3, 2) and peaks.frequency.shape == (3, 2, 2)
    np.testing.assert_allclose(peaks.amplitude[:, 0], [1, 2, 3])
    np.testing.assert_allclose(peaks[2].frequency[0], (5 / 40, 5 / 100))
    assert np.isnan(peaks.amplitude[:, 1]).all(), "there is no second wave"
    assert found.radial().power.shape == (3, len(found.radial().count))
    turned = nc.spectrum(stack, axes=(2, 0), spacing=(2.0, 1.0))
    np.testing.assert_array_equal(turned.values, found.values)


# --- power


@pytest.mark.parametrize("shape", [(7,), (8,), (5, 6), (4, 7, 6)])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_parseval(shape: tuple[int, ...], kind: str) -> None:
    image = RNG.normal(size=shape) + 3
    if kind == "complex":
        image = image + 1j * RNG.normal(size=shape)
    found = nc.spectrum(image)
    np.testing.assert_allclose(found.power.sum(), (np.abs(image) ** 2).mean())
    rings = found.radial()
    np.testing.assert_allclose((rings.power * rings.count).sum(), (np.abs(image) ** 2).mean())
    assert rings.count.sum() == image.size
    if kind == "real":  # in amplitudes of real waves: half of the square for each, whole where there is no pair
        own = np.zeros(shape, bool)
        for at in itertools.product(*({0, n // 2} if n % 2 == 0 else {0} for n in shape)):
            own[at] = True
        square = found.amplitude**2
        np.testing.assert_allclose(square[own].sum() + square[~own].sum() / 4, (image**2).mean())


@pytest.mark.parametrize("window", ["hann", "hamming", "blackman", "flattop"])
@pytest.mark.parametrize("n", [16, 33])
def test_windows_are_those_of_scipy(window: str, n: int) -> None:
    image = RNG.normal(size=(n, n + 1))
    weights = np.outer(scipy.signal.get_window(window, n), scipy.signal.get_window(window, n + 1))
    found = nc.spectrum(image, window=window)
    np.testing.assert_allclose(found.values, np.fft.fftn(image * weights) / weights.sum(), atol=1e-12)
    np.testing.assert_allclose(found.power.sum(), ((image * weights) ** 2).sum() / (weights**2).sum())
    on_a_bin = nc.spectrum(wave((64, 64), (8, 20)), window=window)
    assert abs(on_a_bin.amplitude[8, 20] - 0.3) < 1e-12
    assert abs(on_a_bin.phase[8, 20] - 60) < 1e-9
    np.testing.assert_allclose(on_a_bin.peaks(1).amplitude, 0.3)


def test_a_flat_top_reads_amplitudes_between_bins() -> None:
    found = nc.spectrum(wave((256,), (40.5,)), window="flattop")
    assert abs(found.amplitude.max() / 0.3 - 1) < 0.01


# --- views


def test_centered() -> None:
    image = RNG.normal(size=(4, 7, 6))
    found = nc.spectrum(image, axes=(1, 2), spacing=(0.5, 2))
    middle = found.centered()
    np.testing.assert_array_equal(middle.values, np.fft.fftshift(found.values, axes=(1, 2)))
    np.testing.assert_array_equal(middle.amplitude, np.fft.fftshift(found.amplitude, axes=(1, 2)))
    for f in middle.frequencies:
        assert (np.diff(f) > 0).all() and f[len(f) // 2] == 0
    np.testing.assert_allclose(middle.peaks(2).amplitude, found.peaks(2).amplitude)
    np.testing.assert_allclose(middle.radial().power, found.radial().power)
    assert middle.centered() is middle
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.window = None  # type: ignore[misc]


def test_rings_of_unequal_spacing() -> None:
    found = nc.spectrum(wave((64, 100), (0, 10)) + wave((64, 100), (8, 0), 0.5), spacing=(0.25, 0.1))
    rings = found.radial()  # 10 / 10 = 1 and 8 / 16 = 0.5 cycles per unit; a ring is 0.1 wide
    np.testing.assert_allclose(rings.frequencies[:3], [0, 0.1, 0.2])
    power = rings.power * rings.count
    np.testing.assert_allclose(power[[5, 10]], [0.5**2 / 2, 0.3**2 / 2])
    np.testing.assert_allclose(np.delete(power, [5, 10]), 0, atol=1e-12)


@pytest.mark.parametrize("shape", [(9,), (8, 11), (5, 6, 7), (1, 9)])
def test_moisan_by_its_definition(shape: tuple[int, ...]) -> None:
    """The periodic component, taken as periodic, has the Laplacian of the image with no neighbours outside."""
    image = RNG.normal(size=shape).cumsum(axis=-1)
    found = nc.spectrum(image, edges="moisan").values * image.size
    component = np.fft.ifftn(found)
    np.testing.assert_allclose(component.imag, 0, atol=1e-9)
    periodic, inside = np.zeros(shape), np.zeros(shape)
    for axis in range(len(shape)):
        periodic += np.roll(component.real, 1, axis) + np.roll(component.real, -1, axis) - 2 * component.real
        steps = np.diff(image, axis=axis)
        pad = [(1, 0) if a == axis else (0, 0) for a in range(len(shape))]
        inside += np.pad(steps, [p[::-1] for p in pad]) - np.pad(steps, pad)
    np.testing.assert_allclose(periodic, inside, atol=1e-9)
    np.testing.assert_allclose(component.real.mean(), image.mean())


def test_moisan_takes_the_cross_away() -> None:
    y, x = np.mgrid[:64, :64]
    ramp = x + 0.3 * y
    assert nc.spectrum(ramp, edges="moisan").amplitude[0, 1:].max() < 0.05 * nc.spectrum(ramp).amplitude[0, 1:].max()
    both = nc.spectrum(ramp, edges="moisan", window="hann")
    weights = np.outer(scipy.signal.get_window("hann", 64), scipy.signal.get_window("hann", 64))
    component = np.fft.ifftn(nc.spectrum(ramp, edges="moisan", dtype="complex128").values * ramp.size).real
    np.testing.assert_allclose(both.values, np.fft.fftn(component * weights) / weights.sum(), atol=1e-9)


# --- inputs


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "int64", "float16", "float32", "float64"])
def test_dtypes(dtype: str) -> None:
    image = (RNG.random((12, 10)) * 100).astype(dtype)
    found = nc.spectrum(image)
    assert found.values.dtype == ("complex128" if dtype in ("int64", "float64") else "complex64")
    np.testing.assert_allclose(found.values, np.fft.fftn(image.astype(float)) / image.size, atol=1e-5)
    assert nc.spectrum(image, dtype="complex128").values.dtype == "complex128"
    assert image.dtype == dtype


def test_missing_samples() -> None:
    image = wave((64, 64), (3, 5)) + 4
    holes = RNG.random(image.shape) < 0.02
    spoiled = np.where(holes, np.nan, image)
    with pytest.raises(ValueError, match=f"{holes.sum()} NaN"):
        nc.spectrum(spoiled)
    for found in (nc.spectrum(spoiled, nan="omit"), nc.spectrum(np.where(holes, 1e9, image), mask=~holes)):
        assert abs(found.amplitude[3, 5] - 0.3) < 0.01
    with pytest.raises(ValueError, match="no sample"):
        nc.spectrum(image, mask=np.zeros(image.shape, bool))


def test_short_axes_and_empty_batches() -> None:
    assert nc.spectrum([5.0]).amplitude.tolist() == [5.0]
    assert nc.spectrum(np.zeros((0, 8)), axes=1).amplitude.shape == (0, 8)
    assert nc.spectrum([1.0, 3.0], window="hann").amplitude.tolist() == [2.0, 1.0]
    thin = nc.spectrum(wave((3, 64), (1, 7)))
    assert abs(thin.peaks(1).amplitude[0] - 0.3) < 1e-6


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"window": "tukey"}, ValueError, "window='tukey' is not one of 'hann'"),
        ({"edges": "extend"}, ValueError, "edges='extend' is not one of 'periodic', 'moisan'"),
        ({"axes": (0, 0)}, ValueError, "twice"),
        ({"axes": 2}, ValueError, "out of range"),
        ({"axes": ()}, ValueError, "names no axis"),
        ({"axes": 0.5}, TypeError, "axes"),
        ({"spacing": -1}, ValueError, "spacing"),
        ({"spacing": (1, 2, 3)}, ValueError, "spacing"),
        ({"dtype": "float32"}, ValueError, "complex"),
        ({"nan": "propagate"}, ValueError, "nan"),
        ({"mask": np.ones((2, 2))}, TypeError, "mask"),
        ({"backend": "tpu"}, ValueError, "backend"),
        ({"workers": 0}, ValueError, "workers"),
        ({"boundary": "wrap"}, TypeError, "boundary"),
        ({"shape": "same"}, TypeError, "shape"),
        ({"origin": 0}, TypeError, "origin"),
        ({"method": "fft"}, TypeError, "method"),
    ],
)
def test_wrong_options(options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        nc.spectrum(np.ones((8, 8)), **options)


def test_wrong_peaks_and_images() -> None:
    found = nc.spectrum(np.ones(8))
    for n, kind in ((0, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(kind, match="n="):
            found.peaks(n)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="window"):
        found.peaks(window="tukey")
    for image, kind in ((3.0, ValueError), (np.zeros((3, 0)), ValueError), ("a", TypeError)):
        with pytest.raises(kind, match="image"):
            nc.spectrum(image)


def test_report_and_progress() -> None:
    reports: list[nc.Report] = []
    steps: list[tuple[int, int]] = []
    nc.spectrum(np.ones((3, 8, 8)), axes=(1, 2), report=reports.append, progress=lambda *s: steps.append(s))
    assert reports[0].operation == "spectrum" and reports[0].plan.method == "fft"
    assert steps[-1] == (3, 3)

    def cancel(done: int, total: int) -> None:
        raise nc.Cancelled

    with pytest.raises(nc.Cancelled):
        nc.spectrum(np.ones((3, 8, 8)), progress=cancel)
    with pytest.raises(MemoryError, match="spectrum"):
        nc.spectrum(np.ones((64, 64)), max_memory=1000)


@pytest.mark.parametrize(
    "options", [{}, {"window": "hann"}, {"edges": "moisan"}, {"axes": 0}, {"nan": "omit"}], ids=str
)
def test_other_devices(options: dict[str, Any]) -> None:
    image = RNG.random((12, 9))
    expected = nc.spectrum(image, **options)
    with standin():
        found = nc.spectrum(on_device(image), **options)
        for name in ("values", "amplitude", "phase", "power"):
            difference = on_host(getattr(found, name)) - getattr(expected, name)
            if name == "phase":
                difference = (difference + 180) % 360 - 180
            np.testing.assert_allclose(difference, 0, atol=1e-9)
        np.testing.assert_allclose(on_host(found.centered().amplitude), expected.centered().amplitude, atol=1e-12)
        np.testing.assert_allclose(found.peaks(2).amplitude, expected.peaks(2).amplitude)
        np.testing.assert_allclose(found.radial().power, expected.radial().power)
        np.testing.assert_allclose(nc.spectrum(image, backend=NAME, **options).values, expected.values, atol=1e-12)
