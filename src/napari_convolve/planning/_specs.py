"""The data of planning: what is to be computed, on what, at what cost, and what was decided."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._arrays import dtype_name
from .._progress import device_name, format_bytes, format_seconds


@dataclass(frozen=True)
class ArraySpec:
    """The shape and dtype of an array that need not exist, for `nc.plan`."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        object.__setattr__(self, "dtype", dtype_name(self.dtype))

    @property
    def ndim(self) -> int:
        return len(self.shape)


@dataclass(frozen=True)
class Problem:
    """Everything about a sum over a window that decides how to compute it, and no data.

    Attributes
    ----------
    operation : str
        The public function's name.
    shape, dtype : tuple of int, str
        Of the image.
    out, compute : tuple of int, str
        Shape of the result and the dtype it is computed in.
    axes, kernel : tuple of int
        The axes acted on and the kernel's length along each.
    taps, terms : int
        Weights that are not zero; separable terms the kernel is a sum of (0: none were found).
    flat : bool
        Whether all weights are the same, so that running sums do.
    steps : tuple of int
        For each axis acted on the step of a coarser grid on which the kernel is the same to single precision, 1 where
        there is none; empty if nobody looked.
    boundary : str
    masked : bool
        Whether samples are left out (normalised convolution).
    responsive : bool
        Whether no single step may take long.
    """

    operation: str
    shape: tuple[int, ...]
    dtype: str
    out: tuple[int, ...]
    compute: str
    axes: tuple[int, ...]
    kernel: tuple[int, ...]
    taps: int
    terms: int = 0
    flat: bool = False
    steps: tuple[int, ...] = ()
    boundary: str = "reflect"
    masked: bool = False
    responsive: bool = False

    @property
    def itemsize(self) -> int:
        """Bytes of a sample while it is computed with."""
        return np.dtype(self.compute).itemsize

    def block(self, tile: Sequence[int]) -> tuple[int, ...]:
        """The samples a tile of the result depends on: the tile and its halo."""
        lengths = list(tile)
        for axis, k in zip(self.axes, self.kernel, strict=True):
            lengths[axis] += k - 1
        return tuple(lengths)


@dataclass(frozen=True)
class Machine:
    """What a plan needs to know of one backend's device; the same two, problem and machine, give the same plan.

    Attributes
    ----------
    backend : str
    cores : int
        Threads that compute tiles at once.
    free : int
        Bytes that may be used.
    rates : mapping of str to float
        Constants of the methods' cost models, by the method's name; missing ones take the method's default.
    compiled : frozenset
        The compiled code that is ready to run.
    transfer : float
        Seconds to move one byte to the device and back, 0 where the data is there already.
    """

    backend: str
    cores: int
    free: int
    rates: Any = field(default_factory=dict, hash=False)
    compiled: frozenset[Hashable] = frozenset()
    transfer: float = 0.0


@dataclass(frozen=True)
class Cost:
    """Of one tile, on one thread: seconds and bytes of workspace (the result itself not counted).

    `shared` says that the threads can share a single tile; `once` are seconds before the first tile, on one thread.
    """

    seconds: float
    bytes: int
    shared: bool = False
    once: float = 0.0


@dataclass(frozen=True)
class Plan:
    """How a result is computed; prints as one line.

    Attributes
    ----------
    method, backend : str
    tiles : tuple of int
        Samples of the result computed at once, along each axis.
    seconds, bytes : float, int
        Predicted time, and memory beyond input and output.
    reason : str
        Why this method.

    Examples
    --------
    A plan given as `method` is followed, so that the result has the same bits again:

    >>> import numpy as np, napari_convolve as nc
    >>> image, kernel = np.ones((64, 64)), nc.kernels.gaussian(sigma=3)
    >>> reports = []
    >>> _ = nc.convolve(image, kernel, method=nc.Plan("fft", "numpy", (16, 64)), report=reports.append)
    >>> reports[0].plan.method, reports[0].plan.tiles
    ('fft', (16, 64))
    """

    method: str
    backend: str
    tiles: tuple[int, ...]
    seconds: float = 0.0
    bytes: int = 0
    reason: str = ""

    def __str__(self) -> str:
        tiles = "x".join(map(str, self.tiles))
        return (
            f"{self.method} on {device_name(self.backend)}, tiles of {tiles}, about {format_seconds(self.seconds)} and "
            f"{format_bytes(self.bytes)} beyond input and output: {self.reason}"
        )
