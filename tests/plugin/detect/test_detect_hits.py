"""Results in the Detect Features panel: score plot with threshold, table, boxes, files, preview."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QScrollArea
from scipy.ndimage import gaussian_filter, rotate

import napari_convolve as nc

RNG = np.random.default_rng(3)
TEMPLATE = RNG.normal(size=(11, 9))
#: Row, column, height of the features; chance alone stays below 0.45.
PLACES = ((20, 22, 4.0), (22, 80, 1.6), (60, 30, 1.1), (62, 85, 0.9))


def scene() -> np.ndarray:
    image = np.random.default_rng(5).normal(size=(84, 112))
    for row, column, height in PLACES:
        image[row - 5 : row + 6, column - 4 : column + 5] += height * TEMPLATE
    return image


@pytest.fixture
def panel(viewer: Any, open_panel: Any, hands: Any) -> Any:
    viewer.add_image(TEMPLATE, name="example")
    viewer.add_image(scene(), name="scene")
    opened = open_panel("Detect Features")
    hands.pick(opened.image, "scene")
    hands.pick(opened.template.origin, "a layer, file or kernel")
    hands.pick(opened.template.kernel.layer, "example")
    return opened


def drag(plot: Any, score: float) -> None:
    """Take hold of the threshold and move it, with the mouse."""
    QApplication.processEvents()
    y = plot.height() // 2
    begin = plot.threshold
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=QPoint(round(plot.x_of(begin)), y))
    for share in (0.4, 0.8, 1.0):
        QTest.mouseMove(plot, QPoint(round(plot.x_of(begin + (score - begin) * share)), y))
        QApplication.processEvents()
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=QPoint(round(plot.x_of(score)), y))
    QApplication.processEvents()


def test_points_follow_the_threshold_without_correlating_again(
    viewer, panel, hands, qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.run(panel)
    hits = viewer.layers["scene · hits"]
    assert len(hits.data) == len(nc.detect_features(scene(), TEMPLATE)) == 4
    monkeypatch.setattr(nc, "detect_features", None)
    monkeypatch.setattr("napari_convolve.ops.matching.feature_search.best_scores", None)
    plot = panel.found.plot
    for target in (0.5, 0.9, 0.2, 0.6):
        drag(plot, target)
        now = plot.threshold
        assert abs(now - target) < 0.01 and panel.found.threshold.value == now
        qtbot.waitUntil(lambda: not panel.found._more.busy)
        expected = panel.found._found.scores.detections(threshold=now)
        np.testing.assert_array_equal(hits.data, expected.coordinates)
        np.testing.assert_array_equal(hits.features["score"], expected.scores)
        assert panel.found.table.model().rowCount() == len(expected)
        assert f"{len(expected)} hit" in panel.found.summary.value and "chance" in panel.found.summary.value
    hands.write(panel.found.threshold, "0.95")
    assert len(hits.data) == 1 and plot.threshold == 0.95
    hands.write(panel.found.threshold, "1")
    assert len(hits.data) == 0
    drag(plot, 0.5)
    assert len(hits.data) >= 4


def test_a_number_of_false_detections_sets_the_threshold(viewer, panel, hands) -> None:
    hands.write(panel.settings["false_alarms"], "0.5")
    hands.run(panel)
    expected = nc.detect_features(scene(), TEMPLATE, false_alarms=0.5)
    assert panel.found.plot.threshold == pytest.approx(expected.threshold, abs=1e-3)
    assert len(viewer.layers["scene · hits"].data) == len(expected) == 4
    assert "chance alone gives 0.5" in panel.found.summary.value
    assert panel.found.plot.expected.any()


def test_a_click_in_the_table_brings_the_hit_to_the_middle(viewer, panel, hands) -> None:
    hands.write(panel.settings["threshold"], "0.4")
    hands.run(panel)
    table = panel.found.table
    panel.native.findChild(QScrollArea).ensureWidgetVisible(table)
    QApplication.processEvents()
    for row in (2, 0):
        where = table.visualRect(table.model().index(row, 0)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
        hit = viewer.layers["scene · hits"].data[row]
        np.testing.assert_allclose(viewer.scene.camera.center[-2:], hit)
        assert viewer.layers["scene · hits"].selected_data == {row}


def test_csv_and_script_tell_what_is_shown(viewer, panel, hands, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands.run(panel)
    drag(panel.found.plot, 0.45)
    shown = viewer.layers["scene · hits"].data
    path = tmp_path / "hits"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    hands.click(panel.found.save)
    with open(f"{path}.csv") as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_allclose([[float(r["axis-0"]), float(r["axis-1"])] for r in rows], shown, atol=1e-6)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "folder.csv"), ""))
    hands.click(panel.found.save)
    assert "folder.csv" in panel.found.summary.value
    hands.click(panel.found.script)
    script = QApplication.clipboard().text()
    compile(script, "script", "exec")
    recipe = viewer.layers["scene · hits"].metadata["recipe"]
    found = recipe.run(scene())
    np.testing.assert_array_equal(found.coordinates, shown)


def test_boxes_are_turned_like_what_they_frame(viewer, panel, hands) -> None:
    template = gaussian_filter(TEMPLATE, 1.5)
    image = np.random.default_rng(1).normal(scale=0.01, size=(80, 90))
    turned = rotate(template, 30, order=3)
    part = tuple(slice(40 - n // 2, 40 - n // 2 + n) for n in turned.shape)
    image[part] += turned
    viewer.add_image(image, name="turned")
    viewer.add_image(template, name="smooth")
    hands.pick(panel.image, "turned")
    hands.pick(panel.template.kernel.layer, "smooth")
    hands.write(panel.rotations, "0:360:15")
    hands.run(panel)
    hits = viewer.layers["turned · hits"]
    assert list(hits.features["angle"]) == [30.0] and hits.size[0] == 11
    hands.click(panel.found.box)
    boxes = viewer.layers["turned · boxes"]
    assert boxes.data.shape == (4, 2, 2)
    lengths = np.sort(np.linalg.norm(boxes.data[:, 1], axis=1))
    np.testing.assert_allclose(lengths, (9, 9, 11, 11))
    angles = np.degrees(np.arctan2(boxes.data[:, 1, 0], boxes.data[:, 1, 1])) % 90
    np.testing.assert_allclose(angles, 90 - 30)
    hands.click(panel.found.box)
    assert "turned · boxes" not in viewer.layers
    hands.write(panel.rotations, "0:360")
    assert "turned by" in hands.run(panel)


def test_two_kinds_and_two_sizes(viewer, panel, hands) -> None:
    image = scene()
    other = RNG.normal(size=(7, 13))
    image[40:47, 50:63] += 4 * other
    viewer.add_image(other, name="other")
    viewer.add_image(image, name="both")
    hands.pick(panel.image, "both")
    hands.pick(panel.template.kernel.layer, "example")
    hands.click(panel.template.keep)
    assert "11 x 9" in panel.template.also.value
    hands.pick(panel.template.kernel.layer, "other")
    hands.write(panel.scales, "1, 2")
    hands.run(panel)
    hits = viewer.layers["both · hits"]
    kinds = dict(zip(map(tuple, np.rint(hits.data).astype(int)), hits.features["template"], strict=True))
    assert kinds[(20, 22)] == 0 and kinds[(43, 56)] == 1
    assert set(hits.features["scale"]) == {1.0}
    assert set(hits.size.tolist()) == {11.0, 13.0}
    hands.click(panel.template.forget)
    hands.run(panel)
    assert set(viewer.layers["both · hits [1]"].features["template"]) == {0}


def test_the_preview_is_the_run_on_what_is_seen(viewer, panel, hands, qtbot) -> None:
    hands.write(panel.rotations, "0, 90")
    viewer.scene.camera.zoom = 12
    viewer.scene.camera.center = (0, 24, 78)
    hands.click(panel.run_bar.preview)
    qtbot.waitUntil(lambda: len(panel.live.layers) == 2 and not panel.live.busy, timeout=20000)
    score, hits = panel.live.layers
    kept: list[Any] = []
    whole = nc.detect_features(scene(), TEMPLATE, rotations=[0, 90], scores=kept.append)
    start = np.round(score.translate).astype(int)
    part = tuple(slice(s, s + n) for s, n in zip(start, score.data.shape, strict=True))
    assert score.data.size < scene().size
    np.testing.assert_allclose(score.data, kept[0].map[part], atol=1e-6)
    inside = [p for p in whole.coordinates if all(s.start <= c < s.stop for s, c in zip(part, p, strict=True))]
    np.testing.assert_allclose(hits.data, inside, atol=1e-3)
    assert len(inside) == 1
    hands.click(panel.run_bar.preview)
    assert not panel.live.layers


def test_a_template_of_given_planes(viewer, open_panel, hands) -> None:
    stack = np.random.default_rng(1).normal(100, 2, (12, 40, 50))
    for z, y, x in ((5, 12, 14), (8, 28, 36)):
        stack[z - 1 : z + 2, y - 2 : y + 3, x - 2 : x + 3] += 80
    viewer.add_image(stack, name="cells", axis_labels=("z", "y", "x"))
    panel = open_panel("Detect Features")
    hands.pick(panel.view, "3-D (z, y, x)")
    hands.click(panel.template.draw)
    panel.template.shapes.value.add_rectangles(
        np.array([(5, 8.5, 10.5), (5, 8.5, 17.5), (5, 15.5, 17.5), (5, 15.5, 10.5)])
    )
    hands.write(panel.template.depth, "3-8")
    hands.run(panel)
    assert panel.found._found.request.arguments[0].shape == (6, 7, 7)
    assert len(viewer.layers["cells · hits"].data) == 2
    hands.click(panel.found.box)
    assert viewer.layers["cells · boxes"].data.shape == (24, 2, 3)
    for text, message in (("9-3", "after"), ("x", "neither"), ("40-50", "ends at plane 11")):
        hands.write(panel.template.depth, text)
        assert message in hands.run(panel)


def test_each_rectangle_is_a_template_and_a_new_one_replaces_or_joins_the_others(viewer, open_panel, hands) -> None:
    viewer.add_image(scene(), name="scene")
    panel = open_panel("Detect Features")
    assert not panel.template.shapes.visible and not panel.template.keep.visible
    chooser = panel.template

    def draw(row: int, column: int) -> None:
        box = np.array([(-5.2, -4.2), (-5.2, 4.2), (5.2, 4.2), (5.2, -4.2)])
        chooser.shapes.value.add_rectangles(np.array((row, column)) + box)

    hands.click(chooser.draw)
    draw(40, 50)
    hands.click(chooser.draw)  # a better one
    draw(20, 22)
    hands.run(panel)
    assert panel.found._found.request.arguments[0].shape == (11, 9)
    hands.click(chooser.keep)
    draw(60, 60)
    hands.run(panel)
    assert [t.shape for t in panel.found._found.request.arguments[0]] == [(11, 9), (11, 9)]
    found = viewer.layers["scene · hits [1]"]
    kinds = dict(zip(map(tuple, np.rint(found.data).astype(int)), found.features["template"], strict=True))
    assert kinds[(20, 22)] == 0 and kinds[(60, 60)] == 1
    assert len([layer for layer in viewer.layers if "template" in layer.metadata]) == 1


@pytest.mark.parametrize(
    "text, count", [("0:360:10", 36), ("0:180:45", 5), ("5", 1), ("10, 20", 2), ("-10:10:5", 5), ("90:0:-30", 4)]
)
def test_angles_as_typed(text: str, count: int) -> None:
    from napari_convolve.plugin.widgets.angle_parsing import parse_angles

    found = parse_angles(text)
    assert len(found if isinstance(found, tuple) else found(2)) == count
    if count == 1:
        assert len(found(3)) > 1000


@pytest.mark.parametrize("text", ["0:360", "0:10:0", "0:10:-1", "0:1e9:1", "a:b:c", "ten"])
def test_angles_that_cannot_be_read(text: str) -> None:
    from napari_convolve.plugin.widgets.angle_parsing import parse_angles

    with pytest.raises(ValueError, match="must be first|at most|number"):
        parse_angles(text)
