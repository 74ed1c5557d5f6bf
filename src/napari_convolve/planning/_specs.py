"""Data of planning: problem, machine, cost and plan."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._arrays import dtype_name
from .._progress import device_name, format_bytes, format_seconds


@dataclass(frozen=True)
class ArraySpec:
    """Shape and dtype of an array, instead of the array itself, for `nc.plan`."""

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
    """Description of a sum over a window without its data: all that determines the plan.

    Attributes
    ----------
    operation : str
        Name of the public function.
    shape, dtype : tuple of int, str
        Of the image.
    out, compute : tuple of int, str
        Shape of the result and dtype of the computation.
    axes, kernel : tuple of int
        Convolved axes and the kernel's length along each.
    taps, terms : int
        Number of non-zero weights; number of separable terms whose sum is the kernel (0: not separable).
    flat : bool
        Whether all weights are equal, so that running sums can be used.
    steps : tuple of int
        For each convolved axis the step of a coarser grid that represents the kernel in single precision, 1 where there
        is none; empty if not determined.
    boundary : str
    masked : bool
        Whether samples are left out (normalised convolution).
    responsive : bool
        Whether single steps must be short, for the progress callback.
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
        """Bytes per sample in the dtype of the computation."""
        return np.dtype(self.compute).itemsize

    def block(self, tile: Sequence[int]) -> tuple[int, ...]:
        """Shape of the samples that a tile of the result depends on: the tile and its halo."""
        lengths = list(tile)
        for axis, k in zip(self.axes, self.kernel, strict=True):
            lengths[axis] += k - 1
        return tuple(lengths)


@dataclass(frozen=True)
class Machine:
    """Properties of one backend's device for planning; equal problem and machine give equal plans.

    Attributes
    ----------
    backend : str
    cores : int
        Number of threads that compute tiles.
    free : int
        Free memory in bytes.
    rates : mapping of str to float
        Constants of the methods' cost models, by name; for missing ones the method's default is used.
    compiled : frozenset
        The compiled code that is ready to run.
    transfer : float
        Seconds to move one byte to the device and back, 0 when the data is there already.
    """

    backend: str
    cores: int
    free: int
    rates: Any = field(default_factory=dict, hash=False)
    compiled: frozenset[Hashable] = frozenset()
    transfer: float = 0.0


@dataclass(frozen=True)
class Cost:
    """Cost of one tile on one thread: seconds, and bytes of workspace without the result.

    `shared`: threads can share a single tile. `once`: seconds before the first tile, on one thread.
    """

    seconds: float
    bytes: int
    shared: bool = False
    once: float = 0.0


@dataclass(frozen=True)
class Plan:
    """Method, backend and tiles of a computation, with predictions; prints as one line.

    Attributes
    ----------
    method, backend : str
    tiles : tuple of int
        Length of the tiles of the result along each axis.
    seconds, bytes : float, int
        Predicted time, and memory beyond input and output.
    reason : str
        Reason for the method.

    Examples
    --------
    A plan passed as `method` is followed, so that the result is bitwise the same again:

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
