"""A kernel for a response that somebody draws."""

from __future__ import annotations

import time
from typing import Any

from magicgui.widgets import SpinBox

import napari_convolve as nc

from ..kernels import Kernel
from ._chooser import KernelSource
from ._designer_curve import CurveEditor
from ._fields import Choice
from ._form import rows
from ._kernel_curves import frequency_label, responses
from ._kernel_made import kernel_with
from ._layers import View
from ._text import note, say

#: Shares of the highest frequency, and the gain there.
PRESETS = {
    "low-pass": ((0.0, 1.0), (0.25, 1.0), (0.5, 0.0), (0.75, 0.0), (1.0, 0.0)),
    "high-pass": ((0.0, 0.0), (0.25, 0.0), (0.5, 1.0), (0.75, 1.0), (1.0, 1.0)),
    "band-pass": ((0.0, 0.0), (0.15, 0.0), (0.35, 1.0), (0.5, 1.0), (0.7, 0.0), (1.0, 0.0)),
    "notch": ((0.0, 1.0), (0.2, 1.0), (0.4, 0.0), (0.5, 0.0), (0.7, 1.0), (1.0, 1.0)),
}
#: A design that takes longer, in seconds, waits until the mouse is up.
_SLOW = 0.04


class DrawnResponse(KernelSource):
    """A curve of gain over frequency, the same in every direction; the kernel that comes nearest to it."""

    def __init__(self) -> None:
        self.preset = Choice([(name, name) for name in PRESETS], label="begin with", tooltip="Then drag the points")
        self.size = SpinBox(value=15, min=1, max=99, step=2, label="size", tooltip="Weights along each axis")
        self.window = Choice(
            [("least squares", None), *((name, name) for name in ("hamming", "hann", "blackman", "boxcar"))],
            label="method",
            tooltip="The nearest response of all, or the wanted response cut off smoothly by a window",
        )
        self.curve = CurveEditor(PRESETS["low-pass"])
        self.error = note()
        self._seconds = 0.0
        super().__init__(widgets=[rows([self.preset, self.size, self.window]), self.error], labels=False)
        self.margins = (0, 0, 0, 0)
        self.native.layout().insertWidget(1, self.curve)
        self.preset.changed.connect(self._begin)
        self.curve.moved.connect(self._moved)

    def _begin(self, name: str) -> None:
        self.curve.points = PRESETS[name]
        self.changed.emit(self)

    def _moved(self, held: bool) -> None:
        if not held or self._seconds < _SLOW:
            self.changed.emit(self)

    def kernel(self, view: View, spacing: tuple[float, ...] | None, unit: str | None) -> Kernel:
        start = time.perf_counter()
        spacing = spacing if unit else None
        highest = 0.5 / min(spacing or (1.0,))
        frequencies = tuple(share * highest for share, _ in self.curve.points)
        gains = tuple(gain for _, gain in self.curve.points)
        design: dict[str, Any] = {"size": self.size.value, "window": self.window.value, "ndim": view.ndim}
        made = nc.kernel_from_response((frequencies, gains), spacing=spacing, units=unit, **design)
        self._seconds = time.perf_counter() - start
        self.curve.show_reached(responses(made), highest, frequency_label(made))
        say(
            self.error,
            f"Reached (colour) and wanted (dots) differ by {made.parameters['max_error']:.2g} at most, "
            f"{made.parameters['rms_error']:.2g} on average (RMS).",
        )
        remembered = {**made.parameters, **design, "frequencies": frequencies, "gains": gains}
        return kernel_with(made, parameters=remembered)

    @property
    def state(self) -> Any:
        return self.preset.value, self.size.value, self.window.value, self.curve.points

    @state.setter
    def state(self, value: Any) -> None:
        self.preset.value, self.size.value, self.window.value, self.curve.points = value
