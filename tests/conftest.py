"""Fixtures for every test."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest

DATA_VARIABLE = "NAPARI_CONVOLVE_DATA"

#: A test with more cases than this is a matrix, of which the short run takes a sample.
MATRIX = 8

# scripts that made reference tables with libraries the tests do not need
collect_ignore_glob = ["data/*"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as ``thorough`` the cases of every matrix that its sample leaves out.

    The sample holds every value of every parameter at least once, in a mixture that is the same in every process
    and on every machine.
    """
    for _, group in groupby(items, lambda item: item.nodeid.partition("[")[0]):
        cases = sorted(group, key=lambda item: zlib.crc32(item.nodeid.encode()))
        if len(cases) <= MATRIX:
            continue
        seen: set[tuple[str, str]] = set()
        for case in cases:
            values = {(name, repr(value)) for name, value in case.callspec.params.items()}  # type: ignore[attr-defined]
            if values <= seen:
                case.add_marker(pytest.mark.thorough)
            seen |= values


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
