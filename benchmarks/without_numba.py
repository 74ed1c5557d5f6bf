"""Time the rows in a process that cannot import Numba, against the best function of SciPy or scikit-image.

``python -m benchmarks.without_numba ROUNDS BUDGET PATIENCE SLOW ROW...`` prints what it measured.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import napari_convolve as nc

from . import _processes
from ._measure import Effort
from ._registry import ROWS, Row, rows
from ._timing import time_row


def is_scipy(peer: str) -> bool:
    """Whether a peer uses SciPy, or scikit-image, which is based on it."""
    return peer.startswith(("scipy", "scikit-image"))


def measured(row: Row, effort: Effort, folder: Any) -> dict[str, Any]:
    """Times of one row without Numba; empty where SciPy has no such function."""
    settings = (effort.rounds, effort.budget, effort.patience, effort.slow)
    result: dict[str, Any] = _processes.measured(
        "benchmarks.without_numba", *map(str, settings), row.name, folder=folder
    )
    return result


if __name__ == "__main__":
    rounds, budget, patience, slow, name = sys.argv[1:]
    # an import of it now fails, and importlib.util.find_spec finds nothing
    sys.modules["numba"] = None  # type: ignore[assignment]
    list(rows())
    nc.tune()
    effort = Effort(int(rounds), float(budget), float(patience), float(slow))
    print(json.dumps(time_row(ROWS[name], effort, is_scipy)))
