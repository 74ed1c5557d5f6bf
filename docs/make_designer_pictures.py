"""Photograph the Kernel Designer for docs/how-to/kernels.md, in both themes, 350 pixels wide.

xvfb-run -a -s "-screen 0 1600x1200x24" python docs/make_designer_pictures.py [FOLDER]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from make_pictures import PLUGIN, WIDTH, save, spin
from qtpy.QtCore import Qt

FOLDER = Path(__file__).parent / "images"


def tab(panel: Any, name: str) -> None:
    """Show one of the four views."""
    panel.views.setCurrentIndex([panel.views.tabText(i) for i in range(panel.views.count())].index(name))


def matrix(viewer: Any, panel: Any) -> None:
    """A typed matrix."""
    panel.kernel.kind.value = "custom"
    panel.kernel.form["values"].value = "1 2 1\n2 4 2\n1 2 1"
    panel.normalize.value = True


def gaussian(viewer: Any, panel: Any) -> None:
    """An anisotropic Gaussian in µm, for a stack whose planes are far apart."""
    place = {"scale": (0.5, 0.2, 0.2), "units": ("um",) * 3, "axis_labels": ("z", "y", "x")}
    viewer.add_image(np.zeros((9, 32, 32)), name="stack", **place)
    panel.view.value = next(v for v in panel.view.choices if v.label == "3-D")
    panel.pixels.value = viewer.layers["stack"]
    panel.kernel.unit.value = "um"
    panel.kernel.form["sigma"].value = (1.0, 0.4, 0.4)
    tab(panel, "Response")


def gabor(viewer: Any, panel: Any) -> None:
    """A wave under a Gaussian, by its profile."""
    panel.kernel.kind.value = "gabor"


def drawn(viewer: Any, panel: Any) -> None:
    """A band that is drawn by hand."""
    panel.kernel.kind.value = "drawn response"
    panel.drawn.preset.value = "band-pass"


PICTURES: dict[str, Callable[[Any, Any], None]] = {
    "matrix": matrix,
    "gaussian": gaussian,
    "gabor": gabor,
    "response": drawn,
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("dark", "light"):
        for name, steps in PICTURES.items():
            viewer = napari.Viewer(show=True)
            viewer.theme = theme
            viewer.window.resize(1000, 900)
            dock, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Kernel Designer")
            viewer.window._qt_window.resizeDocks([dock], [WIDTH], Qt.Orientation.Horizontal)
            spin(0.5)
            steps(viewer, panel)
            spin(1)
            assert dock.width() == WIDTH, f"the designer needs {dock.width()} pixels for {name}"
            save(dock, folder / f"designer-{name}-{theme}.png")
            if name == "gabor":
                for view in ("Profile", "Report"):
                    tab(panel, view)
                    spin(0.3)
                    save(dock, folder / f"designer-{view.lower()}-{theme}.png")
            if name == "matrix":  # the list of kernels
                panel.kernel.kind.native.showPopup()
                spin(0.5)
                save(panel.kernel.kind.native.view(), folder / f"designer-kernels-{theme}.png")
                panel.kernel.kind.native.hidePopup()
            viewer.close()
            spin(0.2)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
