"""Gate 9, in memory: whatever the tiles, the result is the untiled one within the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

from .matrix import BACKENDS, BOUNDARIES, METHOD_NAMES, OPERATIONS, call, separable_kernel
from .reference import TOLERANCE
from .standin import NAME, standin

TINY = 20_000  # bytes: the image below has 4 times as many


def data(dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(97, 211)).astype(dtype), separable_kernel(rng, (5, 4))


def with_report(operation: str, *args: Any, **options: Any) -> tuple[Any, nc.Report]:
    reports: list[nc.Report] = []
    result = call(operation, *args, report=reports.append, **options)
    (report,) = reports
    return result, report


def assert_within_the_table(tiled: Any, untiled: Any, kernel: Any, context: object) -> None:
    assert tiled.shape == untiled.shape and tiled.dtype == untiled.dtype
    assert np.array_equal(np.isnan(tiled), np.isnan(untiled)), context
    allowed = TOLERANCE[untiled.dtype.name] * 5 * np.abs(kernel).sum()
    assert np.nanmax(np.abs(tiled - untiled)) <= allowed, context


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_tiny_memory_gives_tiles_and_the_same_numbers(boundary: str, method: str, backend: str) -> None:
    image, kernel = data()
    for operation in OPERATIONS:
        for extra in ({"origin": (2, -1)}, {"shape": "full"}, {"shape": "valid"}):
            options = {"boundary": boundary, "cval": 2.0, "method": method, **extra}
            untiled = call(operation, image, kernel, **options)
            tiled, report = with_report(operation, image, kernel, max_memory=TINY, backend=backend, **options)
            assert np.prod(report.plan.tiles) < untiled.size / 2
            assert_within_the_table(tiled, untiled, kernel, (operation, options, report.plan))


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("way", ["omit", "propagate", "mask"])
def test_tiles_with_missing_samples(way: str, method: str) -> None:
    image, kernel = data("float64")
    kernel = np.abs(kernel)
    holes = np.random.default_rng(1).random(image.shape) < 0.2
    holes[40:60, 100:130] = True
    options: dict[str, Any] = {"mask": ~holes} if way == "mask" else {"nan": way}
    if way != "mask":
        image[holes] = np.nan
    untiled = nc.convolve(image, kernel, method=method, **options)
    tiled, report = with_report("convolve", image, kernel, method=method, max_memory=TINY, **options)
    assert np.prod(report.plan.tiles) < image.size
    assert_within_the_table(tiled, untiled, kernel, report.plan)


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("axes", [(0,), (2,), (0, 2), (1, 2, 3)])
def test_tiles_cut_batch_and_acted_axes(axes: tuple[int, ...], method: str) -> None:
    rng = np.random.default_rng(2)
    image, kernel = rng.normal(size=(6, 5, 23, 19)), separable_kernel(rng, (3, 4, 2)[: len(axes)])
    untiled = nc.correlate(image, kernel, axes=axes, method=method)
    tiled, report = with_report("correlate", image, kernel, axes=axes, method=method, max_memory=TINY)
    assert np.prod(report.plan.tiles) < image.size / 2
    assert_within_the_table(tiled, untiled, kernel, report.plan)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_integer_results_and_big_kernels_in_tiles(method: str) -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 255, (90, 110)).astype(np.uint8)
    kernel = separable_kernel(rng, (41, 33))
    options: dict[str, Any] = {"dtype": "int16", "method": method, "boundary": "mirror"}
    untiled = nc.convolve(image, kernel, **options)
    tiled = nc.convolve(image, kernel, max_memory=TINY * 10, **options)
    assert tiled.dtype == np.int16
    assert np.abs(tiled.astype(int) - untiled).max() <= 1  # a sum may fall on either side of .5
    assert (tiled == untiled).mean() > 0.999


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("sides", [(41, 3), (3, 41), (15, 15)])
def test_no_block_on_a_device_is_larger_than_the_memory_allowed(sides: tuple[int, ...], method: str) -> None:
    """Borders and halos count too: a thin slab along an edge depends on much more than itself."""
    rng = np.random.default_rng(5)
    image, kernel = rng.normal(size=(200, 210)).astype(np.float32), separable_kernel(rng, sides)
    for options in ({"boundary": "reflect"}, {"shape": "full"}, {"mask": image > -1}):
        parts = np.abs(kernel) if "mask" in options else kernel
        with standin() as memory:
            nc.convolve(image, parts, max_memory=100_000, method=method, backend=NAME, **options)
        assert 0 < memory.largest_taken <= 100_000, options


def test_memory_may_be_said_in_words() -> None:
    image, kernel = data()
    results = [
        nc.convolve(image, kernel, max_memory=memory)
        for memory in ("20 kB", "20 KiB", "1 MiB", "4 GiB", 20_000, np.int64(20_000))
    ]
    for result in results:
        assert_within_the_table(result, results[0], kernel, "words")


@pytest.mark.parametrize("memory", [0, -1, "", "much", "4 parsecs", "-1 GiB", True, np.nan, np.inf, []])
def test_nonsense_as_memory_is_an_error(memory: object) -> None:
    with pytest.raises((TypeError, ValueError), match="max_memory"):
        nc.convolve(np.ones((4, 4)), np.ones((3, 3)), max_memory=memory)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_a_prime_sized_signal(method: str) -> None:
    """10007 samples: the transform pads to a fast length, the numbers stay."""
    rng = np.random.default_rng(4)
    image, kernel = rng.normal(size=10007), rng.normal(size=101)
    expected = np.convolve(image, kernel, mode="same")
    for memory in (None, 60_000):
        got = nc.convolve(image, kernel, boundary="constant", method=method, max_memory=memory)
        assert np.abs(got - expected).max() <= 1e-12 * np.abs(kernel).sum() * 5
