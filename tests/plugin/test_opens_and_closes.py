"""Panels that are opened and closed leave nothing behind."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QThreadPool
from qtpy.QtWidgets import QApplication

from napari_convolve.plugin._layer_choice import PREVIEW


def emitters(viewer: Any) -> list[Any]:
    camera, dims, layers = viewer.scene.camera.events, viewer.dims.events, viewer.layers.events
    groups = [layers, dims, camera, viewer.canvas.events]
    return [e for group in groups for e in getattr(group, "emitters", {}).values()]


def alive(viewer: Any) -> int:
    """Callbacks that would still be called; napari drops dead ones when it calls them."""
    callbacks = [callback for emitter in emitters(viewer) for callback in emitter.callbacks]
    return sum(not isinstance(callback, tuple) or callback[0]() is not None for callback in callbacks)


def settle(qtbot: Any) -> None:
    qtbot.wait(5)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


@pytest.mark.parametrize(
    "name", ["Convolve", "Detect Features", "Deconvolve", "Kernel Designer", "Recipes", "Feature Maps"]
)
def test_fifty_times(viewer, open_panel, qtbot, name: str) -> None:
    viewer.add_image(np.random.default_rng(0).random((40, 50)).astype("f4"), name="a")
    counts: list[tuple[int, int, int, int]] = []
    panels: list[Any] = []
    for i in range(50):
        panel = open_panel(name)
        if i % 5 == 0 and hasattr(panel, "live") and name != "Detect Features":
            panel.foot.preview.value = True
            qtbot.waitUntil(lambda live=panel.live: bool(live.layers) or not live.busy, timeout=20000)
        panels.append(weakref.ref(panel))
        viewer.window.remove_dock_widget(panel.native)
        del panel
        if i in (9, 49):
            assert QThreadPool.globalInstance().waitForDone(20000)
            qtbot.wait(50)
            settle(qtbot)
            counts.append((alive(viewer), threading.active_count(), len(QApplication.allWidgets()), len(viewer.layers)))
    assert [ref() for ref in panels] == [None] * 50
    assert not [layer for layer in viewer.layers if PREVIEW in layer.metadata]
    assert counts[0] == counts[1], "callbacks, threads, widgets, layers after 10 and after 50"
