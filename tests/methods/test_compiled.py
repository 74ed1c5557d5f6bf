"""The compiled loops: every grouping of taps, in place on strided blocks, and never at the cost of a first call."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

import napari_convolve as nc
from napari_convolve.methods import _codegen, _compiled

pytest.importorskip("numba")


@pytest.mark.parametrize("length", range(1, 41))
def test_groups_cover_every_tap_once_and_stay_inside(length: int) -> None:
    weights = np.arange(1.0, length + 1)[None]
    taps = _compiled._group(length)
    grouped = _compiled._grouped(weights, taps)[0]
    total = np.zeros(length)
    for start in range(0, len(grouped), taps):
        at = min(start, length - taps)
        assert at >= 0
        total[at : at + taps] += grouped[start : start + taps]
    np.testing.assert_array_equal(total, weights[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [(3, 3), (5, 5), (4, 6), (1, 9), (9, 11)])
def test_planes_of_a_strided_view(size: tuple[int, int], dtype: str) -> None:
    rng = np.random.default_rng(0)
    parent = rng.normal(size=(3, 40, 50)).astype(dtype)
    block = parent[1:, 2:37, 3:45]
    kernel = rng.normal(size=size).astype(dtype)
    out = np.empty((2, 35 - size[0] + 1, 42 - size[1] + 1), dtype)
    codes = tuple(_compiled.plane_code(*size, dtype, add) for add in (False, True))
    finite = _compiled.apply_planes(block, [((0,), _compiled.plane_weights(codes[0], kernel))], codes, out, size[1])
    assert finite
    for plane, result in zip(block, out, strict=True):
        whole = ndimage.correlate(plane.astype(float), kernel.astype(float), mode="constant")
        top, left = size[0] // 2, size[1] // 2
        expected = whole[top : top + result.shape[0], left : left + result.shape[1]]
        np.testing.assert_allclose(result, expected, atol=1e-4 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 3, 6])
def test_a_result_that_is_not_finite_is_told(spoilt: float, row: int) -> None:
    block = np.zeros((7, 30), np.float32)
    block[row, 11] = spoilt
    out = np.empty((5, 28), np.float32)
    codes = tuple(_compiled.plane_code(3, 3, "float32", add) for add in (False, True))
    weights = _compiled.plane_weights(codes[0], np.ones((3, 3), np.float32))
    assert not _compiled.apply_planes(block, [((), weights)], codes, out, 3)


def test_columns_along_a_leading_axis() -> None:
    rng = np.random.default_rng(1)
    block, vector = rng.normal(size=(20, 4, 6)), rng.normal(size=9)
    out = np.empty((12, 4, 6))
    assert _compiled.apply_columns(block, vector, 0, out, False)
    expected = ndimage.correlate1d(block, vector, axis=0, mode="constant")[4:16]
    np.testing.assert_allclose(out, expected, atol=1e-12)
    assert _compiled.apply_columns(block, vector, 0, out, True)
    np.testing.assert_allclose(out, 2 * expected, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [(17, 33), (16, 40), (40, 16)])
def test_long_boxes_are_running_sums(size: tuple[int, int], dtype: str) -> None:
    rng = np.random.default_rng(2)
    image = (rng.normal(size=(61, 75)) + 1000).astype(dtype)
    kernel = np.full(size, 1 / np.prod(size))
    assert _compiled.row_code(size[1], dtype, False, flat=True).kind == "box_rows"
    got = nc.convolve(image, kernel, method="separable")
    expected = ndimage.convolve(image.astype(float), kernel)
    np.testing.assert_allclose(got, expected, rtol=1e-5 if dtype == "float32" else 1e-12)
    image[30, 20] = np.nan
    spoilt = np.isnan(nc.convolve(image, kernel, method="separable"))
    assert spoilt.sum() == np.prod(size)  # a running sum must not carry a NaN along


def test_the_source_is_plain_text_that_compiles() -> None:
    for source in (_codegen.unrolled(3, 5, True), _codegen.rows(4, False, 2), _codegen.columns(8, False, 4)):
        compile(source, "loop", "exec")


def test_a_first_call_does_not_wait_for_the_compiler_and_a_later_one_uses_its_code() -> None:
    program = """
import numpy as np, time, napari_convolve as nc
from napari_convolve.backends import SESSION
image, kernel = np.ones((1024, 1024), np.float32), np.random.default_rng(0).normal(size=(5, 5))
reports = []
nc.convolve(image, kernel, report=reports.append)
assert not SESSION.ready(), SESSION.ready()
assert reports[0].plan.method != "direct", reports[0]
for _ in range(600):
    if SESSION.ready():
        break
    time.sleep(0.1)
nc.convolve(image, kernel, report=reports.append)
assert reports[1].plan.method == "direct", reports[1]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
