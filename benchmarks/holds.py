"""How long the user waits while dragging sliders of kernels and PSFs that are slow to make.

    xvfb-run -a -s "-screen 0 1600x1200x24" python -m benchmarks.holds

A real napari window on a volume; moves of one field, one every 25 ms, with the plan line and (of the PSF) its picture
following. Two things are timed: each call of our code in the GUI thread, and the longest time until the window handles
its next event, whatever the reason (here Python's lock, which the other threads hold in turns).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _store
from .drag import PAUSE, Clock, Results

MOVES = 20
SHAPE = (32, 256, 256)


def main() -> None:
    results = _store.begin("results")
    results["holds"] = measure()
    _store.save("results", results)
    print("\n".join(section(results["holds"])))


def measure() -> Results:
    """Seconds of each case: making the kernel, blocking by our code, wait of the window."""
    import napari

    import napari_convolve as nc
    from napari_convolve.plugin.jobs.latest import Latest

    nc.tune()
    ours = Clock()
    for name in ("_begin", "_ended"):
        ours.wrap(Latest, name)
    viewer = napari.Viewer(show=True)
    image = np.random.default_rng(0).integers(0, 4096, SHAPE).astype("uint16")
    viewer.add_image(image, name="volume", scale=(0.1, 0.05, 0.05), units=("um",) * 3, axis_labels=("z", "y", "x"))
    found: dict[str, dict[str, float]] = {}
    for title, panel_name, prepare, make, values in cases():
        _, panel = viewer.window.add_plugin_dock_widget("napari-convolve", panel_name)
        move = prepare(panel)
        beats(0.5)
        ours.seconds.clear()
        moves, waits = [], []
        for value in values:
            start = time.perf_counter()
            move(float(value))
            moves.append(time.perf_counter() - start)
            waits.append(beats(PAUSE))
        while panel.plan_line.busy or (hasattr(panel, "doctor") and panel.doctor.busy):
            waits.append(beats(PAUSE))
        start = time.perf_counter()
        kernel = make(float(values[-1]))
        made = time.perf_counter() - start
        found[f"{title}, {'x'.join(map(str, kernel.shape))}"] = {
            "made": made,
            "move": max(moves),
            "hold": max(ours.seconds),
            "wait": max(waits),
        }
        viewer.window.remove_dock_widget(panel.native)
    viewer.close()
    return {"cases": found, "date": time.strftime("%Y-%m-%d")}


def cases() -> list[tuple[str, str, Callable[[Any], Callable[[float], None]], Callable[[float], Any], np.ndarray]]:
    """Title, panel, function that sets it up and returns the field to move, function that makes the kernel, values."""
    import napari_convolve as nc

    def volume(panel: Any) -> None:
        panel.view.value = next(view for view in panel.view.choices if view.ndim == 3)

    def gaussian(panel: Any) -> Callable[[float], None]:
        volume(panel)
        return lambda value: panel.kernel.form["sigma"]._boxes[0].box.setValue(value)

    def psf(panel: Any) -> Callable[[float], None]:
        volume(panel)
        panel.psf.kind.value = "gibson_lanni"
        panel.psf.form["size"].value = (129, 129, 129)
        return lambda value: panel.psf.form["na"].box.setValue(value)

    def model(value: float) -> Any:
        return nc.kernels.gibson_lanni(na=value, size=(129,) * 3, spacing=(0.1, 0.05, 0.05))

    return [
        (
            "Convolve: 3-D Gaussian, sigma 15 to 20",
            "Convolve",
            gaussian,
            lambda value: nc.kernels.gaussian(sigma=value, ndim=3),
            np.linspace(15, 20, MOVES),
        ),
        ("Deconvolve: Gibson-Lanni PSF, NA 1.2 to 1.4", "Deconvolve", psf, model, np.linspace(1.2, 1.4, MOVES)),
    ]


def beats(seconds: float) -> float:
    """Process Qt events for a while; returns the longest time between two rounds."""
    from qtpy.QtWidgets import QApplication

    last = time.perf_counter()
    end, longest = last + seconds, 0.0
    while last < end:
        QApplication.processEvents()
        time.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest


def section(found: Results) -> list[str]:
    """The section of docs/performance.md."""
    if not found:
        return []
    rows = [
        f"| {title} | {' | '.join(f'{1e3 * row[key]:.1f}' for key in ('made', 'move', 'hold', 'wait'))} |"
        for title, row in found["cases"].items()
    ]
    text = (
        f"{MOVES} moves, one every {1e3 * PAUSE:.0f} ms ({found['date']}, `python -m benchmarks.holds`). Kernels and "
        "PSFs are made in the background, so that the window does not wait for them. Times in milliseconds.\n"
    )
    return [
        "## Sliders over large kernels\n",
        text,
        "| slider | making the kernel | longest move, our code | other blocking, our code | longest window wait |",
        "| --- | ---: | ---: | ---: | ---: |",
        *rows,
    ]


if __name__ == "__main__":
    main()
