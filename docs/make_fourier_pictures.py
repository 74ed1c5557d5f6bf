"""Photograph the Fourier panel in the running plugin, in each of its states and in both themes, driven with the mouse.

xvfb-run -a -s "-screen 0 1600x1200x24" python docs/make_fourier_pictures.py [FOLDER]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QScrollArea

from napari_convolve.bigdata.files import read

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "images"
STRIPES = (0.05, 0.12)
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


def wait(seconds: float) -> None:
    """Let napari work."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def settle(panel: Any) -> None:
    """Until nothing is computed any more."""
    wait(0.3)
    while panel.run_bar.busy or panel.picture.busy or panel._spectrum.busy:
        wait(0.1)
    wait(0.3)


def click(widget: Any) -> None:
    """Press a button as a person does."""
    QTest.mouseClick(widget.native, LEFT)
    wait(0.2)


def send(viewer: Any, kind: Any, at: QPointF, button: Any = NONE, held: Any = NONE) -> None:
    """An event of the mouse over the canvas."""
    native = viewer.window._qt_viewer.canvas.native
    world = native.mapToGlobal(at.toPoint()).toPointF()
    QApplication.sendEvent(native, QMouseEvent(kind, at, world, button, held, Qt.KeyboardModifier.NoModifier))
    wait(0.03)


def point(viewer: Any, panel: Any, frequency: Any) -> QPointF:
    """Where a frequency (cycles per sample) is on the canvas."""
    native, camera = viewer.window._qt_viewer.canvas.native, viewer.scene.camera
    place, spacing = panel.group.place, panel.group.plane.spacing
    world = np.asarray(place.middle) + place.factor * np.divide(frequency, spacing)
    y, x = (world - np.asarray(camera.center)[-2:]) * camera.zoom
    return QPointF(native.width() / 2 + x, native.height() / 2 + y)


def drag(viewer: Any, panel: Any, start: Any, end: Any) -> None:
    """From one frequency to another with the left button held."""
    a, b = point(viewer, panel, start), point(viewer, panel, end)
    send(viewer, QEvent.Type.MouseMove, a)
    send(viewer, QEvent.Type.MouseButtonPress, a, LEFT, LEFT)
    for share in np.linspace(0, 1, 9)[1:]:
        send(viewer, QEvent.Type.MouseMove, a + (b - a) * share, NONE, LEFT)
    send(viewer, QEvent.Type.MouseButtonRelease, b, LEFT, NONE)


def photograph(theme: str, target: Path) -> None:
    """A striped picture: its stripes read, taken out with a disc, marked; a filter kept; the result."""
    viewer = napari.Viewer()
    viewer.theme = theme
    viewer.window.resize(1300, 800)
    image = read(ROOT / "tests" / "data" / "images2d" / "camera.png").data.astype("float32")
    y, x = np.mgrid[:512, :512]
    stripes = 25 * np.cos(2 * np.pi * (STRIPES[0] * y + STRIPES[1] * x))
    viewer.add_image(image + stripes, name="camera", scale=(0.2, 0.2), units=("um", "um"))
    dock, panel = viewer.window.add_plugin_dock_widget("napari-convolve", "Fourier")
    viewer.window._qt_window.resizeDocks([dock], [350], Qt.Orientation.Horizontal)
    wait(1)

    def shoot(name: str) -> None:
        picture = Image.fromarray(viewer.window.screenshot(canvas_only=False, flash=False)[..., :3])
        picture.quantize(128, Image.Quantize.MAXCOVERAGE).save(target / f"{name}-{theme}.png", optimize=True)

    click(panel.form.spectrum)
    settle(panel)
    send(viewer, QEvent.Type.MouseMove, point(viewer, panel, STRIPES))
    wait(0.5)
    shoot("fourier-reading")
    click(panel.form.shapes["Disc"])
    settle(panel)
    drag(viewer, panel, (0.0, 0.225), STRIPES)
    settle(panel)
    shoot("fourier-disc")
    viewer.layers["camera · filter shapes"].remove_selected()
    click(panel.form.find)
    settle(panel)
    panel.form.does.value = "pass"
    click(panel.form.shapes["Ring"])
    settle(panel)
    shoot("fourier")
    fold = panel.form._list[-1]
    click(fold.button)
    click(panel.form.save)
    click(panel.form.kernel)
    settle(panel)
    click(panel.run_bar.run)
    settle(panel)
    for area in panel.native.findChildren(QScrollArea):
        area.ensureWidgetVisible(panel.form.kernel.native)
    wait(0.5)
    shoot("fourier-kept")
    viewer.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("dark", "light"):
        photograph(theme, folder)
