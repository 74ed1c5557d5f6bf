"""PSF measured from beads in an image layer: all that are found, or picked ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Points

import napari_convolve as nc

from ...kernels import Kernel
from ...ops.psf.bead_average import BeadPsf
from ..jobs.job import Call, Outcome
from ..jobs.latest import Latest
from ..kernel_input.kernel_chooser import KernelSource
from ..kernel_input.kernel_making import kernel_for_view
from ..layers.layer_data import Source, View, load_samples, placement, read_layer
from ..widgets.containers import beside, button, rows
from ..widgets.fields import TextField
from ..widgets.layer_choice import LayerChoice
from ..widgets.text import capital, note, say, typeset, unit_text

FROM_BEADS = "from beads"
_ALL = "all that stand out"


class BeadSource(KernelSource):
    """Fields for an image of beads and for which of them to use, and a summary of the measurement."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self.found: BeadPsf | None = None
        self.image = LayerChoice(viewer, label="image of beads", tooltip="A stack of beads smaller than the PSF")
        self.points = LayerChoice(
            viewer, accept=lambda layer: isinstance(layer, Points), none=_ALL, label="beads", tooltip="Which beads"
        )
        self.size = TextField(_sizes, label="size in pixels", hint="from the beads", tooltip="Odd: 21, or 11, 21, 21")
        self.pick = button("Pick beads", self.start_picking, "Click on beads in the image; a layer keeps the places")
        self.measure = button("Measure", self.start_measuring, "Register and average the beads")
        self.text = note()
        super().__init__(rows(self.image, self.points, self.size), beside(self.pick, self.measure), self.text)
        self._measuring = Latest(self.native, self._begin, self._measured, title="PSF from beads")

    def start_picking(self) -> None:
        """Add a points layer over the image, in the mode for adding points."""
        if self.image.value is None:
            say(self.text, "Open an image of beads first.")
            return
        source = read_layer(self.image.value)
        layer = self._viewer.add_points(
            np.zeros((0, source.ndim)), name=f"picked on {source.name}", face_color="transparent",
            border_color="yellow", size=12, **placement(source),
        )  # fmt: skip
        layer.mode = "add"
        self.points.reset_choices()
        self.points.value = layer
        say(self.text, "Click on each bead, then press Measure.")

    def start_measuring(self) -> None:
        if self.image.value is not None and not self._measuring.busy:
            self._measuring.ask(0)

    def _begin(self) -> Call:
        source = read_layer(self.image.value)
        points = None if self.points.value is None else self._picked_points(source)
        if points is not None and not len(points):
            raise ValueError("No bead is picked yet: click on some, or take all that stand out.")
        call = partial(_measure, source, points, self.size.value)
        self.measure.enabled = False
        say(self.text, "Measuring …")
        return call

    def _picked_points(self, source: Source) -> np.ndarray:
        """The picked points in samples of the image."""
        points, image = self.points.value, self.image.value
        return np.array([image.world_to_data(points.data_to_world(place)) for place in points.data])

    def _measured(self, outcome: Outcome) -> None:
        self.measure.enabled = True
        if outcome.value is None:
            say(self.text, outcome.error)
        else:
            self.state = outcome.value
            self.changed.emit(self)

    def factory(self, view: View, spacing: tuple[float, ...] | None, unit: str | None) -> Callable[[], Kernel]:
        if self.found is None:
            raise ValueError("No PSF is measured yet: press Measure.")
        return partial(kernel_for_view, self.found.psf, view)

    @property
    def state(self) -> Any:
        return self.found

    @state.setter
    def state(self, value: Any) -> None:
        self.found = value
        axes = () if self.image.value is None else read_layer(self.image.value).axes
        say(self.text, "" if value is None else measurement_text(value, axes))


def _measure(source: Source, points: Any, size: Any, progress: Any) -> BeadPsf:
    whole = View("", tuple(range(source.ndim)), source.axes)
    unit = source.unit_of(whole)
    lengths: dict[str, Any] = {} if unit is None else {"spacing": source.spacing, "units": unit}
    return nc.psf_from_beads(
        load_samples(source.data, progress), points=points, size=size, progress=progress, **lengths
    )


def measurement_text(found: BeadPsf, axes: Sequence[str]) -> str:
    """Summary of a measurement: number of beads, spread, uncertainty, and which were left out."""
    unit = unit_text(found.psf.units or "px")
    size = " x ".join(map(str, found.psf.shape))
    lines = [f"PSF from {len(found.accepted)} of {len(found.beads)} beads, {size} px."]
    if len(found.accepted) > 1:
        spread = " x ".join(f"{s:.1g}" for s in found.fwhm_spread)
        error = float(np.nanmax(found.uncertainty)) / float(found.psf.values.max())
        lines += [
            f"From bead to bead the FWHM differs by {spread} {unit}.",
            f"Uncertain by {100 * error:.2g} % of its peak.",
        ]
    lines += [f"{capital(line)}." for line in found.notes]
    for bead in found.rejected:
        place = ", ".join(f"{c:.0f}" for c in bead.center)
        lines.append(f"✗ Left out the one at ({place}): {bead.reason}.")
    return typeset("\n".join(lines), axes)


def _sizes(text: str) -> Any:
    try:
        sizes = tuple(int(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise ValueError(f"{text!r} must read 21, or 11, 21, 21") from error
    return sizes[0] if len(sizes) == 1 else sizes
