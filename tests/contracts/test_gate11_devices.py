"""Gate 11 between devices: a recipe of one replays there, and on the CPU within the table."""

from __future__ import annotations

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.backends import BACKENDS

from .standin import DEVICE, NAME, Memory
from .standin import xp as strict

RNG = np.random.default_rng(4)
IMAGE = RNG.normal(size=(3, 40, 50)).astype("f4")
KERNEL = nc.kernels.gaussian(sigma=(1.5, 2))
CALLS = {
    "convolve": ({"kernel": KERNEL, "boundary": "wrap"}, 1e-5),
    "match_template": ({"template": IMAGE[0, 10:20, 10:20]}, 1e-4),
    "wiener": ({"psf": KERNEL, "nsr": 0.05}, 1e-3),
    "richardson_lucy": ({"psf": KERNEL, "negative": "clip", "iterations": 5}, 1e-3),
}


def recipe_of(name: str, image: object, arguments: dict[str, object], **more: object) -> tuple[nc.Recipe, object]:
    reports: list[nc.Report] = []
    first, *_ = arguments
    options = {key: value for key, value in arguments.items() if key != first}
    result = getattr(nc, name)(image, arguments[first], **options, **more, report=reports.append)
    return nc.Recipe.of(name, image=image, plan=reports[0], **arguments), result


@pytest.mark.parametrize("name", CALLS)
def test_made_on_a_device(name: str, device: Memory) -> None:
    arguments, tolerance = CALLS[name]
    recipe, result = recipe_of(name, IMAGE, arguments, backend=NAME)
    assert recipe.steps[0].plan.backend == NAME
    recipe = nc.Recipe.from_json(recipe.to_json())
    blocks = device.blocks
    np.testing.assert_array_equal(recipe.run(IMAGE), result)
    assert device.blocks > blocks, "it ran there"
    factory = BACKENDS.get(NAME)
    BACKENDS.unregister(NAME)
    try:
        with pytest.warns(UserWarning, match="computed on standin, which cannot be used here"):
            elsewhere = recipe.run(IMAGE)
    finally:
        BACKENDS.register(NAME, factory)
    assert np.abs(elsewhere - result).max() <= tolerance * np.abs(result).max()


@pytest.mark.parametrize("name", CALLS)
def test_made_on_the_cpu_and_run_on_an_image_that_lies_on_a_device(name: str) -> None:
    arguments, _ = CALLS[name]
    recipe, result = recipe_of(name, IMAGE, arguments)
    there = strict.asarray(IMAGE, device=DEVICE)
    found = recipe.run(there)
    assert found.device == DEVICE
    np.testing.assert_array_equal(np.array(found.to_device(strict.Device("CPU_DEVICE"))), result)


def test_arrays_on_a_device_are_kept_as_numbers() -> None:
    kernel = strict.asarray(KERNEL.values, device=DEVICE)
    recipe = nc.Recipe.of("convolve", image=strict.asarray(IMAGE, device=DEVICE), kernel=kernel)
    kept = recipe.steps[0].arguments["kernel"]
    assert isinstance(kept, np.ndarray)
    np.testing.assert_array_equal(kept, KERNEL.values)
    assert recipe.steps[0].image == nc.ArraySpec(IMAGE.shape, "float32")
    again = nc.Recipe.from_json(recipe.to_json())
    assert again == recipe
    np.testing.assert_allclose(again.run(IMAGE), nc.convolve(IMAGE, KERNEL.values), rtol=1e-5, atol=1e-6)
