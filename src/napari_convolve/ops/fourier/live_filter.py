"""One plane, transformed once, filtered again and again while somebody changes the filter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._arrays import COMPLEX_OF, compute_dtype, dtype_name
from ...backends import get_backend
from .drawn_filter import DrawnFilter
from .edge_extension import make_grid
from .grid_response import Reach

#: Samples that an edge is continued by: enough for filters whose edges are not sharper than a cycle per so many.
_REACH = 32


class LiveFilter:
    """The transform of a plane, ready for any `DrawnFilter`.

    The edges of the plane are continued over a fixed distance, whatever the filter: away from them the result is that
    of `filter_spectrum`.

    Parameters
    ----------
    plane : ndarray, shape (n, m)
        Real numbers.
    spacing : sequence of float
        Distance of samples along each axis.
    """

    def __init__(self, plane: np.ndarray, spacing: Sequence[float], workers: int | None = None) -> None:
        backend = get_backend("numpy")
        self._workers = workers or 1
        block = np.asarray(plane, dtype=compute_dtype(dtype_name(plane.dtype)))
        self._mean = block.mean()
        far = tuple(min(_REACH, (n - 1) // 3) for n in block.shape)
        frame = make_grid(block.shape, far, "extend", backend)
        reach = Reach(np.ones((1, 1)), (0, 0), far)
        self._frame, self._axes = frame, tuple(range(block.ndim))
        grid = frame.extend(block, self._mean, reach, backend)
        self._spectrum = backend.fft(grid, frame.grid, self._axes, self._workers)
        whole, half = (np.fft.fftfreq(n, s) for n, s in zip(frame.grid, spacing, strict=True))
        self._order = np.argsort(whole, kind="stable")
        self._lines = whole[self._order], np.abs(half[: frame.grid[1] // 2 + 1])

    def __call__(self, wanted: DrawnFilter) -> np.ndarray:
        """The plane filtered."""
        backend = get_backend("numpy")
        gains = np.empty((len(self._lines[0]), len(self._lines[1])), self._spectrum.real.dtype)
        gains[self._order] = wanted.on(*self._lines)
        product = (self._spectrum * gains).astype(COMPLEX_OF.get(dtype_name(self._spectrum.real.dtype)), copy=False)
        result = backend.ifft(product, self._frame.grid, self._axes, self._workers, True)[self._frame.key]
        return np.asarray(result + self._mean * gains[0, 0])
