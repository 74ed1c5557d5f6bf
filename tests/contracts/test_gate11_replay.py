"""Gate 11: an operation that follows the Plan of an earlier call gives the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.planning import count_tiles

RNG = np.random.default_rng(11)
IMAGE = RNG.integers(0, 4000, (3, 150, 170)).astype("u2")
HOLES = np.where(RNG.random(IMAGE.shape) < 0.01, np.nan, IMAGE).astype("f4")
CASES: list[tuple[str, np.ndarray, Any, dict[str, Any]]] = [
    ("convolve", IMAGE, nc.kernels.gaussian(sigma=2), {}),
    ("convolve", IMAGE, nc.kernels.gaussian(sigma=(1, 2, 2)), {"method": "direct", "boundary": "wrap"}),
    ("convolve", IMAGE, nc.kernels.gaussian(sigma=6), {"method": "fft", "max_memory": "200 KiB"}),
    ("correlate", HOLES, nc.kernels.log(sigma=2), {"method": "overlap-save", "nan": "omit"}),
    ("convolve", HOLES.astype("f8"), nc.kernels.box(size=31), {"method": "separable", "shape": "full"}),
    ("match_template", IMAGE, IMAGE[1, 40:61, 50:69], {"boundary": "mirror"}),
    ("match_template", HOLES, IMAGE[1, 40:61, 50:69], {"method": "fft", "nan": "omit", "max_memory": "4 MiB"}),
    ("detect_features", IMAGE[0], IMAGE[0, 40:61, 50:69], {"rotations": (0, 10), "threshold": 0.2}),
]


def call(name: str, image: np.ndarray, other: Any, **options: Any) -> tuple[bytes, nc.Plan]:
    reports: list[nc.Report] = []
    result = getattr(nc, name)(image, other, **options, report=reports.append)
    if isinstance(result, nc.Detections):
        assert len(result)
        result = np.column_stack(list(result.columns().values()))
    return result.tobytes(), reports[0].plan


@pytest.mark.parametrize("case", range(len(CASES)))
def test_the_same_plan_gives_the_same_bits(case: int) -> None:
    name, image, other, options = CASES[case]
    first, plan = call(name, image, other, **options)
    followed = nc.Plan(plan.method, plan.backend, plan.tiles)
    options = {key: value for key, value in options.items() if key not in ("method", "max_memory")}
    for more in ({}, {"workers": 1}, {"progress": lambda done, total: None}):
        again, used = call(name, image, other, **options, **more, method=followed)
        assert (used.method, used.backend, used.tiles) == (plan.method, plan.backend, plan.tiles)
        assert again == first


def test_the_tiles_of_a_plan_are_followed_and_matter() -> None:
    """Without the tiles the bits differ: the test above can fail."""
    kernel = nc.kernels.gaussian(sigma=6)
    bits = {call("convolve", IMAGE, kernel, method=nc.Plan("fft", "numpy", (1, n, 170)))[0] for n in (17, 64, 150)}
    assert len(bits) > 1


def test_a_plan_for_something_else_is_refused() -> None:
    kernel = nc.kernels.disk(radius=3)
    for plan, words in (
        (nc.Plan("fft", "numpy", (8, 8)), "2 axes, the image has 3"),
        (nc.Plan("magic", "numpy", (1, 8, 8)), "'magic' is not one of 'direct'"),
        (nc.Plan("separable", "numpy", (1, 8, 8)), "does not apply here: the kernel is not separable"),
        (nc.Plan("fft", "numpy", (1, 0, 8)), "must be positive integers"),
    ):
        with pytest.raises(ValueError, match=words):
            nc.convolve(IMAGE, kernel, method=plan)
    big = np.broadcast_to(np.zeros((), "f4"), (3000, 3000))
    with pytest.raises(ValueError, match="too small"):
        nc.convolve(big, kernel, method=nc.Plan("fft", "numpy", (1, 1)))


def test_a_plan_gives_way_to_the_memory() -> None:
    plan = nc.Plan("fft", "numpy", (3, 150, 170))
    assert count_tiles(IMAGE.shape, plan.tiles) == 1
    with_less = call("convolve", IMAGE, nc.kernels.gaussian(sigma=6), method=plan, max_memory="600 KiB")[1]
    assert count_tiles(IMAGE.shape, with_less.tiles) > 1
    assert "memory is short" in with_less.reason


def test_a_larger_tile_than_the_image_and_a_missing_backend() -> None:
    kernel = nc.kernels.gaussian(sigma=1)
    used = call("convolve", IMAGE, kernel, method=nc.Plan("direct", "elsewhere", (9, 999, 999)))[1]
    assert (used.method, used.backend) == ("direct", "numpy")
    used = call("convolve", IMAGE, kernel, method=nc.Plan("direct", "numpy", (9, 999, 999)))[1]
    assert used.tiles == IMAGE.shape


def test_plan_takes_a_plan() -> None:
    plan = nc.plan(IMAGE, nc.kernels.gaussian(sigma=1), method=nc.Plan("fft", "numpy", (1, 64, 64)))
    assert (plan.method, plan.tiles, plan.reason) == ("fft", (1, 64, 64), "as asked")


GLOBAL = {
    "wiener": {"nsr": 0.01},
    "richardson_lucy": {"iterations": 3},
    "estimate_noise": {},
    "convolve": {"method": nc.Plan("separable", "numpy", (1, 40, 80))},
    "match_template": {"method": nc.Plan("fft", "numpy", (1, 150, 170))},
}


@pytest.mark.parametrize("name", GLOBAL)
@pytest.mark.parametrize("dtype", ["u2", "f4", "f8"])
def test_where_the_samples_lie_in_memory_does_not_change_the_bits(name: str, dtype: str) -> None:
    """A layer may be a view of anything; the file that it came from is read in C order."""
    image, kernel = (IMAGE + RNG.random(IMAGE.shape)).astype(dtype), nc.kernels.gaussian(sigma=1.5)
    mask = RNG.random(IMAGE.shape) > 0.01 if name != "convolve" else None
    layouts = {
        "columns": (np.asfortranarray(image), None if mask is None else np.asfortranarray(mask)),
        "every second": (np.repeat(image, 2, axis=2)[:, :, ::2], mask),
        "backwards": (image[::-1].copy()[::-1], mask),
        "big-endian": (image.astype(image.dtype.newbyteorder(">")), mask),
    }
    options = GLOBAL[name]
    expected = getattr(nc, name)(image, kernel, mask=mask, **options)
    for layout, (array, where) in layouts.items():
        found = getattr(nc, name)(array, kernel, mask=where, **options)
        assert (found == expected) is True or found.tobytes() == expected.tobytes(), layout
