"""Chosen PSF for an image: made, repaired and checked in any thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import napari_convolve as nc

from ...kernels import KERNELS, Kernel
from ...kernels._optics import micrometres
from ...ops.psf.check_context import PsfCheck
from ..layers.layer_data import Source, View

#: Longest axis that is taken for channels.
_MOST_CHANNELS = 32


@dataclass(frozen=True)
class PsfChoice:
    """The values of the fields that decide on the PSF."""

    make: Callable[[], Kernel]  # makes it before it is cropped and repaired
    computed: bool  # from the catalogue: then it is cropped to the size of the image
    source: Source | None  # the image to deconvolve
    view: View | None
    repair: bool
    wavelengths: Sequence[float] | None  # one per channel

    def kernel(self) -> Kernel:
        """The PSF to deconvolve with, stacked along the channel axis if there are wavelengths."""
        if self.wavelengths is None:
            return self.one()
        kernels = [self.one(wavelength=wavelength) for wavelength in self.wavelengths]
        shape = [min(max(k.shape[a] for k in kernels), self._limits()[a]) for a in range(kernels[0].ndim)]
        return self._stacked([k.crop(shape).pad(shape) for k in kernels])

    def one(self, **changes: Any) -> Kernel:
        """The PSF of one batch item, perhaps with changed parameters."""
        kernel = self.make()
        if changes:
            kernel = KERNELS.get(kernel.name)(**{**kernel.parameters, **changes})
        if self.computed and self.source is not None:
            kernel = cropped(kernel, self._limits())
        if self.repair:
            kernel = nc.fix_psf(kernel, self._shape(), **self._lengths())
        return kernel

    def checked(self, progress: object) -> tuple[Kernel, PsfCheck]:
        """The PSF of one batch item, and its check."""
        kernel = self.one()
        return kernel, nc.check_psf(kernel, self._shape(), **self._lengths())

    def _limits(self) -> tuple[int, ...]:
        """The largest odd shape within the image."""
        shape = self._shape()
        return () if shape is None else tuple(n - 1 + n % 2 for n in shape.shape)

    def _shape(self) -> Any:
        """An array with the image's shape along the axes of the view, which uses no memory."""
        if self.source is None or self.view is None:
            return None
        return np.broadcast_to(np.zeros(()), tuple(self.source.data.shape[a] for a in self.view.axes))

    def _lengths(self) -> dict[str, Any]:
        """Spacing and units of the image, if its unit is a length."""
        if self.source is None or self.view is None:
            return {}
        unit = self.source.unit_of(self.view)
        return {} if micrometres(unit) is None else {"spacing": self.source.spacing_of(self.view), "units": unit}

    def _stacked(self, kernels: list[Kernel]) -> Kernel:
        """One kernel per channel, stacked along the channel axis of the image."""
        assert self.source is not None and self.view is not None
        channels = channels_of(self.source, self.view)
        fitting = [a for a in channels if self.source.data.shape[a] == len(kernels)]
        if not fitting:
            counts = ", ".join(f"{self.source.axes[a]}: {self.source.data.shape[a]}" for a in channels)
            raise ValueError(f"nm per channel: {len(kernels)} wavelengths are given, the image has {counts}")
        names = self.source.axes
        axis = next((a for a in fitting if names[a] in ("c", "channel")), fitting[0])
        shape, center, spacing = [1] * self.source.ndim, [0] * self.source.ndim, [1.0] * self.source.ndim
        shape[axis] = len(kernels)
        steps = kernels[0].spacing or (1.0,) * kernels[0].ndim
        for a, n, c, s in zip(self.view.axes, kernels[0].shape, kernels[0].center, steps, strict=True):
            shape[a], center[a], spacing[a] = n, c, s
        values = np.stack([k.values / k.values.sum() for k in kernels]).reshape(shape)
        units = kernels[0].units
        return Kernel(values, center, spacing, units, f"{kernels[0].name} per channel")


def channels_of(source: Source | None, view: View | None) -> tuple[int, ...]:
    """The axes that may be channels: batch axes longer than 1."""
    if source is None or view is None:
        return ()
    shape = source.data.shape
    return tuple(a for a in range(source.ndim) if a not in view.axes and 1 < shape[a] <= _MOST_CHANNELS)


def cropped(kernel: Kernel, limits: Sequence[int]) -> Kernel:
    """A kernel cropped about its centre to at most `limits`, with the same sum, name and parameters."""
    if len(limits) != kernel.ndim or all(n <= m for n, m in zip(kernel.shape, limits, strict=True)):
        return kernel
    inner = kernel.crop([min(n, m) for n, m in zip(kernel.shape, limits, strict=True)])
    values = inner.values * (kernel.sum / inner.sum) if inner.sum else inner.values
    return Kernel(values, inner.center, kernel.spacing, kernel.units, kernel.name, kernel.parameters)
