"""`Recipe.for_axes`: axes are found by name in images with another order of axes."""

from __future__ import annotations

import numpy as np
import pytest

import napari_convolve as nc

RNG = np.random.default_rng(6)
SKEWED = nc.Kernel(RNG.random((3, 4)))


def recipe(labels: str | None = "tyx", **options: object) -> nc.Recipe:
    reports: list[nc.Report] = []
    image = RNG.random((3, 20, 22))
    nc.convolve(image, SKEWED, report=reports.append, **options)
    return nc.Recipe.of("convolve", image=image, kernel=SKEWED, labels=labels, plan=reports[0], **options)


@pytest.mark.parametrize("axes", [(1, 2), (-2, -1), None, (2, 1)])
@pytest.mark.parametrize("labels", ["yxc", "xy", "xty", "tczyx"])
def test_what_was_done_along_y_is_done_along_y(axes, labels: str) -> None:
    image = RNG.random([5 + i for i in range(len(labels))])
    made = recipe(axes=axes).for_axes(labels)
    found = made.run(image)
    names = "xy" if axes == (2, 1) else "yx"
    order = [labels.index(name) for name in names]
    there = np.moveaxis(image, order, (-2, -1))
    expected = np.moveaxis(nc.convolve(there, SKEWED), (-2, -1), order)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert made.steps[0].labels == labels and nc.Recipe.from_json(made.to_json()) == made
    assert made.for_axes("tyx").run(RNG.random((3, 6, 7))).shape == (3, 6, 7)


def test_the_same_axes_leave_it_as_it_is() -> None:
    made = recipe(axes=(1, 2))
    assert made.for_axes("tyx") == made and made.for_axes("tyx").steps[0].plan is not None
    assert made.for_axes("zyx") == made, "the other axes may be called as they like"


def test_steps_without_axes_in_common_say_so() -> None:
    twice = recipe(axes=(1, 2)) + recipe(axes=(0, 1))
    with pytest.raises(ValueError, match=r"step 2 \(convolve\) acts along t, y, the image has z, y, x"):
        twice.for_axes("zyx")
    with pytest.raises(ValueError, match=r"step 1 \(convolve\) does not know what its axes are called"):
        recipe(None).for_axes("zyx")
    with pytest.raises(ValueError, match=r"the image has y, x, x"):
        recipe().for_axes("yxx")


def test_a_psf_for_each_channel_stays_in_its_place() -> None:
    psf = nc.Kernel(np.ones((2, 3, 3)) / 9)
    one = nc.Recipe.of("wiener", psf=psf, nsr=0.1, labels="cyx", axes=(1, 2))
    assert one.for_axes("cyx") == one
    with pytest.raises(ValueError, match=r"step 1 \(wiener\) has a psf with 3 axes, made for c, y, x"):
        one.for_axes("yxc")


def test_what_is_done_elsewhere_is_recorded_with_its_plan() -> None:
    image, reports = RNG.random((30, 31, 3)).astype("f4"), []
    result, done = recipe(axes=(1, 2)).for_axes("yxc").retrace(image, report=reports.append)
    (one,) = done.steps
    assert one.plan == reports[0].plan and one.image == nc.ArraySpec((30, 31, 3), "float32") and one.labels == "yxc"
    assert done.run(image).tobytes() == result.tobytes()
