"""A PSF as it was chosen and for which image: made, mended and judged in whichever thread needs it."""

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

#: Axes longer than this are no channels.
_CHANNELS = 32


@dataclass(frozen=True)
class PsfChoice:
    """What the fields say.

    Attributes
    ----------
    make : callable
        Makes the PSF as it comes.
    computed : bool
        Whether it comes from the catalogue: then it is cut to the image.
    source, view
        The image it is for.
    mend : bool
        Whether what is wrong with it is put right.
    lights : sequence of float or None
        A wavelength for each channel.
    """

    make: Callable[[], Kernel]
    computed: bool
    source: Source | None
    view: View | None
    mend: bool
    lights: Sequence[float] | None

    def kernel(self) -> Kernel:
        """The PSF to deconvolve with; ValueError with one sentence when something is missing."""
        if self.lights is None:
            return self.one()
        kernels = [self.one(wavelength=light) for light in self.lights]
        shape = [min(max(k.shape[a] for k in kernels), self._limits()[a]) for a in range(kernels[0].ndim)]
        return self._stacked([k.crop(shape).pad(shape) for k in kernels])

    def one(self, **changes: Any) -> Kernel:
        """The PSF of one image; a computed one is no larger than the image."""
        kernel = self.make()
        if changes:
            kernel = KERNELS.get(kernel.name)(**{**kernel.parameters, **changes})
        if self.computed and self.source is not None:
            kernel = cropped(kernel, self._limits())
        if self.mend:
            kernel = nc.fix_psf(kernel, self._shape(), **self._lengths())
        return kernel

    def judged(self, progress: object) -> tuple[Kernel, PsfCheck]:
        """The PSF of one image, and what is wrong with it."""
        kernel = self.one()
        return kernel, nc.check_psf(kernel, self._shape(), **self._lengths())

    def _limits(self) -> tuple[int, ...]:
        shape = self._shape()
        return () if shape is None else tuple(n - 1 + n % 2 for n in shape.shape)

    def _shape(self) -> Any:
        """An array of the image's shape along the axes of the view, which takes no memory."""
        if self.source is None or self.view is None:
            return None
        return np.broadcast_to(np.zeros(()), tuple(self.source.data.shape[a] for a in self.view.axes))

    def _lengths(self) -> dict[str, Any]:
        """Pixel size of the image, where its unit is a length."""
        if self.source is None or self.view is None:
            return {}
        unit = self.source.unit_of(self.view)
        return {} if micrometres(unit) is None else {"spacing": self.source.spacing_of(self.view), "units": unit}

    def _stacked(self, kernels: list[Kernel]) -> Kernel:
        """One kernel for each channel, along the channel's axis of the image."""
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
    """The axes that may be channels: not acted on, and more than one image long."""
    if source is None or view is None:
        return ()
    shape = source.data.shape
    return tuple(a for a in range(source.ndim) if a not in view.axes and 1 < shape[a] <= _CHANNELS)


def cropped(kernel: Kernel, limits: Sequence[int]) -> Kernel:
    """No larger than the limits about its centre, of the same sum; it keeps its name and parameters."""
    if len(limits) != kernel.ndim or all(n <= m for n, m in zip(kernel.shape, limits, strict=True)):
        return kernel
    inner = kernel.crop([min(n, m) for n, m in zip(kernel.shape, limits, strict=True)])
    values = inner.values * (kernel.sum / inner.sum) if inner.sum else inner.values
    return Kernel(values, inner.center, kernel.spacing, kernel.units, kernel.name, kernel.parameters)
