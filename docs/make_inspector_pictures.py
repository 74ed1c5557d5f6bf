"""Photograph the Inspector: a window in numbers, one at the border, and the same thing in frequency, in both themes.

xvfb-run -a -s "-screen 0 1600x1200x24" python docs/make_inspector_pictures.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import napari
from make_pictures import FOLDER, PLUGIN, WIDTH, save, spin
from qtpy.QtCore import Qt


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("dark", "light"):
        viewer = napari.Viewer(show=True)
        viewer.theme = theme
        viewer.window.resize(1200, 820)
        viewer.open_sample(PLUGIN, "nuclei")
        dock, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Inspector")
        viewer.window._qt_window.resizeDocks([dock], [WIDTH], Qt.Orientation.Horizontal)
        spin(1)
        nuclei = viewer.layers["nuclei"]
        for name, place in (("grid", (15, 30, 25)), ("border", (15, 0, 20)), ("frequency", (15, 30, 25))):
            panel._hover(viewer, SimpleNamespace(position=nuclei.data_to_world(place)))
            panel.frequency.wanted.value = name == "frequency"
            panel.fold.open(name != "frequency")
            spin(1)
            assert dock.width() == WIDTH, f"it needs {dock.width()} pixels"
            save(dock, folder / f"inspector-{name}-{theme}.png")
        viewer.close()
        spin(0.2)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / "napari")
