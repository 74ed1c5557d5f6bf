"""Richardson-Lucy in tiles: the same as in one piece, at seams too, and within the memory that was allowed."""

from __future__ import annotations

import itertools
import tracemalloc
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from tests.contracts.standin import NAME, on_device, on_host, standin

import napari_convolve as nc
from napari_convolve.ops.deconvolution import rl_plan as lucy
from napari_convolve.ops.deconvolution import rl_tiled as _lucy_tiles
from napari_convolve.ops.deconvolution.rl_tiled import Tiling

#: What stays the same from one piece to tiles but for rounding, in float64.
CLOSE = 1e-9


def light(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return 5 + 100 * np.random.default_rng(seed).random(shape)


def lopsided(shape: tuple[int, ...]) -> np.ndarray:
    """No symmetry forgives a wrong halo."""
    return np.random.default_rng(3).random(shape)


@pytest.fixture
def tiled(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has `nc.richardson_lucy` compute in tiles of a given shape, whatever memory there is."""

    def use(tile: tuple[int, ...], files: bool = True) -> None:
        def choose(problem: Any, frame: Any, options: Any, run: Any) -> Tiling:
            pairs = [
                _lucy_tiles._padded(t, k, n, lambda n: n + 1)  # a transform longer than needed does no harm
                for t, k, n in zip(tile, problem.kernel, frame.grid, strict=True)
            ]
            return Tiling(run.machines[0].backend, *map(tuple, zip(*pairs, strict=True)), files, 0, 0, 0.0)  # type: ignore[arg-type]

        monkeypatch.setattr(_lucy_tiles, "choose", choose)
        monkeypatch.setattr(lucy, "fits", lambda *_: False)

    return use


def both(tiled: Any, tile: tuple[int, ...], image: Any, psf: Any, **options: Any) -> tuple[Any, Any, nc.Report]:
    """In one piece, in tiles, and the report of that."""
    reports: list[nc.Report] = []
    whole = nc.richardson_lucy(image, psf, **options)
    tiled(tile, files=len(tile) > 1)
    with pytest.warns(UserWarning, match="tiles of"):
        found = nc.richardson_lucy(image, psf, report=reports.append, **options)
    return whole, found, reports[0]


@pytest.mark.parametrize("edges", ["extend", "periodic"])
@pytest.mark.parametrize(
    ("shape", "size", "tile"),
    [
        ((61,), (7,), (10,)),
        ((60,), (8,), (17,)),
        ((40, 43), (6, 5), (11, 9)),
        ((40, 43), (9, 4), (64, 7)),  # one axis in one piece
        ((40, 43), (1, 12), (5, 30)),
        ((23, 24, 25), (4, 5, 6), (9, 10, 8)),
    ],
)
def test_tiles_are_as_one_piece(tiled: Any, edges: str, shape: Any, size: Any, tile: Any) -> None:
    kernel = nc.Kernel(lopsided(size), center=tuple(n // 3 for n in size))
    whole, found, report = both(tiled, tile, light(shape), kernel, iterations=12, edges=edges)
    np.testing.assert_allclose(found, whole, rtol=CLOSE)
    assert report.details["tiles"] > 1 and "tiles of" in report.fallbacks[0]


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {"acceleration": None},
    "tv": {"tv": 0.02, "iterations": 6},
    "background": {"background": 4.0},
    "start image": {"start": "image"},
    "start given": {"start": light((2, 40, 43), 5)},
    "mask": {"mask": np.random.default_rng(8).random((2, 40, 43)) > 0.1},
    "mask, start": {"mask": np.random.default_rng(8).random((2, 40, 43)) > 0.1, "start": "image", "tv": 0.01},
    "saturation": {"saturation": 95},
    "stop": {"stop": "auto", "iterations": 40},
    "uint8": {"dtype": "uint8"},
}


@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_every_option(tiled: Any, option: str) -> None:
    given = {"iterations": 10, **OPTIONS[option]}
    whole, found, _ = both(tiled, (13, 16), light((2, 40, 43)), lopsided((6, 5)), **given)
    assert found.dtype == whole.dtype
    np.testing.assert_allclose(found, whole, rtol=1e-7 if option != "uint8" else 0, atol=option == "uint8")


def test_stops_at_the_same_iteration(tiled: Any) -> None:
    """What tells when to stop sees all tiles."""
    rng = np.random.default_rng(4)
    sharp = 100 + 2000 * scipy.ndimage.gaussian_filter((rng.random((80, 82)) > 0.97) * 1.0, 1.0)
    line = np.exp(-(np.arange(-4, 5) ** 2) / 4.5)
    image = rng.poisson(scipy.ndimage.convolve(sharp, np.outer(line, line) / line.sum() ** 2, mode="nearest"))
    for psf in (np.outer(line, line), np.outer(line[3:6], line[3:6])):  # the second passes everything
        reports: list[nc.Report] = []
        options: dict[str, Any] = {"stop": "auto", "iterations": 200, "acceleration": None}
        whole = nc.richardson_lucy(image, psf, report=reports.append, **options)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lucy, "fits", lambda *_: False)
            patch.setattr(_lucy_tiles, "choose", lambda *_: Tiling("numpy", (30, 50), (40, 60), True, 0, 0, 0.0))
            with pytest.warns(UserWarning, match="tiles of"):
                found = nc.richardson_lucy(image, psf, report=reports.append, **options)
        first, second = (report.details for report in reports)
        assert first["iterations"] == second["iterations"] < 200 and first["stop"] == second["stop"]
        np.testing.assert_allclose(found, whole, rtol=1e-6)


def test_intermediate_objects_are_whole(tiled: Any) -> None:
    image, psf = light((40, 43)), lopsided((6, 5))
    seen: list[list[np.ndarray]] = [[], []]
    nc.richardson_lucy(image, psf, iterations=4, intermediate=lambda n, x: seen[0].append(np.array(x)))
    tiled((13, 16))
    with pytest.warns(UserWarning, match="tiles of"):
        kept = nc.richardson_lucy(
            image, psf, iterations=9, intermediate=lambda n, x: seen[1].append(np.array(x)) or n == 4
        )
    np.testing.assert_allclose(seen[1], seen[0], rtol=CLOSE)
    np.testing.assert_array_equal(kept, seen[1][-1])


def test_workers_change_nothing_and_a_cancel_ends_it(tiled: Any) -> None:
    image, psf = light((60, 63)).astype(np.float32), lopsided((6, 5))
    tiled((23, 26))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [nc.richardson_lucy(image, psf, iterations=3, tv=0.01, workers=n) for n in (1, 2)]
        np.testing.assert_array_equal(*found)
        ticks = itertools.count()

        def cancel(done: int, total: int) -> None:
            if next(ticks) == 20:
                raise nc.Cancelled

        with pytest.raises(nc.Cancelled):
            nc.richardson_lucy(image, psf, iterations=1000, progress=cancel)
    assert next(ticks) == 21, "also within an iteration"


@pytest.fixture
def device() -> Iterator[Any]:
    with standin() as memory:
        yield memory


def test_another_device_transforms_the_tiles(tiled: Any, device: Any) -> None:
    image, psf = light((2, 40, 43)), lopsided((6, 5))
    whole = nc.richardson_lucy(image, psf, iterations=5)
    tiled((13, 16))
    for given in (image, on_device(image)):
        with pytest.warns(UserWarning, match="tiles of"):
            found = nc.richardson_lucy(given, psf, iterations=5, backend=NAME)
        np.testing.assert_allclose(found if given is image else on_host(found), whole, rtol=CLOSE)


def test_a_small_memory_is_kept_to() -> None:
    """As numbers of bytes that are predicted, and that are taken (files are not memory)."""
    image, psf = light((40, 160, 160)).astype(np.float32), lopsided((5, 9, 9))
    whole = nc.richardson_lucy(image, psf, iterations=4)
    for memory in ("45 MiB", "18 MiB"):  # the arrays that last in memory, and in files
        allowed = int(memory.split()[0]) << 20
        plan = nc.plan(image, psf, operation="richardson_lucy", max_memory=memory)
        assert plan.tiles != image.shape and plan.bytes <= allowed and "tiles" in plan.reason
        assert ("temporary files" in plan.reason) == (memory == "18 MiB")
        reports: list[nc.Report] = []
        tracemalloc.start()
        try:
            with pytest.warns(UserWarning, match="do not fit into memory: computed in"):
                found = nc.richardson_lucy(image, psf, iterations=4, max_memory=memory, report=reports.append)
            peak = tracemalloc.get_traced_memory()[1] - found.nbytes
        finally:
            tracemalloc.stop()
        assert peak <= 1.2 * allowed
        assert replace(reports[0].plan, seconds=0) == replace(
            nc.plan(image, psf, operation="richardson_lucy", max_memory=memory, iterations=4), seconds=0
        )
        assert np.abs(found - whole).max() <= 1e-4 * whole.max()
    with pytest.raises(MemoryError, match=r"needs .* in tiles of .* 1.0 MiB are allowed by max_memory"):
        nc.richardson_lucy(image, psf, max_memory="1 MiB")


def disk(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(_lucy_tiles.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": free})())


def test_a_plan_for_an_image_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sample is looked at, and no warning given."""
    disk(monkeypatch, 1 << 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan = nc.plan(
            nc.ArraySpec((600, 4000, 4000)), lopsided((9, 9, 9)), operation="richardson_lucy", max_memory="4 GiB"
        )
    assert plan.bytes <= 4 << 30 and "temporary files" in plan.reason


def test_a_full_disk_is_said_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, 1000)
    with pytest.raises(MemoryError, match="temporary files in .* 1000 B on that disk"):
        nc.richardson_lucy(light((40, 160, 160)), lopsided((5, 9, 9)), max_memory="36 MiB")
