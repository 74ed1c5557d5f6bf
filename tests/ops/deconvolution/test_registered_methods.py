"""The contract of registered deconvolution methods, and how to add one."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import pytest
import scipy.ndimage
from tests.contracts.standin import NAME, on_device, on_host, standin

import napari_convolve as nc
from napari_convolve.api._registered_deconvolution import publish
from napari_convolve.ops.deconvolution.method_registry import DECONVOLVERS
from napari_convolve.recipes import OPERATIONS

METHODS = [method.name for method in DECONVOLVERS.values() if method.function]


@pytest.fixture(autouse=True, scope="module")
def device() -> Iterator[Any]:
    with standin() as memory:
        yield memory


def gaussian(shape: tuple[int, ...], sigma: float = 1.2, skew: float = 0.0) -> np.ndarray:
    total: Any = 1.0
    for axis, n in enumerate(shape):
        x = np.arange(n) - n // 2
        line = np.exp(-(x**2) / (2 * sigma**2)) * (1 + skew * np.tanh(x))
        total = total * line.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return np.asarray(total / total.sum())


def bead(shape: tuple[int, ...], at: tuple[float, ...]) -> np.ndarray:
    grid = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    return np.exp(-sum((g - a) ** 2 for g, a in zip(grid, at, strict=True)) / 2)


@pytest.mark.parametrize("name", METHODS)
def test_it_is_offered_everywhere(name: str) -> None:
    assert name in OPERATIONS and getattr(nc, name).__name__ == name
    described = {p.name: p.help for p in OPERATIONS.get(name).options}
    assert all(described.values()), described
    assert {"edges", "mask", "backend", "progress"} <= set(inspect.signature(getattr(nc, name)).parameters)


@pytest.mark.parametrize("edges", ["extend", "periodic"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("name", METHODS)
def test_a_bead_stays_where_it_is_and_keeps_its_light(name: str, ndim: int, edges: str) -> None:
    for n, k in itertools.product((24, 27), (7, 8)):
        shape = (n, 25, 26)[:ndim]
        at = tuple(m / 2 + 0.3 for m in shape)
        psf = gaussian((k, 8, 7)[:ndim], skew=0.5)
        blurred = scipy.ndimage.convolve(bead(shape, at), psf, mode="wrap")
        found = getattr(nc, name)(blurred, psf, edges=edges)
        assert np.abs(np.asarray(scipy.ndimage.center_of_mass(found)) - at).max() < 0.05
        assert abs(found.sum() / blurred.sum() - 1) < 0.01
        assert found.max() > 1.1 * blurred.max()


@pytest.mark.parametrize("name", METHODS)
def test_samples_that_do_not_count_have_no_influence(name: str) -> None:
    rng = np.random.default_rng(1)
    image, mask = rng.random((20, 23)), rng.random((20, 23)) > 0.1
    psf = gaussian((5, 4))
    found = [getattr(nc, name)(np.where(mask, image, value), psf, mask=mask) for value in (0, 1e9, np.nan)]
    found.append(getattr(nc, name)(np.where(mask, image, np.inf), psf, nan="omit"))
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


@pytest.mark.parametrize("name", METHODS)
def test_batches_backends_workers_and_dtypes(name: str) -> None:
    stack = (100 * np.random.default_rng(2).random((3, 18, 20))).astype(np.float32)
    psf, method = gaussian((4, 5)), getattr(nc, name)
    found = method(stack, psf)
    assert found.dtype == np.float32
    for image, result in zip(stack, found, strict=True):
        np.testing.assert_array_equal(result, method(image, psf))
    np.testing.assert_array_equal(found, method(stack, psf, workers=1))
    np.testing.assert_allclose(on_host(method(on_device(stack), psf, backend=NAME)), found, atol=1e-3 * found.max())
    wide = method(stack.astype(np.float64), psf)
    np.testing.assert_allclose(found, wide, atol=1e-3 * wide.max())
    np.testing.assert_allclose(method(1e6 * stack.astype(np.float64), psf), 1e6 * wide, rtol=1e-6, atol=1)
    assert method(stack, psf, dtype="uint8").dtype == np.uint8


@pytest.mark.parametrize("name", METHODS)
def test_progress_intermediate_and_bad_input(name: str) -> None:
    image, psf, method = np.ones((12, 13)), gaussian((3, 3)), getattr(nc, name)
    seen: list[int] = []
    method(image, psf, iterations=5, intermediate=lambda number, found: seen.append(number))
    assert seen == [1, 2, 3, 4, 5]
    reports: list[nc.Report] = []
    method(image, psf, report=reports.append)
    method(image, psf, iterations=9, intermediate=lambda number, found: number == 4, report=reports.append)
    assert reports[0].operation == name
    assert reports[0].details["iterations"] == inspect.signature(method).parameters["iterations"].default
    assert reports[1].details["iterations"] == 4
    for change, error in (
        ({"nonsense": 1}, TypeError),
        ({"iterations": 0}, ValueError),
        ({"iterations": 1.5}, TypeError),
        ({"edges": "reflect"}, ValueError),
        ({"background": -1}, ValueError),
        ({"max_memory": 100}, MemoryError),
        ({"dtype": "complex64"}, ValueError),
    ):
        with pytest.raises(error):
            method(image, psf, **change)
    with pytest.raises(ValueError, match="NaN"):
        method(np.full((5, 5), np.nan), psf)
    with pytest.raises(TypeError, match="complex"):
        method(image + 1j, psf)


def test_landweber_is_least_squares() -> None:
    """Without constraint it converges to the normal equations' solution."""
    rng = np.random.default_rng(5)
    image, psf = rng.normal(size=(12, 14)), gaussian((3, 5), 0.6)
    rolled = np.zeros(image.shape)
    rolled[:3, :5] = psf
    transfer = np.fft.fft2(np.roll(rolled, (-1, -2), (0, 1)))
    fy, fx = np.meshgrid(np.fft.fftfreq(12), np.fft.fftfreq(14), indexing="ij")
    rough = ((4 - 2 * np.cos(2 * np.pi * fy) - 2 * np.cos(2 * np.pi * fx)) / 8) ** 2
    expected = np.fft.ifft2(np.fft.fft2(image) * transfer.conj() / (np.abs(transfer) ** 2 + 0.1 * rough)).real
    found = nc.landweber(image, psf, iterations=2000, tikhonov=0.1, positive=False, edges="periodic")
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert nc.landweber(image, psf, iterations=20).min() >= 0
    slow = nc.landweber(image, psf, iterations=50, tikhonov=0.1, positive=False, edges="periodic", momentum=False)
    fast = nc.landweber(image, psf, iterations=50, tikhonov=0.1, positive=False, edges="periodic")
    assert np.abs(fast - expected).max() < np.abs(slow - expected).max()


