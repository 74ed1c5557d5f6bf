"""A device that runs out of memory: smaller tiles, then the CPU, with one warning each."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

from .matrix import METHOD_NAMES, OPERATIONS, call, separable_kernel
from .standin import NAME, DeviceOutOfMemory, Memory, on_device, on_host, standin

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(6, 90, 110)).astype(np.float32)
KERNEL = separable_kernel(RNG, (5, 6))


def run(operation: str = "convolve", **options: Any) -> tuple[np.ndarray, nc.Report, list[str]]:
    """Result, report and warnings of one call on the stand-in."""
    reports: list[nc.Report] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call(operation, IMAGE, KERNEL, backend=NAME, report=reports.append, **options)
    (report,) = reports
    assert all(issubclass(w.category, UserWarning) for w in caught)
    return result, report, [str(w.message) for w in caught]


def assert_right(operation: str, result: np.ndarray) -> None:
    expected = call(operation, IMAGE, KERNEL, backend="numpy")
    assert np.abs(result - expected).max() <= 1e-5 * 5 * np.abs(KERNEL).sum()


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_blocks_too_large_give_smaller_tiles_on_the_device(operation: str, method: str) -> None:
    with standin(largest=40_000) as memory:
        result, report, warned = run(operation, method=method)
    assert_right(operation, result)
    assert memory.refused > 0 and memory.released > 0
    assert report.plan.backend == NAME
    assert report.fallbacks and list(report.fallbacks) == warned
    assert any("memory" in text for text in warned)


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_allocator_that_always_fails_ends_on_the_cpu(operation: str, method: str) -> None:
    with standin(largest=0) as memory:
        result, report, warned = run(operation, method=method)
    assert_right(operation, result)
    assert memory.refused > 0
    assert report.plan.backend == "numpy"
    assert any("numpy" in text or "CPU" in text for text in report.fallbacks)
    ordinary = nc.plan(IMAGE, KERNEL, operation=operation, method=report.plan.method, backend="numpy")
    assert report.plan.tiles == ordinary.tiles, "the memory of the device does not bound the CPU"
    assert list(report.fallbacks) == warned


def test_the_next_small_call_works_on_the_device_again() -> None:
    with standin(largest=40_000) as memory:
        run()
        refused = memory.refused
        reports: list[nc.Report] = []
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            nc.convolve(IMAGE[0, :20, :20], KERNEL, backend=NAME, report=reports.append)
        assert reports[0].plan.backend == NAME and not reports[0].fallbacks
        assert memory.refused == refused


def test_what_the_device_says_is_free_bounds_the_tiles_before_anything_fails() -> None:
    image = RNG.normal(size=(4, 400, 500)).astype(np.float32)
    reports: list[nc.Report] = []
    with standin(free=6 << 20) as memory:
        nc.convolve(image, KERNEL, backend=NAME, report=reports.append)
    assert memory.refused == 0 and not reports[0].fallbacks
    assert np.prod(reports[0].plan.tiles) < image.size


def test_an_image_on_a_full_device_raises_memory_error_or_comes_back() -> None:
    """The result must lie on the device: when even that fails there is nothing to fall back to."""
    there = on_device(IMAGE)
    with standin(largest=1000), pytest.raises((MemoryError, DeviceOutOfMemory)):
        nc.convolve(there, KERNEL)
    with standin():
        assert on_host(nc.convolve(there, KERNEL)).shape == IMAGE.shape


def test_progress_starts_again_but_ends_once() -> None:
    calls: list[tuple[int, int]] = []
    with standin(largest=40_000):
        run(progress=lambda done, total: calls.append((done, total)))
    assert calls[-1][0] == calls[-1][1]
    assert all(0 <= done <= total for done, total in calls)


def test_other_errors_of_the_device_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **options: Any) -> Any:
        raise RuntimeError("the device fell off the bus")

    monkeypatch.setattr(Memory, "take", broken)
    with standin(), pytest.raises(RuntimeError, match="fell off the bus"):
        nc.convolve(IMAGE, KERNEL, backend=NAME)
