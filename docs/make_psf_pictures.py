"""Photograph the Deconvolve panel in all its states for docs/how-to/psf.md, in both themes, 350 pixels wide.

    xvfb-run -a -s "-screen 0 1600x1200x24" python docs/make_psf_pictures.py [FOLDER [NAME ...]]

The image is the stack of beads that the page measures (Nitzsche and Haase, CC-BY-4.0), from tests/data.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
import tifffile
from make_pictures import FOLDER, PLUGIN, WIDTH, run, save, spin, wait_for
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QScrollArea

import napari_convolve as nc

BEADS = Path(__file__).parents[1] / "tests" / "data" / "beads3d_confocal"
PLACE = {"scale": (0.125, 0.0225, 0.0225), "units": ("um",) * 3, "axis_labels": ("z", "y", "x")}
ON_BEADS = "from beads"


def stack() -> np.ndarray:
    """Four beads of a confocal microscope."""
    return np.asarray(tifffile.imread(BEADS / "bead_image1_crop.tif"))


def beads(viewer: Any, panel: Any) -> None:
    """Open the stack."""
    viewer.add_image(stack(), name="beads", **PLACE)
    viewer.dims.set_current_step(0, 23)


def model(viewer: Any, panel: Any) -> None:
    """The PSF of a confocal microscope, with the pixels of the layer."""
    beads(viewer, panel)
    panel.psf.kind.value = "confocal"


def spoilt(viewer: Any, panel: Any) -> None:
    """A PSF by a camera with other pixels, off centre, on a background."""
    good = nc.kernels.confocal(spacing=(0.125, 0.045, 0.045), size=(15, 21, 21)).values
    bad = 40 + 1000 * np.roll(good / good.max(), (1, -2), (0, 2))
    viewer.add_image(bad, name="bead, cut out by hand", **{**PLACE, "scale": (0.125, 0.045, 0.045)})
    beads(viewer, panel)
    panel.image.value = viewer.layers["beads"]
    panel.psf.kind.value = "from a layer"
    panel.psf.layer.value = viewer.layers[0]


def mended(viewer: Any, panel: Any) -> None:
    """The same after Fix."""
    spoilt(viewer, panel)
    panel.doctor.repair()


def differs(viewer: Any, panel: Any) -> None:
    """Run although the PSF has other pixels than the image."""
    spoilt(viewer, panel)
    panel.settings["nsr"].value = "0.01"
    run(panel)


def from_file(viewer: Any, panel: Any) -> None:
    """The PSF that was measured, from its file."""
    beads(viewer, panel)
    path = Path(viewer.title) / "psf.npz"
    nc.psf_from_beads(stack(), size=(19, 43, 31), spacing=PLACE["scale"], units="um").psf.save(path)
    panel.psf.kind.value = "from a file"
    panel.psf.file.value = path


def picking(viewer: Any, panel: Any) -> None:
    """Beads that are clicked on, and a place without one."""
    beads(viewer, panel)
    panel.psf.kind.value = ON_BEADS
    source = panel.psf._sources[ON_BEADS]
    source.start_picking()
    source.points.value.add([[23, 73, 30], [23, 112, 44], [23, 82, 76], [23, 36, 125], [23, 130, 100]])


def measured(viewer: Any, panel: Any) -> None:
    """What they give."""
    picking(viewer, panel)
    source = panel.psf._sources[ON_BEADS]
    source.size.value = "19 43 31"
    source.start_measuring()
    while source.found is None:
        spin(0.05)


def channels(viewer: Any, panel: Any) -> None:
    """Two channels, each with its wavelength."""
    image = stack()
    place = {"scale": (1, *PLACE["scale"]), "units": ("pixel", *PLACE["units"]), "axis_labels": ("c", "z", "y", "x")}
    viewer.add_image(np.stack([image, image[::-1]]), name="two channels", **place)
    panel.psf.kind.value = "confocal"
    panel.doctor.wavelengths.value = "461, 520"


def quality(viewer: Any, panel: Any) -> None:
    """Richardson-Lucy with the PSF of the beads, and how good it is."""
    measured(viewer, panel)
    panel.settings.method.value = "richardson_lucy"
    panel.settings["iterations"].value = 10
    panel.settings["background"].value = float(np.median(stack()))
    panel.judge.value = True
    run(panel)


def running(viewer: Any, panel: Any) -> None:
    """Wiener, in the middle of it."""
    viewer.add_image(np.tile(stack(), (2, 2, 2)), name="beads", **PLACE)
    panel.psf.kind.value = "confocal"
    panel.run()
    spin(0.4)


def iterating(viewer: Any, panel: Any) -> None:
    """Richardson-Lucy, in the middle of it."""
    model(viewer, panel)
    panel.settings.method.value = "richardson_lucy"
    panel.settings["iterations"].value = 10_000
    spin(0.5)
    panel.run()
    while "iteration" not in viewer.layers[-1].name:
        spin(0.05)


def cancelled(viewer: Any, panel: Any) -> None:
    """And cancelled."""
    iterating(viewer, panel)
    panel.runner.cancel()
    while panel.run_bar.busy:
        spin(0.05)


PICTURES: dict[str, Callable[[Any, Any], None]] = {
    "model": model,
    "findings": spoilt,
    "mended": mended,
    "differs": differs,
    "file": from_file,
    "picking": picking,
    "measured": measured,
    "channels": channels,
    "quality": quality,
    "running": running,
    "iterating": iterating,
    "cancelled": cancelled,
}
#: Of these the whole window, in the dark theme.
WINDOWS = ("picking", "quality")


def trim(path: Path) -> None:
    """Cut off what is empty below the panel."""
    with Image.open(path) as picture:
        rows = np.asarray(picture.convert("L")).astype(int)[:-4]
        used = np.flatnonzero((np.abs(rows - rows[-1:, :1])[:, 4:-4] > 24).any(axis=1))
        small = picture.crop((0, 0, picture.width, min(int(used[-1]) + 12, picture.height)))
    small.save(path, optimize=True)


def main(folder: Path, names: list[str]) -> None:
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("dark", "light"):
        for name in names or PICTURES:
            with tempfile.TemporaryDirectory() as place:
                viewer = napari.Viewer(show=True, title=place)
                viewer.theme = theme
                viewer.window.resize(1250, 1150)
                dock, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Deconvolve")
                window = viewer.window._qt_window
                window.resizeDocks([dock], [WIDTH], Qt.Orientation.Horizontal)
                spin(0.5)
                PICTURES[name](viewer, panel)
                viewer.reset_view()
                spin(0.5)
                while panel.doctor.busy:
                    spin(0.05)
                wait_for(panel)
                spin(0.5)
                for area in panel.native.findChildren(QScrollArea):
                    area.verticalScrollBar().setValue(0)
                assert dock.width() == WIDTH, f"the panel needs {dock.width()} pixels for {name}"
                save(dock, folder / f"{name}-{theme}.png")
                trim(folder / f"{name}-{theme}.png")
                if theme == "dark" and name in WINDOWS:
                    save(window, folder / f"{name}-window.png")
                panel.runner.cancel()
                while panel.run_bar.busy:
                    spin(0.05)
                viewer.close()
                spin(0.2)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / "psf", sys.argv[2:])
