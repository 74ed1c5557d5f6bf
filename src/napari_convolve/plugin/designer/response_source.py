"""Kernel designed for a drawn frequency response."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from magicgui.widgets import SpinBox

import napari_convolve as nc

from ...kernels import Kernel
from ..kernel_input.kernel_chooser import KernelSource
from ..kernel_input.kernel_making import kernel_with
from ..layers.layer_data import View
from ..plots.curve_editor import CurveEditor, Points
from ..plots.kernel_curves import frequency_label, responses
from ..widgets.containers import rows
from ..widgets.fields import Choice
from ..widgets.text import note, say

#: Points of the curves: share of the highest frequency, gain.
PRESETS = {
    "low-pass": ((0.0, 1.0), (0.25, 1.0), (0.5, 0.0), (0.75, 0.0), (1.0, 0.0)),
    "high-pass": ((0.0, 0.0), (0.25, 0.0), (0.5, 1.0), (0.75, 1.0), (1.0, 1.0)),
    "band-pass": ((0.0, 0.0), (0.15, 0.0), (0.35, 1.0), (0.5, 1.0), (0.7, 0.0), (1.0, 0.0)),
    "notch": ((0.0, 1.0), (0.2, 1.0), (0.4, 0.0), (0.5, 0.0), (0.7, 1.0), (1.0, 1.0)),
}


class DrawnResponse(KernelSource):
    """Fields for an isotropic gain over frequency and for the design of the kernel that approximates it."""

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
        super().__init__(rows(self.preset, self.size, self.window), self.error)
        self.native.layout().insertWidget(1, self.curve)
        self.preset.changed.connect(self._begin)
        self.curve.moved.connect(self._moved)

    def _begin(self, name: str) -> None:
        self.curve.points = PRESETS[name]
        self._moved()

    def _moved(self) -> None:
        self.changed.emit(self)

    def factory(self, view: View, spacing: tuple[float, ...] | None, unit: str | None) -> Callable[[], Kernel]:
        design = {"size": self.size.value, "window": self.window.value, "ndim": view.ndim}
        return partial(_designed, self.curve.points, spacing if unit else None, unit, design)

    def show_made(self, kernel: Kernel) -> None:
        self.curve.show_reached(responses(kernel), _highest(kernel.spacing), frequency_label(kernel))
        say(
            self.error,
            f"Reached (colour) and wanted (dots) differ by {kernel.parameters['max_error']:.2g} at most, "
            f"{kernel.parameters['rms_error']:.2g} on average (RMS).",
        )

    @property
    def state(self) -> Any:
        return self.preset.value, self.size.value, self.window.value, self.curve.points

    @state.setter
    def state(self, value: Any) -> None:
        self.preset.value, self.size.value, self.window.value, self.curve.points = value


def _highest(spacing: tuple[float, ...] | None) -> float:
    return 0.5 / min(spacing or (1.0,))


def _designed(points: Points, spacing: tuple[float, ...] | None, unit: str | None, design: dict[str, Any]) -> Kernel:
    """The kernel that approximates a curve; its parameters record the curve and the design."""
    frequencies = tuple(share * _highest(spacing) for share, _ in points)
    gains = tuple(gain for _, gain in points)
    made = nc.kernel_from_response((frequencies, gains), spacing=spacing, units=unit, **design)
    parameters = {**made.parameters, **design, "frequencies": frequencies, "gains": gains}
    return kernel_with(made, parameters=parameters)
