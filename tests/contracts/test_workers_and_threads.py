"""The same Plan gives the same bits for any number of threads, and when several threads call at once."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

from .matrix import METHOD_NAMES, OPERATIONS, call, separable_kernel

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(3, 300, 310)).astype(np.float32)
KERNEL = separable_kernel(RNG, (5, 6))
NAMED = [name for name in METHOD_NAMES if name != "auto"]


def digest(result: np.ndarray) -> str:
    """Identify the bits of a result in a failure message of bearable length."""
    return f"{result.dtype} {result.shape} {hashlib.sha1(result.tobytes()).hexdigest()[:12]}"


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("memory", [None, 400_000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_result_does_not_depend_on_workers(dtype: str, memory: int | None, method: str) -> None:
    image = IMAGE.astype(dtype)
    for operation in OPERATIONS:
        how: dict[str, Any] = {"method": method, "max_memory": memory}
        if method == "auto":  # what is compiled meanwhile may change the Plan, not its result
            how["method"] = nc.plan(image, KERNEL, **how).method
        results = [call(operation, image, KERNEL, workers=w, **how) for w in (1, 2, 3, 64, None)]
        assert len({digest(result) for result in results}) == 1


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_with_missing_samples_neither(method: str) -> None:
    image = IMAGE.copy()
    image[RNG.random(image.shape) < 0.01] = np.nan
    for nan in ("omit", "propagate"):
        results = [
            nc.convolve(image, np.abs(KERNEL), nan=nan, method=method, max_memory=900_000, workers=workers)
            for workers in (1, 2, None)
        ]
        assert len({digest(result) for result in results}) == 1


@pytest.mark.parametrize("side", [40, 300, 1000, 5000])
def test_workers_do_not_decide_the_plan(side: int) -> None:
    """Neither method, backend nor tiles: else the bits would depend on them."""
    for sides in ((3, 3), (15, 15), (2, 61), (63, 65)):
        for memory in (None, "1 MiB", "40 MiB"):
            spec = nc.ArraySpec((2, side, side))
            kernel = separable_kernel(RNG, sides)
            plans = [nc.plan(spec, kernel, workers=w, max_memory=memory) for w in (1, 2, 7, None)]
            assert len({(plan.method, plan.backend, plan.tiles) for plan in plans}) == 1


def jobs() -> list[tuple[str, np.ndarray, np.ndarray, dict[str, Any]]]:
    """Forty different calls, so that threads which share a buffer or a plan disturb each other."""
    rng = np.random.default_rng(3)
    made = []
    for number in range(40):
        shape = tuple(int(n) for n in rng.integers(20, 90, 2))
        kernel = separable_kernel(rng, tuple(int(k) for k in rng.integers(1, 9, 2)))
        image = rng.normal(size=shape).astype(["float32", "float64"][number % 2])
        if number % 3 == 0:
            image[rng.random(shape) < 0.05] = np.nan
        options: dict[str, Any] = {"method": NAMED[number % len(NAMED)]}
        if number % 4 == 0:
            options["max_memory"] = 60_000
        made.append((OPERATIONS[number % 2], image, kernel, options))
    return made


def run(job: tuple[str, np.ndarray, np.ndarray, dict[str, Any]]) -> str:
    operation, image, kernel, options = job
    return digest(call(operation, image, kernel, **options))


def test_eight_threads_at_once_get_the_numbers_of_one() -> None:
    nc.clear_cache()
    serial = [run(job) for job in jobs()]
    nc.clear_cache()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(run, jobs())) == serial


def test_clearing_the_cache_while_others_compute_is_harmless() -> None:
    serial = [run(job) for job in jobs()]
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(run, job) for job in jobs()]
        for _ in range(20):
            nc.clear_cache()
        assert [future.result() for future in running] == serial


def work_in_a_child(packed: bytes) -> bytes:
    image, kernel = pickle.loads(packed)
    return nc.convolve(image, kernel, method="fft", workers=2, max_memory=100_000).tobytes()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_fork_after_threads_have_run_still_computes() -> None:
    packed = pickle.dumps((IMAGE[0], KERNEL))
    expected = work_in_a_child(packed)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(work_in_a_child, (packed,)).get(timeout=900) == expected


SPAWNED = """
import pickle, sys
import napari_convolve as nc
image, kernel = pickle.load(sys.stdin.buffer)
result = nc.convolve(image, kernel, method="fft", workers=2, max_memory=100_000)
pickle.dump((kernel, result), sys.stdout.buffer)
"""


def test_a_kernel_travels_to_another_process() -> None:
    kernel = nc.Kernel(KERNEL, center=(0, 3), spacing=(2, 1), units="um", name="k")
    packed = pickle.dumps((IMAGE[0], kernel))
    child = subprocess.run([sys.executable, "-c", SPAWNED], input=packed, capture_output=True, timeout=900, check=True)
    same_kernel, result = pickle.loads(child.stdout)
    assert same_kernel == kernel and same_kernel.center == (0, 3)
    expected = nc.convolve(IMAGE[0], kernel, method="fft", max_memory=100_000)
    assert digest(result) == digest(expected)
