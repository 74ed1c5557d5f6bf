"""How long the Kernel Designer takes from a moved slider to a drawn view.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.designer

Our own code only: making the kernel, computing what the view shows, and painting it; not Qt's event loop and not the
screen. Prints a table in Markdown for docs/how-to/kernels.md.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

#: How often each slider is moved; the first move, which imports and warms up, does not count.
MOVES = 15


def main() -> None:
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QApplication

    from napari_convolve.plugin.kernel_designer import KernelDesigner

    app = QApplication.instance() or QApplication([])
    panel = KernelDesigner(ViewerModel())
    panel.native.resize(350, 850)
    panel.show()
    app.processEvents()
    tabs = [panel.views.tabText(i) for i in range(panel.views.count())]
    print("| kernel | " + " | ".join(tabs) + " |")
    print("| --- |" + " ---: |" * len(tabs))
    for label, move in scenes(panel):
        cells = []
        for index in range(len(tabs)):
            panel.views.setCurrentIndex(index)
            app.processEvents()
            cells.append(f"{1e3 * statistics.median(times(panel, move)):.1f} ms")
        print(f"| {label} | " + " | ".join(cells) + " |")


def scenes(panel: Any) -> Iterator[tuple[str, Callable[[int], None]]]:
    """What is set up, and what moves a slider a little further."""
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
    """Seconds of processor time of each move, painting included: other programs do not count."""
    found = []
    for i in range(MOVES + 1):
        start = time.process_time()
        move(i)
        panel.views.grab()
        found.append(time.process_time() - start)
    return found[1:]


if __name__ == "__main__":
    main()
