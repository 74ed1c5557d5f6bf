"""The compiled loops: all groupings of taps, strided blocks, and first calls that never wait."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage, signal

import napari_convolve as nc
from napari_convolve.backends import SESSION
from napari_convolve.methods import PreparedKernel, SampleSource, _bands, _codegen, _compiled

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


SIZES = [(3, 3), (5, 5), (4, 6), (1, 9), (9, 11), (3, 3, 3), (1, 3, 4), (2, 3, 4), (9, 1, 1), (11, 5, 7)]
MODES = ("reflect", "mirror", "nearest", "wrap", "constant")


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "uint16", "int16"])
@pytest.mark.parametrize(
    "size", [(3, 3), (5, 5), (4, 6), (1, 9), (9, 11), (3, 3, 3), (1, 3, 4), (2, 3, 4), (9, 1, 1), (11, 5, 7)]
)
@pytest.mark.parametrize("method", ["direct", "separable"])
def test_a_strided_view_in_every_dtype_and_boundary(size: tuple[int, ...], dtype: str, method: str) -> None:
    rng = np.random.default_rng(0)
    parent = (100 * rng.normal(size=(2, 14, 40, 50))).astype(dtype)
    block = parent[:, 1:13, 2:37, 3:45]
    vectors = [rng.normal(size=k) for k in size]
    kernel = rng.normal(size=size) if method == "direct" else functools.reduce(np.multiply.outer, vectors)
    for mode in MODES:
        got = nc.convolve(block, kernel, method=method, boundary=mode, cval=7.0)
        wide = kernel.reshape((1,) * (4 - kernel.ndim) + kernel.shape)
        expected = ndimage.convolve(block.astype(float), wide, mode=mode, cval=7.0)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(got / scale, expected / scale, atol=1e-12 if dtype == "float64" else 2e-6)


def test_blocks_of_every_size_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    image, kernel = rng.normal(size=(20, 70, 300)), nc.kernels.gaussian(sigma=(2, 1.5, 3))
    whole = nc.convolve(image, kernel, method="separable")
    for rows, columns in [(1, 1), (3, 7), (70, 64), (64, 300), (5, 299)]:
        monkeypatch.setattr(_bands, "_best", lambda ny, nx, *rest, y=rows, x=columns: (min(ny, y), min(nx, x)))
        _bands.passes.cache_clear()
        _bands.block.cache_clear()
        np.testing.assert_allclose(nc.convolve(image, kernel, method="separable"), whole, atol=1e-13)
        np.testing.assert_allclose(nc.convolve(image, kernel, method="direct"), whole, atol=1e-12)
    _bands.passes.cache_clear()
    _bands.block.cache_clear()


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 3, 6])
def test_a_result_that_is_not_finite_is_told(spoilt: float, row: int) -> None:
    image = np.zeros((7, 30), np.float32)
    image[row, 11] = spoilt
    reach = SampleSource((-1, -1), "reflect", 0.0)
    vector = np.ones(3, np.float32)
    weights = PreparedKernel(np.ones((3, 3), np.float32), (0, 1), ((vector, vector),))
    whole = (slice(0, 7), slice(0, 30))
    for make in (_bands.plane_tiles, _bands.lines):
        tiles = make(image, weights, reach)
        assert tiles is not None
        assert not tiles(whole, np.empty((7, 30), np.float32), 1)
        assert tiles((slice(0, 7), slice(15, 30)), np.empty((7, 15), np.float32), 1)


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
    for source in (
        _codegen.unrolled(3, 5, True),
        _codegen.rows_source(4, False, 2),
        _codegen.columns_source(8, False, 4),
    ):
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
for _ in range(6000):
    if nc.plan(image, kernel).method == "direct":
        break
    time.sleep(0.1)
nc.convolve(image, kernel, report=reports.append)
assert reports[1].plan.method == "direct", reports[1]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("extent", ["same", "full", "valid"])
@pytest.mark.parametrize("operation", [nc.convolve, nc.correlate])
def test_what_is_too_small_to_be_compiled_is_not(
    monkeypatch: pytest.MonkeyPatch, operation: Callable[..., np.ndarray], extent: str
) -> None:
    """Also where the image holds more samples than the result."""

    def refuse(*_: object) -> None:
        pytest.fail("a call waits for the compiler")

    monkeypatch.setattr(type(SESSION), "compiled", refuse)
    more = {"same": 0, "full": -2, "valid": 2}[extent]
    image, kernel = np.random.default_rng(2).random((21 + more, 23 + more)), np.arange(9.0).reshape(3, 3)
    reference = {nc.convolve: signal.convolve2d, nc.correlate: signal.correlate2d}[operation]
    got = operation(image, kernel, shape=extent, boundary="constant", method="direct")
    np.testing.assert_allclose(got, reference(image, kernel, extent), atol=1e-12)


def test_code_is_compiled_also_where_it_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is full, or closed after it was chosen."""
    caching = pytest.importorskip("numba.core.caching", reason="needs Numba")
    from numba import types

    asked = []

    def closed(locator: object) -> None:
        asked.append(locator)
        if len(asked) > 1:  # the first asks whether the folder will do
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(caching._CacheLocator, "ensure_cache_path", closed)
    double = _compiled.compile_kept(types.float64(types.float64), lambda x: 2 * x, fastmath=False)
    assert double(4.0) == 8.0
    assert len(asked) > 1
