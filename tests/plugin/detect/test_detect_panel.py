"""The Detect Features panel in a real window: draw an example, find the others."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

import napari_convolve as nc


@pytest.fixture
def draw(viewer, qtbot) -> Any:
    """Drag the mouse over the canvas between two points of the world."""

    def drag(start: tuple[float, ...], end: tuple[float, ...]) -> None:
        window = viewer.window._qt_viewer
        qtbot.waitExposed(window.canvas.native)
        qtbot.wait(100)
        viewer.reset_view()
        qtbot.wait(100)
        zero, one = (np.array(window.canvas._map_canvas2world(p, window.canvas.view)[-2:]) for p in ((0, 0), (1, 1)))
        places = [
            QPoint(*np.round((np.array(p) - zero) / (one - zero)).astype(int)[::-1].tolist()) for p in (start, end)
        ]
        QTest.mouseMove(window.canvas.native, places[0])
        QTest.mousePress(window.canvas.native, Qt.MouseButton.LeftButton, pos=places[0])
        for share in (0.3, 0.6, 1.0):
            QTest.mouseMove(window.canvas.native, places[0] + (places[1] - places[0]) * share)
            qtbot.wait(30)
        QTest.mouseRelease(window.canvas.native, Qt.MouseButton.LeftButton, pos=places[1])
        QApplication.processEvents()

    return drag


def scene(places: Any, shape: tuple[int, ...] = (60, 80)) -> np.ndarray:
    """Crosses on noise."""
    image = np.random.default_rng(0).normal(100, 2, shape)
    for row, column in places:
        image[..., row - 3 : row + 4, column] += 60
        image[..., row, column - 3 : column + 4] += 60
    return image


@pytest.mark.panel
def test_a_person_draws_one_cross_and_finds_all(viewer, open_panel, hands, draw) -> None:
    places = [(15, 20), (40, 30), (22, 61)]
    viewer.add_image(scene(places), name="crosses", scale=(0.5, 0.5), translate=(10, 20))
    panel = open_panel("Detect Features")
    assert "draw a rectangle" in hands.run(panel)
    hands.click(panel.template.draw)
    draw((10 + 0.5 * 10.5, 20 + 0.5 * 15.5), (10 + 0.5 * 19.5, 20 + 0.5 * 24.5))
    assert len(viewer.layers["template"].data) == 1
    hands.click(panel.score)
    said = hands.run(panel)
    hits = viewer.layers["crosses · hits"]
    assert "detections 3" in said
    np.testing.assert_allclose(sorted(map(tuple, hits.data)), sorted(places), atol=0.2)
    assert (hits.features["score"] > 0.9).all()
    np.testing.assert_allclose(hits.data_to_world(hits.data[0]), viewer.layers["crosses"].data_to_world(hits.data[0]))
    score = viewer.layers["crosses · score"]
    best = np.unravel_index(np.argmax(score.data), score.data.shape)
    assert tuple(best) in places and score.data.max() <= 1 + 1e-6
    np.testing.assert_array_equal(score.scale, (0.5, 0.5))


def test_the_published_coins(viewer, open_panel, hands, draw, dataset) -> None:
    from PIL import Image

    coins = np.asarray(Image.open(dataset("images2d/coins.png")))
    with dataset("match2d_coins/mtm_published_hits_small.csv").open() as file:
        published = [(float(row["y"]) + 38 // 2, float(row["x"]) + 41 // 2) for row in csv.DictReader(file)]
    viewer.add_image(coins, name="coins")
    panel = open_panel("Detect Features")
    hands.click(panel.template.draw)
    draw((36.5, 79.5), (74.5, 120.5))
    hands.write(panel.settings["threshold"], "0.5")
    hands.click(panel.settings._list[-1].button)
    hands.write(panel.settings["max_overlap"], "0")
    hands.click(panel.settings["subpixel"])
    hands.pick(panel.settings["shape"], "valid")
    hands.run(panel)
    hits = viewer.layers["coins · hits"].data
    assert sorted(map(tuple, hits)) == sorted(published)
    assert len(hits) == 18


def test_a_template_of_several_planes(viewer, open_panel, hands, draw) -> None:
    stack = np.random.default_rng(1).normal(100, 2, (12, 40, 50))
    for z, y, x in ((5, 12, 14), (8, 28, 36)):
        stack[z - 1 : z + 2, y - 2 : y + 3, x - 2 : x + 3] += 80
    viewer.add_image(stack, name="cells", scale=(2, 1, 1), axis_labels=("z", "y", "x"))
    viewer.dims.set_point(0, 10)
    panel = open_panel("Detect Features")
    hands.pick(panel.view, "3-D (z, y, x)")
    hands.click(panel.template.draw)
    draw((8.5, 10.5), (15.5, 17.5))
    said = hands.run(panel)
    assert "detections 2" in said
    np.testing.assert_allclose(
        sorted(map(tuple, viewer.layers["cells · hits"].data)), [(5, 12, 14), (8, 28, 36)], atol=0.3
    )


def test_a_layer_as_template_and_no_hit_at_all(viewer, open_panel, hands) -> None:
    places = [(15, 20), (40, 30)]
    image = scene(places)
    viewer.add_image(np.ascontiguousarray(image[10:21, 15:26]), name="example")
    viewer.add_image(image, name="crosses")
    panel = open_panel("Detect Features")
    hands.pick(panel.image, "crosses")
    hands.pick(panel.template.origin, "a layer, file or kernel")
    hands.pick(panel.template.kernel.layer, "example")
    assert "detections 2" in hands.run(panel)
    viewer.add_image(np.random.default_rng(9).normal(size=(60, 80)), name="noise")
    hands.pick(panel.image, "noise")
    assert "detections 0" in hands.run(panel)
    hits = viewer.layers["noise · hits"]
    assert hits.data.shape == (0, 2) and "score" in hits.features.columns
    hands.write(panel.settings["threshold"], "2")
    assert "threshold" in hands.run(panel)
    hands.write(panel.settings["threshold"], "0.5")
    viewer.add_image(np.ones((60, 80)), name="flat")
    hands.pick(panel.template.kernel.layer, "flat")
    assert "flat" in hands.run(panel) or "equal" in panel.run_bar.message.value


def test_hits_over_time_know_their_frame(viewer, open_panel, hands) -> None:
    movie = np.stack([scene([(15, 20)]), scene([(15, 20), (40, 30)]), scene([])])
    viewer.add_image(np.ascontiguousarray(movie[0, 10:21, 15:26]), name="example")
    viewer.add_image(movie, name="movie", axis_labels=("t", "y", "x"), scale=(5, 1, 1))
    panel = open_panel("Detect Features")
    hands.pick(panel.image, "movie")
    hands.pick(panel.template.origin, "a layer, file or kernel")
    hands.pick(panel.template.kernel.layer, "example")
    hands.run(panel)
    hits = viewer.layers["movie · hits"]
    assert sorted(int(t) for t in hits.data[:, 0]) == [0, 1, 1]
    np.testing.assert_array_equal(hits.scale, (5, 1, 1))


@pytest.mark.parametrize("shape", ["same", "valid", "full"])
def test_the_score_lies_on_the_image(viewer, open_panel, hands, shape: str) -> None:
    image = scene([(15, 20), (40, 30)])
    viewer.add_image(np.ascontiguousarray(image[10:21, 15:26]), name="example")
    viewer.add_image(image, name="crosses")
    panel = open_panel("Detect Features")
    hands.pick(panel.image, "crosses")
    hands.pick(panel.template.origin, "a layer, file or kernel")
    hands.pick(panel.template.kernel.layer, "example")
    hands.click(panel.score)
    panel.settings["shape"].value = shape
    hands.run(panel)
    score = viewer.layers["crosses · score"]
    np.testing.assert_allclose(score.data, nc.match_template(image, image[10:21, 15:26], shape=shape), atol=1e-4)
    best = np.unravel_index(np.argmax(score.data), score.data.shape)
    np.testing.assert_allclose(score.data_to_world(best), (15, 20))
