"""Measure how hard a call is to follow in the source: the files it enters, and how often it leaves a layer.

python -m benchmarks.trips

A file is counted when one of its functions is called, except files of the lower layers (arrays, backends, kernels,
planning), which every call uses. A route is the call stack at any moment: it leaves a layer whenever a function of that
layer calls one of another layer. The thread pool and the caches of the session only call functions passed to them, and
are not part of a route.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import napari_convolve as nc

ROOT = Path(nc.__file__).parent
#: Layers whose files are counted.
COUNTED = ("api", "ops")
_SERVICES = "backends/_session.py"


@dataclass
class Trip:
    """The files that a call enters, and the layers that it leaves."""

    files: list[str] = field(default_factory=list)
    #: For each layer, how often one route leaves it at most.
    leaves: Counter[str] = field(default_factory=Counter)

    def entered(self) -> list[str]:
        """The counted files, in the order of the first call."""
        return [name for name in self.files if name.partition("/")[0] in COUNTED]


def trip(call: Callable[[], Any]) -> Trip:
    """Trace a call, on this thread and those it starts."""
    found = Trip()

    def note(frame: FrameType, event: str, argument: object) -> None:
        name = _file(frame)
        if event != "call" or name in ("", _SERVICES):
            return
        if name not in found.files:
            found.files.append(name)
        layers, above = [], frame
        while above is not None:
            if (inner := _file(above)) and inner != _SERVICES:
                layers.append(inner.partition("/")[0].removesuffix(".py"))
            above = above.f_back  # type: ignore[assignment]
        runs = Counter(layer for layer, _ in itertools.groupby(layers[::-1]))
        runs[layers[0]] -= 1  # the layer at the end of the route has not been left
        for layer, number in runs.items():
            found.leaves[layer] = max(found.leaves[layer], number)

    call()  # imports, tables and compiled code are not part of the trip
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return found


def _file(frame: FrameType) -> str:
    path = frame.f_code.co_filename
    return path[len(str(ROOT)) + 1 :].replace("\\", "/") if path.startswith(str(ROOT)) else ""


def calls() -> dict[str, Callable[[], Any]]:
    """A simple call of each of the most used operations."""
    generator = np.random.default_rng(0)
    image = generator.random((64, 64)).astype(np.float32)
    psf = nc.kernels.gaussian(sigma=1.5)
    return {
        "convolve": lambda: nc.convolve(image, generator.random((5, 5)), workers=1),
        "match_template": lambda: nc.match_template(image, image[:9, :9], workers=1),
        "wiener": lambda: nc.wiener(image, psf, nsr=0.01, workers=1),
        "wiener, nsr auto": lambda: nc.wiener(image, psf, workers=1),
        "richardson_lucy": lambda: nc.richardson_lucy(image, psf, iterations=3, workers=1),
    }


if __name__ == "__main__":
    print(f"{'call':<18}{'files':>6}  leaves (most per route)")
    for title, call in calls().items():
        found = trip(call)
        leaves = ", ".join(f"{layer} {number}" for layer, number in found.leaves.most_common(4) if number > 1)
        print(f"{title:<18}{len(found.entered()):>6}  {leaves or 'none more than once'}")
        print(f"{'':<26}{' '.join(found.entered())}")
