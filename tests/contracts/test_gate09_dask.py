"""Gate 9, lazily: a Dask array in gives a Dask array out, equal to the result in memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

from .matrix import BOUNDARIES, METHOD_NAMES, OPERATIONS, call, separable_kernel
from .reference import TOLERANCE

da = pytest.importorskip("dask.array")

CHUNKS = [(40, 50), (7, 50), (2, 7), ((1, 2, 3, 34), (25, 25)), ((13, 27), (1, 48, 1))]


def data(dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 50)).astype(dtype), separable_kernel(rng, (5, 4))


def check(operation: str, image: np.ndarray, chunks: Any, kernel: Any, **options: Any) -> None:
    """Chunked equals whole, and stays lazy until it is asked for."""
    whole = call(operation, image, kernel, **options)
    lazy = call(operation, da.from_array(image, chunks=chunks), kernel, **options)
    assert isinstance(lazy, da.Array)
    assert lazy.shape == whole.shape and lazy.dtype == whole.dtype
    got = lazy.compute(scheduler="synchronous")
    assert isinstance(got, np.ndarray) and got.dtype == whole.dtype
    assert np.array_equal(np.isnan(got), np.isnan(whole)), (operation, chunks, options)
    largest = max(5.0, float(np.nanmax(np.abs(image))))
    allowed = TOLERANCE[whole.dtype.name] * largest * np.abs(kernel).sum()
    assert np.nanmax(np.abs(got - whole)) <= allowed, (operation, chunks, options)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("chunks", CHUNKS, ids=str)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_chunking_and_boundary(operation: str, chunks: Any, boundary: str) -> None:
    image, kernel = data()
    check(operation, image, chunks, kernel, boundary=boundary, cval=1.5)
    check(operation, image, chunks, kernel, boundary=boundary, origin=(-2, 1))


@pytest.mark.parametrize("chunks", CHUNKS, ids=str)
@pytest.mark.parametrize("extent", ["full", "valid"])
def test_full_and_valid(extent: str, chunks: Any) -> None:
    image, kernel = data()
    for boundary in ("constant", "reflect", "wrap"):
        check("convolve", image, chunks, kernel, shape=extent, boundary=boundary)
        check("correlate", image, chunks, kernel, shape=extent, boundary=boundary)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_methods_and_float32(method: str) -> None:
    image, kernel = data("float32")
    check("correlate", image, (9, 20), kernel, method=method)


@pytest.mark.parametrize("side", [61, 90])
def test_kernel_larger_than_the_chunks_and_the_image(side: int) -> None:
    image, kernel = data()[0], separable_kernel(np.random.default_rng(1), (side, 6))
    for boundary in BOUNDARIES:
        check("convolve", image, (11, 13), kernel, boundary=boundary)


@pytest.mark.parametrize("extent", ["same", "full", "valid"])
def test_chunks_of_one_sample(extent: str) -> None:
    image, kernel = data()[0][:7, :8], data()[1]
    for boundary in BOUNDARIES:
        check("correlate", image, (1, 1), kernel, shape=extent, boundary=boundary)


@pytest.mark.parametrize("axes", [(0,), (3,), (0, 2), (1, 2, 3)])
def test_axes_of_a_stack(axes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(2)
    image, kernel = rng.normal(size=(5, 4, 12, 9)), separable_kernel(rng, (3, 2, 4)[: len(axes)])
    for chunks in ((5, 4, 12, 9), (2, 3, 5, 4), (1, 1, 12, 9)):
        check("convolve", image, chunks, kernel, axes=axes)


@pytest.mark.parametrize("way", ["omit", "propagate", "mask"])
def test_missing_samples(way: str) -> None:
    image, kernel = data()
    holes = np.random.default_rng(3).random(image.shape) < 0.2
    holes[10:24, 10:30] = True
    if way != "mask":
        check("convolve", np.where(holes, np.nan, image), (9, 11), kernel, nan=way)
        return
    check("convolve", image, (9, 11), kernel, mask=~holes)
    lazy_mask = da.from_array(~holes, chunks=(20, 7))
    lazy = nc.convolve(da.from_array(image, chunks=(9, 11)), kernel, mask=lazy_mask)
    whole = nc.convolve(image, kernel, mask=~holes)
    np.testing.assert_allclose(lazy.compute(), whole, atol=1e-11)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "complex64"])
def test_types_of_image_and_result(dtype: str) -> None:
    image, kernel = data()
    image = (100 * image).astype(dtype if dtype != "uint8" else "int64").astype(dtype)
    check("convolve", image, (9, 11), kernel / 100)
    if dtype != "complex64":
        lazy = nc.convolve(da.from_array(image, chunks=(9, 11)), kernel, dtype="uint8")
        assert lazy.dtype == np.uint8
        whole = nc.convolve(image, kernel, dtype="uint8")
        assert np.abs(lazy.compute().astype(int) - whole).max() <= 1


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    def explode(block: np.ndarray) -> np.ndarray:
        raise AssertionError("computed too early")

    image = da.zeros((60, 60), chunks=(20, 20)).map_blocks(explode, dtype=float, meta=np.empty((0, 0)))
    lazy = nc.convolve(image, np.ones((3, 3)))
    assert lazy.shape == (60, 60)
    with pytest.raises(AssertionError, match="too early"):
        lazy.compute(scheduler="synchronous")


def test_a_part_needs_only_its_own_chunks() -> None:
    asked: set[tuple[int, ...]] = set()

    def note(block: np.ndarray, block_id: tuple[int, ...]) -> np.ndarray:
        asked.add(block_id)
        return block

    image = da.zeros((100, 100), chunks=(10, 10)).map_blocks(note, dtype=float, meta=np.empty((0, 0)))
    nc.convolve(image, np.ones((3, 3)))[0:10, 0:10].compute(scheduler="synchronous")
    assert asked == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_the_graph_of_very_many_chunks_is_built_quickly() -> None:
    image = da.zeros((100_000, 64), chunks=(1, 64), dtype="float32")
    start = time.process_time()
    lazy = nc.convolve(image, np.ones((3, 3)))
    assert lazy.shape == image.shape
    assert time.process_time() - start < 30  # a guard against quadratic work, not a benchmark


@pytest.mark.parametrize("extent", ["same", "full"])
def test_zero_sized_batch_axes(extent: str) -> None:
    lazy = nc.convolve(da.zeros((0, 8, 9), chunks=(1, 4, 4)), np.ones((3, 3)), shape=extent)
    assert lazy.compute().shape == ((0, 8, 9) if extent == "same" else (0, 10, 11))


def test_the_report_comes_once_and_computing_reports_nothing_more() -> None:
    reports: list[nc.Report] = []
    image, kernel = data()
    lazy = nc.convolve(da.from_array(image, chunks=(9, 11)), kernel, report=reports.append)
    assert len(reports) == 1 and "\n" not in str(reports[0])
    lazy.compute()
    assert len(reports) == 1


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_schedulers_give_the_same_bits(scheduler: str) -> None:
    image, kernel = data()
    lazy = nc.convolve(da.from_array(image, chunks=(9, 11)), kernel, method="fft")
    assert lazy.compute(scheduler=scheduler).tobytes() == lazy.compute().tobytes()


def test_results_go_on_being_lazy_arrays() -> None:
    """Two operations in a row, a slice and a sum: what a user does next."""
    image, kernel = data()
    lazy = nc.correlate(nc.convolve(da.from_array(image, chunks=(9, 11)), kernel), kernel)
    whole = nc.correlate(nc.convolve(image, kernel), kernel)
    assert isinstance(lazy, da.Array)
    np.testing.assert_allclose(lazy[3:30:2, ::-1].compute(), whole[3:30:2, ::-1], atol=1e-10)
    assert float(lazy.sum()) == pytest.approx(whole.sum())


def test_arrays_that_cannot_be_chunked_right_are_errors() -> None:
    image, kernel = data()
    unknown = da.from_array(image, chunks=(10, 10))
    unknown = unknown[da.from_array(image[:, 0] > 0, chunks=10)]
    with pytest.raises(ValueError, match="chunk"):
        nc.convolve(unknown, kernel)
    with pytest.raises((TypeError, ValueError), match="object"):
        nc.convolve(da.from_array(np.full((4, 4), None), chunks=(2, 2)), kernel)
    with pytest.raises(ValueError, match="size|empty|axis"):
        nc.convolve(da.zeros((3, 0), chunks=(1, 1)), np.ones((3, 3)))
    with pytest.raises(ValueError, match="boundary"):
        nc.convolve(da.from_array(image, chunks=(10, 10)), kernel, boundary="reflecct")


def test_the_input_is_not_modified() -> None:
    image, kernel = data()
    before = image.copy()
    nc.convolve(da.from_array(image, chunks=(9, 11)), kernel, nan="omit").compute()
    np.testing.assert_array_equal(image, before)


def test_a_zarr_array_is_read_chunk_by_chunk(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    image, kernel = data()
    stored = zarr.create_array(tmp_path / "image.zarr", data=image, chunks=(7, 50))
    stored_mask = zarr.create_array(tmp_path / "mask.zarr", data=image > 0, chunks=(40, 50))
    lazy = nc.convolve(stored, kernel, mask=stored_mask)
    assert isinstance(lazy, da.Array)
    np.testing.assert_allclose(lazy.compute(), nc.convolve(image, kernel, mask=image > 0), atol=1e-12)


def test_chunks_are_computed_in_other_processes_too() -> None:
    image, kernel = data()
    lazy = nc.convolve(da.from_array(image, chunks=(20, 50)), nc.Kernel(kernel), boundary="wrap")
    got = lazy.compute(scheduler="processes", num_workers=2)
    np.testing.assert_allclose(got, nc.convolve(image, kernel, boundary="wrap"), atol=1e-12)
