"""Changes to layers, windows and panels while a computation runs (rows E of the bad inputs)."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt, QThreadPool
from qtpy.QtWidgets import QApplication
from scipy import ndimage

import napari_convolve as nc


class Slow:
    """`convolve` that goes on when it is told to."""

    def __init__(self) -> None:
        self.real = nc.convolve
        self.step, self.started, self.calls = threading.Event(), threading.Event(), 0
        self.deaf = False
        self.ended: list[str] = []

    def convolve(self, image: Any, kernel: Any, *, progress: Any, report: Any, **options: Any) -> Any:
        self.calls += 1
        self.started.set()
        if self.deaf:
            self.step.wait()
        try:
            for done in range(1000):
                progress(done, 1000)
                if self.step.wait(0.01):
                    break
        except nc.Cancelled:
            self.ended.append("cancelled")
            raise
        self.ended.append("done")
        return self.real(image, kernel, report=report, **options)


@pytest.fixture
def slow(monkeypatch) -> Slow:
    fake = Slow()
    monkeypatch.setattr(nc, "convolve", wraps(nc.convolve)(lambda *args, **options: fake.convolve(*args, **options)))
    yield fake
    fake.step.set()
    assert QThreadPool.globalInstance().waitForDone(120_000)


def begin(panel: Any, hands: Any, slow: Slow) -> None:
    slow.started.clear()
    hands.click(panel.run_bar.run)
    assert slow.started.wait(5)


def test_without_an_image_there_is_nothing_to_press(viewer, open_panel) -> None:
    panel = open_panel("Convolve")
    assert not panel.run_bar.run.enabled
    viewer.add_labels(np.ones((5, 5), int))
    viewer.add_points(np.zeros((1, 2)))
    viewer.add_shapes()
    assert not panel.run_bar.run.enabled and panel.image.value is None
    panel.run()  # not even when something else calls it
    assert panel.run_bar.message.value.startswith("Open an image first: File")
    viewer.add_image(np.ones((5, 5)))
    assert panel.run_bar.run.enabled and not panel.run_bar.message.value
    viewer.layers.pop()
    assert not panel.run_bar.run.enabled


def test_progress_is_shown_here_and_in_the_activity_dock(viewer, open_panel, hands, slow, qtbot) -> None:
    from napari._qt.widgets.qt_progress_bar import QtLabeledProgressBar

    viewer.add_image(np.ones((5, 5)))
    panel = open_panel("Convolve")
    begin(panel, hands, slow)
    assert panel.run_bar.bar.native.isVisible() and not panel.run_bar.run.enabled and panel.run_bar.cancel.enabled
    qtbot.waitUntil(lambda: panel.run_bar.bar.native.value() > 0)
    qtbot.waitUntil(lambda: " left" in panel.run_bar.bar.native.text())
    activity = viewer.window._qt_window._activity_dialog
    bars = activity.findChildren(QtLabeledProgressBar)
    assert len(bars) == 1 and bars[0].qt_progress_bar.value() > 0
    slow.step.set()
    hands.wait(panel)
    assert not panel.run_bar.bar.native.isVisible() and not panel.run_bar.cancel.enabled
    qtbot.waitUntil(lambda: not activity.findChildren(QtLabeledProgressBar))


def test_cancel_leaves_nothing_behind(viewer, open_panel, hands, slow) -> None:
    viewer.add_image(np.ones((5, 5)))
    panel = open_panel("Convolve")
    threads = threading.active_count()
    begin(panel, hands, slow)
    hands.click(panel.run_bar.cancel)
    assert hands.wait(panel) == "Cancelled."
    assert len(viewer.layers) == 1 and slow.ended == ["cancelled"]
    assert QThreadPool.globalInstance().activeThreadCount() == 0 and threading.active_count() <= threads
    slow.step.set()
    assert hands.run(panel).startswith("convolve · ") and len(viewer.layers) == 2


def resident() -> int:
    """MiB of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_cancel_over_one_gigabyte_then_run_again(viewer, open_panel, hands, qtbot) -> None:
    plane = np.random.default_rng(0).integers(0, 4096, (1024, 1024)).astype("u2")
    viewer.add_image(np.broadcast_to(plane, (512, *plane.shape)), contrast_limits=(0, 4096), name="1 GiB")
    panel = open_panel("Convolve")
    panel.kernel.form["sigma"].value = 4
    qtbot.wait(500)
    before = resident()
    for _ in range(2):  # Run can be pressed again on the same stack
        hands.click(panel.run_bar.run)
        qtbot.waitUntil(lambda: resident() > before + 200, timeout=60_000)  # the result grows
        assert panel.run_bar.busy
        began = time.monotonic()
        hands.click(panel.run_bar.cancel)
        hands.wait(panel, timeout=10_000)  # a second is the aim, the rest is for machines that do other things
        print(f"cancelled within {time.monotonic() - began:.2f} s")
        assert panel.run_bar.message.value == "Cancelled." and len(viewer.layers) == 1
        qtbot.waitUntil(lambda: resident() < before + 100, timeout=30_000)
    viewer.add_image(plane[:64, :64], name="small")
    hands.pick(panel.image, "small")
    assert hands.run(panel).startswith("convolve · ")


