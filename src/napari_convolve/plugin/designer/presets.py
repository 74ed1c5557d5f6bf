"""Presets: the kernels of the ways of reading a convolution, each with what to see in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..kernel_input.kernel_chooser import KernelChooser
from ..widgets.containers import Column, rows
from ..widgets.fields import Choice
from ..widgets.text import note, say


@dataclass(frozen=True)
class Reading:
    """A kernel to begin with: its fields that differ from the defaults, and a text that says what to see in it."""

    label: str
    kind: str
    ndim: int
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)


READINGS = (
    Reading(
        "impulse: nothing changes",
        "identity",
        2,
        "A single 1: whatever is done to it is the kernel that does it. Keep it below (Combine), choose another "
        "kernel, and add or subtract.",
    ),
    Reading(
        "weighted moving average",
        "binomial",
        1,
        "Weights that sum to 1 make every sample an average of its neighbours. The note below the picture says how "
        "much of the noise is left.",
        {"size": 5},
    ),
    Reading(
        "diffusion for a time",
        "diffusion",
        2,
        "What was in one point spreads to this, of standard deviation √(2 D t).",
        {"D": 1.0, "t": 4.0},
    ),
    Reading(
        "chances: one die",
        "box",
        1,
        "Six values, all alike. For the density of the sum of two dice keep it below (Combine), then choose “one after "
        "the other”.",
        {"size": 6},
    ),
    Reading(
        "chances: a measurement",
        "gaussian",
        2,
        "How far a measured place may be from the true one. A map of where something is, convolved with it, is where "
        "it is seen.",
        {"sigma": 3.0},
    ),
    Reading(
        "a word: “the”",
        "custom",
        2,
        "Rows are the letters t, h, e, columns the places in the word. Correlated with a text written alike, it counts "
        "the letters that are right: 3 where the word is.",
        {"values": "1 0 0\n0 1 0\n0 0 1"},
    ),
    Reading(
        "feature map: an edge",
        "sobel",
        2,
        "One kernel of the first layer of a network. The Feature Maps panel applies a whole bank.",
    ),
)


class Readings(Column):
    """Which preset the designer begins with; `begin` sets the designer to it."""

    def __init__(self, begin: Callable[[Reading], None]) -> None:
        self._begin = begin
        self.choice = Choice(
            [("a preset …", None), *((reading.label, reading) for reading in READINGS)],
            label="start from",
            tooltip="Presets: what a convolution can be read as",
        )
        self.about = note()
        super().__init__(rows(self.choice), self.about)
        self.choice.changed.connect(self._chosen)

    def _chosen(self) -> None:
        reading = self.choice.value
        say(self.about, reading.text if reading else "")
        if reading:
            self._begin(reading)

    def left(self, kind: str) -> None:
        """Another kernel has been chosen: the preset is over."""
        if self.choice.value and self.choice.value.kind != kind:
            self.choice.native.setCurrentIndex(0)


def set_to(kernel: KernelChooser, reading: Reading) -> None:
    """Make a chooser show the kernel of a reading."""
    kernel.kind.value = reading.kind
    form = kernel.form
    for name, value in reading.fields.items():
        if form is not None:
            form[name].value = value
