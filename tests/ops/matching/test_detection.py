"""`detect_features`: scenes with known places, published hits, suppression, layout, batches, devices."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from scipy.spatial.transform import Rotation
from tests.contracts.standin import NAME, on_device, standin
from tifffile import imread

import napari_convolve as nc
from napari_convolve.backends import SESSION
from napari_convolve.boundary import MODES
from napari_convolve.ops.matching import feature_search as detection
from napari_convolve.ops.matching import template_bank as _bank

DATA = Path(__file__).parents[2] / "data"
#: Top-left corner x, y and score of OpenCV's TM_CCOEFF_NORMED, published in the first tutorial of
#: multi-template-matching/MultiTemplateMatching-Python: template coins[37:75, 80:121], threshold 0.5, no overlap.
COINS = [
    (80, 37, 1.0), (133, 108, 0.8608093), (134, 178, 0.8161434), (82, 106, 0.80047214), (316, 105, 0.74788666),
    (23, 178, 0.74224424), (185, 103, 0.68531644), (257, 34, 0.6578578), (26, 103, 0.61795336), (22, 37, 0.60669357),
    (335, 247, 0.58576703), (227, 239, 0.5786777), (95, 244, 0.5769806), (286, 237, 0.54384065),
    (251, 106, 0.5254569), (157, 234, 0.5249821), (134, 37, 0.5114375), (196, 27, 0.50683254),
]  # fmt: skip


def truth(folder: Path, name: str) -> np.ndarray:
    with open(folder / f"{name}_truth.csv") as file:
        rows = list(csv.reader(file))
    return np.array(rows[1:], float)


def assert_found(found: nc.Detections, places: np.ndarray, within: float) -> np.ndarray:
    """Each place once and nothing else; the row of each."""
    assert len(found) == len(places), found
    distance = np.linalg.norm(found.coordinates[None] - places[:, None], axis=2)
    rows = distance.argmin(1)
    assert sorted(rows) == list(range(len(places)))
    assert distance.min(1).max() <= within
    return rows


def scene(
    places: list[tuple[int, ...]], shape: tuple[int, ...], template: np.ndarray, noise: float = 0.05
) -> np.ndarray:
    """Templates whose centres (N // 2) stand at `places`, in noise."""
    image = noise * np.random.default_rng(5).normal(size=shape)
    for place in places:
        key = tuple(slice(p - k // 2, p - k // 2 + k) for p, k in zip(place, template.shape, strict=True))
        image[key] += template
    return image


@pytest.mark.parametrize("extent", ["valid", "same"])
def test_the_published_coins_are_found(extent: str) -> None:
    coins = skimage.data.coins()
    template = coins[37:75, 80:121]
    found = nc.detect_features(coins, template, threshold=0.5, max_overlap=0, shape=extent, subpixel=False)
    corners = found.coordinates - [19, 20]
    for x, y, score in COINS:
        at = np.flatnonzero((corners == [y, x]).all(1))
        assert len(at) == 1
        assert abs(found.scores[at[0]] - score) <= 1e-5
    if extent == "valid":
        assert len(found) == len(COINS)
        more = nc.detect_features(coins, template, threshold=0.5, min_distance=1, shape="valid", subpixel=False)
        assert [246, 341] in (more.coordinates - [19, 20]).tolist()  # what no overlap keeps out


def test_a_plain_scene_is_found_exactly() -> None:
    folder = DATA / "synthetic"
    image, template = imread(folder / "match2d_plain.tif"), imread(folder / "match2d_plain_template.tif")
    places = truth(folder, "match2d_plain")[:, :2]
    assert_found(nc.detect_features(image, template), places, 0.1)
    assert_found(nc.detect_features(image, template, subpixel=False), places, 0.0)
    assert_found(nc.detect_features(image.astype(np.float64), template, shape="valid"), places, 0.1)


def test_a_plain_scene_in_three_dimensions_is_found_exactly(dataset: Callable[[str], Path]) -> None:
    folder = dataset("synthetic")
    image, template = imread(folder / "match3d_plain.tif"), imread(folder / "match3d_plain_template.tif")
    places = truth(folder, "match3d_plain")[:, :3]
    assert_found(nc.detect_features(image, template, subpixel=False), places, 0.0)
    assert_found(nc.detect_features(image, template), places, 0.1)


def test_turned_instances_are_found_with_their_angle() -> None:
    folder = DATA / "synthetic"
    image, template = imread(folder / "match2d_rot.tif"), imread(folder / "match2d_rot_template.tif")
    rows = truth(folder, "match2d_rot")
    found = nc.detect_features(image, template, rotations=range(0, 360, 10))
    at = assert_found(found, rows[:, :2], 0.5)
    np.testing.assert_array_equal(found.angles[at], rows[:, 2])
    for angle, matrix in zip(found.angles, found.rotations, strict=True):
        turned = np.deg2rad(angle)
        expected = [[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]]
        np.testing.assert_allclose(matrix, expected, atol=1e-12)


def test_scaled_instances_are_found_with_their_scale() -> None:
    folder = DATA / "synthetic"
    image, template = imread(folder / "match2d_scale.tif"), imread(folder / "match2d_scale_template.tif")
    rows = truth(folder, "match2d_scale")
    found = nc.detect_features(image, template, scales=[0.8, 1.0, 1.25])
    at = assert_found(found, rows[:, :2], 0.8)  # even sizes have their middle between samples
    np.testing.assert_array_equal(found.scales[at], rows[:, 3])


def test_rotations_in_space_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    template = np.zeros((9, 9, 9))
    template[4, 4, 1:8], template[2:5, 4, 4], template[4, 4:6, 2] = 1, 0.8, 0.6  # no symmetry
    rotations = Rotation.create_group("O")  # the 24 turns of a cube are exact on the grid
    chosen = [3, 10, 17, 23]
    image = 0.02 * rng.normal(size=(16, 40, 40))
    places = [(8, 8, 8), (8, 8, 28), (8, 28, 8), (8, 28, 28)]
    offsets = np.argwhere(template != 0) - 4
    for place, number in zip(places, chosen, strict=True):
        turned = np.rint(offsets @ rotations[number].as_matrix().T).astype(int)
        image[tuple((turned + place).T)] += template[template != 0]
    found = nc.detect_features(image, template, rotations=rotations, threshold=0.8)
    at = assert_found(found, np.array(places, float), 0.1)
    np.testing.assert_allclose(found.rotations[at], rotations[chosen].as_matrix(), atol=1e-12)
    assert found.angles is None
    assert "rotation-2" in found.columns()


def test_several_templates_compete_for_one_place() -> None:
    folder = DATA / "match2d_letters"
    letters = imread(folder / "letters_numbers.tif")
    glyphs = {"A": letters[6:22, 20:34], "C": letters[6:22, 45:56], "2": letters[6:22, 67:79]}
    found = nc.detect_features(letters, list(glyphs.values()), threshold=0.95)
    assert sorted(found.templates.tolist()) == [0, 1, 2]
    centres = {0: (14, 27), 1: (14, 50), 2: (14, 73)}
    for number, place in zip(found.templates, found.coordinates, strict=True):
        assert np.abs(place - centres[int(number)]).max() <= 1e-6
    assert nc.detect_features(letters, (glyphs["A"],), threshold=0.99).templates.tolist() == [0]


def test_even_templates_and_kernels_report_their_centre() -> None:
    rng = np.random.default_rng(2)
    for side in ((20, 16), (6, 5, 4)):
        template = rng.normal(size=side)
        place = (23, 31, 20)[: len(side)]
        image = scene([place], (50, 52, 41)[: len(side)], template)
        found = nc.detect_features(image, template, subpixel=False)
        assert found.coordinates.tolist() == [list(place)]
    kernel = nc.Kernel(template, center=(0, 0, 3))
    moved = nc.detect_features(image, kernel, subpixel=False).coordinates
    assert moved.tolist() == [[23 - 3, 31 - 2, 20 - 2 + 3]]


def test_layouts_agree_on_coordinates() -> None:
    template = np.random.default_rng(3).normal(size=(7, 6))
    places = [(10, 12), (30, 20), (22, 41)]
    image = scene(places, (44, 53), template)
    for options in (
        {}, {"shape": "valid"}, {"shape": "full"}, {"origin": (2, -1)}, {"boundary": "constant"}, {"axes": (0, 1)},
        {"method": "fft"}, {"method": "direct"}, {"workers": 1},
    ):  # fmt: skip
        found = nc.detect_features(image, template, **options)
        assert_found(found, np.array(places, float), 0.1)
    for options in ({}, {"origin": (2, -1)}, {"min_distance": (3, 4)}):
        turned = nc.detect_features(image.T, template, axes=(1, 0), **options)
        assert_found(turned, np.array(places, float)[:, ::-1], 0.1)
    forward = nc.detect_features(image, template, rotations=[30, 90], threshold=0.2)
    back = nc.detect_features(image.T, template, rotations=[30, 90], threshold=0.2, axes=(1, 0))
    assert_found(back, forward.coordinates[:, ::-1], 1e-6)
    np.testing.assert_allclose(back.rotations, forward.rotations, atol=1e-12)


def test_full_finds_centres_outside() -> None:
    template = np.random.default_rng(4).normal(size=(9, 9))
    image = 0.01 * np.random.default_rng(5).normal(size=(40, 40))
    image[:6, 10:19] += template[3:]  # the centre at row 1, three rows cut off
    image[20:29, :4] += template[:, 5:]  # the centre at column -1
    options: dict[str, Any] = {"boundary": "constant", "threshold": 0.5, "subpixel": False}
    found = nc.detect_features(image, template, shape="full", min_valid=0.4, **options)
    assert sorted(found.coordinates.tolist()) == [[1, 14], [24, -1]]
    # by default half of the template must lie inside the image
    assert nc.detect_features(image, template, shape="full", **options).coordinates.tolist() == [[1, 14]]
    assert len(nc.detect_features(image, template, min_valid=1, **options)) == 0


@pytest.mark.parametrize("boundary", MODES.names())
def test_the_whole_image_is_one_hit_at_its_centre(boundary: str) -> None:
    image = np.random.default_rng(6).normal(size=(21, 30))
    found = nc.detect_features(image, image, boundary=boundary)
    assert found.coordinates.round(6).tolist() == [[10, 15]]
    assert abs(found.scores[0] - 1) <= 1e-12


def test_axes_are_batches() -> None:
    template = np.random.default_rng(7).normal(size=(7, 6))
    image = np.stack([scene([(10, 12)], (40, 42), template), scene([(10, 12), (30, 30)], (40, 42), template)])
    stack = np.stack([image, image[::-1]], axis=2)  # batch, y, channel, x
    found = nc.detect_features(stack, template, axes=(1, 3), subpixel=False)
    expected = {(0, 10, 0, 12), (1, 10, 0, 12), (1, 30, 0, 30), (1, 10, 1, 12), (0, 10, 1, 12), (0, 30, 1, 30)}
    assert {tuple(map(int, row)) for row in found.coordinates} == expected and len(found) == 6


def test_min_distance_and_max_overlap() -> None:
    template = np.zeros((5, 5))
    template[1:4, 1:4] = np.outer([1.0, 2, 1], [1, 2, 1])
    image = scene([(10, 10), (10, 16), (30, 30), (33, 30), (20, 10)], (44, 44), template, noise=0.02)
    options: dict[str, Any] = {"threshold": 0.8}
    assert len(nc.detect_features(image, template, min_distance=2, **options)) == 5
    assert len(nc.detect_features(image, template, min_distance=4, **options)) == 4
    far = nc.detect_features(image, template, min_distance=6.5, **options)
    assert len(far) == 3
    assert nc.detect_features(image, template, min_distance=1e9, **options).scores == far.scores.max()
    assert len(nc.detect_features(image, template, min_distance=(2, 7), **options)) == 4
    assert len(nc.detect_features(image, template, max_overlap=0, **options)) == 4
    assert len(nc.detect_features(image, template, max_overlap=0.3, **options)) == 5


@pytest.mark.parametrize("options", [{"min_distance": 3.0}, {"min_distance": 5.5}, {"max_overlap": 0.0}])
def test_no_two_detections_break_the_rule(options: dict[str, float]) -> None:
    image = np.random.default_rng(8).normal(size=(90, 80))
    template = nc.kernels.gaussian(sigma=1.2)
    found = nc.detect_features(image, template, threshold=0.1, **options)
    assert len(found) > 20
    shifts = np.abs(found.coordinates[:, None] - found.coordinates[None])
    shifts[np.arange(len(found)), np.arange(len(found))] = np.inf
    if "min_distance" in options:
        assert np.linalg.norm(shifts, axis=2).min() >= options["min_distance"] - 1e-9
    else:
        assert shifts.max(axis=2).min() >= template.shape[0] - 1e-9


def test_greedy_suppression_is_the_textbook_one() -> None:
    image = np.random.default_rng(9).normal(size=(60, 61))
    template = np.random.default_rng(10).normal(size=(5, 5))
    scores = nc.match_template(image, template)
    expected: list[tuple[int, int]] = []
    padded = np.pad(scores, 1, constant_values=-2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    places = np.argwhere((scores == windows.max((2, 3))) & (scores >= 0.2))
    for place in sorted(map(tuple, places.tolist()), key=lambda p: -scores[p]):
        if all(np.hypot(place[0] - o[0], place[1] - o[1]) >= 4 for o in expected):
            expected.append(place)
    options: dict[str, Any] = {"threshold": 0.2, "min_distance": 4, "subpixel": False, "min_valid": 0}
    found = nc.detect_features(image, template, **options)
    assert [tuple(map(int, row)) for row in found.coordinates] == expected
    best = nc.detect_features(image, template, max_count=5, **options)
    assert [tuple(map(int, row)) for row in best.coordinates] == expected[:5]


def test_a_higher_threshold_keeps_the_best_of_a_lower_one() -> None:
    image = np.random.default_rng(11).normal(size=(80, 80))
    template = np.random.default_rng(12).normal(size=(6, 6))
    low = nc.detect_features(image, template, threshold=0.2)
    high = nc.detect_features(image, template, threshold=0.4)
    kept = low[low.scores >= 0.4]
    np.testing.assert_array_equal(kept.coordinates, high.coordinates)
    np.testing.assert_array_equal(kept.scores, high.scores)


def test_plateaus_and_lattices_are_deterministic() -> None:
    template = np.pad(np.ones((2, 2)), 1)
    image = np.zeros((40, 40))
    image[4::8, 4::8] = image[5::8, 4::8] = image[4::8, 5::8] = image[5::8, 5::8] = 1
    # one method: between two calls the planner may have a faster one ready, whose rounding orders equals otherwise
    found = nc.detect_features(image, template, min_distance=3, method="fft")
    assert len(found) == 25
    assert (np.diff(found.scores) <= 0).all()
    again = nc.detect_features(image, template, min_distance=3, method="fft", workers=1)
    np.testing.assert_array_equal(found.coordinates, again.coordinates)
    flat = np.zeros((30, 30))
    flat[10, 5:25] = 1  # a line: every place along it is as good
    line = nc.detect_features(flat, np.array([[0.0], [1], [0]]), min_distance=1, subpixel=False)
    assert line.coordinates.tolist() == [[10, 5]]


def test_the_region_bounds_centres_only() -> None:
    template = np.random.default_rng(13).normal(size=(7, 6))
    places = [(10, 12), (30, 20), (22, 41)]
    image = scene(places, (44, 53), template)
    region = np.zeros(image.shape, bool)
    region[:, :21] = True
    for extent in ("same", "valid", "full"):
        found = nc.detect_features(image, template, region=region, shape=extent)
        assert_found(found, np.array(places[:2], float), 0.1)
    one = np.zeros(image.shape, bool)
    one[22, 41] = True
    assert_found(nc.detect_features(image, template, region=one), np.array(places[2:], float), 0.1)


def test_masked_samples_and_nan() -> None:
    template = np.random.default_rng(14).normal(size=(9, 8))
    places = [(10, 12), (30, 20), (22, 41)]
    image = scene(places, (44, 53), template)
    valid = np.ones(image.shape, bool)
    valid[8:11, 8:30], valid[30:, 19:22] = False, False
    broken = np.where(valid, image, 1e6)
    assert_found(nc.detect_features(broken, template, mask=valid), np.array(places, float), 0.15)
    holes = np.where(valid, image, np.nan)
    assert_found(nc.detect_features(holes, template, nan="omit"), np.array(places, float), 0.15)
    assert_found(nc.detect_features(holes, template), np.array(places[2:], float), 0.1)
    assert len(nc.detect_features(np.full((20, 20), np.nan), template)) == 0
    most = nc.detect_features(broken, template, mask=valid, min_valid=0.9)
    assert_found(most, np.array(places[2:], float), 0.15)


def test_a_template_mask_turns_along() -> None:
    rng = np.random.default_rng(15)
    template = rng.normal(size=(13, 13))
    disk = np.hypot(*np.mgrid[-6:7, -6:7]) <= 6.2
    image = 0.05 * rng.normal(size=(60, 60))
    image[10:23, 30:43] += np.where(disk, template, 5 * rng.normal(size=(13, 13)))
    image[35:48, 8:21] += np.where(disk, np.rot90(template), 5 * rng.normal(size=(13, 13)))
    found = nc.detect_features(image, template, template_mask=disk, rotations=[0, 90, 180, 270], threshold=0.9)
    at = assert_found(found, np.array([[16.0, 36], [41, 14]]), 0.1)
    assert found.angles[at].tolist() == [0, 90]
    without = nc.detect_features(image, template, rotations=[0, 90, 180, 270], threshold=0.9)
    assert len(without) == 0


def test_memory_does_not_grow_with_the_number_of_rotations(monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    while any(thread.name == "napari-convolve-compile" for thread in threading.enumerate()):
        time.sleep(0.05)  # it takes memory too
    monkeypatch.setattr(detection, "_SPECTRA", 8 << 20)
    monkeypatch.setattr(_bank, "_KEPT", 0)
    monkeypatch.setattr(SESSION, "max_cached_bytes", 8 << 20)  # full with either number
    image = np.random.default_rng(16).normal(size=(300, 300)).astype(np.float32)
    template = nc.kernels.gaussian(sigma=(1, 3)).values
    peaks = []
    for number in (30, 120):
        nc.clear_cache()
        tracemalloc.start()
        nc.detect_features(image, template, rotations=np.arange(number) * 180 / number, threshold=0.6, method="fft")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize("options", [{}, {"rotations": [0, 45]}, {"nan": "omit"}])
def test_workers_and_tiles_do_not_matter(options: dict[str, Any]) -> None:
    template = np.random.default_rng(17).normal(size=(9, 8))
    places = [(20, 22), (60, 40), (44, 82)]
    image = scene(places, (88, 106), template).astype(np.float32)
    results = [nc.detect_features(image, template, workers=w, method="overlap-save", **options) for w in (1, 2, None)]
    for other in results[1:]:
        np.testing.assert_array_equal(other.coordinates, results[0].coordinates)
        np.testing.assert_array_equal(other.scores, results[0].scores)
    tiled = nc.detect_features(image, template, max_memory=300_000, **options)
    np.testing.assert_allclose(tiled.coordinates, results[0].coordinates, atol=1e-6)
    np.testing.assert_allclose(tiled.scores, results[0].scores, atol=1e-4)


def test_on_another_device() -> None:
    template = np.random.default_rng(18).normal(size=(7, 6))
    places = [(10, 12), (30, 20), (22, 41)]
    image = scene(places, (44, 53), template)
    valid = np.ones(image.shape, bool)
    valid[9, 8:20] = False
    region = np.ones(image.shape, bool)
    with standin():
        for options in ({}, {"rotations": [0, 90]}, {"shape": "full"}, {"boundary": "constant"}, {"region": region}):
            expected = nc.detect_features(image, template, **options)
            for given, how in ((image, {"backend": NAME}), (on_device(image), {})):
                found = nc.detect_features(given, template, **how, **options)
                np.testing.assert_allclose(found.coordinates, expected.coordinates, atol=1e-6)
                np.testing.assert_allclose(found.scores, expected.scores, atol=1e-10)
        masked = nc.detect_features(on_device(image), on_device(template), mask=on_device(valid))
        assert_found(masked, np.array(places, float), 0.15)


def test_progress_goes_up_once_and_stops_when_told() -> None:
    image = np.random.default_rng(19).normal(size=(150, 160)).astype(np.float32)
    template = np.random.default_rng(20).normal(size=(9, 8))
    calls: list[tuple[int, int]] = []
    reports: list[nc.Report] = []
    nc.detect_features(
        image, template, rotations=range(0, 360, 30), progress=lambda *c: calls.append(c), report=reports.append
    )
    done = [d for d, _ in calls]
    assert done == sorted(done) and calls[-1][0] == calls[-1][1] and len({t for _, t in calls}) == 1
    assert reports[0].details["threshold"] == 0.7 and "detections 0" in str(reports[0])

    def stop(done: int, total: int) -> None:
        if done:
            raise nc.Cancelled

    with pytest.raises(nc.Cancelled):
        nc.detect_features(image, template, rotations=np.linspace(0, 180, 1000), progress=stop)
