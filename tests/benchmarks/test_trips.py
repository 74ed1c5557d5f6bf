"""A reader can follow a call: it enters few files, and no route leaves a layer more than twice."""

from __future__ import annotations

import pytest
from benchmarks.trips import calls, trip

MOST_FILES = {"convolve": 8, "match_template": 8, "wiener": 11, "wiener, nsr auto": 15, "richardson_lucy": 12}


@pytest.mark.parametrize("name", MOST_FILES)
def test_a_call_enters_few_files(name: str) -> None:
    found = trip(calls()[name])
    assert 3 < len(found.entered()) <= MOST_FILES[name], found.entered()
    assert max(found.leaves.values()) <= 2, found.leaves
