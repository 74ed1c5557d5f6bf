"""How long the Inspector takes for one mouse move over a plane of 2048 x 2048.

    xvfb-run -a python -m benchmarks.inspector [--write]

Processor time from the event to the last change of a layer and the painted grids: of our own code, and of napari for
moving the frame (setting attributes of its layer; the canvas is drawn later). With ``--write`` the figures are stored
for docs/performance.md.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import _store

#: How many moves are measured; the first ones, which import and warm up, are not.
MOVES, FIRST = 60, 5
SIZE = 2048


def main() -> None:
    import napari
    from qtpy.QtWidgets import QApplication

    viewer = napari.Viewer(show=True)
    viewer.add_image(np.random.default_rng(0).integers(0, 4096, (SIZE, SIZE)).astype("u2"))
    _, panel = viewer.window.add_plugin_dock_widget("napari-convolve", "Inspector")
    QApplication.processEvents()
    found = {}
    for label, kernel in (("sobel, 3 × 3", "sobel"), ("gaussian, 9 × 9", "gaussian")):
        panel.kernel.kind.value = kernel
        found[label] = measure(viewer, panel)
    print("\n".join(section(found)))
    if "--write" in sys.argv:
        results = _store.begin("results")
        _store.save("results", results | {"inspector": found})
    viewer.close()


def section(found: Mapping[str, Sequence[float]]) -> list[str]:
    """The section of docs/performance.md."""
    from ._page import table  # which imports this module

    if not found:
        return []
    lines = [(label, *(f"{ms:.1f} ms" for ms in times)) for label, times in found.items()]
    text = (
        "One mouse move over 2048², uint16: median processor time, without the drawing of the canvas. The goal is 15 "
        "ms of our own code. Measured by `python -m benchmarks.inspector`.\n"
    )
    return ["## The Inspector\n", text, *table(("kernel", "our own code", "napari, to move the frame"), lines)]


def measure(viewer: Any, panel: Any) -> tuple[float, float]:
    """Median milliseconds of our code and of moving the frame."""
    marks, moved = panel.marks, [0.0]
    real = marks.move

    def watched(*args: Any) -> None:
        start = time.process_time()
        real(*args)
        moved[0] += time.process_time() - start

    marks.move = watched
    times = []
    for number in range(MOVES + FIRST):
        event = SimpleNamespace(position=(100.0 + 17 * number, 200.0 + 23 * number))
        moved[0] = 0.0
        start = time.process_time()
        panel._hover(viewer, event)
        panel.grids.grab()
        times.append((1e3 * (time.process_time() - start - moved[0]), 1e3 * moved[0]))
    marks.move = real
    return tuple(statistics.median(column) for column in zip(*times[FIRST:], strict=True))  # type: ignore[return-value]


if __name__ == "__main__":
    main()
