"""Template masks, image masks and NaN in `match_template`, and invalid arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.ops.matching import ncc_reference as reference

import napari_convolve as nc
from napari_convolve.methods import METHODS

METHOD_NAMES = [name for name in METHODS.names() if name not in ("separable", "multirate")]
DISK = np.hypot(*np.ogrid[-3:4, -3:3]) <= 3.2


def data(dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    image = rng.normal(size=(19, 23)) + 50
    return image.astype(dtype), image[4:11, 6:12] + 0.5 * rng.normal(size=(7, 6))


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("boundary", ["reflect", "constant", "wrap"])
def test_a_template_mask_leaves_samples_out(boundary: str, method: str) -> None:
    for dtype, tolerance in (("float32", 1e-4), ("float64", 1e-10)):
        image, template = data(dtype)
        template = np.where(DISK, template, np.nan)
        options: dict[str, Any] = {"boundary": boundary, "cval": 49.0}
        got = nc.match_template(image, template, template_mask=DISK, method=method, **options)
        expected = reference.scores(image, template, template_mask=DISK, **options)
        assert np.abs(got - expected).max() <= tolerance
        masked = np.ma.MaskedArray(template, ~DISK)
        again = nc.match_template(image, masked, method=method, **options)
        assert again.tobytes() == got.tobytes()


def test_a_template_mask_in_three_dimensions() -> None:
    rng = np.random.default_rng(1)
    image, template = rng.normal(size=(9, 11, 10)), rng.normal(size=(4, 5, 3))
    ball = rng.random(template.shape) < 0.6
    for method in METHOD_NAMES:
        got = nc.match_template(image, template, template_mask=ball, method=method)
        assert np.abs(got - reference.scores(image, template, template_mask=ball)).max() <= 1e-10


def test_what_lies_outside_the_template_mask_does_not_matter() -> None:
    image = data()[0]
    other = image.copy()
    mask = np.zeros((7, 7), bool)
    mask[2:5, 2:5] = True
    other[9, 8] = 1e6  # under a sample that does not count for a template at (9 + 3, 8 + 3)
    square = np.random.default_rng(2).normal(size=(7, 7))
    got, changed = (nc.match_template(a, square, template_mask=mask, method="direct") for a in (image, other))
    assert abs(got[12, 11] - changed[12, 11]) <= 1e-9
    assert abs(got[9, 8] - changed[9, 8]) > 1e-3


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.97])
def test_image_masks_as_padfield(share: float, method: str) -> None:
    for dtype, tolerance in (("float32", 1e-4), ("float64", 1e-9)):
        image, template = data(dtype)
        valid = np.random.default_rng(3).random(image.shape) < share
        image[~valid] = 1e6
        for extra in (None, DISK):
            for shape in ("same", "valid", "full"):
                options: dict[str, Any] = {"template_mask": extra, "mask": valid, "shape": shape, "boundary": "mirror"}
                got = nc.match_template(image, template, method=method, **options)
                expected = reference.scores(image, template, **options)
                assert np.array_equal(np.isnan(got), np.isnan(expected))
                assert np.nanmax(np.abs(got - expected)) <= tolerance


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_makes_nan_of_its_own_windows(bad: float, method: str) -> None:
    image, template = data("float32")
    clean = nc.match_template(image, template, template_mask=DISK, method=method)
    image[8, 9] = bad
    got = nc.match_template(image, template, template_mask=DISK, method=method)
    missing = np.isnan(got)
    expected = np.zeros(image.shape, bool)
    for y, x in np.argwhere(DISK):
        expected[8 + 3 - y, 9 + 3 - x] = True
    np.testing.assert_array_equal(missing, expected)
    assert np.abs(got - clean)[~missing].max() <= 1e-4
    assert np.isnan(nc.match_template(np.full((9, 9), bad), template)).all()


def test_omit_is_a_mask() -> None:
    image, template = data()
    image[3, 4], image[10:13, 5:9], image[18, 22] = np.inf, np.nan, -np.inf
    omitted = nc.match_template(image, template, nan="omit")
    masked = nc.match_template(image, template, mask=np.isfinite(image))
    assert omitted.tobytes() == masked.tobytes()
    valid = np.isfinite(image)
    assert np.abs(omitted - reference.scores(np.nan_to_num(image), template, mask=valid)).max() <= 1e-9


def test_a_mask_of_everything_changes_nothing() -> None:
    image, template = data()
    plain = nc.match_template(image, template)
    for options in ({"mask": np.ones(image.shape, bool)}, {"template_mask": np.ones((7, 6), bool)}, {"nan": "omit"}):
        assert np.abs(nc.match_template(image, template, **options) - plain).max() <= 1e-12


def test_a_valid_part_of_the_template_that_is_flat_scores_nothing() -> None:
    template = np.zeros((5, 9))
    template[:, 6:] = np.random.default_rng(4).normal(size=(5, 3))
    image = np.random.default_rng(5).normal(size=(20, 30))
    valid = np.ones(image.shape, bool)
    valid[:, 15:] = False
    for method in METHOD_NAMES:
        got = nc.match_template(image, template, mask=valid, method=method)
        assert (got[:, 13:18] == 0).all()  # only the flat left of the template has samples there
        assert np.isnan(got[:, 20:]).all()


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_masked_constants_score_nothing(method: str) -> None:
    template = np.random.default_rng(6).normal(size=(7, 6))
    valid = np.random.default_rng(7).random((30, 31)) < 0.7
    for value in (0.0, 0.1, 60000.0):
        for options in ({"mask": valid}, {"template_mask": DISK}, {"mask": valid, "template_mask": DISK}):
            got = nc.match_template(np.full((30, 31), value), template, method=method, **options)
            assert (got == 0).all()


IMAGE = np.random.default_rng(8).normal(size=(12, 13))
GOOD = np.random.default_rng(9).normal(size=(3, 4))


@pytest.mark.parametrize(
    "template, options, message",
    [
        (np.full((3, 4), 7.5), {}, "flat.*12 samples are 7.5"),
        (np.zeros((3, 4)), {}, "flat"),
        (np.float32(0.1) * np.ones((3, 4), np.float32), {}, "flat"),
        (np.array([[3.0]]), {}, "one sample"),
        (np.full((3, 4), np.nan), {}, "12 NaN"),
        (np.where(GOOD > 1, np.nan, GOOD), {}, "template_mask"),
        (GOOD, {"template_mask": np.zeros((3, 4), bool)}, "template_mask leaves no sample"),
        (GOOD, {"template_mask": np.eye(3, 4, dtype=bool)[:, :3]}, r"template_mask of shape \(3, 3\).*\(3, 4\)"),
        (GOOD, {"template_mask": np.arange(12).reshape(3, 4) == 5}, "one sample"),
        (np.zeros((0, 4)), {}, "no samples"),
        (np.float64(3), {}, "no samples"),
        (np.ones((2, 3, 4)), {}, "flat|dimensions"),
        (np.random.default_rng(0).normal(size=(2, 3, 4)), {}, "template has 3 dimensions, the image only 2"),
        (np.random.default_rng(0).normal(size=(13, 4)), {"shape": "valid"}, "template no longer.*13 > 12, axis 0"),
        (GOOD, {"mask": np.zeros((12, 13), bool)}, "mask leaves no sample"),
        (GOOD, {"mask": np.zeros((12, 12), bool)}, r"mask of shape"),
        (GOOD, {"boundary": "reflecct"}, "boundary.*reflect"),
        (GOOD, {"shape": "full", "origin": 1}, "origin"),
        (GOOD, {"origin": 7}, "origin"),
        (GOOD, {"cval": np.nan}, "cval"),
        (GOOD, {"axes": (0, 0)}, "twice"),
        (GOOD, {"nan": "raise"}, "nan"),
        (GOOD, {"method": "magic"}, "method"),
    ],
)
def test_wrong_values_are_one_sentence(template: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        nc.match_template(IMAGE, template, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "image, template, options, message",
    [
        (IMAGE * 1j, GOOD, {}, "image is complex"),
        (IMAGE, GOOD * 1j, {}, "template is complex"),
        (IMAGE, GOOD, {"template_mask": np.ones((3, 4))}, "template_mask has dtype float64"),
        (IMAGE, np.array([["a"]]), {}, "template has dtype"),
        (IMAGE, GOOD, {"dtype": "complex64x"}, "dtype"),
        (np.array(["x"]), GOOD, {}, "image has dtype"),
    ],
)
def test_wrong_types_are_one_sentence(image: Any, template: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        nc.match_template(image, template, **options)


def test_a_template_larger_than_the_image_is_right_by_definition() -> None:
    image, template = np.random.default_rng(10).normal(size=(5, 6)), np.random.default_rng(11).normal(size=(9, 4))
    for boundary in ("reflect", "nearest", "constant"):
        got = nc.match_template(image, template, boundary=boundary)
        expected = reference.scores(image, template, boundary=boundary)
        assert np.abs(got - expected).max() <= 1e-10
