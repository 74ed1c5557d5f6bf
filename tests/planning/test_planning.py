"""The planner decides from problem and machine only, keeps to the memory limit, and gives a reason."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.methods import METHODS
from napari_convolve.planning import RESPONSIVE_SECONDS, Machine, Plan, Problem, count_tiles, make_plan, shrink

MACHINE = Machine("numpy", cores=4, free=1 << 33)


def problem(shape: tuple[int, ...], k: int, ndim: int = 2, **changes: object) -> Problem:
    axes = tuple(range(len(shape) - ndim, len(shape)))
    base = Problem("convolve", shape, "float32", shape, "float32", axes, (k,) * ndim, k**ndim)
    return replace(base, **changes)


def methods() -> list[object]:
    return [METHODS.get(name) for name in METHODS]


def test_the_same_problem_and_machine_give_the_same_plan() -> None:
    first, second = (make_plan(problem((2048, 2048), 31), [MACHINE], methods()) for _ in range(2))
    assert first == second


def test_what_is_remembered_depends_on_everything_that_decides() -> None:
    asked, rates = problem((2048, 2048), 31), {"fft": 1e-10, "overlap-save": 1e-10}

    def plan(machine: Machine = MACHINE, **options: object) -> Plan:
        return make_plan(asked, [replace(machine, rates=rates)], methods(), **options)

    before = plan()
    rates["fft"] = 1e-14  # in place: a key must not share it
    assert before.method != "fft" == plan().method
    rates["fft"] = 1e-10
    assert plan() == before
    short = plan(replace(MACHINE, free=4 << 20))
    assert short.bytes < before.bytes and short.tiles != before.tiles
    assert plan(max_memory=1 << 20).bytes < short.bytes
    assert make_plan(replace(asked, terms=1), [MACHINE], methods(), method="separable").method == "separable"


def test_workers_change_the_time_but_never_the_tiles() -> None:
    plans = [make_plan(problem((2048, 2048), 31), [MACHINE], methods(), workers=n) for n in (1, 2, 4)]
    assert len({(plan.method, plan.tiles) for plan in plans}) == 1
    assert plans[0].seconds > plans[1].seconds > plans[2].seconds


def test_workers_never_decide_the_method() -> None:
    """Whole transforms use all threads or one; tiles as many as there are: their order turns with the workers."""
    for side in range(16, 400, 24):
        for k in (3, 7, 15, 31, 63):
            plans = [make_plan(problem((side, side), k), [MACHINE], methods(), workers=n) for n in (1, 2, 3, None)]
            assert len({(plan.method, plan.tiles) for plan in plans}) == 1, (side, k)


@pytest.mark.parametrize("method", METHODS.names())
@pytest.mark.parametrize("budget", [20_000_000, 4_000_000])
def test_tiles_shrink_until_the_memory_is_kept(method: str, budget: int) -> None:
    asked = problem((1000, 1000), 15, terms=1, steps=(3, 3))
    if METHODS.get(method).applies(asked, MACHINE):
        pytest.skip("it needs Numba")
    plan = make_plan(asked, [MACHINE], methods(), method=method, max_memory=budget)
    assert plan.bytes <= budget


def test_watched_steps_are_short() -> None:
    asked = problem((64, 1024, 1024), 31, 3, responsive=True)
    for name in ("direct", "fft"):
        method = METHODS.get(name)
        plan = make_plan(asked, [MACHINE], methods(), method=name)
        cost = method.cost(asked, plan.tiles, MACHINE)
        smallest = shrink(plan.tiles, asked.axes)
        assert cost.seconds <= RESPONSIVE_SECONDS or smallest is None or count_tiles(asked.out, plan.tiles) > 1


def test_large_kernels_go_through_the_transform_and_small_ones_do_not() -> None:
    assert make_plan(problem((2048, 2048), 101), [MACHINE], methods(), compiled=True).method in ("fft", "overlap-save")
    assert make_plan(problem((2048, 2048), 2, taps=2), [MACHINE], methods()).method == "direct"


def test_a_method_that_does_not_apply_says_why() -> None:
    with pytest.raises(ValueError, match="'separable' does not apply here: the kernel is not separable"):
        make_plan(problem((64, 64), 5), [MACHINE], methods(), method="separable")


def test_a_device_pays_only_when_the_transfer_does() -> None:
    near = Machine("numpy", 4, 1 << 33)
    fast = Machine("device", 1, 1 << 33, rates={"fft": 1e-12, "overlap-save": 1e-12, "direct": 1e-12})
    asked = problem((2048, 2048), 63)
    assert make_plan(asked, [near, fast], methods()).backend == "device"
    assert make_plan(asked, [near, replace(fast, transfer=1e-6)], methods()).backend == "numpy"


def test_what_is_compiled_does_not_decide_a_small_problem() -> None:
    """Else a script would have other bits in a process that has just begun than in one that is warm."""
    for side, k in [(9, 3), (20, 9), (40, 9), (64, 5)]:
        small = problem((side, side), k, terms=1)
        codes = {code for method in methods() for code in method.codes(small)}
        cold, warm = (make_plan(small, [replace(MACHINE, compiled=frozenset(c))], methods()) for c in ((), codes))
        assert cold == warm, (side, k)
    large = problem((2048, 2048), 3, terms=1)
    codes = {code for method in methods() for code in method.codes(large)}
    if codes:  # none without Numba
        assert make_plan(large, [replace(MACHINE, compiled=frozenset(codes))], methods()).method == "direct"
        assert make_plan(large, [MACHINE], methods()).method != "direct"


def test_shrink_halves_batch_axes_first_and_ends() -> None:
    tile: tuple[int, ...] | None = (4, 6, 5)
    sizes = []
    while tile is not None:
        sizes.append(tile)
        tile = shrink(tile, (1, 2))
    assert sizes[:4] == [(4, 6, 5), (2, 6, 5), (1, 6, 5), (1, 3, 5)]
    assert sizes[-1] == (1, 1, 1)


def test_public_plan_prints_one_line_and_computes_nothing() -> None:
    spec = nc.ArraySpec((100_000, 100_000), "uint16")  # could not be allocated
    plan = nc.plan(spec, np.ones((31, 31)))
    text = str(plan)
    assert "\n" not in text and plan.method in text and "on the CPU" in text
    assert math.isfinite(plan.seconds) and plan.seconds > 0
    assert nc.plan(spec, np.ones((31, 31)), max_memory="64 MiB").bytes <= 64 << 20


def test_plan_refuses_unknown_options_and_operations() -> None:
    with pytest.raises(TypeError, match="'boundry'"):
        nc.plan(np.ones((4, 4)), np.ones((3, 3)), boundry="wrap")
    with pytest.raises(ValueError, match="operation='blur'"):
        nc.plan(np.ones((4, 4)), np.ones((3, 3)), operation="blur")


@pytest.mark.parametrize(
    ("operation", "options"),
    [("wiener", {}), ("richardson_lucy", {"iterations": 7}), ("match_template", {}), ("detect_features", {})],
)
def test_the_plan_of_every_operation_is_the_one_that_is_followed(operation: str, options: dict) -> None:
    image = np.random.default_rng(0).random((70, 80)).astype("f4")
    kernel = nc.Kernel(image[10:19, 20:31] + 0.1)
    told = nc.plan(nc.ArraySpec(image.shape, "float32"), kernel, operation=operation, **options)
    reports: list = []
    getattr(nc, operation)(image, kernel, **options, report=reports.append)
    followed = reports[0].plan
    assert (told.method, told.backend, told.tiles) == (followed.method, followed.backend, followed.tiles)
    with pytest.raises(ValueError, match="'nothing' is not one of"):
        nc.plan(image, kernel, operation="nothing")
    with pytest.raises(TypeError):
        nc.plan(image, kernel, operation=operation, unknown=1)


@pytest.mark.parametrize("options", [{}, {"method": "fft"}, {"stride": 2, "pooling": "max", "padding": 3}])
def test_the_plan_of_feature_maps_is_the_one_that_is_followed(options: dict) -> None:
    image = np.random.default_rng(0).random((70, 80)).astype("f4")
    bank = nc.kernels.bank("directions")
    told = nc.plan(nc.ArraySpec(image.shape, "float32"), bank, operation="feature_maps", **options)
    reports: list = []
    nc.feature_maps(image, bank, **options, report=reports.append)
    followed = reports[0].plan
    assert (told.method, told.backend, told.tiles) == (followed.method, followed.backend, followed.tiles)
    one = nc.plan(
        nc.ArraySpec(image.shape, "float32"), bank[:1], operation="feature_maps", **{"method": "fft", **options}
    )
    assert f"for {len(bank)} maps" in told.reason and told.seconds > 0 and one.seconds > 0
    again = nc.feature_maps(image, bank, **{**options, "method": followed})
    np.testing.assert_array_equal(again, nc.feature_maps(image, bank, **options))


def test_the_plan_of_feature_maps_allocates_nothing_and_counts_what_is_held() -> None:
    spec, bank = nc.ArraySpec((100_000, 100_000), "float32"), nc.kernels.bank("edges")
    plan = nc.plan(spec, bank, operation="feature_maps", max_memory="64 MiB")
    assert plan.bytes > 2 * 4 * 100_000**2, "the padded image, and a map"
    assert plan.seconds > 3 * nc.plan(spec, bank[0], operation="correlate", max_memory="64 MiB").seconds
