"""Progress, the report at the end, and cancelling."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

from .matrix import METHOD_NAMES, OPERATIONS, call, separable_kernel
from .standin import NAME, standin

IMAGE = np.random.default_rng(0).normal(size=(200, 210)).astype(np.float32)
KERNEL = separable_kernel(np.random.default_rng(1), (5, 6))
MANY_TILES: dict[str, Any] = {"max_memory": 30_000}


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_progress_grows_to_its_total_in_the_calling_thread(method: str) -> None:
    calls: list[tuple[int, int]] = []
    threads: set[threading.Thread] = set()

    def progress(done: int, total: int) -> None:
        calls.append((done, total))
        threads.add(threading.current_thread())

    nc.convolve(IMAGE, KERNEL, method=method, progress=progress, **MANY_TILES)
    done = [d for d, _ in calls]
    assert len({total for _, total in calls}) == 1
    assert done == sorted(done) and done[-1] == calls[-1][1] >= 2
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_one_worker_tells_every_step(method: str) -> None:
    calls: list[tuple[int, int]] = []
    how: dict[str, Any] = {"method": method, "workers": 1, **MANY_TILES}
    nc.convolve(IMAGE, KERNEL, progress=lambda done, total: calls.append((done, total)), **how)
    assert [done for done, _ in calls] == list(range(calls[0][1] + 1))


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_little_work_follows_a_cancellation(method: str) -> None:
    """The allocator of the stand-in counts what is still done."""

    def enough(done: int, total: int) -> None:
        if done:
            raise nc.Cancelled

    how: dict[str, Any] = {"method": method, "backend": NAME, **MANY_TILES}
    with standin() as memory:
        nc.convolve(IMAGE, KERNEL, **how)
        whole = memory.blocks
    with standin() as memory:
        with pytest.raises(nc.Cancelled):
            nc.convolve(IMAGE, KERNEL, progress=enough, **how)
        assert memory.blocks < whole / 3


@pytest.mark.parametrize("workers", [1, 2, None])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_cancelled_stops_promptly_and_leaves_nothing_behind(operation: str, workers: int | None) -> None:
    calls: list[int] = []
    reports: list[nc.Report] = []

    def progress(done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == 2:
            raise nc.Cancelled("enough")

    with pytest.raises(nc.Cancelled, match="enough"):
        call(
            operation,
            IMAGE,
            KERNEL,
            workers=workers,
            progress=progress,
            report=reports.append,
            **MANY_TILES,
        )
    assert len(calls) == 2 and not reports
    np.testing.assert_array_equal(
        call(operation, IMAGE, KERNEL, **MANY_TILES), call(operation, IMAGE, KERNEL, **MANY_TILES)
    )


def test_cancelled_at_once() -> None:
    def never(done: int, total: int) -> None:
        raise nc.Cancelled

    with pytest.raises(nc.Cancelled):
        nc.convolve(IMAGE, KERNEL, progress=never)


def test_an_error_of_the_callback_is_the_callers() -> None:
    def clumsy(done: int, total: int) -> None:
        raise KeyError("my own mistake")

    with pytest.raises(KeyError, match="my own mistake"):
        nc.convolve(IMAGE, KERNEL, progress=clumsy, **MANY_TILES)


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_report_comes_once_with_every_field(operation: str, method: str) -> None:
    reports: list[nc.Report] = []
    call(operation, IMAGE, KERNEL, method=method, report=reports.append)
    (report,) = reports
    assert isinstance(report, nc.Report)
    assert report.operation == operation
    assert isinstance(report.plan, nc.Plan) and report.plan.backend == "numpy"
    assert method in ("auto", report.plan.method)
    assert report.seconds > 0 and report.peak_bytes >= 0
    assert report.fallbacks == () and isinstance(report.assumptions, tuple)
    assert dict(report.details) == {} or all(isinstance(key, str) for key in report.details)
    text = str(report)
    assert "\n" not in text and operation in text and report.plan.method in text
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.seconds = 0.0  # type: ignore[misc]


def test_the_report_of_an_empty_result_comes_too() -> None:
    reports: list[nc.Report] = []
    nc.convolve(np.zeros((0, 5)), np.ones(3), report=reports.append)
    assert len(reports) == 1 and "\n" not in str(reports[0])


def test_neither_progress_nor_report_changes_the_result() -> None:
    silent = nc.convolve(IMAGE, KERNEL, **MANY_TILES)
    heard = nc.convolve(IMAGE, KERNEL, progress=lambda d, t: None, report=lambda r: None, **MANY_TILES)
    assert np.abs(silent - heard).max() <= 1e-5 * 5 * np.abs(KERNEL).sum()


@pytest.mark.parametrize("name", ["progress", "report"])
def test_something_that_cannot_be_called_is_an_error(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        nc.convolve(IMAGE, KERNEL, **{name: "me"})


@pytest.mark.parametrize("method", ["direct", "fft"])
def test_a_watched_call_plans_no_long_step(method: str) -> None:
    """With memory for everything at once, only the watching makes the tiles small."""
    image, kernel = nc.ArraySpec((20_000, 20_000)), np.random.default_rng(2).normal(size=(31, 31))
    how: dict[str, Any] = {"method": method, "max_memory": "1000 GiB", "workers": 1}
    quiet = nc.plan(image, kernel, **how)
    watched = nc.plan(image, kernel, progress=lambda done, total: None, **how)
    steps = np.prod([-(-20_000 // tile) for tile in watched.tiles])
    assert watched.seconds / steps <= 0.3 * 1.01
    assert method == "direct" or np.prod(watched.tiles) < np.prod(quiet.tiles)


def test_the_plan_is_what_happens() -> None:
    reports: list[nc.Report] = []
    for options in ({}, MANY_TILES, {"method": "fft"}, {"boundary": "wrap", "shape": "full"}):
        planned = nc.plan(IMAGE, KERNEL, **options)
        nc.convolve(IMAGE, KERNEL, report=reports.append, **options)
        happened = reports[-1].plan
        assert (planned.method, planned.backend) == (happened.method, happened.backend)
        assert planned.tiles == happened.tiles or "max_memory" not in options
        text = str(planned)
        assert "\n" not in text and planned.method in text and planned.reason in text
    with pytest.raises(dataclasses.FrozenInstanceError):
        planned.method = "magic"  # type: ignore[misc]
