"""Gate 12: the CPU against every other backend, every option, within the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

from .matrix import BACKENDS, BOUNDARIES, METHOD_NAMES, OPERATIONS, call, separable_kernel
from .reference import TOLERANCE, assert_close
from .standin import NAME, on_device, on_host

OTHERS = [name for name in BACKENDS if name != "numpy"]
SHAPE = (3, 13, 16)
VALID = np.random.default_rng(9).random(SHAPE) < 0.7
OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "axes": {"axes": (0, 2)},
    "axes reversed": {"axes": (2, 1)},
    "cval": {"boundary": "constant", "cval": -2.5},
    "origin": {"origin": (1, -2)},
    "one origin": {"origin": -1},
    "full": {"shape": "full"},
    "full constant": {"shape": "full", "boundary": "constant"},
    "valid": {"shape": "valid"},
    "mask": {"mask": VALID},
    "mask of everything": {"mask": np.ones(SHAPE, bool)},
    "omit": {"nan": "omit"},
    "mask and omit": {"mask": VALID, "nan": "omit"},
    "propagate": {"nan": "propagate"},
    "float32": {"dtype": "float32"},
    "float64": {"dtype": np.float64},
    "complex64": {"dtype": "complex64"},
    "int16": {"dtype": "int16", "nan": "omit"},
    "uint64": {"dtype": "uint64", "nan": "omit"},
    "one worker": {"workers": 1},
    "small tiles": {"max_memory": 30_000},
    "progress": {"progress": lambda done, total: None},
    "report": {"report": lambda report: None},
    **{boundary: {"boundary": boundary} for boundary in BOUNDARIES},
}


def data(dtype: str, holes: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    image = (40 * rng.normal(size=SHAPE)).astype(dtype)
    if holes and image.dtype.kind == "f":
        image[1, 4, 5], image[2, 0, 15] = np.nan, -np.inf
    return image, separable_kernel(rng, (3, 4))


@pytest.mark.parametrize("backend", OTHERS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_every_option(option: str, method: str, backend: str) -> None:
    options = OPTIONS[option]
    integer = "int" in str(options.get("dtype", ""))
    for dtype in ("uint8", "int32", "float32", "float64"):
        image, kernel = data(dtype, holes="nan" in options or option == "defaults")
        if "mask" in options or options.get("nan") == "omit":
            kernel = np.abs(kernel)
        if integer:  # whole numbers, so that no sum falls between two integers
            kernel = np.sign(kernel)
        scale = 200 * np.abs(kernel).sum()
        for operation in OPERATIONS:
            on_cpu = call(operation, image, kernel, method=method, backend="numpy", **options)
            got = call(operation, image, kernel, method=method, backend=backend, **options)
            assert isinstance(got, np.ndarray) and got.dtype == on_cpu.dtype
            if integer:
                if options.get("nan") == "omit":
                    assert np.abs(got.astype(float) - on_cpu).max() <= 1
                continue
            precision = TOLERANCE["float32" if "64" not in on_cpu.dtype.name else "float64"]
            if on_cpu.dtype == np.complex64 or option == "complex64":
                precision = TOLERANCE["complex64"]
            assert_close(got, on_cpu, scale, (operation, dtype), precision)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_complex_kernels_on_the_device(method: str) -> None:
    image, kernel = data("float32", holes=True)
    for operation in OPERATIONS:
        on_cpu = call(operation, image, kernel * (1 - 2j), method=method, backend="numpy")
        got = call(operation, image, kernel * (1 - 2j), method=method, backend=NAME)
        assert_close(got, on_cpu, 2000.0, operation)


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_an_array_of_the_device_gives_a_result_on_the_device(option: str, method: str) -> None:
    options = dict(OPTIONS[option])
    image, kernel = data("float32", holes=False)
    kernel = np.abs(kernel)
    on_cpu = call("convolve", image, kernel, method=method, **options)
    if "mask" in options:
        options["mask"] = on_device(options["mask"])
    got = on_host(nc.convolve(on_device(image), kernel, method=method, **options))
    assert got.dtype == on_cpu.dtype
    if got.dtype.kind in "iu":
        assert np.abs(got.astype(float) - on_cpu).max() <= 1
    else:
        scale = 200 * np.abs(kernel).sum()
        assert_close(got, on_cpu, scale, option, TOLERANCE["float32"])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "int32", "int64", "float64"])
def test_device_arrays_of_every_type(dtype: str) -> None:
    image = np.random.default_rng(1).integers(0, 2 if dtype == "bool" else 100, (9, 8)).astype(dtype)
    kernel = np.ones((3, 2))
    got = on_host(nc.correlate(on_device(image), kernel))
    np.testing.assert_allclose(got, nc.correlate(image, kernel), rtol=1e-6)


def test_a_kernel_of_the_device_is_a_kernel() -> None:
    image, kernel = data("float32", holes=False)
    try:
        got = nc.convolve(image, on_device(kernel))
    except (TypeError, ValueError) as error:
        assert "kernel" in str(error)  # refusing clearly is an answer too
        return
    np.testing.assert_array_equal(got, nc.convolve(image, kernel))


def test_the_input_on_the_device_is_not_modified() -> None:
    image, kernel = data("float32", holes=False)
    there = on_device(image)
    for options in ({}, {"nan": "omit"}, {"dtype": "uint8"}):
        nc.convolve(there, np.abs(kernel), **options)
        np.testing.assert_array_equal(on_host(there), image)


def test_the_report_names_the_backend() -> None:
    image, kernel = data("float32", holes=False)
    reports: list[nc.Report] = []
    nc.convolve(image, kernel, backend=NAME, report=reports.append)
    assert reports[0].plan.backend == NAME and NAME in str(reports[0])


def test_it_is_listed_as_available() -> None:
    info = nc.available_backends()[NAME]
    assert info.available and "device1" in info.device