def test_a_method_is_one_function() -> None:
    @nc.deconvolver(buffers=4, transforms=2)
    def van_cittert(scene: nc.Scene, *, iterations: Annotated[int, nc.Param(min=1)] = 10) -> Any:
        """Add the residual again and again.

        Parameters
        ----------
        iterations : int
            How often.
        """
        found = scene.start()
        for number in range(1, iterations + 1):
            ahead = scene.xp.zeros_like(found)
            scene.backend.assign(ahead, scene.frame.key, scene.residual(found))
            found = found + ahead
            if scene.done(number, found):
                break
        return found

    try:
        function = nc.van_cittert  # it is public from now on
        assert publish("van_cittert").__doc__ == function.__doc__
        image, psf = bead((30, 31), (15, 15)), gaussian((5, 5))
        blurred = scipy.ndimage.convolve(image, psf, mode="wrap")
        found = function(blurred, psf, iterations=30, edges="periodic")
        assert np.abs(found - image).max() < 0.3 * np.abs(blurred - image).max()
        assert "iterations : int" in (function.__doc__ or "") and "workers : int" in (function.__doc__ or "")
        with pytest.raises(ValueError, match="iterations=0"):
            function(blurred, psf, iterations=0)
        few, many = (nc.plan(image, psf, operation="van_cittert", iterations=n) for n in (10, 1000))
        assert few.bytes == many.bytes > 0 and many.seconds > 50 * few.seconds > 0
    finally:
        DECONVOLVERS.unregister("van_cittert")
    with pytest.raises(AttributeError, match="van_cittert"):
        _ = nc.van_cittert
