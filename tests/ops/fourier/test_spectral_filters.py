"""Filters in the frequency domain: passbands, stopbands and edges."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.standin import NAME, Memory, on_device, on_host, standin

import napari_convolve as nc
from napari_convolve.bigdata.files import read

RNG = np.random.default_rng(12)
DATA = Path(__file__).parents[2] / "data"


def grid(shape: tuple[int, ...], spacing: Any = 1.0) -> list[np.ndarray]:
    steps = np.broadcast_to(spacing, len(shape))
    return list(np.meshgrid(*(np.fft.fftfreq(n, s) for n, s in zip(shape, steps, strict=True)), indexing="ij"))


def blur(*f: np.ndarray) -> np.ndarray:
    """Not the same along all axes, and with a phase."""
    total = sum((a + 1) * np.square(x) for a, x in enumerate(f))
    return np.asarray(np.exp(-20 * total) * np.exp(-2j * np.pi * 0.3 * f[-1]))


def real_stack() -> np.ndarray:
    return np.asarray(read(DATA.parents[1] / "src" / "napari_convolve" / "data" / "nuclei3d.tif").data)


# --- the product


@pytest.mark.parametrize("shape", [(9,), (8,), (7, 8), (6, 5, 4)])
@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("form", ["function", "array"])
def test_periodic_edges_are_the_plain_product(shape: tuple[int, ...], kind: str, form: str) -> None:
    image = RNG.normal(size=shape) + 2
    if kind == "complex":
        image = image + 1j * RNG.normal(size=shape)
    gains = blur(*grid(shape))
    expected = np.fft.ifftn(np.fft.fftn(image) * gains)
    found = nc.filter_spectrum(image, blur if form == "function" else gains, edges="periodic")
    assert found.dtype == image.dtype and found.shape == shape
    at_nyquist = any(n % 2 == 0 for n in shape)  # half a cycle per sample has no sign, and so no phase
    close = 0.05 if at_nyquist and form == "function" else 1e-12
    np.testing.assert_allclose(found, expected.real if kind == "real" else expected, atol=close)


def test_the_highest_frequency_has_no_sign() -> None:
    y, x = np.mgrid[:8, :8]
    checks = np.cos(np.pi * y) * np.cos(2 * np.pi * x / 8)
    slope = -2 * np.pi / 8 * np.sin(2 * np.pi * y / 8) * np.cos(np.pi * x)
    for image, expected in ((checks, 0), (checks + 0j, 0), (checks.T, slope)):
        derivative = nc.filter_spectrum(image, lambda fy, fx: 2j * np.pi * fy, edges="periodic")
        np.testing.assert_allclose(derivative, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(40,), (33, 40), (16, 17, 18)])
def test_the_response_of_a_kernel_is_the_convolution(shape: tuple[int, ...]) -> None:
    image = RNG.normal(size=shape) + 5
    kernel = nc.Kernel(RNG.random((3, 4, 5)[-len(shape) :]))
    for response in (kernel, nc.frequency_response(kernel)):
        found = nc.filter_spectrum(image, response, edges="periodic")
        np.testing.assert_allclose(found, nc.convolve(image, kernel, boundary="wrap"), atol=1e-9)
        inner = (slice(5, -5),) * len(shape)
        extended = nc.filter_spectrum(image, response)
        np.testing.assert_allclose(extended[inner], nc.convolve(image, kernel)[inner], atol=1e-9)
    stack = np.stack([image, 2 * image])
    found = nc.filter_spectrum(stack, kernel, edges="periodic", spacing=0.5)
    np.testing.assert_allclose(found, nc.convolve(stack, kernel, boundary="wrap"), atol=1e-9)


def test_nothing_changes_under_a_gain_of_one() -> None:
    image = RNG.normal(size=(20, 31)).cumsum(axis=0)
    for edges in ("extend", "periodic"):
        np.testing.assert_allclose(nc.filter_spectrum(image, np.ones(image.shape), edges=edges), image, atol=1e-9)
        np.testing.assert_allclose(nc.filter_spectrum(image, lambda f: 3.0, edges=edges), 3 * image, atol=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_mask_on_one_side_works_on_both(sign: int) -> None:
    y, x = np.mgrid[:64, :80]
    stripes = 0.3 * np.cos(2 * np.pi * (5 * y / 64 + 20 * x / 80) + 1)
    rest = RNG.normal(size=(64, 80))
    rest = nc.filter_spectrum(rest, lambda f: f < 0.1, edges="periodic")
    mask = np.ones((64, 80))
    mask[sign * 5, sign * 20] = 0
    reports: list[nc.Report] = []
    removed = nc.filter_spectrum(rest + stripes, mask, edges="periodic", report=reports.append)
    np.testing.assert_allclose(removed, rest, atol=1e-12)
    assert "symmetric" in reports[0].assumptions[0]
    np.testing.assert_allclose(nc.filter_spectrum(rest + stripes, 1 - mask, edges="periodic"), stripes, atol=1e-12)
    both = mask.copy()
    both[-sign * 5, -sign * 20] = 0
    reports.clear()
    same = nc.filter_spectrum(rest + stripes, both, edges="periodic", report=reports.append)
    np.testing.assert_array_equal(same, removed)
    assert not reports[0].assumptions
    analytic = nc.filter_spectrum(rest + stripes + 0j, 1 - mask, edges="periodic")
    np.testing.assert_allclose(np.abs(analytic), 0.15, atol=1e-12), "a complex image may have one side alone"


def test_functions_of_one_sign_and_curves() -> None:
    t = np.arange(200) / 200
    slow, fast = np.cos(2 * np.pi * 5 * t), np.sin(2 * np.pi * 40 * t)
    for response in (lambda f: f > 10, lambda f: np.abs(f) > 10, ([0, 9, 11, 100], [0, 0, 1, 1])):
        found = nc.filter_spectrum(slow + fast, response, spacing=1 / 200, edges="periodic")
        np.testing.assert_allclose(found, fast, atol=1e-12)


# --- edges


def test_extended_edges_do_not_meet() -> None:
    """A low pass of a ramp is the ramp; taken as periodic it is bent at both ends."""
    y, x = np.mgrid[:60, :70]
    ramp = 3.0 * x - 2 * y + 50
    low = lambda fy, fx: np.exp(-200 * (fy**2 + fx**2))  # noqa: E731
    errors = {
        edges: np.abs(nc.filter_spectrum(ramp, low, edges=edges) - ramp).max() for edges in ("extend", "periodic")
    }
    assert errors["periodic"] > 90
    assert errors["extend"] < 0.2 * errors["periodic"]


def test_edges_of_a_real_image_are_nearly_those_of_a_larger_one() -> None:
    image = read(DATA / "images2d" / "camera.png").data.astype(float)
    part = (slice(150, 350), slice(120, 330))
    truth = nc.bandpass(image, 0.03, 0.2)[part]
    errors = {}
    for edges in ("extend", "periodic"):
        found = nc.bandpass(image[part], 0.03, 0.2, edges=edges)
        border = np.ones(truth.shape, bool)
        border[20:-20, 20:-20] = False
        errors[edges] = math.sqrt(np.mean((found - truth)[border] ** 2)) / truth.std()
    assert errors["extend"] < 0.7 * errors["periodic"]


@pytest.mark.parametrize("shape", [(40, 51), (41, 50)])
def test_arrays_and_functions_agree_on_the_extended_grid(shape: tuple[int, int]) -> None:
    image = RNG.normal(size=shape).cumsum(axis=1)
    response = lambda fy, fx: np.exp(-60 * (fy**2 + 2 * fx**2))  # noqa: E731
    by_array = nc.filter_spectrum(image, response(*grid(shape)))
    np.testing.assert_allclose(by_array, nc.filter_spectrum(image, response), atol=1e-6 * np.abs(image).max())


# --- bands


def test_bandpass_of_a_real_stack_is_its_own_response() -> None:
    stack = real_stack()
    spacing = (2.0, 0.5, 0.5)
    reports: list[nc.Report] = []
    for options in ({"low": 0.05, "high": 0.3}, {"low": 2.0, "high": 12.0, "by": "size"}, {"low": 0.1}, {"high": 0.2}):
        for edges in ("extend", "periodic"):
            found = nc.bandpass(stack, **options, spacing=spacing, edges=edges, report=reports.append)
            response = reports[-1].details["response"]
            again = nc.filter_spectrum(stack, response, spacing=spacing, edges=edges)
            np.testing.assert_array_equal(found, again)
        by_hand = np.fft.ifftn(np.fft.fftn(stack.astype(float)) * response(*grid(stack.shape, spacing))).real
        np.testing.assert_allclose(found, by_hand, atol=1e-5 * stack.max())


@pytest.mark.parametrize("transition", [0.0, 0.5, 1.0, 2.0])
def test_the_shape_of_a_band(transition: float) -> None:
    reports: list[nc.Report] = []
    nc.bandpass(np.zeros((8, 8)), 0.05, 0.2, transition=transition, report=reports.append)
    response = reports[0].details["response"]

    def gain(radius: float) -> float:
        return float(response(np.array(radius * 0.6), np.array(radius * 0.8)))

    edge = 2 ** (transition / 2)
    if transition:
        assert gain(0.05) == pytest.approx(0.5) and gain(0.2) == pytest.approx(0.5)
        assert 0.5 < gain(0.05 * 2 ** (transition / 4)) < 1
    assert gain(0) == 0 and gain(0.05 / edge * 0.999) == 0 and gain(0.2 * edge * 1.001) == 0
    assert gain(0.1) == pytest.approx(1)


def test_bands_keep_and_take_waves() -> None:
    t = np.arange(512) * 0.25
    waves = {f: np.cos(2 * np.pi * f * t + f) for f in (1 / 32, 1 / 4, 1.0)}
    image = 7 + sum(waves.values())
    options: dict[str, Any] = {"spacing": 0.25, "edges": "periodic"}
    np.testing.assert_allclose(nc.bandpass(image, 0.1, 0.5, **options), waves[1 / 4], atol=1e-12)
    np.testing.assert_allclose(nc.bandpass(image, 0.1, **options), waves[1 / 4] + waves[1.0], atol=1e-12)
    np.testing.assert_allclose(nc.bandpass(image, None, 0.1, **options), 7 + waves[1 / 32], atol=1e-12)
    np.testing.assert_allclose(nc.bandpass(image, **options), image, atol=1e-12)
    # a period of 4 is a row of bars 2 wide
    np.testing.assert_allclose(nc.bandpass(image, 1, 5, by="size", **options), waves[1 / 4], atol=1e-12)
    np.testing.assert_allclose(nc.bandpass(image, 5, by="size", **options), 7 + waves[1 / 32], atol=1e-12)
    np.testing.assert_allclose(nc.bandpass(image, None, 1, by="size", **options), waves[1.0], atol=1e-12)


# --- options


def test_batch_axes_and_the_order_of_axes() -> None:
    stack = RNG.normal(size=(12, 3, 15))
    gains = np.abs(blur(*grid((12, 15))))
    found = nc.filter_spectrum(stack, gains, axes=(0, 2))
    for i in range(3):
        np.testing.assert_allclose(found[:, i], nc.filter_spectrum(stack[:, i], gains), atol=1e-12)
    np.testing.assert_allclose(nc.filter_spectrum(stack, gains.T, axes=(2, 0)), found, atol=1e-12)
    np.testing.assert_allclose(nc.filter_spectrum(stack[:, 0], gains), found[:, 0], atol=1e-12)
    anisotropic = lambda fy, fx: np.exp(-30 * fy**2 - 5 * fx**2)  # noqa: E731
    turned = lambda fx, fy: anisotropic(fy, fx)  # noqa: E731
    np.testing.assert_allclose(
        nc.filter_spectrum(stack, turned, axes=(2, 0), spacing=(0.5, 2)),
        nc.filter_spectrum(stack, anisotropic, axes=(0, 2), spacing=(2, 0.5)),
        atol=1e-12,
    )
    radial = nc.bandpass(stack, 0.1, 0.2, axes=(2, 0), spacing=(0.5, 2))
    np.testing.assert_allclose(radial, nc.bandpass(stack, 0.1, 0.2, axes=(0, 2), spacing=(2, 0.5)), atol=1e-12)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "int64", "float16", "float32", "float64"])
def test_dtypes(dtype: str) -> None:
    image = (RNG.random((12, 10)) * 100).astype(dtype)
    found = nc.bandpass(image, high=0.2)
    assert found.dtype == ("float64" if dtype in ("int64", "float64") else "float32")
    np.testing.assert_allclose(found, nc.bandpass(image.astype(float), high=0.2), atol=1e-3)
    assert image.dtype == dtype
    assert nc.bandpass(image, high=0.2, dtype="complex64").dtype == "complex64"
    wide = nc.bandpass(image, high=0.2, dtype="float64")
    np.testing.assert_allclose(wide, nc.bandpass(image.astype(float), high=0.2), atol=1e-12)


def test_integers_saturate() -> None:
    image = np.zeros((16, 16), np.uint8)
    image[:, 8:] = 255
    sharp = nc.filter_spectrum(image, lambda f: 1 + 3 * f, dtype="uint8")
    assert sharp.min() == 0 and sharp.max() == 255
    np.testing.assert_array_equal(sharp, np.clip(nc.filter_spectrum(image, lambda f: 1 + 3 * f).round(), 0, 255))


def test_missing_samples() -> None:
    x = np.mgrid[:48, :48][1]
    image = np.cos(2 * np.pi * x / 24) + 10
    holes = RNG.random(image.shape) < 0.05
    with pytest.raises(ValueError, match="NaN"):
        nc.bandpass(np.where(holes, np.nan, image), high=0.1)
    clean = nc.bandpass(image, high=0.1)
    for found in (
        nc.bandpass(np.where(holes, np.nan, image), high=0.1, nan="omit"),
        nc.bandpass(np.where(holes, 1e6, image), high=0.1, mask=~holes),
    ):
        assert np.abs(found - clean).max() < 0.2
        assert np.sqrt(np.mean((found - clean) ** 2)) < 0.03


def test_tiny_images_and_empty_batches() -> None:
    assert nc.filter_spectrum([3.0], lambda f: 2.0).tolist() == [6.0]
    assert nc.bandpass(np.zeros((0, 4, 4)), 0.1, 0.2, axes=(1, 2)).shape == (0, 4, 4)
    for shape in ((1, 9), (2, 2), (3, 1, 4)):
        image = RNG.normal(size=shape)
        for edges in ("extend", "periodic"):
            np.testing.assert_allclose(nc.filter_spectrum(image, lambda *f: np.ones(1), edges=edges), image, atol=1e-12)


BAD: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    (nc.filter_spectrum, (np.ones((8, 9)),), {}, ValueError, r"shape \(8, 9\).*\(8, 8\)"),
    (nc.filter_spectrum, (np.ones((8, 8, 8)),), {}, ValueError, "3 dimensions"),
    (nc.filter_spectrum, (np.full((8, 8), np.nan),), {}, ValueError, "NaN"),
    (nc.filter_spectrum, (lambda f: np.full(f.shape, np.nan),), {}, ValueError, "NaN"),
    (nc.filter_spectrum, (lambda f: np.ones(3),), {}, ValueError, "shape"),
    (nc.filter_spectrum, ("low",), {}, TypeError, "numbers"),
    (nc.filter_spectrum, (2.0,), {}, ValueError, "single number"),
    (nc.filter_spectrum, (np.ones((8, 8)),), {"edges": "reflect"}, ValueError, "edges='reflect'"),
    (nc.filter_spectrum, (np.ones((8, 8)),), {"boundary": "wrap"}, TypeError, "boundary"),
    (nc.bandpass, (0.3, 0.1), {}, ValueError, "low=0.3 must be less than high=0.1"),
    (nc.bandpass, (0.1, 0.1), {}, ValueError, "less than"),
    (nc.bandpass, (-0.1, 0.1), {}, ValueError, "low=-0.1"),
    (nc.bandpass, (math.nan, 0.1), {}, ValueError, "low=nan"),
    (nc.bandpass, ("a", 0.1), {}, TypeError, "low='a'"),
    (nc.bandpass, (0.1, True), {}, TypeError, "high=True"),
    (nc.bandpass, (0.1, 0.2), {"by": "period"}, ValueError, "by='period'.*'frequency', 'size'"),
    (nc.bandpass, (0.1, 0.2), {"transition": -1}, ValueError, "transition"),
    (nc.bandpass, (0.1, 0.2), {"transition": math.inf}, ValueError, "transition"),
    (nc.bandpass, (0.1, 0.2), {"spacing": (1, 2, 3)}, ValueError, "spacing"),
    (nc.bandpass, (0.1, 0.2), {"dtype": "bool"}, TypeError, "dtype"),
    (nc.bandpass, (0.1, 0.2), {"max_memory": 100}, MemoryError, "bandpass"),
]


@pytest.mark.parametrize(("function", "args", "options", "kind", "words"), BAD)
def test_wrong_arguments(
    function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        function(np.ones((8, 8)), *args, **options)
    assert "\n" not in str(caught.value)


# --- other devices


@pytest.mark.parametrize(
    "options", [{}, {"edges": "periodic"}, {"axes": 0}, {"nan": "omit"}, {"dtype": "uint8"}], ids=str
)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "complex128"])
def test_other_devices(options: dict[str, Any], dtype: str) -> None:
    if "dtype" in options and dtype == "complex128":
        pytest.skip("a complex result needs a complex dtype")
    image = (RNG.random((12, 9)) * 100).astype(dtype)
    for function in (
        lambda x, **o: nc.bandpass(x, 0.02, 0.2, **o),
        lambda x, **o: nc.filter_spectrum(x, lambda *f: np.exp(-sum(10 * y**2 for y in f)), **o),
    ):
        expected = np.asarray(function(image, backend="numpy", **options))
        with standin():
            for given in (image, on_device(image)):
                found = function(given, backend=NAME, **options)
                found = found if given is image else on_host(found)
                assert found.dtype == expected.dtype
                close = 1 if "dtype" in options else 1e-4 * np.abs(expected).max()
                np.testing.assert_allclose(found.astype(complex), expected, atol=close)


def test_a_full_device_falls_back_to_the_cpu() -> None:
    image = RNG.normal(size=(40, 40))
    with standin() as memory:
        assert isinstance(memory, Memory)
        memory.largest = 2000
        with pytest.warns(UserWarning, match="ran out of memory"):
            found = nc.bandpass(image, 0.1, 0.2, backend=NAME)
    np.testing.assert_allclose(found, nc.bandpass(image, 0.1, 0.2, backend="numpy"), atol=1e-12)
