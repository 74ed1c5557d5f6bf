"""Presets of the Kernel Designer: kernels for the ways of reading a convolution, with explanations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..kernel_input.kernel_chooser import KernelChooser
from ..widgets.containers import Column, rows
from ..widgets.fields import Choice
from ..widgets.text import note, say


@dataclass(frozen=True)
class KernelPreset:
    """A kernel by name, with the values of its fields that differ from the defaults, and an explanation."""

    label: str
    kind: str
    ndim: int
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)


KERNEL_PRESETS = (
    KernelPreset(
        "impulse: nothing changes",
        "identity",
        2,
        "A single 1: whatever is done to it is the kernel that does it. Keep it below (Combine), choose another "
        "kernel, and add or subtract.",
    ),
    KernelPreset(
        "weighted moving average",
        "binomial",
        1,
        "Weights that sum to 1 make every sample an average of its neighbours. The note below the picture says how "
        "much of the noise is left.",
        {"size": 5},
    ),
    KernelPreset(
        "diffusion for a time",
        "diffusion",
        2,
        "What was in one point spreads to this, of standard deviation √(2 D t).",
        {"D": 1.0, "t": 4.0},
    ),
    KernelPreset(
        "chances: one die",
        "box",
        1,
        "Six values, all alike. For the density of the sum of two dice keep it below (Combine), then choose “one after "
        "the other”.",
        {"size": 6},
    ),
    KernelPreset(
        "chances: a measurement",
        "gaussian",
        2,
        "How far a measured place may be from the true one. A map of where something is, convolved with it, is where "
        "it is seen.",
        {"sigma": 3.0},
    ),
    KernelPreset(
        "a word: “the”",
        "custom",
        2,
        "Rows are the letters t, h, e, columns the places in the word. Correlated with a text written alike, it counts "
        "the letters that are right: 3 where the word is.",
        {"values": "1 0 0\n0 1 0\n0 0 1"},
    ),
    KernelPreset(
        "feature map: an edge",
        "sobel",
        2,
        "One kernel of the first layer of a network. The Feature Maps panel applies a whole bank.",
    ),
)


class PresetChoice(Column):
    """Choice of a preset; `begin` sets the designer to it."""

    def __init__(self, begin: Callable[[KernelPreset], None]) -> None:
        self._begin = begin
        self.choice = Choice(
            [("a preset …", None), *((preset.label, preset) for preset in KERNEL_PRESETS)],
            label="start from",
            tooltip="Presets: what a convolution can be read as",
        )
        self.about = note()
        super().__init__(rows(self.choice), self.about)
        self.choice.changed.connect(self._chosen)

    def _chosen(self) -> None:
        preset = self.choice.value
        say(self.about, preset.text if preset else "")
        if preset:
            self._begin(preset)

    def left(self, kind: str) -> None:
        """Deselect the preset if another kernel has been chosen."""
        if self.choice.value and self.choice.value.kind != kind:
            self.choice.native.setCurrentIndex(0)


def show_preset(kernel: KernelChooser, preset: KernelPreset) -> None:
    """Set the fields of a chooser to those of a preset."""
    kernel.kind.value = preset.kind
    form = kernel.form
    for name, value in preset.fields.items():
        if form is not None:
            form[name].value = value
