"""`detect_features`: invalid arguments, images without hits, and the returned table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(30, 34))
GOOD = RNG.normal(size=(5, 6))


@pytest.mark.parametrize(
    "template, options, message",
    [
        (np.full((5, 6), 3.0), {}, "flat"),
        (np.full((5, 6), np.nan), {}, "30 NaN"),
        ([GOOD, np.zeros((3, 3))], {}, "flat"),
        ([], {}, "templates is empty"),
        ([GOOD, RNG.normal(size=(2, 3, 4))], {}, "2 and 3 dimensions"),
        (RNG.normal(size=(31, 3)), {}, "larger than the image: 31 > 30, axis 0"),
        (RNG.normal(size=(2, 3, 4)), {}, "3 dimensions"),
        (GOOD, {"template_mask": np.zeros((5, 6), bool)}, "template_mask leaves no sample"),
        ([GOOD, GOOD], {"template_mask": [None]}, "1 masks for 2 templates"),
        (GOOD, {"mask": np.zeros(IMAGE.shape, bool)}, "mask leaves no sample"),
        (GOOD, {"region": np.zeros(IMAGE.shape, bool)}, "region leaves no place"),
        (GOOD, {"region": np.ones((4, 4), bool)}, "region of shape"),
        (GOOD, {"threshold": np.nan}, "threshold"),
        (GOOD, {"threshold": 2.0}, "threshold=2.0 must be at most 1"),
        (GOOD, {"threshold": -5}, "threshold=-5 must be at least -1"),
        (GOOD, {"threshold": 0.5, "false_alarms": 1}, "threshold and false_alarms"),
        (GOOD, {"false_alarms": 0}, "false_alarms=0"),
        (GOOD, {"false_alarms": -1}, "false_alarms=-1"),
        (GOOD, {"min_distance": 0}, "min_distance=0"),
        (GOOD, {"min_distance": -1}, "min_distance=-1"),
        (GOOD, {"min_distance": (1, 2, 3)}, "each of 2 axes"),
        (GOOD, {"max_overlap": 1.5}, "max_overlap=1.5"),
        (GOOD, {"max_count": 0}, "max_count=0"),
        (GOOD, {"min_valid": 2}, "min_valid=2"),
        (GOOD, {"rotations": []}, "rotations is empty"),
        (GOOD, {"rotations": [np.nan]}, "rotations holds nan"),
        (GOOD, {"rotations": [0, np.inf]}, "rotations holds inf"),
        (GOOD[0], {"rotations": [90]}, "1 dimension cannot be turned"),
        (GOOD, {"scales": []}, "scales is empty"),
        (GOOD, {"scales": [0]}, "scales holds 0"),
        (GOOD, {"scales": [1, -2]}, "scales holds -2"),
        (GOOD, {"scales": [1, np.nan]}, "scales holds nan"),
        (GOOD, {"scales": [0.05]}, "fewer than 2 samples|one sample"),
        (GOOD, {"rotations": range(360), "shape": "valid", "scales": [10]}, "no longer than the image"),
    ],
)
def test_wrong_values_are_one_sentence(template: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        nc.detect_features(IMAGE, template, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"threshold": "high"}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"rotations": "all"}, "rotations"),
        ({"rotations": [[0, 1]]}, "rotations"),
        ({"scales": [1j]}, "scales"),
        ({"max_count": 2.5}, "max_count"),
        ({"max_count": True}, "max_count"),
        ({"region": np.ones(IMAGE.shape)}, "region has dtype"),
        ({"template_mask": np.ones((5, 6))}, "template_mask has dtype"),
        ({"subpixel": "yes"}, "subpixel"),
        ({"dtype": "float32"}, "dtype"),
    ],
)
def test_wrong_types_are_one_sentence(options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        nc.detect_features(IMAGE, GOOD, **options)


def test_rotations_in_space_need_space() -> None:
    from scipy.spatial.transform import Rotation

    with pytest.raises(ValueError, match="3 dimensions"):
        nc.detect_features(IMAGE, GOOD, rotations=Rotation.identity())
    one = nc.detect_features(IMAGE[None], GOOD[None], axes=(0, 1, 2), rotations=Rotation.identity(), threshold=0.3)
    plain = nc.detect_features(IMAGE[None], GOOD[None], threshold=0.3)
    np.testing.assert_allclose(one.coordinates, plain.coordinates, atol=1e-9)


def test_constant_images_have_no_features() -> None:
    for value in (0, 7, 65535):
        assert len(nc.detect_features(np.full((20, 20), value, np.uint16), GOOD)) == 0


def test_zero_size_batches_have_none() -> None:
    found = nc.detect_features(np.zeros((0, 20, 20)), GOOD)
    assert len(found) == 0 and found.coordinates.shape == (0, 3)


def test_nothing_found_is_an_empty_table(tmp_path: Path) -> None:
    found = nc.detect_features(IMAGE, GOOD, threshold=0.99)
    assert len(found) == 0 and found.coordinates.shape == (0, 2) and found.rotations.shape == (0, 2, 2)
    assert "none" in repr(found) and "0.99" in repr(found)
    found.to_csv(tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_bytes() == b"index,axis-0,axis-1,score,template,angle,scale\r\n"
    assert len(found[:3]) == 0 and len(found.to_dataframe()) == 0


def table() -> nc.Detections:
    image = IMAGE.copy()
    image[3:8, 4:10] += 20 * GOOD
    image[20:25, 15:21] += 10 * GOOD
    image[12:17, 22:28] += 8 * GOOD
    found = nc.detect_features(image, GOOD, threshold=0.9)
    assert len(found) == 3
    return found


def test_rows_are_chosen_by_slices_and_masks() -> None:
    found = table()
    assert (np.diff(found.scores) <= 0).all()
    assert len(found[1:]) == 2 and len(found[0]) == 1 and len(found[-1]) == 1
    np.testing.assert_array_equal(found[-1].coordinates, found.coordinates[-1:])
    np.testing.assert_array_equal(found[found.scores > found.scores[1]].coordinates, found.coordinates[:1])
    np.testing.assert_array_equal(found[[2, 0]].scores, found.scores[[2, 0]])
    assert [len(row) for row in found] == [1, 1, 1]
    with pytest.raises(IndexError, match="3 of 3"):
        found[3]
    with pytest.raises(AttributeError):
        found.scores = None  # type: ignore[misc]


def test_it_prints_as_a_short_table() -> None:
    text = repr(table())
    assert text.splitlines()[0].startswith("Detections: 3 detections, scores 0.9")
    assert text.splitlines()[1].split() == ["axis-0", "axis-1", "score", "template", "angle", "scale"]
    many = nc.detect_features(RNG.normal(size=(60, 60)), GOOD, threshold=0.1)
    assert len(repr(many).splitlines()) == 13


def test_csv_and_dataframe_hold_the_coordinates(tmp_path: Path) -> None:
    found = table()
    found.to_csv(tmp_path / "points.csv")
    with open(tmp_path / "points.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:4] == ["index", "axis-0", "axis-1", "score"]
    np.testing.assert_allclose(np.array([r[1:3] for r in rows[1:]], float), found.coordinates, rtol=1e-8)
    for cell in (cell for row in rows[1:] for cell in row):
        float(cell)  # no cell is text, so that none can be a formula
    frame = found.to_dataframe()
    np.testing.assert_array_equal(frame[["axis-0", "axis-1"]].to_numpy(), found.coordinates)
    assert list(frame.columns) == ["axis-0", "axis-1", "score", "template", "angle", "scale"]


def test_napari_reads_the_csv(tmp_path: Path) -> None:
    io = pytest.importorskip("napari_builtins.io")
    table().to_csv(tmp_path / "points.csv")
    data, _, kind = io.csv_to_layer_data(str(tmp_path / "points.csv"), require_type="points")
    assert kind == "points"
    np.testing.assert_allclose(data, table().coordinates, rtol=1e-8)
