"""Photograph the Fourier panel in the running plugin, in both themes.

xvfb-run -a -s "-screen 0 1600x1200x24" python docs/make_fourier_pictures.py [FOLDER]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_convolve.bigdata.files import read

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "images"


def wait(seconds: float) -> None:
    """Let napari work."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def photograph(theme: str, target: Path) -> None:
    """A striped picture, its stripes marked, and a ring that lets fine detail through."""
    viewer = napari.Viewer()
    viewer.theme = theme
    viewer.window.resize(1400, 880)
    image = read(ROOT / "tests" / "data" / "images2d" / "camera.png").data.astype("float32")
    y, x = np.mgrid[:512, :512]
    stripes = 12 * np.cos(2 * np.pi * (0.12 * x + 0.05 * y))
    viewer.add_image(image + stripes, name="camera", scale=(0.2, 0.2), units=("um", "um"))
    dock, panel = viewer.window.add_plugin_dock_widget("napari-convolve", "Fourier")
    viewer.window._qt_window.resizeDocks([dock], [350], Qt.Orientation.Horizontal)
    wait(1)
    panel.show_spectrum()
    panel.find_stripes()
    while panel.foot.busy:
        wait(0.1)
    panel.form.does.value = "pass"
    panel.add_shape("ring")
    wait(1)
    place = panel.stage.place
    at = np.asarray(place.middle) + place.factor * np.array([0.25, 0.6])
    panel._hover(viewer, type("Event", (), {"position": tuple(at)})())
    wait(1.5)
    picture = Image.fromarray(viewer.window.screenshot(canvas_only=False, flash=False)[..., :3])
    picture.quantize(128).save(target / f"fourier-{theme}.png", optimize=True)
    viewer.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for theme in ("dark", "light"):
        photograph(theme, folder)
