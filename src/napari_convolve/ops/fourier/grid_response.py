"""A response on the grid that an image is transformed on, and how far it reaches in space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...backends import Backend
from ..psf.psf_set import Psf
from .edge_extension import PaddedGrid, make_grid
from .frequency_grid import frequencies
from .response_spec import Response, evaluate, opposite, symmetric

#: Of the image's length: the longest bridge between its end and its start.
_LONGEST = 0.5


@dataclass(frozen=True, eq=False)
class Reach(Psf):
    """An impulse of which all that counts is how far a filter reaches."""

    far: tuple[int, ...] = ()

    @cached_property
    def digest(self) -> str:
        return f"reach {self.far}"

    @cached_property
    def reach(self) -> tuple[int, ...]:
        return self.far


@dataclass(frozen=True, eq=False)
class GridResponse:
    """A response ready to multiply spectra with.

    Attributes
    ----------
    frame : PaddedGrid
    values : ndarray
        On the frame's grid, the half that a real transform keeps when `real`.
    impulse : Reach
        For `PaddedGrid.extend`.
    changed : bool
        Whether the response had to be made symmetric.
    """

    frame: PaddedGrid
    values: np.ndarray
    impulse: Reach
    changed: bool

    @property
    def at_zero(self) -> complex:
        return complex(self.values[(0,) * self.values.ndim])


def on_frame(
    response: Response, shape: Sequence[int], spacing: Sequence[float], edges: str, real: bool, backend: Backend
) -> GridResponse:
    """The response for images of `shape`.

    Parameters
    ----------
    response : callable or ndarray
        A function of frequencies in cycles per unit, or values on the fftn grid of `shape`.
    real : bool
        Whether the images are real: the response is then made symmetric, so that the results are real too.
    """
    values, changed = _on_grid(response, shape, spacing, real)
    far = (0,) * len(shape)
    frame = PaddedGrid(tuple(shape), tuple(shape))
    if edges == "extend":
        weights = np.fft.ifftn(values)
        reach = Psf(np.fft.fftshift(np.abs(weights)), tuple(n // 2 for n in shape)).reach
        far = tuple(min(r, max(int((_LONGEST * n / 1.5 - 1) / 2), 0)) for r, n in zip(reach, shape, strict=True))
        frame = make_grid(shape, far, edges, backend)
        if not isinstance(response, np.ndarray):
            values, _ = _on_grid(response, frame.grid, spacing, real)
        else:
            values = _interpolated(weights, frame.grid)
    if real:
        values = values[..., : frame.grid[-1] // 2 + 1]
    return GridResponse(frame, values, Reach(np.ones((1,) * len(shape)), (0,) * len(shape), far), changed)


def _on_grid(response: Response, grid: Sequence[int], spacing: Sequence[float], real: bool) -> tuple[np.ndarray, bool]:
    """The response on the whole of an fftn grid, symmetric for real images; whether it had to be changed for that."""
    if isinstance(response, np.ndarray):
        return symmetric(response, opposite(response)) if real else (response, False)
    lines = [f / s for f, s in zip(frequencies(grid, half=False), spacing, strict=True)]
    values = np.array(evaluate(response, lines))
    for axis, n in enumerate(grid):
        if n % 2 == 0:  # half a cycle per sample is both the highest frequency and its negative
            other = [-f[_slab(axis, n // 2, f.ndim)] if a == axis else f for a, f in enumerate(lines)]
            key = _slab(axis, n // 2, values.ndim)
            values[key] = (values[key] + evaluate(response, other)) / 2
    return symmetric(values, opposite(values)) if real else (values, False)


def _slab(axis: int, index: int, ndim: int) -> tuple[slice, ...]:
    return tuple(slice(index, index + 1) if a == axis else slice(None) for a in range(ndim))


def _interpolated(weights: np.ndarray, grid: Sequence[int]) -> np.ndarray:
    """The response on a finer grid, from the impulse response with zeros around it."""
    for axis, length in enumerate(grid):
        n = weights.shape[axis]
        if length == n:
            continue
        lines = np.moveaxis(weights, axis, 0)
        padded = np.zeros((length, *lines.shape[1:]), lines.dtype)
        half = math.ceil(n / 2)
        padded[:half] = lines[:half]
        if n > half:
            padded[half - n :] = lines[half:]
        if n % 2 == 0:  # the weight half way round belongs to both sides
            padded[half] = padded[half - n] = lines[half] / 2
        weights = np.moveaxis(padded, 0, axis)
    return np.asarray(np.fft.fftn(weights))
