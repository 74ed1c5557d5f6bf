"""Work arrays in temporary files, for those too large for memory."""

from __future__ import annotations

import math
import mmap
import os
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

Slices = tuple[slice, ...]
#: Bytes of a file that each thread maps at a time while it reads or writes.
SPAN = 1 << 20
#: The system also maps pages around the accessed one (read-ahead), up to this distance in bytes.
_AROUND = max(1 << 21, mmap.PAGESIZE)
_CHUNK = 1 << 24


class FileArray:
    """An uninitialised array on the CPU in an unnamed temporary file, which is removed with it.

    It is read and written box by box. Its pages are unmapped after each copy, because mapped pages count as memory of
    the process. The file is in the folder of `tempfile.gettempdir` (TMPDIR); OSError when the disk is full.
    """

    device = "cpu"

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        size = max(math.prod(shape), 1) * self.dtype.itemsize
        with tempfile.TemporaryFile(prefix="napari-convolve-") as file:
            _reserve(file, size)
            self._held = mmap.mmap(file.fileno(), size)
        self._samples = np.frombuffer(self._held, self.dtype, math.prod(shape)).reshape(shape)

    def __getitem__(self, box: Slices) -> np.ndarray:
        """A copy of the samples in a box."""
        found = np.empty(_lengths(box), self.dtype)
        for part in self._parts(box):
            found[_within(part, box)] = self._samples[part]
            self._unmap(part)
        return found

    def __setitem__(self, box: Slices, value: Any) -> None:
        values = np.broadcast_to(value, _lengths(box))
        for part in self._parts(box):
            self._samples[part] = values[_within(part, box)]
            self._unmap(part)

    def _parts(self, box: Slices) -> Iterator[Slices]:
        """Boxes that cover a box, each spanning at most `SPAN` bytes of the file, or one sample."""
        axis = next((a for a, s in enumerate(box) if s.stop - s.start > 1), None)
        if axis is None or self._span(box) <= SPAN:
            yield box
            return
        start, stop = box[axis].start, box[axis].stop
        one = self._span((*box[:axis], slice(start, start + 1), *box[axis + 1 :]))
        count = 1 + max(SPAN - one, 0) // self._samples.strides[axis]
        for first in range(start, stop, count):
            yield from self._parts((*box[:axis], slice(first, min(first + count, stop)), *box[axis + 1 :]))

    def _span(self, box: Slices) -> int:
        """Bytes from the first sample of a box to the end of the last."""
        steps = ((s.stop - s.start - 1) * t for s, t in zip(box, self._samples.strides, strict=True))
        return int(sum(steps)) + self.dtype.itemsize

    def _unmap(self, box: Slices) -> None:
        """Unmap the pages of a box; their content stays in the file."""
        if hasattr(mmap, "MADV_DONTNEED"):  # other systems unmap pages when they need memory
            first = sum(s.start * t for s, t in zip(box, self._samples.strides, strict=True))
            end = min(first + self._span(box) + _AROUND, len(self._held))
            first = max(first - _AROUND, 0) // mmap.PAGESIZE * mmap.PAGESIZE
            self._held.madvise(mmap.MADV_DONTNEED, first, end - first)


def _lengths(box: Slices) -> tuple[int, ...]:
    return tuple(s.stop - s.start for s in box)


def _within(part: Slices, box: Slices) -> Slices:
    return tuple(slice(p.start - b.start, p.stop - b.start) for p, b in zip(part, box, strict=True))


def _reserve(file: IO[bytes], size: int) -> None:
    """Allocate the disk space now: a mapped file on a full disk would crash the process later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    zeros = bytes(min(size, _CHUNK))
    for first in range(0, size, len(zeros)):
        file.write(zeros[: size - first])
    file.flush()
