"""Arrays in temporary files give the values of arrays in memory, and do not count as memory of the process."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from napari_convolve.backends import _spill
from napari_convolve.backends._spill import FileArray


def box(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[slice, ...]:
    pairs = [sorted(rng.integers(0, n + 1, 2)) for n in shape]
    return tuple(slice(int(a), int(b)) for a, b in pairs)


@pytest.mark.parametrize("shape", [(5000,), (60, 71), (9, 40, 33), (3, 4, 5, 60)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_as_an_array_in_memory(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], dtype: str) -> None:
    monkeypatch.setattr(_spill, "SPAN", 1000)  # most boxes go in parts
    rng, held = np.random.default_rng(len(shape)), FileArray(shape, dtype)
    whole = tuple(slice(0, n) for n in shape)
    expected = rng.random(shape).astype(dtype)
    held[whole] = expected
    for _ in range(40):
        where = box(rng, shape)
        value = rng.random(expected[where].shape) if rng.random() < 0.8 else 3
        held[where] = value
        expected[where] = value
        where = box(rng, shape)
        np.testing.assert_array_equal(held[where], expected[where])
    held[whole] *= 2
    np.testing.assert_array_equal(held[whole], 2 * expected)
    assert held.shape == shape and held.dtype == dtype


def test_threads_write_next_to_each_other() -> None:
    held = FileArray((64, 64), "float32")

    def write(column: int) -> None:
        for row in range(64):
            held[slice(row, row + 1), slice(column, column + 16)] = column + row

    threads = [threading.Thread(target=write, args=(column,)) for column in range(0, 64, 16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = np.arange(64)[:, None] + np.repeat(np.arange(0, 64, 16), 16)
    np.testing.assert_array_equal(held[slice(0, 64), slice(0, 64)], expected)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what of a file is in memory")
def test_what_was_copied_is_not_in_memory() -> None:
    """Of a file of 32 MiB, which columns that are read touch every page of."""
    held = FileArray((64, 128, 1024), "float32")
    for first in range(0, 1024, 64):
        place = (slice(0, 64), slice(0, 128), slice(first, first + 64))
        held[place] = first
        assert (held[place] == first).all()
        assert in_memory() <= 1 << 20


def in_memory() -> int:
    """Bytes of deleted files that are mapped and resident."""
    total, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.partition(" ")[0]:
            ours = line.endswith(" (deleted)")
        elif ours and line.startswith("Rss:"):
            total += int(line.split()[1]) * 1024
    return total
