"""Photograph every panel in the running plugin: all pictures of napari in the README and the documentation.

On a screen of its own, so that nothing else gets into the pictures:

    xvfb-run -a -s "-screen 0 1600x1200x24" python docs/make_pictures.py [FOLDER [NAME ...]]

Each panel stands beside a sample, after the steps that its help describes, 350 pixels wide, in both themes; then the
Kernel Designer in its many states (make_designer_pictures.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QScrollArea, QWidget

WIDTH = 350
PLUGIN = "napari-convolve"
FOLDER = Path(__file__).parent / "images"


def design(viewer: Any, panel: Any) -> None:
    """A Laplacian of Gaussian, small enough that its numbers can be read."""
    panel.kernel.kind.value = "log"
    panel.kernel.form["sigma"].value = 0.8
    panel.kernel.form["truncate"].value = 4


def convolve(viewer: Any, panel: Any) -> None:
    """Nuclei, smoothed in three dimensions."""
    choose(panel.view, "3-D (z, y, x)")
    panel.kernel.form["sigma"].value = (1.0, 1.5, 1.5)
    run(panel)


def detect(viewer: Any, panel: Any) -> None:
    """Beads, one of which is marked as the example."""
    beads, truth = viewer.layers["beads"], viewer.layers["true places of the beads"].data
    bead = np.round(truth[np.argmin(np.abs(truth - np.array(beads.data.shape) / 2).max(axis=1))])
    viewer.dims.set_point(0, bead[0] * beads.scale[0])
    choose(panel.view, "3-D (z, y, x)")
    panel.template.depth.value = 7
    panel.template.start_drawing()
    panel.template.shapes.value.add_rectangles(bead + np.array([(0, -5, -5), (0, -5, 5), (0, 5, 5), (0, 5, -5)]))
    run(panel)
    hits = viewer.layers["beads · hits"]
    viewer.dims.ndisplay = 3
    panel.template.shapes.value.visible = False
    viewer.layers.selection.active = hits
    for area in panel.native.findChildren(QScrollArea):
        area.ensureWidgetVisible(panel.found.save.native)


def deconvolve(viewer: Any, panel: Any) -> None:
    """Filaments, sharpened with the PSF that blurred them."""
    panel.psf.kind.value = "from a layer"
    run(panel)


def preview(viewer: Any, panel: Any) -> None:
    """The Laplacian of Gaussian of what is seen, before any run."""
    viewer.dims.set_current_step(0, 30)
    panel.kernel.kind.value = "log"
    panel.kernel.form["sigma"].value = 2.0
    panel.run_bar.preview.value = True
    wait_for(panel)


def compare(viewer: Any, panel: Any) -> None:
    """Nuclei on the left, smoothed on the right."""
    panel.kernel.form["sigma"].value = 3.0
    run(panel)
    panel.compare.kind.value = "split"
    wait_for(panel)


def recipes(viewer: Any, panel: Any) -> None:
    """Two steps, ready to be done again."""
    _, convolve_panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Convolve")
    run(convolve_panel)
    convolve_panel.image.value = viewer.layers[-1]
    convolve_panel.kernel.kind.value = "log"
    run(convolve_panel)
    viewer.window.remove_dock_widget(convolve_panel.native)
    panel.result.value = viewer.layers[-1]


def feature_maps(viewer: Any, panel: Any) -> None:
    """Where the stripes run across 45 degrees."""
    panel.weights.kind.value = "directions"
    panel.settings["activation"].value = "relu"
    run(panel)
    viewer.dims.set_current_step(0, 2)


def wait_for(panel: Any) -> None:
    """Until preview and plan show the present values, fitted to the window."""
    spin(0.3)
    while panel.live.busy or panel.plan_line.busy:
        spin(0.05)


def iterate(viewer: Any, panel: Any) -> None:
    """The same by Richardson-Lucy, while it runs."""
    panel.psf.kind.value = "from a layer"
    panel.settings.method.value = "richardson_lucy"
    panel.settings["iterations"].value = 10_000
    panel.run()
    while "iteration" not in viewer.layers[-1].name:
        spin(0.05)


#: Pictures of the whole window, in the dark theme.
WINDOWS = ("preview", "before-after", "detect-features", "deconvolve", "deconvolve-iterations", "feature-maps")
#: Display name of the panel, sample, what is done.
PICTURES: dict[str, tuple[str, str, Callable[[Any, Any], None]]] = {
    "kernel-designer": ("Kernel Designer", "nuclei", design),
    "convolve": ("Convolve", "nuclei", convolve),
    "detect-features": ("Detect Features", "beads", detect),
    "deconvolve": ("Deconvolve", "blurred", deconvolve),
    "deconvolve-iterations": ("Deconvolve", "blurred", iterate),
    "preview": ("Convolve", "nuclei", preview),
    "before-after": ("Convolve", "nuclei", compare),
    "feature-maps": ("Feature Maps", "textures", feature_maps),
    "recipes": ("Recipes", "nuclei", recipes),
}


def choose(choice: Any, label: str) -> None:
    """Pick an entry by what it says."""
    choice.value = next(value for value in choice.choices if value.label == label)


def run(panel: Any) -> None:
    """Press Run and wait for the end."""
    panel.run()
    while panel.run_bar.busy:
        spin(0.05)
    spin(0.3)


def spin(seconds: float) -> None:
    """Let napari draw."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def save(widget: QWidget, path: Path) -> None:
    """Save what a widget shows, in at most 256 colours: a tenth of the size, and no difference to see."""
    widget.grab().save(str(path))
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def main(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("dark", "light"):
        for name in names or PICTURES:
            title, sample, steps = PICTURES[name]
            viewer = napari.Viewer(show=True)
            viewer.theme = theme
            viewer.window.resize(1200, 820)
            viewer.open_sample(PLUGIN, sample)
            dock, panel = viewer.window.add_plugin_dock_widget(PLUGIN, title)
            window = viewer.window._qt_window
            window.resizeDocks([dock], [WIDTH], Qt.Orientation.Horizontal)
            spin(0.5)
            steps(viewer, panel)
            viewer.reset_view()
            spin(1)
            if hasattr(panel, "live"):
                wait_for(panel)
                spin(0.5)
            assert dock.width() == WIDTH, f"{title} needs {dock.width()} pixels"
            save(dock, folder / f"{name}-{theme}.png")
            if theme == "dark" and name in WINDOWS:
                save(window, folder / f"{name}-window.png")
            viewer.close()
            spin(0.2)


if __name__ == "__main__":
    import make_designer_pictures

    images = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    main(images / "napari", sys.argv[2:])
    if not sys.argv[2:]:
        make_designer_pictures.main(images)
