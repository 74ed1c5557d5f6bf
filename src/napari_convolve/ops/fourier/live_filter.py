"""Filter one plane repeatedly from a single forward transform, for interactive changes of the filter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._arrays import COMPLEX_OF, compute_dtype, dtype_name
from ...backends import get_backend
from .drawn_filter import DrawnFilter
from .edge_extension import make_grid
from .grid_response import FilterSupport

#: Samples by which an edge is extended: enough for filters with transitions wider than one cycle per this length.
_EXTENSION = 32


class LiveFilter:
    """The transform of a plane of real numbers, to which any `DrawnFilter` can be applied.

    The edges are extended by a fixed distance; away from them the result equals that of `filter_spectrum`.
    """

    def __init__(self, plane: np.ndarray, spacing: Sequence[float], workers: int | None = None) -> None:
        backend = get_backend("numpy")
        self._workers = workers or 1
        block = np.asarray(plane, dtype=compute_dtype(dtype_name(plane.dtype)))
        self._mean = block.mean()
        radius = tuple(min(_EXTENSION, (n - 1) // 3) for n in block.shape)
        padded = make_grid(block.shape, radius, "extend", backend)
        self._padded, self._axes = padded, tuple(range(block.ndim))
        grid = padded.extend(block, self._mean, FilterSupport(np.ones((1, 1)), (0, 0), radius), backend)
        self._spectrum = backend.fft(grid, padded.grid, self._axes, self._workers)
        whole, half = (np.fft.fftfreq(n, s) for n, s in zip(padded.grid, spacing, strict=True))
        self._order = np.argsort(whole, kind="stable")
        self._lines = whole[self._order], np.abs(half[: padded.grid[1] // 2 + 1])

    def __call__(self, wanted: DrawnFilter) -> np.ndarray:
        """The plane filtered."""
        backend = get_backend("numpy")
        gains = np.empty((len(self._lines[0]), len(self._lines[1])), self._spectrum.real.dtype)
        gains[self._order] = wanted.on(*self._lines)
        product = (self._spectrum * gains).astype(COMPLEX_OF.get(dtype_name(self._spectrum.real.dtype)), copy=False)
        result = backend.ifft(product, self._padded.grid, self._axes, self._workers, True)[self._padded.key]
        return np.asarray(result + self._mean * gains[0, 0])
