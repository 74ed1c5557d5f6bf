"""The plane that is on screen, its spectrum, and what the panel computes of it; nothing here knows a widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import napari_convolve as nc

from ...backends import cpu_count
from ...ops.fourier.drawn_filter import DrawnFilter
from ...ops.fourier.live_filter import LiveFilter
from ...ops.fourier.spectrum_readout import SpectrumReading, read_bin, read_peak
from ..layers.added import displayed
from ..layers.kernel_layers import kernel_tuple
from ..layers.layer_data import LayerTuple, Source, View, image_tuple, short
from ..layers.recording import recorded
from ..layers.request import Progress, Request, Result, on_colours
from ..widgets.text import written
from .spectrum_layers import picture


@dataclass(frozen=True, eq=False)
class Plane:
    """The visible plane of a layer, the mean of its colours.

    Attributes
    ----------
    samples : array
        As the layer has them, perhaps lazy; colours along the last axis.
    rgb : bool
    spacing : tuple of float
    unit : str
        Of the spacing; "pixel" when there is none.
    """

    samples: Any
    rgb: bool
    spacing: tuple[float, float]
    unit: str

    @cached_property
    def values(self) -> np.ndarray:
        """The plane, shape (n, m)."""
        values = np.asarray(self.samples)
        return values[..., :3].mean(axis=-1) if self.rgb else values

    @property
    def shape(self) -> tuple[int, int]:
        """Of the plane."""
        rows, columns = self.samples.shape[:2]
        return rows, columns

    def same_as(self, other: Plane) -> bool:
        """Whether it shows the same samples, in memory, as another."""
        mine, theirs = self.samples, other.samples
        if not (isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray)):
            return False
        same = mine.__array_interface__ == theirs.__array_interface__
        return same and (self.rgb, self.spacing, self.unit) == (other.rgb, other.spacing, other.unit)

    def prepare(self, shown: str) -> Plane:
        """Compute what a person will ask for next; for any thread."""
        _ = self.plain.amplitude, self.plain.phase, self.tapered, self.live
        self.picture(shown)
        return self

    def picture(self, shown: str) -> tuple[np.ndarray, tuple[float, float]]:
        """What is shown of the spectrum, and its contrast limits."""
        if shown not in self._pictures:
            self._pictures[shown] = picture(self.smooth, shown)
        return self._pictures[shown]

    @cached_property
    def _pictures(self) -> dict[str, tuple[np.ndarray, tuple[float, float]]]:
        return {}

    @cached_property
    def plain(self) -> nc.Spectrum:
        """What the plane holds, for numbers."""
        return nc.spectrum(self.values, spacing=self.spacing, nan="omit").centered()

    @cached_property
    def smooth(self) -> nc.Spectrum:
        """Without the cross of the edges, for pictures."""
        return nc.spectrum(self.values, spacing=self.spacing, nan="omit", edges="moisan").centered()

    @cached_property
    def tapered(self) -> nc.Spectrum:
        """Under a window, for waves between the bins."""
        return nc.spectrum(self.values, spacing=self.spacing, nan="omit", window="hann")

    def filtered(self, wanted: DrawnFilter, progress: Progress) -> np.ndarray:
        """The plane filtered as the whole image will be."""
        return np.asarray(nc.filter_spectrum(self.values, wanted, **exact_options(self.spacing), progress=progress))

    @cached_property
    def live(self) -> LiveFilter:
        """Ready to be filtered."""
        return LiveFilter(np.nan_to_num(self.values), self.spacing, cpu_count())

    @property
    def bin(self) -> float:
        """The longer of the two steps of the frequencies."""
        return float(max(1 / (n * s) for n, s in zip(self.shape, self.spacing, strict=True)))

    @property
    def highest(self) -> float:
        """The lower of the two highest frequencies."""
        return min(0.5 / s for s in self.spacing)


def plane_of(source: Source, layer: Any, viewer: Any) -> Plane:
    """What the viewer shows of a layer.

    Raises
    ------
    ValueError
        When that is no plane of its last two axes.
    """
    if source.ndim < 2:
        raise ValueError("The image has one axis only; a plane is needed.")
    spare = viewer.dims.ndim - source.ndim
    if viewer.dims.ndisplay != 2 or sorted(displayed(viewer, source.ndim)) != [source.ndim - 2, source.ndim - 1]:
        raise ValueError("Show a plane of the last two axes of the image (2-D view, axes not rolled).")
    point = np.round(np.asarray(layer.world_to_data(np.asarray(viewer.dims.point)[spare:]), dtype=float)).astype(int)
    index = tuple(int(np.clip(p, 0, n - 1)) for p, n in zip(point[:-2], source.data.shape, strict=False))
    y, x = source.spacing[-2:]
    units = set(source.units[-2:])
    unit = units.pop() if len(units) == 1 else None
    return Plane(source.data[index], source.rgb, (float(y), float(x)), unit or "pixel")


def live_tuple(source: Source, data: np.ndarray, name: str) -> LayerTuple:
    """A plane where the source's planes are."""
    if source.ndim == 2:
        values, options, kind = image_tuple(source, data, name)
        return values, {**options, "rgb": False, "colormap": source.look.get("colormap", "gray")}, kind
    frame = source.frame
    options = {
        "name": name,
        "colormap": source.look.get("colormap", "gray"),
        "scale": np.asarray(frame["scale"])[-2:],
        "translate": np.asarray(frame["translate"])[-2:],
        "rotate": np.asarray(frame["rotate"])[-2:, -2:],
        "affine": np.asarray(frame["affine"])[-3:, -3:],
        "units": frame["units"][-2:],
        "axis_labels": frame["axis_labels"][-2:],
    }
    return data, options, "image"


