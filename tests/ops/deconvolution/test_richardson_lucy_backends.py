"""Gate 12 for Richardson-Lucy: every other device library gives the CPU's result, and falls back when it is full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.contracts.standin import NAME, Memory, on_device, on_host, standin

import napari_convolve as nc

SHAPE = (2, 21, 24)
MASK = np.random.default_rng(8).random(SHAPE) > 0.1
OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "plain": {"acceleration": None},
    "periodic": {"edges": "periodic"},
    "mask": {"mask": MASK},
    "omit": {"nan": "omit"},
    "saturation": {"saturation": 90},
    "background": {"background": 3.0},
    "tv": {"tv": 0.02},
    "start": {"start": "image"},
    "given start": {"start": np.random.default_rng(1).random(SHAPE)},
    "stop": {"stop": "auto", "iterations": 50},
    "axes": {"axes": (0, 2)},
    "clip": {"negative": "clip"},
    "uint8": {"dtype": "uint8"},
    "float64": {"dtype": "float64"},
}


@pytest.fixture(autouse=True, scope="module")
def device() -> Iterator[Memory]:
    with standin() as memory:
        yield memory


def psf_of() -> np.ndarray:
    y, x = np.mgrid[-1:1, -2:3]
    return np.exp(-(y**2) - (x - 0.3) ** 2 / 2)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_every_option(option: str, dtype: str) -> None:
    image = (100 * np.random.default_rng(0).random(SHAPE)).astype(dtype)
    if image.dtype.kind == "f":
        image[1, 3, 4] = {"omit": np.nan, "clip": -5}.get(option, 7)
    options = {"iterations": 10, **OPTIONS[option]}
    on_cpu = nc.richardson_lucy(image, psf_of(), backend="numpy", **options)
    for given in (image, on_device(image)):
        found = nc.richardson_lucy(given, psf_of(), backend=NAME, **options)
        found = found if given is image else on_host(found)
        assert found.dtype == on_cpu.dtype
        if on_cpu.dtype.kind == "u":
            assert np.abs(found.astype(int) - on_cpu).max() <= 1
            continue
        allowed = 1e-3 if on_cpu.dtype.itemsize == 4 else 1e-8
        assert np.abs(found - on_cpu).max() <= allowed * on_cpu.max()


def test_intermediate_objects_come_home() -> None:
    image = np.random.default_rng(0).random(SHAPE[1:])
    seen: list[Any] = []
    nc.richardson_lucy(image, psf_of(), iterations=2, backend=NAME, intermediate=lambda n, x: seen.append(x))
    assert len(seen) == 2 and all(isinstance(x, np.ndarray) and x.shape == image.shape for x in seen)


def test_a_full_device_falls_back_to_the_cpu(device: Memory) -> None:
    image = np.random.default_rng(0).random(SHAPE)
    device.largest = 2000
    reports: list[nc.Report] = []
    try:
        with pytest.warns(UserWarning, match="ran out of memory"):
            found = nc.richardson_lucy(image, psf_of(), backend=NAME, report=reports.append)
    finally:
        device.largest = float("inf")
    np.testing.assert_array_equal(found, nc.richardson_lucy(image, psf_of(), backend="numpy"))
    assert reports[0].fallbacks and reports[0].plan.backend == "numpy"
