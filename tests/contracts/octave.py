"""GNU Octave's tables: inputs and results computed by an independent program."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[1] / "data" / "octave_reference"


@functools.cache
def _index() -> list[dict[str, Any]]:
    return json.loads((FOLDER / "octave_a_index.json").read_text())["cases"]


@functools.cache
def _tables() -> dict[str, np.ndarray]:
    with np.load(FOLDER / "octave_a.npz") as archive:
        return dict(archive)


def cases(group: str) -> list[dict[str, Any]]:
    """All cases of one Octave function."""
    return [case for case in _index() if case["group"] == group]


def table(case: dict[str, Any], part: str) -> np.ndarray:
    """One array of a case: ``A``, ``K``, ``T``, ``out``, ``full``, ``same``, ``valid`` or ``h``."""
    return _tables()[f"{case['key']}_{part}"]
