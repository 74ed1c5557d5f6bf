"""Panels that are opened and closed leave nothing behind."""

from __future__ import annotations

import gc
import threading
import weakref
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtCore import QEvent, QThreadPool
from qtpy.QtWidgets import QApplication

from napari_convolve.plugin.widgets.layer_choice import PREVIEW

NAMES = [
    widget.display_name
    for widget in PluginManifest.from_file(files("napari_convolve") / "napari.yaml").contributions.widgets
]


def emitters(viewer: Any) -> list[Any]:
    camera, dims, layers = viewer.scene.camera.events, viewer.dims.events, viewer.layers.events
    image, chosen = viewer.layers["a"].events, viewer.layers.selection.events
    groups = [layers, dims, camera, viewer.canvas.events, image, chosen]
    return [e for group in groups for e in getattr(group, "emitters", {}).values()]


def alive(viewer: Any) -> int:
    """Callbacks that would still be called; napari drops dead ones when it calls them."""
    callbacks = [callback for emitter in emitters(viewer) for callback in emitter.callbacks]
    heard = [*viewer.mouse_move_callbacks, *viewer.mouse_drag_callbacks, *viewer.layers["a"].mouse_drag_callbacks]
    return sum(not isinstance(callback, tuple) or callback[0]() is not None for callback in callbacks) + len(heard)


def settle(qtbot: Any) -> None:
    qtbot.wait(5)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


def use(panel: Any, viewer: Any, qtbot: Any) -> None:
    """What makes a panel add layers, start a job, or listen to the viewer."""
    if hasattr(panel, "live"):
        panel.run_bar.preview.value = True
        qtbot.waitUntil(lambda live=panel.live: bool(live.layers) or not live.busy, timeout=20000)
    elif hasattr(panel, "group"):
        panel.form.spectrum.native.click()
        panel.form.shapes["Disc"].native.click()
        qtbot.waitUntil(lambda: panel.group.has("live"), timeout=20000)
    elif hasattr(panel, "attach"):
        panel._look((20, 25))


@pytest.mark.parametrize("name", NAMES)
def test_fifty_times(viewer, open_panel, qtbot, name: str) -> None:
    viewer.add_image(np.random.default_rng(0).random((40, 50)).astype("f4"), name="a")
    counts: list[tuple[int, int, int, list[str]]] = []
    panels: list[Any] = []
    for i in range(50):
        panel = open_panel(name)
        if i == 0 or (i % 10 == 0 and name != "Fourier"):  # whose layers stay: they are the person's
            use(panel, viewer, qtbot)
        panels.append(weakref.ref(panel))
        viewer.window.remove_dock_widget(panel.native)
        del panel
        if i in (11, 49):  # what napari and Qt keep from the first uses is there by then
            assert QThreadPool.globalInstance().waitForDone(120_000)
            qtbot.wait(50)
            settle(qtbot)
            names = [layer.name for layer in viewer.layers]
            counts.append((alive(viewer), threading.active_count(), len(QApplication.allWidgets()), names))
    assert [ref() for ref in panels] == [None] * 50
    assert not [layer for layer in viewer.layers if PREVIEW in layer.metadata]
    assert counts[0] == counts[1], "callbacks, threads, widgets, layers after 12 and after 50"
