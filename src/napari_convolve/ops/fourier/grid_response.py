"""Frequency response on the padded grid of an image, and the support radius of its impulse response."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..._arrays import index_along
from ...backends import Backend
from ..psf.psf_set import Psf
from .edge_extension import PaddedGrid, make_grid
from .frequency_grid import frequencies
from .response_spec import Response, evaluate, opposite, symmetric

#: The longest gap between the image's end and its start, as a share of its length.
_LONGEST = 0.5


@dataclass(frozen=True, eq=False)
class FilterSupport(Psf):
    """Stands in for the impulse response of a filter, of which only the support radius is used."""

    radius: tuple[int, ...] = ()

    @cached_property
    def digest(self) -> str:
        return f"reach {self.radius}"

    @cached_property
    def reach(self) -> tuple[int, ...]:
        return self.radius


@dataclass(frozen=True, eq=False)
class GridResponse:
    """A response to multiply spectra with.

    Attributes
    ----------
    values : ndarray
        On the padded grid; for real images the half spectrum.
    impulse : FilterSupport
        For `PaddedGrid.extend`.
    changed : bool
        Whether the response had to be made symmetric.
    """

    padded: PaddedGrid
    values: np.ndarray
    impulse: FilterSupport
    changed: bool

    @property
    def at_zero(self) -> complex:
        return complex(self.values[(0,) * self.values.ndim])


def response_on_padded_grid(
    response: Response, shape: Sequence[int], spacing: Sequence[float], edges: str, real: bool, backend: Backend
) -> GridResponse:
    """The response for images of `shape`; for real ones it is made symmetric, so that results are real too.

    Parameters
    ----------
    response : callable or ndarray
        A function of frequencies in cycles per unit, or values on the fftn grid of `shape`.
    """
    values, changed = _on_grid(response, shape, spacing, real)
    radius = (0,) * len(shape)
    padded = PaddedGrid(tuple(shape), tuple(shape))
    if edges == "extend":
        weights = np.fft.ifftn(values)
        reach = Psf(np.fft.fftshift(np.abs(weights)), tuple(n // 2 for n in shape)).reach
        radius = tuple(min(r, max(int((_LONGEST * n / 1.5 - 1) / 2), 0)) for r, n in zip(reach, shape, strict=True))
        padded = make_grid(shape, radius, edges, backend)
        if not isinstance(response, np.ndarray):
            values, _ = _on_grid(response, padded.grid, spacing, real)
        else:
            values = _interpolated(weights, padded.grid)
    if real:
        values = values[..., : padded.grid[-1] // 2 + 1]
    return GridResponse(padded, values, FilterSupport(np.ones((1,) * len(shape)), (0,) * len(shape), radius), changed)


def _on_grid(response: Response, grid: Sequence[int], spacing: Sequence[float], real: bool) -> tuple[np.ndarray, bool]:
    """The response on a full fftn grid, symmetric for real images; and whether it had to be changed for that."""
    if isinstance(response, np.ndarray):
        return symmetric(response, opposite(response)) if real else (response, False)
    lines = [f / s for f, s in zip(frequencies(grid, half=False), spacing, strict=True)]
    values = np.array(evaluate(response, lines))
    for axis, n in enumerate(grid):
        if n % 2 == 0:  # the Nyquist frequency represents its negative too
            key = index_along(values.ndim, axis, slice(n // 2, n // 2 + 1))
            other = [-f[key] if a == axis else f for a, f in enumerate(lines)]
            values[key] = (values[key] + evaluate(response, other)) / 2
    return symmetric(values, opposite(values)) if real else (values, False)


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
        if n % 2 == 0:  # the weight at half the length belongs to both sides
            padded[half] = padded[half - n] = lines[half] / 2
        weights = np.moveaxis(padded, 0, axis)
    return np.asarray(np.fft.fftn(weights))