def test_cancel_does_not_wait_for_a_call_that_does_not_stop(viewer, open_panel, hands, slow, qtbot) -> None:
    viewer.add_image(np.ones((5, 5)))
    panel = open_panel("Convolve")
    slow.deaf = True
    begin(panel, hands, slow)
    hands.click(panel.run_bar.cancel)
    assert hands.wait(panel).startswith("Cancelled; its last step")
    slow.deaf = False
    begin(panel, hands, slow)
    slow.step.set()
    assert hands.wait(panel).startswith("convolve · ")
    qtbot.waitUntil(lambda: len(slow.ended) == 2)
    qtbot.wait(200)
    assert len(viewer.layers) == 2  # the first result came too late


def test_run_pressed_twice_runs_once(viewer, open_panel, hands, slow) -> None:
    viewer.add_image(np.ones((5, 5)))
    panel = open_panel("Convolve")
    begin(panel, hands, slow)
    panel.run_bar.run.native.click()
    panel.run()
    slow.step.set()
    hands.wait(panel)
    assert slow.calls == 1 and len(viewer.layers) == 2


def test_two_panels_at_once(viewer, open_panel, hands) -> None:
    image = np.random.default_rng(1).random((30, 200, 200)).astype("f4")
    viewer.add_image(image, name="a")
    first, second = open_panel("Convolve"), open_panel("Deconvolve")
    first.kernel.form["sigma"].value = 3
    second.psf.form["sigma"].value = 1
    hands.click(first.run_bar.run)
    hands.click(second.run_bar.run)
    hands.wait(first)
    hands.wait(second)
    assert {layer.name for layer in viewer.layers} == {"a", "a · gaussian", "a · deconvolved"}
    expected = ndimage.gaussian_filter(image, (0, 3, 3))
    np.testing.assert_allclose(viewer.layers["a · gaussian"].data, expected, atol=1e-4)


@pytest.mark.parametrize("what", ["deleted", "renamed", "replaced"])
def test_the_layer_changes_during_the_run(viewer, open_panel, hands, slow, what: str) -> None:
    image = np.random.default_rng(2).random((8, 9)).astype("f4")
    other = viewer.add_image(np.zeros((8, 9)), name="b")
    # On top: with Mesa's software renderer napari itself crashes when the lower of two images is removed.
    layer = viewer.add_image(image, name="a")
    panel = open_panel("Convolve")
    begin(panel, hands, slow)
    if what == "deleted":
        viewer.layers.remove(layer)
        assert panel.image.value == other
    elif what == "renamed":
        layer.name = "new name"
        assert panel.image.value == layer
    else:
        layer.data = np.zeros((8, 9))
    slow.step.set()
    hands.wait(panel)
    result = viewer.layers["a · gaussian"]
    np.testing.assert_allclose(result.data, ndimage.gaussian_filter(image, 1), atol=1e-5)


def test_the_panel_is_closed_during_the_run(viewer, open_panel, hands, slow, qtbot) -> None:
    viewer.add_image(np.ones((5, 5)))
    panel = open_panel("Convolve")
    begin(panel, hands, slow)
    viewer.window.remove_dock_widget(panel.native)
    qtbot.waitUntil(lambda: slow.ended == ["cancelled"])
    qtbot.wait(100)
    assert len(viewer.layers) == 1


def test_a_hidden_panel_goes_on(viewer, open_panel, hands, slow) -> None:
    viewer.add_image(np.ones((5, 5)))
    panel = open_panel("Convolve")
    begin(panel, hands, slow)
    panel.native.parent().hide()
    slow.step.set()
    hands.wait(panel)
    assert len(viewer.layers) == 2


def test_the_window_is_closed_during_the_run(make_napari_viewer, slow, qtbot) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.ones((5, 5)))
    _, panel = viewer.window.add_plugin_dock_widget("napari-convolve", "Convolve")
    panel.run_bar.run.native.click()
    assert slow.started.wait(5)
    viewer.close()
    qtbot.waitUntil(lambda: slow.ended == ["cancelled"], timeout=5000)
    assert QThreadPool.globalInstance().waitForDone(120_000)
    for _ in range(5):
        QApplication.processEvents()


