"""Wiener deconvolution: no shift, constant flux, correct edges, and the results of other programs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import napari_convolve as nc


def psf_of(shape: tuple[int, ...], sigma: float = 1.2, skew: float = 0.0) -> np.ndarray:
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


def centroid(image: np.ndarray, around: tuple[float, ...], radius: int = 5) -> np.ndarray:
    key = tuple(slice(max(0, round(a) - radius), round(a) + radius + 1) for a in around)
    part = image[key]
    first = [k.start for k in key]
    return np.asarray(scipy.ndimage.center_of_mass(part)) + first


# --- gate 3: nothing moves


@pytest.mark.parametrize("edges", ["extend", "periodic"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_a_bead_stays_where_it_is(ndim: int, edges: str) -> None:
    for lengths in itertools.product((24, 27, 31), (7, 8, 9)):
        shape, size = (lengths[0],) * ndim, (lengths[1],) * ndim
        if ndim == 3:  # different parities along the axes
            shape, size = (lengths[0], 25, 26), (lengths[1], 8, 7)
        at = tuple(n / 2 + 0.3 for n in shape)
        psf = psf_of(size, skew=0.5)
        blurred = scipy.ndimage.convolve(bead(shape, at), psf, mode="wrap")
        for regularization in ("identity", "laplacian"):
            found = nc.wiener(blurred, psf, nsr=1e-4, edges=edges, regularization=regularization)
            assert np.abs(centroid(found, at) - at).max() < 0.05, (shape, size, regularization)


def test_the_centre_of_the_kernel_is_where_zero_shift_is() -> None:
    image = bead((40,), (20,))
    psf = psf_of((9,), skew=0.5)
    blurred = scipy.ndimage.convolve(image, psf, mode="wrap")
    moved = nc.wiener(np.roll(blurred, -2), nc.Kernel(psf, center=6), nsr=1e-4, edges="periodic")
    assert abs(float(centroid(moved, (20,))[0]) - 20) < 0.05


# --- gate 4: flux


@pytest.mark.parametrize("edges", ["extend", "periodic"])
@pytest.mark.parametrize("nsr", [1e-4, 1e-2])
@pytest.mark.parametrize("regularization", ["identity", "laplacian"])
@pytest.mark.parametrize("shape", [(80,), (64, 61), (40, 41, 38)])
def test_flux_is_kept(shape: tuple[int, ...], regularization: str, nsr: float, edges: str) -> None:
    image = 100 * bead(shape, tuple(n / 2 for n in shape), 1.5)
    psf = psf_of((9,) * len(shape))
    blurred = scipy.ndimage.convolve(image, psf, mode="constant")
    found = nc.wiener(blurred, psf, nsr=nsr, regularization=regularization, edges=edges)
    assert abs(found.sum() / image.sum() - 1) < 1e-4
    assert math.isclose(found.mean(), blurred.mean(), rel_tol=1e-9)


# --- gate 5: edges


def camera_scene(psf: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    data = pytest.importorskip("skimage.data")
    sharp = data.camera() / 255.0
    blurred = scipy.signal.fftconvolve(sharp, psf, mode="valid")
    blurred += 0.005 * np.random.default_rng(0).standard_normal(blurred.shape)
    first = [n // 2 for n in psf.shape]
    return blurred, sharp[tuple(slice(f, f + n) for f, n in zip(first, blurred.shape, strict=True))]


def motion() -> np.ndarray:
    psf = np.zeros((15, 15))
    psf[7] = 1 / 15
    return psf


@pytest.mark.parametrize(
    ("psf", "limit"), [(psf_of((21, 21), 3.0), 0.046), (motion(), 0.038)], ids=["gaussian", "motion"]
)
def test_error_over_the_whole_field(psf: np.ndarray, limit: float) -> None:
    blurred, sharp = camera_scene(psf)
    errors = {}
    for regularization in ("identity", "laplacian"):
        for nsr in np.logspace(-5, 0, 16):
            found = nc.wiener(blurred, psf, nsr=nsr, regularization=regularization)
            errors[regularization, nsr] = math.sqrt(np.mean((found - sharp) ** 2))
    assert min(errors.values()) <= limit


# --- other people's results


def test_equals_scikit_image(dataset: Callable[[str], Any]) -> None:
    data = pytest.importorskip("skimage.data")
    folder = dataset("deconv2d_camera")
    sharp = data.camera() / 255.0
    psf = np.ones((5, 5)) / 25
    blurred = scipy.signal.convolve(sharp, psf, "same")
    blurred += 0.1 * blurred.std() * np.random.RandomState(0).standard_normal(blurred.shape)
    found = nc.wiener(blurred, psf, nsr=0.05, regularization="laplacian", edges="periodic")
    expected = np.load(folder / "skimage_camera_wiener.npy")
    np.testing.assert_allclose(np.clip(found, -1, 1), expected, rtol=1e-3)


def test_equals_sdeconv(dataset: Callable[[str], Any]) -> None:
    import tifffile

    folder = dataset("deconv2d_celegans")
    image = tifffile.imread(folder / "celegans.tif").astype(np.float64)[3:-3, 3:-3]
    psf = psf_of((13, 13), 1.5)
    padded = np.pad(image, 13, mode="reflect")
    found = nc.wiener(padded, psf, nsr=0.005, regularization="laplacian", edges="periodic")[13:-13, 13:-13]
    expected = tifffile.imread(folder / "peer_sdeconv_celegans_wiener.tif")
    assert np.linalg.norm(found - expected) <= 1e-6 * np.linalg.norm(expected)


def test_the_formula_on_a_period() -> None:
    rng = np.random.default_rng(4)
    image, psf = rng.normal(size=(15, 18)), rng.random((4, 7))
    transfer = np.zeros(image.shape)
    transfer[:4, :7] = psf / psf.sum()
    transfer = np.fft.fftn(np.roll(transfer, (-2, -3), (0, 1)))
    fy, fx = np.meshgrid(np.fft.fftfreq(15), np.fft.fftfreq(18), indexing="ij")
    for name, penalty in (
        ("identity", 1),
        ("laplacian", (4 - 2 * np.cos(2 * np.pi * fy) - 2 * np.cos(2 * np.pi * fx)) ** 2),
    ):
        ratio = 0.1 + fy**2 + 3 * np.abs(fx)
        for nsr, values in ((0.03, 0.03), (ratio, ratio), (lambda y, x: 0.1 + y**2 + 3 * np.abs(x), ratio)):
            bottom = np.abs(transfer) ** 2 + values * penalty
            bottom[0, 0] = np.abs(transfer[0, 0]) ** 2
            expected = np.fft.ifftn(np.fft.fftn(image) * transfer.conj() / bottom).real
            found = nc.wiener(image, psf, nsr=nsr, regularization=name, edges="periodic")
            np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max() * 10)


# --- the truth


@pytest.mark.parametrize("shape", [(4096,), (256, 240), (40, 45, 48)])
def test_the_analytic_truth(shape: tuple[int, ...]) -> None:
    """A periodic Gaussian field: the true filter has a known error, and no other is better."""
    rng = np.random.default_rng(len(shape))
    frequencies = np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij")
    radius = np.sqrt(sum(f**2 for f in frequencies))
    signal = 1 / (1e-4 + radius**2) ** 1.25
    signal[(0,) * len(shape)] = 0
    field = np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.sqrt(signal)).real
    psf = psf_of((9,) * len(shape), 1.5)
    rolled = np.zeros(shape)
    rolled[tuple(slice(0, 9) for _ in shape)] = psf
    transfer = np.fft.fftn(np.roll(rolled, [-4] * len(shape), range(len(shape))))
    noise = 0.01 * field.var()
    image = np.fft.ifftn(np.fft.fftn(field) * transfer).real + math.sqrt(noise) * rng.standard_normal(shape)
    truth = np.mean(signal * noise / (np.abs(transfer) ** 2 * signal + noise))
    with np.errstate(divide="ignore"):
        right = noise / signal
    for factor in (1, 0.2, 5):
        with np.errstate(invalid="ignore"):
            response = transfer.conj() / (np.abs(transfer) ** 2 + factor * right)
        response[(0,) * len(shape)] = 1
        expected = np.mean(np.abs(1 - response * transfer) ** 2 * signal + np.abs(response) ** 2 * noise)
        found = nc.wiener(image, psf, nsr=factor * right, edges="periodic")
        error = np.mean((found - field) ** 2)
        assert abs(error / expected - 1) < 0.03
        assert error > 0.97 * truth


# --- transfer functions, batches, masks


def test_a_transfer_function_is_used_whole() -> None:
    rng = np.random.default_rng(2)
    sharp = scipy.ndimage.gaussian_filter(rng.normal(size=(32, 33)), 1.5, mode="wrap")
    psf = psf_of((9, 10), skew=0.8)
    blurred = scipy.ndimage.convolve(sharp, psf, mode="wrap")
    rolled = np.zeros(sharp.shape)
    rolled[:9, :10] = psf
    otf = np.fft.fftn(np.roll(rolled, (-4, -5), (0, 1)))
    assert np.abs(otf.imag).max() > 0.1
    plain = nc.wiener(blurred, psf, nsr=1e-3, edges="periodic")
    for kernel in (nc.Kernel.from_otf(otf), nc.Kernel.from_otf(otf.astype(np.complex64))):
        found = nc.wiener(blurred, kernel, nsr=1e-3, edges="periodic")
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, plain, atol=1e-4)
    phase = np.exp(2j * np.pi * np.fft.fftfreq(32)[:, None] * 3.4) * np.exp(1j * np.abs(np.fft.fftfreq(33)))
    complex_otf = otf * phase  # not Hermitian: a complex kernel, and a complex image
    image = np.fft.ifftn(np.fft.fftn(sharp) * complex_otf)
    found = nc.wiener(image, nc.Kernel.from_otf(complex_otf), nsr=1e-9, edges="periodic")
    np.testing.assert_allclose(found, sharp, atol=0.02 * np.abs(sharp).max())


def test_batch_axes_are_computed_one_by_one() -> None:
    rng = np.random.default_rng(3)
    stack = rng.random((2, 20, 3, 22)).astype(np.float32)
    psf = psf_of((5, 4))
    found = nc.wiener(stack, psf, nsr=0.01, axes=(1, 3))
    for t, c in itertools.product(range(2), range(3)):
        np.testing.assert_array_equal(found[t, :, c], nc.wiener(stack[t, :, c], psf, nsr=0.01))
    swapped = nc.wiener(stack, psf.T, nsr=0.01, axes=(3, 1))
    np.testing.assert_allclose(swapped, found, atol=1e-6)


def test_a_psf_for_each_channel() -> None:
    rng = np.random.default_rng(3)
    stack = rng.random((3, 20, 22))
    psfs = np.stack([psf_of((5, 6), sigma) for sigma in (0.5, 1.0, 1.5)])
    found = nc.wiener(stack, psfs, nsr=0.01, axes=(1, 2))
    for channel, psf, image in zip(found, psfs, stack, strict=True):
        np.testing.assert_array_equal(channel, nc.wiener(image, psf, nsr=0.01))
    with pytest.raises(ValueError, match="must be 1 or"):
        nc.wiener(stack, psfs[:2], axes=(1, 2))


def test_masked_samples_have_no_influence() -> None:
    rng = np.random.default_rng(5)
    sharp = scipy.ndimage.gaussian_filter(rng.normal(size=(48, 50)), 3) * 10
    psf = psf_of((9, 9), 1.5)
    image = scipy.ndimage.convolve(sharp, psf, mode="wrap")
    mask = rng.random(image.shape) > 0.05
    mask[20:24, 30:34] = False
    results = []
    for value in (0.0, 1e6, np.nan):
        spoilt = np.where(mask, image, value)
        results.append(nc.wiener(spoilt, psf, nsr=1e-2, regularization="laplacian", mask=mask))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])
    omitted = nc.wiener(np.where(mask, image, np.nan), psf, nsr=1e-2, regularization="laplacian", nan="omit")
    np.testing.assert_array_equal(results[0], omitted)
    inside = (slice(6, -6), slice(6, -6))
    assert np.abs(results[0] - sharp)[inside].max() < 0.03 * np.ptp(sharp)
    whole = nc.wiener(image, psf, nsr=1e-2, regularization="laplacian")
    everything = np.ones(image.shape, bool)
    np.testing.assert_array_equal(nc.wiener(image, psf, nsr=1e-2, regularization="laplacian", mask=everything), whole)


@pytest.mark.parametrize("nsr", [1e-3, "auto"])
def test_missing_samples_cost_little(nsr: Any) -> None:
    blurred, sharp = camera_scene(psf_of((21, 21), 3.0))
    mask = np.random.default_rng(5).random(blurred.shape) > 0.05
    mask[200:210, 300:310] = False
    errors = [np.mean((nc.wiener(blurred, psf_of((21, 21), 3.0), nsr=nsr, mask=m) - sharp) ** 2) for m in (None, mask)]
    assert errors[1] < 1.03 * errors[0]


def test_large_holes_are_filled() -> None:
    image = np.full((60, 60), 7.0)
    mask = np.zeros(image.shape, bool)
    mask[0, 0] = True
    found = nc.wiener(np.where(mask, image, -1), psf_of((3, 3)), nsr=0.01, mask=mask)
    np.testing.assert_allclose(found, 7.0, rtol=1e-9)


# --- numbers, precision, reports


@pytest.mark.parametrize("scale", [1e-6, 1e6, 1e-30, 1e30])
def test_scaling_the_image_scales_the_result(scale: float) -> None:
    image = np.random.default_rng(1).random((30, 31))
    found, scaled = (nc.wiener(k * image, psf_of((5, 5)), nsr=0.02) for k in (1, scale))
    np.testing.assert_allclose(scaled / scale, found, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float16", "float32", ">f4"])
def test_precision_and_dtype(dtype: str) -> None:
    image = (100 * np.random.default_rng(1).random((40, 41))).astype(dtype)
    wide = nc.wiener(image.astype(np.float64), psf_of((7, 7)), nsr=0.01)
    found = nc.wiener(image, psf_of((7, 7)), nsr=0.01)
    assert found.dtype == np.float32 and wide.dtype == np.float64
    assert np.abs(found - wide).max() <= 1e-4 * np.abs(wide).max()


def test_integers_are_rounded_and_saturated() -> None:
    image = np.zeros((20, 20), np.uint8)
    image[10, 10] = 255
    psf = psf_of((5, 5))
    found = nc.wiener(image, psf, nsr=1e-3)
    assert found.max() > 255 and found.min() < -1
    np.testing.assert_array_equal(
        nc.wiener(image, psf, nsr=1e-3, dtype="uint8"), np.clip(np.round(found), 0, 255).astype(np.uint8)
    )


def test_the_image_is_not_modified_and_views_work() -> None:
    base = np.random.default_rng(0).random((40, 42))
    before = base.copy()
    base.flags.writeable = False
    psf = psf_of((5, 5))
    for view in (base, base[::-1, ::-1], base[::2], base.T, np.broadcast_to(base[0], (40, 42))):
        expected = nc.wiener(np.ascontiguousarray(view), psf, nsr=0.01)
        np.testing.assert_allclose(nc.wiener(view, psf, nsr=0.01), expected, atol=1e-12)
    np.testing.assert_array_equal(base, before)


def test_workers_do_not_change_the_result() -> None:
    stack = np.random.default_rng(0).random((5, 60, 64)).astype(np.float32)
    psf = psf_of((5, 5))
    np.testing.assert_array_equal(
        nc.wiener(stack, psf, nsr=0.01, workers=1), nc.wiener(stack, psf, nsr=0.01, workers=2)
    )
    cube = psf_of((5, 5, 5))
    np.testing.assert_array_equal(
        nc.wiener(stack, cube, nsr=0.01, workers=1), nc.wiener(stack, cube, nsr=0.01, workers=2)
    )


def test_report_and_progress() -> None:
    reports: list[nc.Report] = []
    steps: list[tuple[int, int]] = []
    nc.wiener(
        np.ones((8, 9)),
        psf_of((3, 3)),
        nsr=0.25,
        report=reports.append,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert reports[0].operation == "wiener" and reports[0].details["nsr"] == 0.25
    assert reports[0].plan.backend == "numpy"
    assert steps[0][0] == 0 and steps[-1][0] == steps[-1][1]
    assert "nsr 0.25" in str(reports[0])


def test_cancel() -> None:
    def stop(done: int, total: int) -> None:
        raise nc.Cancelled

    with pytest.raises(nc.Cancelled):
        nc.wiener(np.ones((8, 9)), psf_of((3, 3)), nsr=0.25, progress=stop)


# --- odd and bad input


def test_small_and_empty_images() -> None:
    assert nc.wiener([[5]], [[1]], nsr=0.1).tolist() == [[5.0]]
    np.testing.assert_allclose(nc.wiener([[1, 2, 3]], [[1]], nsr=0.1).mean(), 2)
    np.testing.assert_allclose(nc.wiener(np.full((6, 7), 3), psf_of((3, 3))), 3)
    assert nc.wiener(np.zeros((0, 5, 5)), psf_of((3, 3))).shape == (0, 5, 5)
    np.testing.assert_array_equal(nc.wiener(np.zeros((5, 5)), psf_of((3, 3))), 0)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"psf": np.zeros((3, 3))}, ValueError, "zero everywhere"),
        ({"psf": np.array([[1.0, -1.0]])}, ValueError, "negative"),
        ({"psf": -np.ones((3, 3))}, ValueError, "negative"),
        ({"psf": np.full((3, 3), np.nan)}, ValueError, "NaN|finite"),
        ({"psf": np.ones((3, 3, 3))}, ValueError, "psf has 3 dimensions"),
        ({"psf": np.ones((9, 31))}, ValueError, "31 long along axis 1"),
        ({"psf": "gaussian"}, TypeError, "numbers"),
        ({"nsr": -1}, ValueError, "at least 0"),
        ({"nsr": np.nan}, ValueError, "nsr=nan must be finite"),
        ({"nsr": np.inf}, ValueError, "finite"),
        ({"nsr": "much"}, ValueError, "'auto'"),
        ({"nsr": None}, TypeError, "'auto'"),
        ({"nsr": np.ones((3, 4))}, ValueError, "shape"),
        ({"nsr": -np.ones((20, 30))}, ValueError, "negative"),
        ({"nsr": lambda y, x: -1 - y}, ValueError, "negative"),
        ({"nsr": lambda y, x: np.ones(3)}, ValueError, "shape"),
        ({"regularization": "tikhonov"}, ValueError, "'laplacian'"),
        ({"edges": "reflect"}, ValueError, "'extend'"),
        ({"nan": "propagate"}, ValueError, "'omit'"),
        ({"axes": (0, 0)}, ValueError, "twice"),
        ({"mask": np.ones((3, 3), bool)}, ValueError, "mask"),
        ({"mask": np.zeros((20, 30), bool)}, ValueError, "no sample"),
        ({"boundary": "reflect"}, TypeError, "boundary"),
        ({"method": "fft"}, TypeError, "method"),
        ({"image": np.zeros((0, 30))}, ValueError, "no samples along axis 0"),
        ({"image": 5}, ValueError, "at least 1 dimension"),
        ({"image": np.full((20, 30), np.nan)}, ValueError, "600 NaN"),
        ({"psf": np.full((3, 3), np.nan)}, ValueError, "^psf must be finite"),
        ({"psf": "gaussian"}, TypeError, "^psf has dtype"),
        ({"dtype": "bool"}, TypeError, "dtype"),
        ({"max_memory": 1000}, MemoryError, "needs"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(change: dict[str, Any], error: type[Exception], text: str) -> None:
    given: dict[str, Any] = {"image": np.ones((20, 30)), "psf": np.ones((3, 3)), "nsr": 0.01, **change}
    image, psf = given.pop("image"), given.pop("psf")
    with pytest.raises(error, match=text) as caught:
        nc.wiener(image, psf, **given)
    assert "\n" not in str(caught.value)


def test_nan_says_how_many_and_where() -> None:
    image = np.ones((4, 5))
    image[1, 2], image[3, 4] = np.nan, np.inf
    with pytest.raises(ValueError, match=r"2 NaN or infinite samples, the first at \(1, 2\)"):
        nc.wiener(image, [[1.0]], nsr=0.1)


def test_no_noise_is_allowed_with_a_warning_where_the_psf_has_zeros() -> None:
    image = np.random.default_rng(0).random((16, 16))
    with pytest.warns(UserWarning, match="nsr=0 amplifies noise"):
        nc.wiener(image, np.ones((4, 4)), nsr=0, edges="periodic")
    weak = np.array([[0.1, 0.8, 0.1]])
    blurred = scipy.ndimage.convolve(image, weak, mode="wrap")
    np.testing.assert_allclose(nc.wiener(blurred, weak, nsr=0, edges="periodic"), image, atol=1e-12)


def test_a_plan_counts_what_an_estimate_takes() -> None:
    """Fitting the spectra, and the steps for what lies beyond the edges, come to more than the filter."""
    image, psf = nc.ArraySpec((512, 512), "float32"), np.ones((5, 5))
    given, fitted = (nc.plan(image, psf, operation="wiener", nsr=nsr).seconds for nsr in (0.01, "auto"))
    assert fitted > 5 * given
    stacked = nc.plan(nc.ArraySpec((6, 512, 512), "float32"), psf, operation="wiener").seconds
    assert stacked > 2 * fitted
