"""The fields of the Fourier panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from magicgui.widgets import CheckBox, FloatSlider, PushButton, SpinBox

from ..widgets.containers import Column, Fold, beside, column, rows
from ..widgets.fields import Choice
from ..widgets.layer_choice import LayerChoice
from ..widgets.text import note
from . import spectrum_layers as layers

SHAPES = ("Disc", "Ring", "Wedge", "Box")


class FourierForm(Column):
    """Fields and buttons of the Fourier panel, which connects them."""

    def __init__(self, viewer: Any, is_image: Callable[[Any], bool]) -> None:
        self.image = LayerChoice(viewer, accept=is_image, label="image", tooltip="It is not changed")
        self.shown_as = Choice([(text, text) for text in layers.SHOWN], label="spectrum as")
        self.spectrum = PushButton(text="Show spectrum", tooltip="Beside the image, with true frequencies")
        self.reading = note()
        self.does = Choice(
            [("takes out", "block"), ("lets through", "pass")],
            label="a shape",
            tooltip="What the next shape does; selected shapes change with it",
        )
        self.shapes = {
            name: PushButton(text=name, tooltip=f"Add a {name.lower()} to the spectrum, then drag it")
            for name in SHAPES
        }
        self.find = PushButton(text="Find stripes", tooltip="Suggest notches for waves that run through all the image")
        self.soft = FloatSlider(
            value=3, min=0, max=30, step=0.5, label="soft edges", tooltip="Percent of the highest frequency"
        )
        self.radius = FloatSlider(
            value=2, min=1, max=20, step=0.5, label="notch radius", tooltip="In samples of the spectrum"
        )
        self.ring = FloatSlider(
            value=20, min=1, max=100, step=1, label="ring width", tooltip="Percent of the highest frequency"
        )
        self.keep_mean = CheckBox(value=True, text="keep the mean", tooltip="The image's level stays as it is")
        self.live = CheckBox(value=True, text="filter while I draw", tooltip="The plane on screen; edges approximate")
        self.state = note()
        self.saved = LayerChoice(
            viewer,
            accept=lambda layer: "fourier_filter" in layer.metadata,
            none="what is drawn",
            label="filter",
            tooltip="What is drawn now, or a filter that was kept",
        )
        self.target = LayerChoice(
            viewer, accept=is_image, none="the same image", label="apply to", tooltip="The image to filter"
        )
        self.save = PushButton(text="Keep the filter as a layer", tooltip="A layer that can be applied again")
        self.size = SpinBox(value=31, min=3, max=127, step=2, label="kernel size", tooltip="Larger is closer")
        self.kernel = PushButton(text="Make a kernel", tooltip="A kernel layer that the other panels take")
        self.copy = PushButton(text="Copy Python", tooltip="A script that does what Apply does, without napari")
        further = column([rows(self.saved, self.target, self.size), self.save, self.kernel, self.copy])
        super().__init__(
            rows(self.image, self.shown_as),
            self.spectrum,
            self.reading,
            rows(self.does),
            beside(*self.shapes.values()),
            self.find,
            rows(self.soft, self.ring, self.radius),
            self.keep_mean,
            self.live,
            self.state,
            Fold("Keep, apply elsewhere, kernel, Python", further),
        )
