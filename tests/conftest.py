"""Fixtures for every test."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

DATA_VARIABLE = "NAPARI_CONVOLVE_DATA"

# scripts that made reference tables with libraries the tests do not need
collect_ignore_glob = ["data/*"]


@pytest.fixture
def dataset() -> Callable[[str], Path]:
    """Path of a file among the larger data sets; skips where there are none, fails where one is missing."""

    def find(name: str) -> Path:
        root = os.environ.get(DATA_VARIABLE)
        if not root:
            pytest.skip(f"{DATA_VARIABLE} does not name the folder of the larger data sets")
        path = Path(root) / name
        if not path.exists():
            pytest.fail(f"{DATA_VARIABLE} is set, but {name} is missing there")
        return path

    return find