CLOSED = """
import time, napari, numpy as np
from qtpy.QtCore import QTimer
viewer = napari.Viewer()
viewer.add_image(np.broadcast_to(np.float32(1), (512, 1024, 1024)), contrast_limits=(0, 1))
_, panel = viewer.window.add_plugin_dock_widget("napari-convolve", "Convolve")
panel.kernel.form["sigma"].value = 4
panel.run()
def close():
    assert panel.run_bar.busy
    print("closed", time.time(), flush=True)
    viewer.close()
QTimer.singleShot(1500, close)
napari.run()
"""


def test_the_program_ends_when_its_window_is_closed_during_a_run(qtbot) -> None:
    """Row 96: no thread keeps it alive, and Qt has nothing to complain about."""
    done = subprocess.run([sys.executable, "-c", CLOSED], capture_output=True, text=True, timeout=900)
    print(f"ended {time.time() - float(done.stdout.split()[1]):.1f} s after the window was closed")
    assert done.returncode == 0, done.stderr
    for word in ("QThread", "RuntimeError", "Traceback", "wrapped C/C++"):
        assert word not in done.stderr


def test_two_windows_do_not_mix(make_napari_viewer, hands, qtbot) -> None:
    """Row 97: each result goes to the window its panel is in."""
    panels = []
    for value in (1.0, 2.0):
        viewer = make_napari_viewer(show=True)
        viewer.add_image(np.full((200, 200), value), name="a")
        panels.append((viewer, viewer.window.add_plugin_dock_widget("napari-convolve", "Convolve")[1]))
    for _, panel in panels:
        panel.run_bar.run.native.click()
    for (viewer, panel), value in zip(panels, (1.0, 2.0), strict=True):
        hands.wait(panel)
        assert [layer.name for layer in viewer.layers] == ["a", "a · gaussian"]
        np.testing.assert_allclose(viewer.layers[1].data, value)


def test_an_error_is_a_sentence_and_details_are_for_those_who_ask(viewer, open_panel, hands) -> None:
    viewer.add_image(np.ones((5, 5)))
    panel = open_panel("Convolve")
    hands.pick(panel.kernel.kind, "custom")
    assert "a matrix needs at least one number" in hands.run(panel)
    hands.write(panel.kernel.form["values"], "1 2; 3 x")
    assert hands.run(panel) == "row 2: 'x' is not a number or a fraction such as 1/9"
    hands.write(panel.kernel.form["values"], "1 " * 9)
    panel.settings["shape"].value = "valid"
    assert "9 > 5" in hands.run(panel)
    assert len(viewer.layers) == 1
    hands.click(panel.run_bar.details_button)
    assert panel.run_bar.details.native.isVisible() and "Traceback" in panel.run_bar.details.value
    panel.settings["shape"].value = "same"
    assert hands.run(panel).startswith("convolve · ")
    assert not panel.run_bar.details_button.native.isVisible()


def test_names_are_never_markup_and_never_too_wide(viewer, open_panel, hands) -> None:
    names = ["<b>bold</b> & <img src=x>", "x" * 10_000, "", "🔬 ünï"]
    for name in names:
        viewer.add_image(np.ones((5, 6, 3)), rgb=True, name=name)
    panel = open_panel("Detect Features")
    for layer in list(viewer.layers):
        hands.pick(panel.image, layer.name)
        assert panel.image.value == layer
        panel.run()
        assert "RGB" in panel.run_bar.message.value
    panel = open_panel("Convolve")
    width = panel.native.minimumSizeHint().width()
    assert width < 350
    for layer in list(viewer.layers)[:4]:
        hands.pick(panel.image, layer.name)
        hands.pick(panel.kernel.kind, "from a layer")
        hands.run(panel)
        assert panel.run_bar.message.native.textFormat() == Qt.TextFormat.PlainText
        assert panel.native.minimumSizeHint().width() <= width


def test_opening_and_closing_leaves_no_callbacks(viewer, open_panel, qtbot) -> None:
    def callbacks() -> int:
        return sum(len(emitter.callbacks) for emitter in viewer.layers.events.emitters.values())

    viewer.add_image(np.ones((5, 5)))
    counts, panels = [], []
    for name in ("Convolve", "Kernel Designer", "Detect Features", "Deconvolve", "Inspector", "Convolve"):
        panels.append(weakref.ref(panel := open_panel(name)))
        viewer.window.remove_dock_widget(panel.native)
        del panel
        qtbot.wait(20)
        gc.collect()
        viewer.add_image(np.ones((5, 5)))  # napari drops dead callbacks when it would call them
        viewer.layers.reverse()
        viewer.layers[0].name = f"renamed {len(counts)}"
        viewer.layers.pop()
        counts.append(callbacks())
    assert [panel() for panel in panels] == [None] * 6
    assert len(set(counts)) == 1, counts
