"""How the picture in the Fourier panel keeps up with a shape that is dragged.

python -m benchmarks.fourier
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from napari_convolve.backends import cpu_count
from napari_convolve.ops.drawn import DrawnFilter, Region, disc
from napari_convolve.ops.live_filter import LiveFilter

_SIDE, _MOVES = 2048, 25


def main() -> None:
    """Print a line for each kind of shape: median and longest time from a moved shape to the filtered plane."""
    plane = np.random.default_rng(0).integers(0, 4096, (_SIDE, _SIDE)).astype("uint16")
    start = time.perf_counter()
    live = LiveFilter(plane, (1.0, 1.0), cpu_count())
    print(f"{_SIDE} x {_SIDE} uint16, first: {time.perf_counter() - start:.2f} s")
    for name, drawn in (("disc that takes out", _disc), ("disc that lets through", _low), ("wedge", _wedge)):
        seconds = []
        for i in range(_MOVES):
            start = time.perf_counter()
            live(drawn(i / _MOVES))
            seconds.append(time.perf_counter() - start)
        print(f"{name}: median {1e3 * statistics.median(seconds):.0f} ms, longest {1e3 * max(seconds):.0f} ms")


def _disc(t: float) -> DrawnFilter:
    return DrawnFilter((disc((0.2, 0.1 + 0.2 * t), 0.08),), 0.015)


def _low(t: float) -> DrawnFilter:
    return DrawnFilter((disc((0.0, 0.0), 0.1 + 0.3 * t, block=False),), 0.015)


def _wedge(t: float) -> DrawnFilter:
    return DrawnFilter((Region("polygon", ((0.0, 0.02), (-0.1 - 0.1 * t, 0.48), (0.1, 0.48))),), 0.015)


if __name__ == "__main__":
    main()
