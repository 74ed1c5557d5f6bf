"""Gate 12 for Wiener: every other device library gives the CPU's result, and falls back when it is full."""

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
    "laplacian": {"regularization": "laplacian"},
    "periodic": {"edges": "periodic"},
    "mask": {"mask": MASK},
    "omit": {"nan": "omit"},
    "auto": {"nsr": "auto"},
    "auto with a mask": {"nsr": "auto", "mask": MASK},
    "callable": {"nsr": lambda y, x: 0.01 + y**2 + x**2},
    "axes": {"axes": (0, 2)},
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


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "complex64"])
@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_every_option(option: str, dtype: str) -> None:
    if option in ("uint8", "float64") and dtype == "complex64":
        pytest.skip("a complex result needs a complex dtype")
    image = (100 * np.random.default_rng(0).random(SHAPE)).astype(dtype)
    if option == "omit" and image.dtype.kind in "fc":
        image[1, 3, 4] = np.nan
    options = {"nsr": 0.02, **OPTIONS[option]}
    on_cpu = nc.wiener(image, psf_of(), backend="numpy", **options)
    for given in (image, on_device(image)):
        found = nc.wiener(given, psf_of(), backend=NAME, **options)
        found = found if given is image else on_host(found)
        assert found.dtype == on_cpu.dtype
        if on_cpu.dtype.kind == "u":
            assert np.abs(found.astype(int) - on_cpu).max() <= 1
            continue
        allowed = 1e-3 if on_cpu.dtype.itemsize == 4 or dtype == "complex64" else 1e-8
        assert np.abs(found - on_cpu).max() <= allowed * np.abs(on_cpu).max()


def test_a_full_device_falls_back_to_the_cpu(device: Memory) -> None:
    image = np.random.default_rng(0).random(SHAPE)
    device.largest = 2000
    reports: list[nc.Report] = []
    try:
        with pytest.warns(UserWarning, match="ran out of memory"):
            found = nc.wiener(image, psf_of(), nsr=0.01, backend=NAME, report=reports.append)
    finally:
        device.largest = float("inf")
    np.testing.assert_allclose(found, nc.wiener(image, psf_of(), nsr=0.01, backend="numpy"), atol=1e-9)
    assert reports[0].fallbacks and reports[0].plan.backend == "numpy"
