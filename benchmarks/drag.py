"""How fast the Convolve panel's preview follows a dragged slider: sigma from 1 to 10 in 40 steps on 30 x 2048 x 2048.

    xvfb-run -a -s "-screen 0 1600x1200x24" python -m benchmarks.drag

A real napari window; the steps are as fast as those of a hand, one every 25 ms. Every call of our code in the GUI
thread is timed; napari's own work (updating a layer, rendering) is timed separately. The figures are stored for
docs/performance.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import _store

SHAPE, STEPS, PAUSE = (30, 2048, 2048), 40, 0.025
Results = dict[str, Any]


def main() -> None:
    results = _store.begin("results")
    results["drag"] = measure()
    _store.save("results", results)
    print("\n".join(section(results["drag"])))


def measure() -> Results:
    """Drag once to warm up, then once with timing."""
    import napari
    from napari.layers import Image

    import napari_convolve as nc
    from napari_convolve.plugin.jobs.latest import Latest

    nc.tune()
    ours, napari_data = Clock(), Clock()
    for name in ("_begin", "_ended"):
        ours.wrap(Latest, name)
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1200, 900)
    image = np.random.default_rng(0).integers(0, 4096, SHAPE).astype("uint16")
    viewer.add_image(image, name="stack", contrast_limits=(0, 4096))
    viewer.dims.set_current_step(0, SHAPE[0] // 2)
    _, panel = viewer.window.add_plugin_dock_widget("napari-convolve", "Convolve")
    wait(0.5)
    viewer.reset_view()
    wait(0.5)
    panel.run_bar.preview.value = True
    drag(panel)
    ours.seconds.clear()
    real = Image.data
    Image.data = property(real.fget, napari_data.around(real.fset, inner=ours))  # type: ignore[method-assign]
    try:
        moves, last, frames = drag(panel, ours)
    finally:
        Image.data = real  # type: ignore[method-assign]
    shown = panel.live.layers[0].data[0]
    whole = nc.convolve(image[SHAPE[0] // 2], nc.kernels.gaussian(sigma=10))
    error = float(np.abs(shown - whole).max() / np.abs(whole).max())
    viewer.close()
    return {
        "longest move": max(moves),
        "longest hold": max(ours.seconds),
        "last move to exact": last,
        "longest napari": max(napari_data.seconds),
        "frames": frames,
        "error": error,
        "date": time.strftime("%Y-%m-%d"),
    }


class Clock:
    """Seconds of calls, without nested calls that another clock times."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.inside, self.busy = 0.0, False

    @contextmanager
    def running(self) -> Iterator[None]:
        self.busy, self.inside, start = True, 0.0, time.perf_counter()
        try:
            yield
        finally:
            self.busy = False
            self.seconds.append(time.perf_counter() - start - self.inside)

    def wrap(self, kind: type, name: str) -> None:
        """Time a method of a class; nested calls count as part of the outer one."""
        real = getattr(kind, name)

        def timed(this: Any, *args: Any) -> Any:
            if self.busy:
                return real(this, *args)
            with self.running():
                return real(this, *args)

        setattr(kind, name, timed)

    def around(self, real: Any, inner: Clock) -> Callable[..., Any]:
        """Time a setter or another method, and subtract its time from another clock."""

        def timed(*args: Any) -> Any:
            start = time.perf_counter()
            result = real(*args)
            spent = time.perf_counter() - start
            self.seconds.append(spent)
            inner.inside += spent
            return result

        return timed


def drag(panel: Any, ours: Clock | None = None) -> tuple[list[float], float, int]:
    """Drag sigma; returns seconds of each move, seconds from the last move to its preview, number of previews."""
    from qtpy.QtWidgets import QApplication

    box = panel.kernel.form["sigma"]._boxes[0].box
    moves, begun = [], 0 if ours is None else len(ours.seconds)
    for sigma in np.linspace(1, 10, STEPS + 1)[1:]:
        start = time.perf_counter()
        box.setValue(float(sigma))
        moves.append(time.perf_counter() - start)
        wait(PAUSE)
    last = start
    while panel.live.busy:
        QApplication.processEvents()
    reached = time.perf_counter() - last
    wait(0.5)
    return moves, reached, 0 if ours is None else (len(ours.seconds) - begun) // 2


def wait(seconds: float) -> None:
    """Process Qt events for a while."""
    from qtpy.QtWidgets import QApplication

    end = time.perf_counter() + seconds
    while True:
        QApplication.processEvents()
        if time.perf_counter() >= end:
            return
        time.sleep(0.001)


def section(found: Results) -> list[str]:
    """The section of docs/performance.md."""
    if not found:
        return []
    lines = [
        ("longest time of one slider move in our code", found["longest move"]),
        ("longest time that our code blocks the GUI thread otherwise", found["longest hold"]),
        ("from the last move to its exact preview, including drawing of earlier ones", found["last move to exact"]),
        ("longest time in which napari updates a layer with new data (not ours)", found["longest napari"]),
    ]
    shape = " x ".join(map(str, SHAPE))
    text = (
        f"Convolve, sigma from 1 to 10 in {STEPS} steps, one every {1e3 * PAUSE:.0f} ms, on {shape} uint16, the whole "
        f"plane visible, software rendering ({found['date']}, `python -m benchmarks.drag`). About {found['frames']} "
        f"previews were shown; the last one differs from `nc.convolve` by {found['error']:.0e}.\n"
    )
    return [
        "## Preview under a dragged slider\n",
        text,
        "| what | ms |",
        "| --- | ---: |",
        *(f"| {what} | {1e3 * seconds:.1f} |" for what, seconds in lines),
    ]


if __name__ == "__main__":
    main()
