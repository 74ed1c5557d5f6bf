"""`false_alarms`: the number of detections in pure noise, and the hits in images with features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from tests.ops.matching.test_detection import truth
from tifffile import imread

import napari_convolve as nc

DATA = Path(__file__).parents[2] / "data" / "synthetic"
BEAD = nc.kernels.gaussian(sigma=1.3).values
TEXTURE = imread(DATA / "match2d_plain_template.tif")
NOISE: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "white": lambda rng, shape: rng.normal(size=shape),
    "coloured": lambda rng, shape: scipy.ndimage.gaussian_filter(rng.normal(size=shape), 1.5) + 100,
    "Poisson": lambda rng, shape: rng.poisson(4.0, shape),
}


@pytest.mark.parametrize("kind", sorted(NOISE))
@pytest.mark.parametrize("template", ["bead", "texture"])
def test_noise_gives_as_many_detections_as_said(template: str, kind: str) -> None:
    """100 fields each: on average one detection, give or take a factor of two."""
    rng = np.random.default_rng(sorted(NOISE).index(kind))
    form = BEAD if template == "bead" else TEXTURE
    counts = [
        len(nc.detect_features(NOISE[kind](rng, (160, 180)), form, false_alarms=1, subpixel=False)) for _ in range(100)
    ]
    assert 0.5 <= np.mean(counts) <= 2


@pytest.mark.parametrize("number", [0.1, 10])
def test_other_numbers_are_kept_as_well(number: float) -> None:
    rng = np.random.default_rng(5)
    counts = [len(nc.detect_features(rng.normal(size=(160, 160)), BEAD, false_alarms=number)) for _ in range(40)]
    assert 0.4 * number - 0.05 <= np.mean(counts) <= 2.2 * number + 0.05


def test_noise_in_space_and_with_rotations() -> None:
    rng = np.random.default_rng(6)
    ball = nc.kernels.gaussian(sigma=(1.5, 1, 1), truncate=3)
    counts = [len(nc.detect_features(rng.normal(size=(24, 60, 60)), ball, false_alarms=1)) for _ in range(30)]
    assert 0.4 <= np.mean(counts) <= 2.2
    angles = range(0, 360, 45)
    turned = [
        len(nc.detect_features(rng.normal(size=(120, 120)), TEXTURE, false_alarms=1, rotations=angles))
        for _ in range(20)
    ]
    assert 0.3 <= np.mean(turned) <= 2.5


@pytest.mark.parametrize(
    "name, options, within",
    [
        ("match2d_plain", {}, 1),
        ("match2d_rot", {"rotations": range(0, 360, 30)}, 1),
        ("match2d_scale", {"scales": [0.8, 1.0, 1.25]}, 1.5),
    ],
)
def test_scenes_with_features(name: str, options: dict[str, Any], within: float) -> None:
    image, template = imread(DATA / f"{name}.tif"), imread(DATA / f"{name}_template.tif")
    found = nc.detect_features(image, template, false_alarms=1, **options)
    check_scene(found, truth(DATA, name)[:, :2], within)


def test_scenes_with_beads() -> None:
    found = nc.detect_features(imread(DATA / "beads2d.tif"), nc.kernels.gaussian(sigma=1.3), false_alarms=1)
    check_scene(found, truth(DATA, "beads2d")[:, :2], 1)


def test_scenes_in_space(dataset: Callable[[str], Path]) -> None:
    folder = dataset("synthetic")
    image, template = imread(folder / "match3d_plain.tif"), imread(folder / "match3d_plain_template.tif")
    check_scene(nc.detect_features(image, template, false_alarms=1), truth(folder, "match3d_plain")[:, :3], 1)
    beads = imread(folder / "beads3d.tif")
    found = nc.detect_features(beads, nc.kernels.gaussian(sigma=(2, 1.3, 1.3), truncate=3), false_alarms=1)
    check_scene(found, truth(folder, "beads3d")[:, :3], 1)


def check_scene(found: nc.Detections, places: np.ndarray, within: float) -> None:
    """At least 95 % of the features, at most 3 false hits."""
    distance = np.linalg.norm(found.coordinates[None] - places[:, None], axis=2)
    assert (distance.min(1) <= within).mean() >= 0.95
    assert (distance.min(0) > within).sum() <= 3


def test_the_null_can_be_drawn() -> None:
    image = imread(DATA / "match2d_plain.tif")
    reports: list[nc.Report] = []
    found = nc.detect_features(image, TEXTURE, false_alarms=2, report=reports.append)
    null = found.null
    assert reports[0].details["null"] is null and reports[0].details["threshold"] == found.threshold
    assert any("chance" in text for text in reports[0].assumptions)
    assert len(null.edges) == len(null.counts) + 1 and 0 < null.share < 1
    assert abs(null.expected(found.threshold) - 2) <= 1e-6
    assert abs(null.threshold(0.5) - null.threshold(2)) > 0.001
    scores = np.linspace(null.level, 1, 50)
    expected = null.expected(scores)
    assert (np.diff(expected) <= 0).all() and expected[-1] == 0
    # the histogram is that of the peaks: between two scores above the level it says what the law says
    above = null.counts[null.edges[:-1] >= null.level].sum()
    assert 0.5 <= above / null.expected(null.level) <= 2
    assert found.threshold < found.scores[-1]
    plain = nc.detect_features(image, TEXTURE)
    assert plain.null is None and plain.threshold == 0.7


def test_flanks_of_a_feature_are_not_detections_but_its_neighbours_are() -> None:
    rng = np.random.default_rng(7)
    image = rng.normal(size=(120, 120))
    y, x = np.mgrid[-8:9, -8:9]
    stripes = np.exp(-(x**2 + y**2) / 30) * np.cos(x * 1.2)  # a template that looks like itself a period aside
    image[52:69, 30:47] += 20 * stripes
    image[52:69, 80:97] += 20 * stripes
    image[62:79, 90:107] += 20 * stripes  # overlaps the one before
    found = nc.detect_features(image, stripes, false_alarms=0.1, min_distance=3)
    places = np.array([[60, 38], [60, 88], [70, 98]])
    distance = np.linalg.norm(found.coordinates[None] - places[:, None], axis=2)
    assert len(found) == 3 and distance.min(1).max() < 0.5


def test_images_too_small_to_learn_from_assume_white_noise() -> None:
    image = np.random.default_rng(8).normal(size=(12, 12))
    found = nc.detect_features(image, BEAD[3:8, 3:8], false_alarms=1)
    assert 0.2 < found.threshold < 1 and len(found) <= 4
    assert len(nc.detect_features(np.zeros((40, 40)), BEAD, false_alarms=1)) == 0


def test_many_faint_features_are_not_taken_for_chance() -> None:
    """150 beads, from hardly visible to bright, are the highest 3 % of all peaks: what the law is fitted to."""
    rng = np.random.default_rng(0)
    image, places = np.zeros((512, 512)), rng.integers(8, 504, (2, 150))
    heights = rng.uniform(8, 40, 150)
    image[tuple(places)] = heights
    image = nc.convolve(image, BEAD) + rng.normal(scale=0.5, size=image.shape)
    found = nc.detect_features(image, BEAD, false_alarms=1)
    distance = np.linalg.norm(found.coordinates[None] - places.T[:, None], axis=2)
    seen = heights > 15  # signal to noise 2.8
    assert (distance.min(1)[seen] < 2).mean() >= 0.95
    assert (distance.min(0) > 2).sum() <= 4
