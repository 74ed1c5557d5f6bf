"""The `scores` callback of `detect_features`: the score map, and other thresholds without correlating again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.ops.matching import feature_search as detection


def scene() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    template = rng.normal(size=(9, 7))
    image = rng.normal(size=(120, 150))
    for row, column, height in ((20, 30, 3), (60, 100, 1.5), (90, 40, 1), (100, 120, 0.7)):
        image[row - 4 : row + 5, column - 3 : column + 4] += height * template
    return image, template


def same(first: nc.Detections, second: nc.Detections) -> None:
    assert len(first) == len(second)
    for name, column in first.columns().items():
        np.testing.assert_array_equal(column, second.columns()[name])


@pytest.mark.parametrize("options", [{}, {"rotations": range(0, 360, 90)}, {"shape": "valid"}, {"boundary": "wrap"}])
def test_other_thresholds_are_the_same_call_again(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    image, template = scene()
    kept: list[Any] = []
    options = {"method": "fft", **options}
    nc.detect_features(image, template, threshold=0.9, scores=kept.append, **options)
    wanted = [
        {"threshold": 0.5},
        {"threshold": 0.2},
        {"threshold": -0.1, "max_count": 7},
        {"false_alarms": 1.0},
        {"false_alarms": 50.0, "max_count": 3},
    ]
    expected = [nc.detect_features(image, template, **options, **one) for one in wanted]
    monkeypatch.setattr(detection, "best_scores", None)  # that nothing is correlated again
    for one, other in zip(wanted, expected, strict=True):
        same(kept[0].detections(**one), other)
    assert len(expected[1]) > len(expected[0]) >= 3
    assert kept[0].null.threshold(1.0) == expected[3].threshold


def test_the_map_is_the_score(monkeypatch: pytest.MonkeyPatch) -> None:
    image, template = scene()
    kept: list[Any] = []
    nc.detect_features(image, template, scores=kept.append, shape="full", min_valid=0)
    np.testing.assert_allclose(kept[0].map, nc.match_template(image, template, shape="full"), atol=1e-9)
    assert kept[0].first == (4 - 8, 3 - 6)
    places, heights = kept[0].peaks
    np.testing.assert_array_equal(kept[0].map[tuple(places.T)], heights)
    assert "1 variants" in repr(kept[0]) or "1 variant" in repr(kept[0])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"threshold": 0.5, "false_alarms": 1}, "threshold and false_alarms"),
        ({"threshold": 1.5}, "threshold=1.5"),
        ({"threshold": float("nan")}, "threshold=nan"),
        ({"false_alarms": 0}, "false_alarms=0"),
    ],
)
def test_wrong_values(options: dict[str, Any], message: str) -> None:
    kept: list[Any] = []
    nc.detect_features(*scene(), scores=kept.append)
    with pytest.raises(ValueError, match=message):
        kept[0].detections(**options)
    with pytest.raises(TypeError, match="scores"):
        nc.detect_features(*scene(), scores=3)
