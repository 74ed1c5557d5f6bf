"""Richardson-Lucy: right at the edges, in place, as bright as the image, and equal to MATLAB's and scikit-image's."""

from __future__ import annotations

import itertools
import math
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import napari_convolve as nc


def gaussian(shape: tuple[int, ...], sigma: float = 1.2, skew: float = 0.0) -> np.ndarray:
    """A Gaussian around N // 2, lopsided by `skew`."""
    total: Any = 1.0
    for axis, n in enumerate(shape):
        x = np.arange(n) - n // 2
        line = np.exp(-(x**2) / (2 * sigma**2)) * (1 + skew * np.tanh(x))
        total = total * line.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return np.asarray(total / total.sum())


def bead(shape: tuple[int, ...], at: tuple[float, ...], sigma: float = 1.0) -> np.ndarray:
    grid = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    return np.exp(-sum((g - a) ** 2 for g, a in zip(grid, at, strict=True)) / (2 * sigma**2))


def simple(image: np.ndarray, psf: np.ndarray, iterations: int, background: float = 0.0) -> np.ndarray:
    """The textbook iteration on one period, from a flat start."""
    rolled = np.zeros(image.shape)
    rolled[tuple(slice(0, n) for n in psf.shape)] = psf / psf.sum()
    transfer = np.fft.fftn(np.roll(rolled, [-(n // 2) for n in psf.shape], range(psf.ndim)))
    x = np.full(image.shape, image.mean() - background)
    for _ in range(iterations):
        model = np.fft.ifftn(np.fft.fftn(x) * transfer).real + background
        x = x * np.fft.ifftn(np.fft.fftn(image / model) * transfer.conj()).real
    return x


# --- gate 3: nothing moves


@pytest.mark.parametrize("acceleration", [None, "biggs-andrews"])
@pytest.mark.parametrize("edges", ["extend", "periodic"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_a_bead_stays_where_it_is(ndim: int, edges: str, acceleration: str | None) -> None:
    for lengths in itertools.product((24, 27), (7, 8, 9)):
        shape, size = (lengths[0],) * ndim, (lengths[1],) * ndim
        if ndim == 3:  # different parities along the axes
            shape, size = (lengths[0], 25, 26), (lengths[1], 8, 7)
        at = tuple(n / 2 + 0.3 for n in shape)
        psf = gaussian(size, skew=0.5)
        blurred = scipy.ndimage.convolve(bead(shape, at), psf, mode="wrap")
        found = nc.richardson_lucy(blurred, psf, iterations=30, edges=edges, acceleration=acceleration)
        assert np.abs(np.asarray(scipy.ndimage.center_of_mass(found)) - at).max() < 0.05, (shape, size)


def test_a_point_stays_for_a_thousand_iterations() -> None:
    point = np.zeros((32, 33))
    point[16, 17] = 100
    psf = gaussian((10, 8), 0.5)
    blurred = scipy.ndimage.convolve(point, psf, mode="wrap")
    for image, edges in itertools.product((point, blurred), ("extend", "periodic")):
        found = nc.richardson_lucy(image, psf, iterations=1000, acceleration=None, edges=edges)
        moved = np.asarray(scipy.ndimage.center_of_mass(found)) - (16, 17)
        assert np.abs(moved).max() < 1e-6


# --- gate 4: flux


@pytest.mark.parametrize("acceleration", [None, "biggs-andrews"])
@pytest.mark.parametrize("shape", [(60,), (40, 41), (20, 21, 22)])
def test_every_iterate_of_a_period_is_as_bright_as_the_image(shape: tuple[int, ...], acceleration: str | None) -> None:
    image = 100 * np.random.default_rng(0).random(shape)
    sums = []
    nc.richardson_lucy(
        image,
        gaussian((5,) * len(shape)),
        iterations=8,
        edges="periodic",
        acceleration=acceleration,
        intermediate=lambda number, found: sums.append(found.sum()),
    )
    np.testing.assert_allclose(sums, image.sum(), rtol=1e-9)


@pytest.mark.parametrize("shape", [(80,), (60, 61), (30, 31, 32)])
def test_an_object_inside_keeps_its_light(shape: tuple[int, ...]) -> None:
    image = 100 * bead(shape, tuple(n / 2 for n in shape), 1.5)
    psf = gaussian((7,) * len(shape), 1.0)
    blurred = scipy.ndimage.convolve(image, psf, mode="constant")
    found = nc.richardson_lucy(blurred, psf, iterations=60, acceleration=None)
    assert abs(found.sum() / image.sum() - 1) < 1e-4
    assert found.min() >= 0 and np.isfinite(found).all()


# --- gate 5: edges


def camera_scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    data = pytest.importorskip("skimage.data")
    sharp = data.camera()[::2, ::2] / 255 + 0.02
    psf = gaussian((21, 21), 3.0)
    return scipy.signal.fftconvolve(sharp, psf, mode="valid"), psf, sharp[10:-10, 10:-10]


def edge_error(found: np.ndarray, sharp: np.ndarray) -> float:
    outer = np.ones(sharp.shape, bool)
    outer[15:-15, 15:-15] = False
    return float(np.abs(found - sharp)[outer].mean())


@pytest.mark.parametrize(("iterations", "acceleration"), [(10, None), (50, None), (20, "biggs-andrews")])
def test_edges_are_right(iterations: int, acceleration: str | None) -> None:
    blurred, psf, sharp = camera_scene()
    found = nc.richardson_lucy(blurred, psf, iterations=iterations, acceleration=acceleration)
    assert edge_error(found, sharp) <= 0.031


# --- other people's results


def test_equals_matlab(dataset: Callable[[str], Any]) -> None:
    import tifffile

    folder = dataset("deconv2d_matlab")
    image, psf, expected = (
        tifffile.imread(folder / name) for name in ("image_noisy.tif", "psf.tif", "matlab_deconvlucy_10iter.tif")
    )
    options: dict[str, Any] = {"iterations": 10, "start": "image", "edges": "periodic", "negative": "clip"}
    for dtype, allowed in (("float64", 1e-6), ("float32", 1e-5)):
        found = nc.richardson_lucy(image.astype(dtype), psf, **options)
        assert np.abs(found - expected).max() <= allowed * expected.max()
    plain = nc.richardson_lucy(image, psf, acceleration=None, **options)
    assert np.abs(plain - expected).max() > 0.01 * expected.max()


def test_equals_scikit_image_away_from_the_edges(dataset: Callable[[str], Any]) -> None:
    data = pytest.importorskip("skimage.data")
    expected = np.load(dataset("deconv2d_camera") / "skimage_camera_rl.npy")
    psf = np.ones((5, 5)) / 25
    blurred = scipy.signal.convolve(data.camera() / 255.0, psf, "same")
    blurred += 0.1 * blurred.std() * np.random.RandomState(0).standard_normal(blurred.shape)
    found = nc.richardson_lucy(blurred, psf, iterations=5, acceleration=None, negative="clip")
    inside = (slice(24, -24), slice(24, -24))
    # negative samples, which only they keep, spoil what is near
    near = scipy.ndimage.binary_dilation(blurred < 0, iterations=20)[inside]
    assert np.abs(np.clip(found, -1, 1) - expected)[inside][~near].max() <= 1e-3


@pytest.mark.parametrize("shape", [(40,), (30, 31), (13, 14, 15)])
def test_equals_the_textbook_on_a_period(shape: tuple[int, ...]) -> None:
    image = 5 + 100 * np.random.default_rng(2).random(shape)
    psf = np.random.default_rng(3).random((4, 5, 3)[: len(shape)])
    for background in (0.0, 4.0):
        found = nc.richardson_lucy(
            image, psf, iterations=12, acceleration=None, edges="periodic", background=background
        )
        np.testing.assert_allclose(found, simple(image, psf, 12, background), rtol=1e-8, atol=1e-8)


def test_the_extended_grid_is_a_masked_period() -> None:
    """Light beyond the edges is what a mask hides on a larger period."""
    image = 5 + 100 * np.random.default_rng(2).random((20, 22))
    psf = gaussian((5, 7))
    shape = (20 + 4, 22 + 6)
    padded = np.zeros((24, 30))  # the grid that is fast
    padded[:20, :22] = image
    mask = np.zeros(padded.shape, bool)
    mask[:20, :22] = True
    assert padded.shape[0] >= shape[0] and padded.shape[1] >= shape[1]
    for acceleration in (None, "biggs-andrews"):
        inside = nc.richardson_lucy(padded, psf, mask=mask, edges="periodic", acceleration=acceleration)[:20, :22]
        np.testing.assert_allclose(nc.richardson_lucy(image, psf, acceleration=acceleration), inside, rtol=1e-6)


def test_acceleration_saves_iterations(dataset: Callable[[str], Any]) -> None:
    import tifffile

    folder = dataset("deconv3d_bars")
    image, psf, sharp = (tifffile.imread(folder / f"{name}.tif") for name in ("data", "kernel", "actual"))

    def error(found: np.ndarray) -> float:
        found = found * (found * sharp).sum() / (found * found).sum()
        return float(np.mean((found - sharp) ** 2))

    plain = nc.richardson_lucy(image, psf, iterations=50, acceleration=None)
    assert error(nc.richardson_lucy(image, psf, iterations=20)) <= error(plain)


# --- gate 7: what does not count has no influence


@pytest.mark.parametrize("acceleration", [None, "biggs-andrews"])
def test_masked_saturated_and_missing_samples_have_no_influence(acceleration: str | None) -> None:
    rng = np.random.default_rng(1)
    image = 10 * rng.random((30, 33))
    bad = rng.random(image.shape) < 0.1
    bad[10:22, 5:20] = True  # a hole larger than the PSF
    psf = gaussian((7, 6))
    options: dict[str, Any] = {"acceleration": acceleration, "tv": 0.01}
    masked = nc.richardson_lucy(image, psf, mask=~bad, **options)
    others = [
        nc.richardson_lucy(np.where(bad, 1e6, image), psf, mask=~bad, **options),
        nc.richardson_lucy(np.where(bad, -5.0, image), psf, mask=~bad, **options),
        nc.richardson_lucy(np.where(bad, np.nan, image), psf, nan="omit", **options),
        nc.richardson_lucy(np.where(bad, 100.0, image), psf, saturation=100, **options),
        nc.richardson_lucy(np.ma.masked_array(np.where(bad, 3.0, image), bad), psf, **options),
    ]
    for other in others:
        np.testing.assert_array_equal(other, masked)
    assert np.isfinite(masked).all() and masked.min() >= 0
    assert np.abs(nc.richardson_lucy(image, psf, **options) - masked).max() > 0.1


def test_saturated_beads_are_restored() -> None:
    sharp = 5 + 1000 * bead((40, 41), (20, 20), 1.5)
    psf = gaussian((9, 9), 1.5)
    blurred = scipy.ndimage.convolve(sharp, psf, mode="nearest")
    limit = 0.6 * blurred.max()
    clipped = np.minimum(blurred, limit)
    found = [nc.richardson_lucy(clipped, psf, iterations=200, saturation=s) for s in (None, limit)]
    errors = [np.abs(f - sharp).max() for f in found]
    assert errors[1] < 0.5 * errors[0]


# --- options


def test_tv_is_what_it_says() -> None:
    """One update of a period against the formula written with padding."""
    rng = np.random.default_rng(6)
    image, psf = 10 + rng.random((12, 15)), gaussian((3, 5))
    first = 10 + rng.random(image.shape)
    spacing, weight = (3.0, 1.5), 0.2

    def update(x: np.ndarray) -> np.ndarray:
        least = 1e-3 * image.mean() + 4 * weight * sum((1.5 / s) ** 2 for s in spacing) * x
        slopes = [np.diff(x, axis=a, append=np.take(x, [-1], axis=a)) / (s / 1.5) for a, s in enumerate(spacing)]
        size = np.sqrt(slopes[0] ** 2 + slopes[1] ** 2 + least**2)
        divergence = sum(
            np.diff(g / size, axis=a, prepend=0) / (s / 1.5)
            for a, (g, s) in enumerate(zip(slopes, spacing, strict=True))
        )
        model = scipy.ndimage.convolve(x, psf, mode="wrap")
        return x * scipy.ndimage.correlate(image / model, psf, mode="wrap") / np.maximum(1 - weight * divergence, 0.2)

    kernel = nc.Kernel(psf, spacing=spacing)
    found = nc.richardson_lucy(image, kernel, iterations=1, tv=weight, edges="periodic", start=first, acceleration=None)
    np.testing.assert_allclose(found, update(first), rtol=1e-9)
    turned = nc.richardson_lucy(
        image.T, kernel, iterations=1, tv=weight, edges="periodic", start=first.T, acceleration=None, axes=(1, 0)
    )
    np.testing.assert_allclose(turned.T, found, rtol=1e-9)


@pytest.mark.parametrize("tv", [0.0, 0.002, 0.02])
def test_rounding_stays_rounding(tv: float) -> None:
    """Neither total variation nor accelerated steps make more of it: float32 is as float64."""
    rng = np.random.default_rng(0)
    psf = gaussian((5, 9, 9), 1.6)
    points = np.zeros((12, 48, 48))
    points[tuple(rng.integers(0, n, 12) for n in points.shape)] = 2e4
    cells = 20.0 + 200 * (scipy.ndimage.gaussian_filter(rng.random(points.shape), 1.5) > 0.5)
    for sharp in (points, cells):
        image = rng.poisson(scipy.ndimage.convolve(sharp, psf) + 0.5)
        single, double = (
            nc.richardson_lucy(image.astype(dtype), psf, iterations=20, tv=tv) for dtype in ("float32", "float64")
        )
        assert np.abs(single - double).max() <= 2e-4 * double.max()


def test_tv_helps_against_noise() -> None:
    rng = np.random.default_rng(8)
    sharp = np.full((64, 64), 5.0)
    sharp[20:44, 16:50] = 50
    psf = gaussian((9, 9), 1.5)
    image = rng.poisson(scipy.ndimage.convolve(sharp, psf, mode="nearest")).astype(float)
    errors = [np.mean((nc.richardson_lucy(image, psf, iterations=60, tv=tv) - sharp) ** 2) for tv in (0.0, 0.02)]
    assert errors[1] < 0.6 * errors[0]


def test_the_start() -> None:
    image, psf = 1 + np.random.default_rng(0).random((20, 21)), gaussian((5, 5))
    options: dict[str, Any] = {"acceleration": None, "edges": "periodic"}
    five = nc.richardson_lucy(image, psf, iterations=5, **options)
    np.testing.assert_allclose(
        nc.richardson_lucy(image, psf, iterations=5, start=five, **options),
        nc.richardson_lucy(image, psf, iterations=10, **options),
        rtol=1e-9,
    )
    flat = nc.richardson_lucy(image, psf, iterations=1, start=np.full(image.shape, image.mean()), **options)
    np.testing.assert_allclose(flat, nc.richardson_lucy(image, psf, iterations=1, **options), rtol=1e-9)
    assert np.abs(nc.richardson_lucy(image, psf, iterations=1, start="image", **options) - flat).max() > 0.01


def test_stops_when_the_residual_is_noise() -> None:
    rng = np.random.default_rng(4)
    sharp = 100 + 2000 * scipy.ndimage.gaussian_filter((rng.random((80, 82)) > 0.97) * 1.0, 1.0)
    psf = gaussian((9, 9), 1.5)
    image = rng.poisson(scipy.ndimage.convolve(sharp, psf, mode="nearest")).astype(np.uint16)
    reports: list[nc.Report] = []
    found = nc.richardson_lucy(image, psf, iterations=500, stop="auto", report=reports.append, acceleration=None)
    details = reports[0].details
    assert 3 < details["iterations"] < 200 and "noise" in details["stop"]
    errors = [np.mean((f - sharp) ** 2) for f in (found, nc.richardson_lucy(image, psf, iterations=500))]
    assert errors[0] < 0.7 * errors[1]
    same = nc.richardson_lucy(image, psf, iterations=details["iterations"], acceleration=None)
    np.testing.assert_array_equal(same, found)
    nc.richardson_lucy(image, psf, iterations=3, report=reports.append)
    assert reports[1].details["iterations"] == 3 and reports[1].details["stop"] == "all iterations done"
    flat = nc.richardson_lucy(
        np.full((20, 20), 3.0), psf, iterations=50, stop="auto", edges="periodic", report=reports.append
    )
    assert reports[2].details["iterations"] < 5
    np.testing.assert_allclose(flat, 3, rtol=1e-6)


@pytest.mark.parametrize("light", [100, 1000, 10000])
def test_stops_near_the_best_iteration(light: float) -> None:
    """Photons: the noise is not the same everywhere, and its level is never told."""
    data = pytest.importorskip("skimage.data")
    sharp = data.camera()[100:356:2, 100:356:2] / 255 + 0.02
    psf = gaussian((21, 21), 2.0)
    blurred = np.random.default_rng(0).poisson(light * scipy.signal.fftconvolve(sharp, psf, "valid")) / light
    errors: list[float] = []

    def note(number: int, found: np.ndarray) -> None:
        errors.append(math.sqrt(np.mean((found - sharp[10:-10, 10:-10]) ** 2)))

    nc.richardson_lucy(blurred, psf, iterations=150, intermediate=note)
    reports: list[nc.Report] = []
    nc.richardson_lucy(blurred, psf, iterations=150, stop="auto", report=reports.append)
    assert errors[reports[0].details["iterations"] - 1] < 1.1 * min(errors)
    assert errors[-1] > 1.15 * min(errors) or light > 5000, "to go on would do harm"


def test_stops_at_the_noise_when_the_psf_passes_everything() -> None:
    rng = np.random.default_rng(0)
    psf = np.array([[0, 1, 0], [1, 8, 1], [0, 1, 0]]) / 12
    sharp = 50 + 500 * scipy.ndimage.gaussian_filter((rng.random((90, 92)) > 0.9) * 1.0, 1.0)
    image = scipy.ndimage.convolve(sharp, psf, mode="wrap") + 5 * rng.normal(size=sharp.shape)
    reports: list[nc.Report] = []
    nc.richardson_lucy(image, psf, iterations=200, stop="auto", edges="periodic", report=reports.append)
    assert reports[0].details["stop"].startswith("the residual (") and reports[0].details["iterations"] < 20


def test_the_intermediate_object_can_be_kept() -> None:
    image, psf = np.random.default_rng(0).random((20, 21)), gaussian((5, 5))
    seen: list[int] = []
    reports: list[nc.Report] = []

    def look(iteration: int, found: np.ndarray) -> bool:
        assert found.shape == image.shape
        seen.append(iteration)
        return iteration == 4

    found = nc.richardson_lucy(image, psf, intermediate=look, report=reports.append)
    assert seen == [1, 2, 3, 4] and reports[0].details["stop"] == "by the caller"
    np.testing.assert_array_equal(found, nc.richardson_lucy(image, psf, iterations=4))


def test_progress_counts_iterations_and_can_cancel() -> None:
    image, psf = np.random.default_rng(0).random((20, 21)), gaussian((5, 5))
    steps: list[tuple[int, int]] = []
    nc.richardson_lucy(image, psf, iterations=6, progress=lambda done, total: steps.append((done, total)))
    assert sorted(set(steps)) == [(n, 6) for n in range(7)]

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise nc.Cancelled

    with pytest.raises(nc.Cancelled):
        nc.richardson_lucy(image, psf, iterations=10**9, progress=stop)


def test_images_done_at_once_are_told_and_ended_together() -> None:
    stack, psf = np.random.default_rng(0).random((4, 40, 42)), gaussian((5, 5))
    calls: list[tuple[int, int]] = []
    threads: set[int] = set()

    def watch(done: int, total: int) -> None:
        calls.append((done, total))
        threads.add(threading.get_ident())

    nc.richardson_lucy(stack, psf, iterations=25, workers=2, progress=watch)
    assert calls[0] == (0, 100) and calls[-1] == (100, 100) and len({done for done, _ in calls}) > 25
    assert calls == sorted(calls) and threads == {threading.get_ident()}

    def stop(done: int, total: int) -> None:
        if done >= 3:
            raise nc.Cancelled

    with pytest.raises(nc.Cancelled):  # were one thread not told, it would go on for hours
        nc.richardson_lucy(stack, psf, iterations=100_000_000, workers=2, progress=stop)


def test_negative_samples() -> None:
    image = np.array([[5, -3, 2], [1, -1, 4]], np.int16)
    with pytest.raises(ValueError, match=r"2 negative samples, down to -3.*negative='clip'"):
        nc.richardson_lucy(image, [[1.0]])
    reports: list[nc.Report] = []
    found = nc.richardson_lucy(image, [[1.0]], negative="clip", report=reports.append)
    np.testing.assert_allclose(found, np.maximum(image, 0), atol=1e-5)
    assert "2 negative samples" in reports[0].assumptions[0]

    rounding = np.array([0.0, 1.0, -1e-15, 2.0])
    np.testing.assert_array_equal(nc.richardson_lucy(rounding, [1.0]), nc.richardson_lucy([0.0, 1.0, 0.0, 2.0], [1.0]))


# --- batches, precision, memory


def test_batch_axes_are_computed_one_by_one() -> None:
    rng = np.random.default_rng(3)
    stack = rng.random((2, 20, 3, 22)).astype(np.float32)
    psfs = np.stack([gaussian((5, 4), sigma) for sigma in (0.5, 1.0, 1.5)], axis=1)[None]
    found = nc.richardson_lucy(stack, psfs, iterations=4, axes=(1, 3))
    for t, c in itertools.product(range(2), range(3)):
        alone = nc.richardson_lucy(stack[t, :, c], psfs[0, :, c], iterations=4)
        np.testing.assert_array_equal(found[t, :, c], alone)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "float16", "float32", ">f4"])
def test_precision_and_dtype(dtype: str) -> None:
    image = (100 * np.random.default_rng(1).random((40, 41))).astype(dtype)
    wide = nc.richardson_lucy(image.astype(np.float64), gaussian((7, 7)))
    found = nc.richardson_lucy(image, gaussian((7, 7)))
    assert found.dtype == np.float32 and wide.dtype == np.float64
    assert np.abs(found - wide).max() <= 1e-3 * wide.max()
    assert nc.richardson_lucy(image, gaussian((7, 7)), dtype="uint16").dtype == np.uint16


@pytest.mark.parametrize("scale", [1e-6, 1e6, 1e-30, 1e30])
def test_scaling_the_image_scales_the_result(scale: float) -> None:
    image = np.random.default_rng(1).random((30, 31))
    options: dict[str, Any] = {"tv": 0.02, "stop": "auto"}
    found, scaled = (nc.richardson_lucy(k * image, gaussian((5, 5)), **options) for k in (1, scale))
    np.testing.assert_allclose(scaled / scale, found, rtol=1e-6, atol=1e-9)


def test_workers_do_not_change_the_result() -> None:
    stack = np.random.default_rng(0).random((9, 60, 64)).astype(np.float32)
    psf = gaussian((3, 5, 5))
    for options in ({}, {"acceleration": None}, {"tv": 0.01}):
        found = [nc.richardson_lucy(stack, psf, iterations=6, workers=n, **options) for n in (1, 2)]
        np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize(
    ("options", "allowed"), [({"acceleration": None}, 7), ({}, 10), ({"tv": 0.01}, 12)], ids=["plain", "fast", "tv"]
)
def test_memory_is_counted_in_arrays_of_the_grid(options: dict[str, Any], allowed: int) -> None:
    image = np.random.default_rng(0).random((64, 200, 200)).astype(np.float32)
    psf = gaussian((17, 17, 17), 2.0)
    grid = 80 * 216 * 216 * 4
    nc.richardson_lucy(image[:4], psf[4:7], iterations=1)  # imports
    tracemalloc.start()
    try:
        nc.richardson_lucy(image, psf, iterations=3, **options)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= allowed * grid


# --- odd and bad input


def test_odd_images() -> None:
    psf = gaussian((3, 3))
    np.testing.assert_array_equal(nc.richardson_lucy(np.zeros((8, 9)), psf), 0)
    np.testing.assert_array_equal(nc.richardson_lucy(np.zeros((8, 9)), psf, background=2.0, stop="auto", tv=0.1), 0)
    np.testing.assert_allclose(nc.richardson_lucy(np.full((8, 9), 3), psf, edges="periodic"), 3, rtol=1e-6)
    assert nc.richardson_lucy([[5]], [[1]]).tolist() == [[5.0]]
    assert np.isfinite(nc.richardson_lucy([[5.0, 0, 0, 3]], [[0.2, 0.5, 0.3]])).all()
    assert nc.richardson_lucy(np.zeros((0, 5, 5)), psf).shape == (0, 5, 5)
    dark = np.zeros((10, 10))
    dark[5, 5] = 1e-300
    assert np.isfinite(nc.richardson_lucy(dark, psf)).all()


@pytest.mark.parametrize("start", ["mean", "image"])
def test_bright_points_are_found_on_a_background_above_the_mean(start: str) -> None:
    """A background that is a little too large leaves the dark parts dark, not the whole object."""
    psf = nc.kernels.gaussian(sigma=1.5).values
    truth = np.zeros((40, 41))
    truth[12, 30] = truth[25, 9] = 900.0
    image = nc.convolve(truth, psf, boundary="constant") + 5
    for background in (5.0, image.mean() + 1e-9, 8.0):
        found = nc.richardson_lucy(image, psf, background=background, start=start, iterations=30)
        assert found[12, 30] > 300 and found[25, 9] > 300
        assert found.sum() == pytest.approx(np.maximum(image - background, 0).sum(), rel=0.15)


def test_the_image_is_not_modified_and_views_work() -> None:
    base = np.random.default_rng(0).random((40, 42))
    before = base.copy()
    base.flags.writeable = False
    psf = gaussian((5, 5))
    for view in (base, base[::-1, ::-1], base[::2], base.T, np.broadcast_to(base[0], (40, 42))):
        expected = nc.richardson_lucy(np.ascontiguousarray(view), psf, iterations=3)
        np.testing.assert_allclose(nc.richardson_lucy(view, psf, iterations=3), expected, rtol=1e-9)
    np.testing.assert_array_equal(base, before)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"psf": np.zeros((3, 3))}, ValueError, "zero everywhere"),
        ({"psf": np.array([[1.0, -0.5, 1.0]])}, ValueError, "1 negative weights"),
        ({"psf": np.full((3, 3), np.nan)}, ValueError, "NaN|finite"),
        ({"psf": np.ones((3, 3, 3))}, ValueError, "psf has 3 dimensions"),
        ({"psf": np.ones((9, 31))}, ValueError, "31 long along axis 1"),
        ({"psf": np.ones((3, 3)) + 1j}, ValueError, "complex"),
        ({"iterations": 0}, ValueError, "iterations=0"),
        ({"iterations": -1}, ValueError, "iterations=-1"),
        ({"iterations": 1.5}, TypeError, "iterations=1.5"),
        ({"iterations": "ten"}, TypeError, "iterations='ten'"),
        ({"iterations": True}, TypeError, "iterations=True"),
        ({"acceleration": "fast"}, ValueError, "'biggs-andrews'"),
        ({"tv": -0.1}, ValueError, "tv=-0.1"),
        ({"tv": math.nan}, ValueError, "finite"),
        ({"background": -1}, ValueError, "background=-1"),
        ({"background": "auto"}, TypeError, "background='auto'"),
        ({"start": "zero"}, ValueError, "'mean'"),
        ({"start": np.ones((3, 3))}, ValueError, "start has shape"),
        ({"start": None}, TypeError, "^start has dtype"),
        ({"start": -np.ones((20, 30))}, ValueError, "negative"),
        ({"saturation": 0}, ValueError, "above 0"),
        ({"saturation": "high"}, TypeError, "saturation=.high. must be a number"),
        ({"saturation": 0.5}, ValueError, "no sample"),
        ({"stop": "soon"}, ValueError, "'auto'"),
        ({"edges": "reflect"}, ValueError, "'extend'"),
        ({"negative": "keep"}, ValueError, "'clip'"),
        ({"nan": "propagate"}, ValueError, "'omit'"),
        ({"intermediate": 3}, TypeError, "callable"),
        ({"dtype": "complex64"}, ValueError, "dtype=complex64 is complex"),
        ({"mask": np.zeros((20, 30), bool)}, ValueError, "no sample"),
        ({"boundary": "reflect"}, TypeError, "boundary"),
        ({"image": np.full((20, 30), np.nan)}, ValueError, "600 NaN"),
        ({"image": np.ones((20, 30), np.complex64)}, TypeError, "complex64"),
        ({"image": -np.ones((20, 30))}, ValueError, "600 negative samples"),
        ({"image": np.zeros((0, 30))}, ValueError, "no samples along axis 0"),
        ({"max_memory": 1000}, MemoryError, "needs"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(change: dict[str, Any], error: type[Exception], text: str) -> None:
    given: dict[str, Any] = {"image": np.ones((20, 30)), "psf": np.ones((3, 3)), **change}
    image, psf = given.pop("image"), given.pop("psf")
    with pytest.raises(error, match=text) as caught:
        nc.richardson_lucy(image, psf, **given)
    assert "\n" not in str(caught.value)
