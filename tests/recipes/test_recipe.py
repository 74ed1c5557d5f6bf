"""A recipe gives the same bits again in all its forms; errors name the step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve import backends
from napari_convolve.backends import BackendUnavailable
from napari_convolve.recipes import OPERATIONS

from .cases import ASYMMETRIC, CASES, MASK, PLANE, STACK, bits, record

BLUR = nc.kernels.gaussian(sigma=1.5)


def test_there_is_a_case_for_every_operation() -> None:
    assert {CASES[name][0] for name in CASES} == set(OPERATIONS)


@pytest.mark.parametrize("name", CASES)
def test_a_recipe_makes_the_same_bits_again(name: str, tmp_path: Path) -> None:
    recipe, image, result = record(name)
    wanted = bits(result)
    recipe.to_json(tmp_path / "r.json")
    forms = {
        "itself": recipe,
        "plain data": nc.Recipe.from_dict(recipe.to_dict()),
        "text": nc.Recipe.from_json(recipe.to_json()),
        "file": nc.Recipe.from_json(tmp_path / "r.json"),
    }
    for form, again in forms.items():
        assert again == recipe, form
        assert str(again) == str(recipe), form
        assert bits(again.run(image)) == wanted, form
    assert bits(recipe.run(image, workers=1, progress=lambda done, total: None)) == wanted


def test_the_tiles_of_the_recorded_call_count_however_it_is_planned_now(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, image, result = record("convolve, a large kernel and mask", max_memory="100 KiB")
    tiles = recipe.steps[0].plan.tiles
    assert tiles != nc.plan(image, ASYMMETRIC, axes=(1, 0), method="fft").tiles
    reports: list[nc.Report] = []
    assert bits(recipe.run(image, report=reports.append)) == bits(result)
    assert reports[0].plan.tiles == tiles


def chain() -> tuple[nc.Recipe, np.ndarray]:
    reports: list[nc.Report] = []
    smooth = nc.convolve(PLANE, BLUR, report=reports.append)
    sharp = nc.wiener(smooth, BLUR, nsr=0.01, report=reports.append)
    score = nc.match_template(sharp, PLANE[10:20, 10:20], boundary="mirror", report=reports.append)
    recipe = nc.Recipe.of("convolve", image=PLANE, kernel=BLUR, plan=reports[0].plan)
    recipe += nc.Recipe.of("wiener", image=smooth, psf=BLUR, nsr=0.01, plan=reports[1].plan)
    template = {"template": PLANE[10:20, 10:20], "boundary": "mirror"}
    return recipe + nc.Recipe.of("match_template", image=sharp, plan=reports[2].plan, **template), score


def test_steps_follow_each_other_and_tell_of_all(tmp_path: Path) -> None:
    recipe, score = chain()
    assert len(recipe) == 3
    seen: list[tuple[int, int]] = []
    reports: list[nc.Report] = []
    recipe.to_json(tmp_path / "r.json")
    result = nc.Recipe.from_json(str(tmp_path / "r.json")).run(
        PLANE, progress=lambda *at: seen.append(at), report=reports.append
    )
    assert result.tobytes() == score.tobytes()
    assert [report.operation for report in reports] == ["convolve", "wiener", "match_template"]
    assert [report.plan for report in reports[::2]] == [reports[0].plan, reports[2].plan]
    assert seen == sorted(seen) and {total for _, total in seen} == {3000} and seen[-1] == (3000, 3000)

    def cancel(done: int, total: int) -> None:
        if done > 1000:
            raise nc.Cancelled

    with pytest.raises(nc.Cancelled):
        recipe.run(PLANE, progress=cancel)


def test_another_image_is_planned_anew() -> None:
    recipe, image, _ = record("convolve")
    reports: list[nc.Report] = []
    for other in (image[:40], image.astype("f8"), STACK, image.tolist()):
        kernel, boundary = CASES["convolve"][2]["kernel"], "wrap"
        result = recipe.run(other, report=reports.append)
        expected = nc.convolve(other, kernel, boundary=boundary)
        np.testing.assert_allclose(result, expected, rtol=1e-5)
        assert result.dtype == expected.dtype
        assert reports[-1].plan.reason != "as asked"
    recipe.run(image, report=reports.append)
    assert reports[-1].plan.reason == "as asked"


def test_a_plan_without_its_image_is_for_every_image_of_as_many_axes() -> None:
    plan = nc.Plan("fft", "numpy", (64, 64))
    recipe = nc.Recipe.of("convolve", kernel=BLUR, plan=plan)
    reports: list[nc.Report] = []
    recipe.run(PLANE[:50], report=reports.append)
    recipe.run(STACK, report=reports.append)
    assert [report.plan.reason == "as asked" for report in reports] == [True, False]
    given = nc.Recipe.of("convolve", kernel=BLUR, method=plan)
    assert given.steps[0].plan == plan and given.steps[0].arguments["method"] == "auto"


def test_without_a_plan_the_arguments_decide() -> None:
    recipe = nc.Recipe.of("convolve", kernel=BLUR, method="fft")
    reports: list[nc.Report] = []
    recipe.run(PLANE, report=reports.append)
    assert reports[0].plan.method == "fft"


def test_a_device_that_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise BackendUnavailable("backend 'gone' is not available: no device")

    backends.BACKENDS.register("gone", missing)
    try:
        recipe = nc.Recipe.of("convolve", kernel=BLUR, backend="gone", plan=nc.Plan("fft", "gone", (70, 81)))
        with pytest.warns(UserWarning, match="convolve was computed on gone, which cannot be used here"):
            result = recipe.run(PLANE)
        np.testing.assert_allclose(result, nc.convolve(PLANE, BLUR), rtol=1e-5)
        with pytest.raises(BackendUnavailable, match="no device"):
            nc.Recipe.of("convolve", kernel=BLUR, backend="gone").run(PLANE)
    finally:
        backends.BACKENDS.unregister("gone")


def test_dask_images_stay_lazy() -> None:
    dask = pytest.importorskip("dask.array")
    lazy = dask.from_array(STACK, chunks=10)
    result = nc.Recipe.of("convolve", image=STACK, kernel=BLUR).run(lazy)
    assert isinstance(result, dask.Array)
    np.testing.assert_allclose(result.compute(), nc.convolve(STACK, BLUR), rtol=1e-5)


def test_a_recipe_does_not_change_with_what_it_was_made_of() -> None:
    mask = MASK.copy()
    recipe = nc.Recipe.of("convolve", kernel=BLUR, mask=mask)
    before = recipe.to_json()
    mask[:] = False
    recipe.to_dict()["steps"][0]["arguments"]["boundary"] = "wrap"
    assert recipe.to_json() == before
    kept = recipe.to_dict()["steps"][0]["arguments"]["mask"]["array"]["values"]
    assert isinstance(kept, np.ndarray) and not kept.flags.writeable
    with pytest.raises(TypeError):
        recipe.steps[0].arguments["boundary"] = "wrap"  # type: ignore[index]
    assert hash(recipe) == hash(nc.Recipe.from_json(before)) != hash(nc.Recipe.of("convolve", kernel=BLUR))


def test_every_argument_is_written_down_so_that_no_default_can_change_it() -> None:
    written = json.loads(nc.Recipe.of("convolve", kernel=BLUR, workers=2, progress=print).to_json())
    (step,) = written["steps"]
    assert set(step["arguments"]) == {p.name for p in OPERATIONS.get("convolve").recorded}
    assert step["arguments"]["boundary"] == "reflect"
    assert not {"image", "workers", "max_memory", "progress", "report"} & set(step["arguments"])
    assert "intermediate" not in {p.name for p in OPERATIONS.get("richardson_lucy").recorded}
    assert step["versions"]["numpy"] == np.__version__


def test_what_is_no_recipe() -> None:
    for arguments, error, words in (
        ({"kernel": BLUR, "boundry": "wrap"}, ValueError, "unknown argument 'boundry'; convolve takes kernel, axes"),
        ({"boundary": "wrap"}, ValueError, "lacks the argument kernel"),
        ({"kernel": BLUR, "boundary": "reflecct"}, ValueError, "boundary='reflecct', which is not one of 'reflect'"),
        ({"kernel": lambda x: x}, TypeError, "argument kernel: a function cannot be kept in a recipe"),
        ({"kernel": BLUR, "mask": {"a": 1}}, TypeError, "argument mask: dict .* cannot be kept"),
        ({"kernel": np.array(["a"])}, TypeError, "dtype"),
        ({"kernel": BLUR, "plan": "fft"}, TypeError, "must be a Plan or a Report, not str"),
        ({"kernel": BLUR, "labels": "y=1"}, ValueError, "one letter for each axis"),
    ):
        with pytest.raises(error, match=words):
            nc.Recipe.of("convolve", **arguments)
    with pytest.raises(ValueError, match="unknown operation 'explode'; choose from 'convolve'"):
        nc.Recipe.of("explode")
    with pytest.raises(ValueError, match="at least one step"):
        nc.Recipe(())
    with pytest.raises(TypeError, match="made of steps, not of str"):
        nc.Recipe(("convolve",))  # type: ignore[arg-type]
    found = nc.Recipe.of("detect_features", templates=PLANE[:5, :5])
    with pytest.raises(ValueError, match=r"step 1 \(detect_features\) makes no image"):
        found + nc.Recipe.of("convolve", kernel=BLUR)
    with pytest.raises(TypeError):
        found + "wiener"  # type: ignore[operator]


def test_errors_of_a_run_name_the_step() -> None:
    recipe = nc.Recipe.of("convolve", kernel=BLUR) + nc.Recipe.of("wiener", psf=np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"^step 2 \(wiener\): psf"):
        recipe.run(PLANE)
    with pytest.raises(TypeError, match=r"^step 1 \(convolve\): image"):
        recipe.run(np.array([["a"]]))
