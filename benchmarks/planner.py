"""How often the planner's choice is as good as the best method: 200 cases of image, kernel and dtype.

A choice counts as a hit when it takes at most 25 % longer than the fastest of all methods that apply.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import napari_convolve as nc
from napari_convolve.backends import SESSION

from ._inputs import dense, image
from ._system import wait_until_quiet

TOLERANCE = 1.25
METHODS = ("direct", "separable", "multirate", "fft", "overlap-save")
#: A method is not run if predicted to take longer than a second and this many times the best prediction.
_HOPELESS = 12.0


@dataclass(frozen=True)
class Case:
    """One image and one kind of kernel."""

    shape: tuple[int, ...]
    dtype: str
    kind: str
    size: tuple[float, ...]

    @property
    def name(self) -> str:
        """A line of the table."""
        size = "x".join(f"{n:g}" for n in self.size)
        return f"{'x'.join(map(str, self.shape))} {self.dtype}, {self.kind} {size}"

    def kernel(self, number: int) -> Any:
        """A kernel with different values for every number."""
        if self.kind == "gaussian":
            return nc.kernels.gaussian(sigma=tuple(s * (1 - 1e-5 * (number % 1000)) for s in self.size))
        lengths = tuple(int(n) for n in self.size)
        values = dense(lengths, number)
        if self.kind == "sparse":
            keep = np.zeros(lengths, bool)
            keep[tuple(slice(0, n, n // 2) for n in lengths)] = True
            return np.where(keep, values, 0)
        return values


def grid() -> list[Case]:
    """The 200 cases."""
    return list(_cases())


def _cases() -> Iterator[Case]:
    planes = [(256, 256), (512, 512), (1024, 1024), (2048, 2048), (300, 4000)]
    for shape in planes:
        for k in (3, 7, 11, 15, 31, 63):
            yield from (Case(shape, dtype, "dense", (k, k)) for dtype in ("float32", "uint16", "float64"))
        for sigma in (1, 3, 8, 20):
            yield from (Case(shape, dtype, "gaussian", (sigma, sigma)) for dtype in ("float32", "uint16"))
    for shape in [(24, 96, 96), (48, 192, 192)]:
        for dtype in ("float32", "uint16"):
            yield from (Case(shape, dtype, "dense", (k, k, k)) for k in (3, 5, 9, 15))
            yield from (Case(shape, dtype, "gaussian", (s, s, s)) for s in (1, 3))
    for dtype in ("float32", "uint16", "uint8"):
        yield from (Case((40, 256, 256), dtype, "dense", (k, k)) for k in (3, 9, 25))
        yield Case((40, 256, 256), dtype, "gaussian", (2, 2))
    for shape in [(100_000,), (1_000_000,)]:
        for k in (3, 15, 101, 1001):
            yield from (Case(shape, dtype, "dense", (k,)) for dtype in ("float32", "float64"))
    for shape in [(1024, 1024), (2048, 2048)]:
        yield from (Case(shape, "float32", "dense", size) for size in ((1, 31), (31, 1), (3, 63), (5, 21)))
    for shape in [(64, 64), (128, 128)]:
        yield from (Case(shape, "float32", "dense", (k, k)) for k in (3, 9, 31))
    for shape in [(512, 512), (2048, 2048)]:
        yield from (Case(shape, "float32", "sparse", (k, k)) for k in (9, 31))


def run(
    cases: Iterable[Case], say: Callable[[str], object], budget: float = 1.0, patience: float = 5.0
) -> Iterator[dict[str, Any]]:
    """Measure every method on each case."""
    rates = SESSION.rates()
    for case in cases:
        seconds = _measure(case, budget, patience)
        # planned now, after the compiled loops are ready; the first call does without them
        choice = _choice(case)
        SESSION.set_rates(None)
        other = _choice(case)
        SESSION.set_rates(rates)
        best = min(seconds, key=lambda method: seconds[method])
        found = {
            "case": case.name, "choice": choice, "untuned": other, "best": best, "seconds": seconds,
            "slower": _slower(seconds, choice), "untuned_slower": _slower(seconds, other),
        }  # fmt: skip
        if found["slower"] > TOLERANCE:
            say(f"planner: {case.name}: {choice} is {found['slower']:.2f} x slower than {best}")
        yield found


def chosen(number: int) -> list[Case]:
    """A reproducible random sample of the cases, or all."""
    cases = grid()
    return cases if number >= len(cases) else random.Random(1).sample(cases, number)


def _choice(case: Case) -> str:
    return nc.plan(nc.ArraySpec(case.shape, case.dtype), case.kernel(0)).method


def _slower(seconds: dict[str, float], method: str) -> float:
    """How much slower a method is than the best; one too slow to be run counts as infinitely slow."""
    return seconds.get(method, math.inf) / min(seconds.values())


def _measure(case: Case, budget: float, patience: float) -> dict[str, float]:
    """Minimum seconds of each method that applies, timed in turns."""
    array, predicted = image(case.shape, case.dtype) if len(case.shape) > 1 else _line(case), {}
    for method in METHODS:
        try:
            predicted[method] = nc.plan(array, case.kernel(0), method=method).seconds
        except ValueError:  # it does not apply
            continue
    least = min(predicted.values())
    live = [m for m, s in predicted.items() if s < max(1.0, _HOPELESS * least)]
    seconds, number = dict.fromkeys(live, math.inf), 0
    for method in live:  # compiles, if it must
        nc.convolve(array, case.kernel(0), method=method)
    spent, turn = 0.0, 0
    while turn < 3 or (spent < budget and turn < 25):
        if turn % 8 == 0:
            wait_until_quiet(patience if turn == 0 else 0.2)
        for method in live:
            number += 1
            kernel = case.kernel(number)
            start = time.perf_counter()
            nc.convolve(array, kernel, method=method)
            took = time.perf_counter() - start
            seconds[method] = min(seconds[method], took)
            spent += took
        turn += 1
        best = min(seconds.values())
        live = [m for m in live if seconds[m] < 3 * best]
    return seconds


def _line(case: Case) -> np.ndarray:
    side = math.isqrt(case.shape[0]) + 1
    return image((side, side), case.dtype).reshape(-1)[: case.shape[0]]
