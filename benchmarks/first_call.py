"""Start-up costs of a new process: imports, first call, call after compiling, `nc.tune()`.

``python -m benchmarks.first_call CASE`` prints the seconds of its steps.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CASES = {"5²": "2-D kernel of 5²", "31²": "2-D kernel of 31²", "gaussian": "Gaussian of σ 2", "tune": "nc.tune()"}


def run(rounds: int, say: Callable[[str], object], brief: bool = False) -> dict[str, Any]:
    """Minimum seconds of each step over several new processes, with empty and with filled caches."""
    from . import _processes

    found = {}
    for case in list(CASES)[:1] if brief else CASES:
        for state in ("empty", "filled"):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                if state == "filled":
                    _processes.measured("benchmarks.first_call", case, folder=folder)
                each = []
                for number in range(1 if case == "tune" else rounds):
                    here = folder if state == "filled" else folder / str(number)
                    here.mkdir(exist_ok=True)
                    each.append(_processes.measured("benchmarks.first_call", case, folder=here))
            steps = {key: min(one[key] for one in each) for key in each[0]}
            found[f"{case}, {state} cache"] = steps
            say(f"{case}, {state} cache: " + ", ".join(f"{key} {value:.2f} s" for key, value in steps.items()))
    return found


def steps(case: str) -> dict[str, float]:
    """Seconds of the steps, in this process; nothing is imported yet."""
    start = time.perf_counter()
    import numpy as np
    import scipy.fft
    import scipy.ndimage  # noqa: F401

    libraries = time.perf_counter() - start
    image = np.random.default_rng(1).random((2048, 2048), dtype=np.float32)
    weights = np.random.default_rng(2).random((5, 5) if case == "5²" else (31, 31))

    start = time.perf_counter()
    import napari_convolve as nc

    if case == "tune":
        nc.tune()
        return {"NumPy and SciPy": libraries, "tune": time.perf_counter() - start}
    kernel = nc.kernels.gaussian(sigma=2) if case == "gaussian" else weights
    nc.convolve(image, kernel)
    first = time.perf_counter() - start
    start = time.perf_counter()
    nc.convolve(image, kernel)
    second = time.perf_counter() - start
    from ._timing import wait_for_compiler

    start = time.perf_counter()
    wait_for_compiler()
    compiling = time.perf_counter() - start
    start = time.perf_counter()
    nc.convolve(image, kernel)
    warm = time.perf_counter() - start
    return {
        "NumPy and SciPy": libraries, "import and first call": first, "second call": second,
        "compiling behind": compiling, "call after that": warm,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(steps(sys.argv[1])))