def describe(reading: SpectrumReading, unit: str) -> str:
    """A wave or a bin for a person.

    Examples
    --------
    >>> print(describe(Reading(0.3, (0.0, 0.5), 2.0, 0.0, 60.0), "um"))
    amplitude 0.3 · period 2 µm
    0.5 cycles/µm (y 0, x 0.5)
    direction 0° · phase 60°
    at this sample of the spectrum
    """
    length = written(unit)
    y, x = reading.frequency
    absolute = float(np.hypot(y, x))
    if not absolute:
        return f"mean {reading.amplitude:.4g} (frequency 0)"
    what = "nearest peak, between samples" if reading.between else "at this sample of the spectrum"
    lines = [
        f"amplitude {reading.amplitude:.4g} · period {reading.period:.4g} {length}",
        f"{absolute:.4g} cycles/{length} (y {y:.4g}, x {x:.4g})",
        f"direction {reading.angle:.3g}° · phase {reading.phase:.3g}°",
        what,
    ]
    return "\n".join(lines)


def reading_at(plane: Plane, frequency: Sequence[float]) -> str:
    """What the spectrum says there, the nearest peak if one stands out; empty outside of it."""
    found = plane.plain
    for line, f in zip(found.frequencies, frequency, strict=True):
        if not line[0] <= f <= line[-1]:
            return ""
    at = (float(frequency[0]), float(frequency[1]))
    return describe(read_peak(plane.tapered, at) or read_bin(found, at), plane.unit)


def exact_options(spacing: Sequence[float]) -> dict[str, Any]:
    """What `filter_spectrum` is told besides the filter."""
    return {"spacing": tuple(spacing), "nan": "omit"}


def request_of(source: Source, wanted: DrawnFilter) -> Request:
    """The whole of a layer filtered, plane by plane, as a call."""
    axes = (source.ndim - 2, source.ndim - 1)
    view = View("the planes", axes, tuple(source.axes[a] for a in axes))
    return Request("filter_spectrum", source, view, (wanted,), exact_options(source.spacing[-2:]))


def filtered_stack(request: Request, progress: Progress) -> Result:
    """The layer that comes of it, which knows how it was made."""
    data, report = on_colours(request, request.image(progress), progress)
    made = image_tuple(request.source, data, f"{short(request.source.name)} · filtered")
    return Result([recorded(made, request, report)], report)


def response_layer(plane: Plane, wanted: DrawnFilter, options: dict[str, Any], name: str) -> LayerTuple:
    """The gains of a filter on the frequencies of the plane, as a layer that remembers the filter."""
    gains = wanted.on(*plane.plain.frequencies).astype(np.float32)
    look = {"name": name, "colormap": "gray", "visible": False, "metadata": {"fourier_filter": wanted}}
    return gains, {**look, **options}, "image"


def kernel_of(plane: Plane, wanted: DrawnFilter, size: int, name: str, progress: Progress) -> Result:
    """A kernel that does about the same, as a hidden layer, and the largest difference of its gain."""
    unit = None if plane.unit == "pixel" else plane.unit
    spacing = plane.spacing if unit or plane.spacing != (1.0, 1.0) else None
    kernel = nc.kernel_from_response(wanted, size, ndim=2, spacing=spacing, units=unit)
    error = float(kernel.parameters["max_error"])
    data, options, kind = kernel_tuple(kernel, name)
    text = f"Kernel of {kernel.shape[0]} x {kernel.shape[1]} added, hidden; its gain is off by up to {error:.2g}."
    return Result([(data, {**options, "visible": False}, kind)], notes=(text,))
