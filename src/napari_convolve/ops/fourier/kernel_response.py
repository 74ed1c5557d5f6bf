"""Frequency response of a kernel: gain and phase shift of a wave of each frequency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..._arrays import in_steps
from ...kernels import Kernel

#: Amplitudes below this share of the largest are rounding; their phase is set to 0.
_NOTHING = 1e-12
#: Points per weight along an axis at which cut-offs are searched.
_FINE = 16
_BISECTIONS = 60


@dataclass(frozen=True, eq=False)
class FrequencyResponse:
    """Effect of a convolution with a kernel on waves; made by `frequency_response`.

    Arrays are on the grid of `numpy.fft.fftn`: frequency zero is at index 0, negative ones follow the positive.

    Attributes
    ----------
    values : ndarray of complex
        ``sum_j w[j] exp(-2 pi i f (j - c))``, c the kernel's centre: the factor of a wave of frequency f.
    frequencies : tuple of ndarray
        Cycles per unit along each axis.
    spacing : tuple of float
        Distance of neighbouring samples along each axis.
    units : str or None
        Unit of `spacing`; frequencies are in cycles per it. None for pixels.
    kernel : Kernel
    """

    values: np.ndarray
    frequencies: tuple[np.ndarray, ...]
    spacing: tuple[float, ...]
    units: str | None
    kernel: Kernel = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the grid."""
        return self.values.shape

    @cached_property
    def amplitude(self) -> np.ndarray:
        """Gain: factor of a wave's amplitude."""
        return np.asarray(np.abs(self.values))

    @cached_property
    def phase(self) -> np.ndarray:
        """Phase advance of a wave in degrees; 0 where nothing passes."""
        return degrees(self.values)

    def at(self, *frequencies: Any) -> np.ndarray:
        """The complex response at any frequencies, one array of cycles per unit for each axis.

        Examples
        --------
        >>> import napari_convolve as nc
        >>> float(nc.frequency_response([0.25, 0.5, 0.25]).at(0.25).real)
        0.5
        """
        if len(frequencies) != self.kernel.ndim:
            raise ValueError(f"the kernel has {self.kernel.ndim} axes, frequencies for {len(frequencies)} were given")
        given = np.broadcast_arrays(*(np.asarray(f, dtype=np.float64) for f in frequencies))
        points = [f.ravel() * s for f, s in zip(given, self.spacing, strict=True)]
        return at_points(self.kernel, points).reshape(given[0].shape)

    @cached_property
    def cutoff_3db(self) -> tuple[tuple[float, ...], ...]:
        """Frequencies along each axis where half of the power passes; see `cutoffs`."""
        return self.cutoffs(math.sqrt(0.5))

    @cached_property
    def cutoff_6db(self) -> tuple[tuple[float, ...], ...]:
        """Frequencies along each axis where half of the amplitude passes; see `cutoffs`."""
        return self.cutoffs(0.5)

    def cutoffs(self, level: float) -> tuple[tuple[float, ...], ...]:
        """For each axis the rising frequencies at which the amplitude crosses a share of its maximum.

        A low-pass kernel has one, a band-pass kernel two, a kernel that passes everything none. Frequencies along the
        other axes are 0; for a complex kernel negative frequencies are included.

        Parameters
        ----------
        level : float
            Between 0 and 1.
        """
        if not 0 < level < 1:
            raise ValueError(f"level={level!r} must lie between 0 and 1")
        return tuple(self._crossings(axis, level) for axis in range(self.kernel.ndim))

    def _crossings(self, axis: int, level: float) -> tuple[float, ...]:
        line = self.kernel.values.sum(axis=tuple(a for a in range(self.kernel.ndim) if a != axis))
        offsets = np.arange(line.size) - self.kernel.center[axis]

        def amplitude(f: np.ndarray) -> np.ndarray:
            # no matrix product: starting its threads takes a hundred times as long as these few points
            return np.asarray(np.abs(np.einsum("fj,j->f", np.exp(-2j * np.pi * np.multiply.outer(f, offsets)), line)))

        count = max(256, _FINE * line.size)
        if line.dtype.kind == "c":
            f = np.linspace(-0.5, 0.5, count + 1)
            heights = np.abs(np.fft.fft(line, count))
            heights = np.append(np.fft.fftshift(heights), heights[count // 2])
        else:
            f = np.linspace(0.0, 0.5, count + 1)
            heights = np.abs(np.fft.rfft(line, 2 * count))
        top = float(heights.max())
        if top <= _NOTHING * float(np.abs(self.kernel.values).sum()):
            return ()
        above = heights >= level * top
        at = np.flatnonzero(above[1:] != above[:-1])
        low, high, rising = f[at], f[at + 1], above[at + 1]
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            beyond = (amplitude(middle) >= level * top) == rising
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        return tuple(float(x) / self.spacing[axis] for x in (low + high) / 2)

    def __repr__(self) -> str:
        unit = self.units or ("unit" if self.kernel.spacing else "px")
        cut = "; ".join(" ".join(f"{x:.4g}" for x in axis) or "none" for axis in self.cutoff_3db)
        return f"FrequencyResponse(shape={self.shape}, -3 dB at {cut} cycles/{unit})"


def degrees(values: np.ndarray) -> np.ndarray:
    """Phase in degrees, 0 where the amplitude is rounding."""
    size = np.abs(values)
    return np.where(size > _NOTHING * size.max(initial=0.0), np.degrees(np.angle(values)), 0.0)


def at_points(kernel: Kernel, points: Sequence[np.ndarray]) -> np.ndarray:
    """The response at scattered frequencies in cycles per sample, one array of equal length for each axis."""
    found = np.empty(len(points[0]), np.complex128)
    rest = max(1, kernel.values.size // kernel.shape[0])
    step = max(1, (1 << 22) // rest)
    for part in in_steps(len(found), step):
        total: np.ndarray | None = None
        for axis, (n, c) in enumerate(zip(kernel.shape, kernel.center, strict=True)):
            waves = np.exp(-2j * np.pi * np.multiply.outer(points[axis][part], np.arange(n) - c))
            if total is None:
                total = waves @ kernel.values.reshape(n, -1)
            else:
                total = np.einsum("pk,pkr->pr", waves, total.reshape(len(waves), n, -1))
        assert total is not None
        found[part] = total.reshape(-1)
    return found


def on_grid(kernel: Kernel, shape: Sequence[int]) -> np.ndarray:
    """The response on the fftn grid of `shape`, which may be shorter than the kernel."""
    values = kernel.values
    for axis, (n, c) in enumerate(zip(shape, kernel.center, strict=True)):
        lines = np.moveaxis(values, axis, 0)
        folded = np.zeros((n, *lines.shape[1:]), values.dtype)
        np.add.at(folded, (np.arange(lines.shape[0]) - c) % n, lines)
        values = np.moveaxis(folded, 0, axis)
    return np.asarray(np.fft.fftn(values))
