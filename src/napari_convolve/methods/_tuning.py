"""Measurement of the cost constants on this machine, and compilation of the most used code."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from ..backends import SESSION, get_backend
from ..planning import Machine, Problem
from . import _compiled, fft, overlap_save
from . import direct as direct_method
from . import separable as separable_method
from ._base import METHODS, Method, PreparedKernel

#: Limit of the calibration in seconds.
_BUDGET = 0.45


def compile_common() -> None:
    """Compile the loops of 2-D kernels for float32 images, and of small 2-D and 3-D kernels for uint16 and float32."""
    codes = []
    for k in range(2, 10):
        codes.append(_compiled.planes_code(1, k, k, "float32", "float32"))
        codes.append(_compiled.lines_code((1, k, k), 1, "float32", "float32", flat=False, add=False))
    for k in (3, 5, 7):
        codes.append(_compiled.planes_code(k, k, k, "float32", "float32"))
        codes.append(_compiled.planes_code(1, k, k, "float32", "uint16"))
    for code in dict.fromkeys(codes):
        code.function()


def calibrate() -> dict[str, float]:
    """Cost constants of the methods, each from one tile that one thread computes several times."""
    rates = {
        "fft": _rate("fft", (1024, 1024), 31, fft.FFT_PER_SAMPLE),
        "overlap-save": _rate("overlap-save", (290, 290), 31, overlap_save.OVERLAP_SAVE_PER_SAMPLE),
    }
    if _compiled.installed():
        direct, default = _seconds("direct", (256, 1024), 9, terms=0)
        rates["direct.compiled"] = direct_method.DIRECT_WEIGHT * direct / default
        separable, default = _seconds("separable", (256, 1024), 17, terms=1)
        rates["separable.compiled"] = separable_method.SEPARABLE_WEIGHT * separable / default
    return {name: value for name, value in rates.items() if 0 < value < math.inf}


def _rate(name: str, out: tuple[int, int], k: int, default: float) -> float:
    """Seconds per sample and doubling of the length for a method of Fourier transforms."""
    seconds, _ = _seconds(name, out, k, terms=0)
    return default * seconds / fft.fft_cost(_problem(out, k, 0), out, default).seconds


def _seconds(name: str, out: tuple[int, int], k: int, terms: int) -> tuple[float, float]:
    """Measured and predicted time of one tile on one thread."""
    method: Method = METHODS.get(name)
    problem = _problem(out, k, terms)
    vector = np.linspace(0.1, 1, k, dtype=np.float32)
    weights = PreparedKernel(np.outer(vector, vector), (0, 1), ((vector, vector),))
    block, result = np.ones(problem.shape, np.float32), np.empty(out, np.float32)
    backend = get_backend("numpy")
    measured = _fastest(lambda: method.run(block, weights, result, backend, 1), _BUDGET / 4)
    return measured, method.cost(problem, out, Machine("numpy", 1, 1 << 30)).seconds


def _problem(out: tuple[int, int], k: int, terms: int) -> Problem:
    shape = tuple(n + k - 1 for n in out)
    return Problem("convolve", shape, "float32", out, "float32", (0, 1), (k, k), k * k, terms)


def _fastest(call: Callable[[], object], budget: float) -> float:
    call()
    end, best = time.perf_counter() + budget, math.inf
    while time.perf_counter() < end:
        # CPU time of this thread, which other load on the machine does not affect
        start = time.thread_time()
        call()
        best = min(best, time.thread_time() - start)
    return best


def tune(*, reset: bool = False) -> dict[str, float]:
    """Calibrate the planner and compile the inner loops, or reset both; see `napari_convolve.tune`."""
    if reset:
        SESSION.set_rates(None)
        SESSION.forget_code()
        return {}
    if _compiled.installed():
        compile_common()
    rates = calibrate()
    SESSION.set_rates(rates)
    return rates
