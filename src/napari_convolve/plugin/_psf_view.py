"""The PSF that is chosen: a picture, its widths, what is wrong with it, and a button that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from magicgui.widgets import Container, PushButton, Widget
from qtpy.compat import isalive
from qtpy.QtCore import QTimer

import napari_convolve as nc

from ..kernels import KERNELS, Kernel
from ..kernels._optics import FAMILY, micrometres
from ..ops._psf_case import Finding, PsfCheck
from ._chooser import KernelChooser
from ._fields import TextField, numbers
from ._form import rows
from ._job import sentence
from ._layers import Source, View
from ._psf_picture import PsfPicture
from ._text import note, say, written

#: Milliseconds after the last change until the PSF is looked at.
_REST = 250
_SIGNS = {"error": "✗", "warning": "⚠", "note": "·"}


class PsfView(Container[Widget]):
    """Watches a chooser, and hands out the PSF as it is used: mended when that was asked for.

    Parameters
    ----------
    chooser
        Where the PSF comes from.
    """

    def __init__(self, chooser: KernelChooser) -> None:
        self._chooser = chooser
        self._source: Source | None = None
        self._view: View | None = None
        self._mend = False
        self.check: PsfCheck | None = None
        self.wavelengths = TextField(
            numbers,
            label="nm per channel",
            hint="the same for all",
            tooltip="One wavelength for each channel: 461, 520",
        )
        self.picture = PsfPicture()
        self.text, self.done = note(), note()
        self.fix = PushButton(text="Fix", tooltip="Mend what can be: centre, background, pixel size, size")
        self.undo = PushButton(text="Undo the fix", tooltip="Use the PSF as it came")
        self.fields = rows([self.wavelengths])
        super().__init__(widgets=[self.fields, self.text, self.fix, self.done, self.undo], labels=False)
        self.margins = (0, 0, 0, 0)
        self.native.layout().insertWidget(1, self.picture)
        self._timer = QTimer(self.native)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST)
        self._timer.timeout.connect(self.look)
        chooser.changed.connect(self._changed)
        self.wavelengths.changed.connect(self._later)
        self.fix.changed.connect(self.mend)
        self.undo.changed.connect(self.unmend)
        self.picture.show_kernel(None)
        self._show_buttons()

    def set_image(self, source: Source | None, view: View | None) -> None:
        """Tell what the PSF is for."""
        self._source, self._view = source, view
        self._changed()

    def mend(self) -> None:
        """Use the PSF with what is wrong with it put right."""
        self._mend = True
        self.look()

    def unmend(self) -> None:
        """Use it as it came."""
        self._mend = False
        self.look()

    def kernel(self) -> Kernel:
        """The PSF to deconvolve with; ValueError with one sentence when something is missing."""
        lights = self._lights()
        if lights is None:
            return self._one()
        kernels = [self._one(wavelength=light) for light in lights]
        shape = [min(max(k.shape[a] for k in kernels), self._limits()[a]) for a in range(kernels[0].ndim)]
        return self._stacked([k.crop(shape).pad(shape) for k in kernels])

    def look(self) -> None:
        """Draw the PSF that is chosen now, and say what is wrong with it."""
        if not isalive(self.native):
            return
        self._timer.stop()
        self.check = None
        says = ""
        try:
            kernel = self._one()
            self.check = nc.check_psf(kernel, self._shape(), **self._lengths())
            self.picture.show_kernel(kernel)
            say(self.text, words(self.check))
            fixes = kernel.parameters.get("fixes") if self._mend else None
            says = "" if not fixes else "Mended: " + "; ".join(fixes) + "."
        except (ValueError, TypeError, OSError) as error:
            self.picture.show_kernel(None)
            say(self.text, sentence(error))
        say(self.done, says)
        self._show_buttons()

    def _changed(self, *_: object) -> None:
        self._mend = False
        self._later()

    def _later(self, *_: object) -> None:
        self.fields.visible = self._per_channel()
        self._timer.start()

    def _show_buttons(self) -> None:
        self.fix.visible = not self._mend and self.check is not None and any(map(mendable, self.check.findings))
        self.undo.visible = self._mend

    def _model(self) -> str | None:
        """The model of a PSF with a wavelength that is chosen."""
        kind = self._chooser.kind.value
        known = kind in KERNELS and KERNELS.get(kind).family == FAMILY
        return kind if known and "wavelength" in KERNELS.get(kind).signature.parameters else None

    def _per_channel(self) -> bool:
        """Whether a wavelength for each channel can be given."""
        return self._model() is not None and bool(self._channels())

    def _channels(self) -> tuple[int, ...]:
        """The axes that may be channels: not acted on, and more than one image long."""
        if self._source is None or self._view is None:
            return ()
        shape = self._source.data.shape
        return tuple(a for a in range(self._source.ndim) if a not in self._view.axes and 1 < shape[a] <= 32)

    def _lights(self) -> Sequence[float] | None:
        return self.wavelengths.value if self._per_channel() else None

    def _one(self, **changes: Any) -> Kernel:
        """The PSF of one image; a computed one is no larger than the image."""
        kernel = self._chooser.kernel()
        if changes:
            kernel = KERNELS.get(kernel.name)(**{**kernel.parameters, **changes})
        if self._chooser.kind.value in KERNELS and self._source is not None:
            kernel = cropped(kernel, self._limits())
        if self._mend:
            kernel = nc.fix_psf(kernel, self._shape(), **self._lengths())
        return kernel

    def _limits(self) -> tuple[int, ...]:
        shape = self._shape()
        return () if shape is None else tuple(n - 1 + n % 2 for n in shape.shape)

    def _shape(self) -> Any:
        """An array of the image's shape along the axes of the view, which takes no memory."""
        if self._source is None or self._view is None:
            return None
        return np.broadcast_to(np.zeros(()), tuple(self._source.data.shape[a] for a in self._view.axes))

    def _lengths(self) -> dict[str, Any]:
        """Pixel size of the image, where its unit is a length."""
        if self._source is None or self._view is None:
            return {}
        unit = self._source.unit_of(self._view)
        return {} if micrometres(unit) is None else {"spacing": self._source.spacing_of(self._view), "units": unit}

    def _stacked(self, kernels: list[Kernel]) -> Kernel:
        """One kernel for each channel, along the channel's axis of the image."""
        assert self._source is not None and self._view is not None
        fitting = [a for a in self._channels() if self._source.data.shape[a] == len(kernels)]
        if not fitting:
            counts = ", ".join(f"{self._source.axes[a]}: {self._source.data.shape[a]}" for a in self._channels())
            raise ValueError(f"nm per channel: {len(kernels)} wavelengths are given, the image has {counts}")
        names = self._source.axes
        axis = next((a for a in fitting if names[a] in ("c", "channel")), fitting[0])
        shape, center, spacing = [1] * self._source.ndim, [0] * self._source.ndim, [1.0] * self._source.ndim
        shape[axis] = len(kernels)
        steps = kernels[0].spacing or (1.0,) * kernels[0].ndim
        for a, n, c, s in zip(self._view.axes, kernels[0].shape, kernels[0].center, steps, strict=True):
            shape[a], center[a], spacing[a] = n, c, s
        values = np.stack([k.values / k.values.sum() for k in kernels]).reshape(shape)
        units = kernels[0].units
        return Kernel(values, center, spacing, units, f"{kernels[0].name} per channel")


def cropped(kernel: Kernel, limits: Sequence[int]) -> Kernel:
    """No larger than the limits about its centre, of the same sum; it keeps its name and parameters."""
    if len(limits) != kernel.ndim or all(n <= m for n, m in zip(kernel.shape, limits, strict=True)):
        return kernel
    inner = kernel.crop([min(n, m) for n, m in zip(kernel.shape, limits, strict=True)])
    values = inner.values * (kernel.sum / inner.sum) if inner.sum else inner.values
    return Kernel(values, inner.center, kernel.spacing, kernel.units, kernel.name, kernel.parameters)


def mendable(finding: Finding) -> bool:
    """Whether the button can do something that matters."""
    return finding.fixable and finding.severity != "note"


def words(check: PsfCheck) -> str:
    """What is told of a PSF."""
    wide = " × ".join(f"{w:.3g}" for w in check.fwhm)
    head = f"FWHM {wide} {written(check.unit)}."
    if check.ok:
        return f"{head} ✓ Nothing is wrong with it."
    return "\n".join([head, *(f"{_SIGNS[f.severity]} {f.message[:1].upper()}{f.message[1:]}." for f in check.findings)])
