"""How fast the filtered picture of the Fourier panel follows a shape dragged over the spectrum of 2048 x 2048.

    xvfb-run -a -s "-screen 0 1600x1200x24" python -m benchmarks.fourier

A real napari window; a disc is dragged with the mouse in 40 steps, one every 25 ms, by Qt events. Every call of our
code in the GUI thread is timed, as in `benchmarks.drag`; napari's own work (moving the shape, creating and updating
layers, rendering) is timed separately. The figures are stored for docs/performance.md.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from . import _store
from .drag import PAUSE, STEPS, Clock, Results, wait

SIDE = 2048


def main() -> None:
    results = _store.begin("results")
    results["fourier"] = measure()
    _store.save("results", results)
    print("\n".join(section(results["fourier"])))


def measure() -> Results:
    """Drag once to warm up, then once with timing."""
    import napari
    from napari.layers import Image

    import napari_convolve as nc
    from napari_convolve.plugin.fourier.fourier_panel import FourierPanel
    from napari_convolve.plugin.fourier.layer_group import LayerGroup
    from napari_convolve.plugin.fourier.live_picture import LivePicture
    from napari_convolve.plugin.jobs.latest import Latest

    ours, napari_data, napari_layers, opening = Clock(), Clock(), Clock(), Clock()
    for kind, name in ((Latest, "_begin"), (Latest, "_ended"), (LivePicture, "changed"), (FourierPanel, "_hover")):
        ours.wrap(kind, name)
    LayerGroup._add = napari_layers.around(LayerGroup._add, inner=ours)  # type: ignore[method-assign]
    real = Image.data
    Image.data = property(real.fget, napari_data.around(real.fset, inner=ours))  # type: ignore[method-assign]
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1200, 900)
    image = np.random.default_rng(0).integers(0, 4096, (SIDE, SIDE)).astype("uint16")
    viewer.add_image(image, name="plane", contrast_limits=(0, 4096))
    _, panel = viewer.window.add_plugin_dock_widget("napari-convolve", "Fourier")
    wait(0.5)
    start = time.perf_counter()
    panel.show_spectrum()
    while not panel.group.ready:
        wait(0.01)
    shown = time.perf_counter() - start
    wait(1.0)
    opening.seconds, ours.seconds = ours.seconds, []
    panel.add_shape("disc")
    settle(panel)
    drag(viewer, panel, (0.1, 0.2))
    settle(panel)
    ours.seconds.clear()
    napari_data.seconds.clear()
    last, moves = drag(viewer, panel, (-0.2, 0.15))
    frames = len(napari_data.seconds)
    quick = None
    while not panel.picture.exact:
        wait(0.0)
        if quick is None and not panel.picture._quick.busy:
            quick = time.perf_counter() - last
    exact = time.perf_counter() - last
    found = viewer.layers["plane · filtered (live)"].data
    whole = nc.filter_spectrum(image, panel.drawn())
    error = float(np.abs(found - whole).max() / np.abs(whole).max())
    Image.data = real  # type: ignore[method-assign]
    viewer.close()
    return {
        "spectrum shown": shown,
        "longest hold while it opens": max(opening.seconds),
        "layers": sum(napari_layers.seconds[:2]),
        "longest hold": max(ours.seconds),
        "longest move": max(moves),
        "last move to picture": quick or exact,
        "last move to exact": exact,
        "longest napari": max(napari_data.seconds),
        "frames": frames,
        "error": error,
        "date": time.strftime("%Y-%m-%d"),
    }


def settle(panel: Any) -> None:
    """Wait until no computation is running."""
    while panel.picture.busy or not panel.picture.exact:
        wait(0.02)


def drag(viewer: Any, panel: Any, end: tuple[float, float]) -> tuple[float, list[float]]:
    """Drag the disc to a frequency; returns the time of the last move and the seconds of each."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    native, shapes = viewer.window._qt_viewer.canvas.native, viewer.layers["plane · filter shapes"]
    place, zoom = panel.group.place, viewer.scene.camera.zoom
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton

    def point(frequency: Any) -> QPointF:
        world = np.asarray(place.middle) + place.factor * np.asarray(frequency)
        y, x = (world - np.asarray(viewer.scene.camera.center)[-2:]) * zoom
        return QPointF(native.width() / 2 + x, native.height() / 2 + y)

    def send(kind: Any, at: QPointF, button: Any, held: Any) -> None:
        event = QMouseEvent(
            kind, at, native.mapToGlobal(at.toPoint()).toPointF(), button, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(native, event)

    start = place.step * np.mean(shapes.data[-1], axis=0)
    send(QEvent.Type.MouseMove, point(start), none, none)
    wait(0.1)
    send(QEvent.Type.MouseButtonPress, point(start), left, left)
    seconds, last = [], 0.0
    for share in np.linspace(0, 1, STEPS + 1)[1:]:
        at = point(start + share * (np.asarray(end) - start))
        last = time.perf_counter()
        send(QEvent.Type.MouseMove, at, none, left)
        seconds.append(time.perf_counter() - last)
        if share < 1:
            wait(PAUSE)
    send(QEvent.Type.MouseButtonRelease, at, left, none)
    moved = place.step * np.mean(shapes.data[-1], axis=0)
    assert np.allclose(moved, end, atol=0.02), f"the disc is at {moved}, not at {end}"
    return last, seconds


def section(found: Results) -> list[str]:
    """The section of docs/performance.md."""
    if not found:
        return []
    lines = [
        ("from pressing Show spectrum to the spectrum", found["spectrum shown"]),
        (
            "of that, creation of two layers by napari, once per session with its own compiling (not ours)",
            found["layers"],
        ),
        ("longest time that our code blocks the GUI thread for that", found["longest hold while it opens"]),
        ("longest time that our code blocks the GUI thread during the drag", found["longest hold"]),
        ("from the last move to its picture, which is approximate at the edges", found["last move to picture"]),
        ("from the last move to the exact picture, including a pause of 250 ms", found["last move to exact"]),
        ("longest mouse move, including napari's handling of the shape", found["longest move"]),
        ("longest time in which napari updates a layer with new data (not ours)", found["longest napari"]),
    ]
    text = (
        f"Fourier, a disc moved in {STEPS} steps, one every {1e3 * PAUSE:.0f} ms, over the spectrum of {SIDE} x {SIDE} "
        f"uint16, software rendering ({found['date']}, `python -m benchmarks.fourier`). {found['frames']} pictures "
        f"were shown during the drag; the exact one differs from `nc.filter_spectrum` by {found['error']:.0e}.\n"
    )
    return [
        "## Filtered picture under a shape dragged over the spectrum\n",
        text,
        "| what | ms |",
        "| --- | ---: |",
        *(f"| {what} | {1e3 * seconds:.1f} |" for what, seconds in lines),
    ]


if __name__ == "__main__":
    main()
