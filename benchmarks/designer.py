"""How long the Kernel Designer takes from a moved slider to a drawn view.

    python -m benchmarks.designer

Only our own code: making the kernel, computing the contents of the view, and painting it; without Qt's event loop and
the screen. Prints JSON, which `python -m benchmarks --parts designer` stores for docs/performance.md.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from . import _processes

#: How often each slider is moved; the first move, which imports and warms up, does not count.
MOVES = 15


def run() -> dict[str, dict[str, float]]:
    """Seconds by kernel and view, measured in a process that needs no screen."""
    return dict(_processes.measured("benchmarks.designer"))


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # plain widgets, no canvas
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QApplication

    from napari_convolve.plugin.designer.kernel_designer import KernelDesigner

    app = QApplication.instance() or QApplication([])
    panel = KernelDesigner(ViewerModel())
    panel.native.resize(350, 850)
    panel.show()
    app.processEvents()
    tabs = [panel.views.tabText(i) for i in range(panel.views.count())]
    found: dict[str, dict[str, float]] = {}
    for label, move in scenes(panel):
        found[label] = {}
        for index, tab in enumerate(tabs):
            panel.views.setCurrentIndex(index)
            app.processEvents()
            found[label][tab] = statistics.median(times(panel, move))
    print(json.dumps(found, ensure_ascii=False))


def scenes(panel: Any) -> Iterator[tuple[str, Callable[[int], None]]]:
    """The function that sets up the panel, and the one that moves a slider one step."""
    panel.kernel.form["sigma"].value = 1.0
    sigma = panel.kernel.form["sigma"]

    def blur(i: int) -> None:
        sigma.value = 2.0 + 0.01 * i

    yield "gaussian, 17 × 17", blur
    choose(panel, "3-D")
    yield "gaussian, 17 × 17 × 17", blur
    choose(panel, "2-D")
    panel.kernel.kind.value = "gabor"

    def turn(i: int) -> None:
        panel.kernel.form["angle"].value = float(i)

    yield "gabor, 29 × 29", turn
    panel.kernel.kind.value = "drawn response"

    def drag(i: int) -> None:
        points = list(panel.drawn.curve.points)
        points[1] = (0.2 + 0.002 * i, 1.0)
        panel.drawn.curve.points = points
        panel.drawn.curve.moved.emit(False)

    yield "drawn response, 15 × 15", drag


def choose(panel: Any, label: str) -> None:
    """Pick the number of dimensions."""
    panel.view.value = next(view for view in panel.view.choices if view.label == label)


def times(panel: Any, move: Callable[[int], None]) -> list[float]:
    """CPU seconds of each move including painting."""
    found = []
    for i in range(MOVES + 1):
        start = time.process_time()
        move(i)
        panel.views.grab()
        found.append(time.process_time() - start)
    return found[1:]


if __name__ == "__main__":
    main()
