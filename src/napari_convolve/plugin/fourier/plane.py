"""The visible plane of an image, its spectra, and results of a drawn filter. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import napari_convolve as nc

from ..._progress import ProgressCallback
from ...backends import cpu_count
from ...ops.fourier.drawn_filter import DrawnFilter
from ...ops.fourier.live_filter import LiveFilter
from ...ops.fourier.spectrum_readout import SpectrumReading, read_bin, read_peak
from ..layers.added import displayed
from ..layers.kernel_layers import kernel_tuple
from ..layers.layer_data import LayerTuple, Source, View, image_tuple, short
from ..layers.recording import recorded
from ..layers.request import Request, Result, on_colours
from ..widgets.text import unit_text
from .spectrum_layers import spectrum_image


@dataclass(frozen=True, eq=False)
class Plane:
    """The visible plane of a layer; of an RGB layer the mean of its colours."""

    samples: Any  # of the layer, perhaps lazy, with colours along the last axis
    rgb: bool
    spacing: tuple[float, float]
    unit: str  # of the spacing; "pixel" if there is none

    @cached_property
    def values(self) -> np.ndarray:
        values = np.asarray(self.samples)
        return values[..., :3].mean(axis=-1) if self.rgb else values

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.samples.shape[:2]
        return rows, columns

    def same_as(self, other: Plane) -> bool:
        """Whether both planes are the same memory, with the same spacing and unit."""
        mine, theirs = self.samples, other.samples
        if not (isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray)):
            return False
        same = mine.__array_interface__ == theirs.__array_interface__
        return same and (self.rgb, self.spacing, self.unit) == (other.rgb, other.spacing, other.unit)

    def prepare(self, shown: str) -> Plane:
        """Compute the cached spectra in advance, in any thread."""
        _ = self.plain.amplitude, self.plain.phase, self.tapered, self.live
        self.picture(shown)
        return self

    def picture(self, shown: str) -> tuple[np.ndarray, tuple[float, float]]:
        """The image of the spectrum, and its contrast limits."""
        if shown not in self._pictures:
            self._pictures[shown] = spectrum_image(self.smooth, shown)
        return self._pictures[shown]

    @cached_property
    def _pictures(self) -> dict[str, tuple[np.ndarray, tuple[float, float]]]:
        return {}

    @cached_property
    def plain(self) -> nc.Spectrum:
        """Spectrum for reading values."""
        return nc.spectrum(self.values, spacing=self.spacing, nan="omit").centered()

    @cached_property
    def smooth(self) -> nc.Spectrum:
        """Spectrum for pictures, without the cross that the jump at the edges makes."""
        return nc.spectrum(self.values, spacing=self.spacing, nan="omit", edges="moisan").centered()

    @cached_property
    def tapered(self) -> nc.Spectrum:
        """Windowed spectrum, for peaks between the bins."""
        return nc.spectrum(self.values, spacing=self.spacing, nan="omit", window="hann")

    def filtered(self, wanted: DrawnFilter, progress: ProgressCallback) -> np.ndarray:
        """The plane filtered exactly, as the whole image will be."""
        return np.asarray(nc.filter_spectrum(self.values, wanted, **exact_options(self.spacing), progress=progress))

    @cached_property
    def live(self) -> LiveFilter:
        """Fast approximate filter of the plane."""
        return LiveFilter(np.nan_to_num(self.values), self.spacing, cpu_count())

    @property
    def bin(self) -> float:
        """The larger step of the frequencies along y and x."""
        return float(max(1 / (n * s) for n, s in zip(self.shape, self.spacing, strict=True)))

    @property
    def highest(self) -> float:
        """The lower of the Nyquist frequencies along y and x."""
        return min(0.5 / s for s in self.spacing)


def visible_plane(source: Source, layer: Any, viewer: Any) -> Plane:
    """The visible plane of a layer; ValueError if the viewer does not show a plane of its last two axes."""
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
    """A plane as an image layer in the place of the planes of its source."""
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


def wave_text(reading: SpectrumReading, unit: str) -> str:
    """A wave, or a sample of the spectrum, as text.

    Examples
    --------
    >>> print(wave_text(SpectrumReading(0.3, (0.0, 0.5), 2.0, 0.0, 60.0), "um"))
    amplitude 0.3 · period 2 µm
    0.5 cycles/µm (y 0, x 0.5)
    direction 0° · phase 60°
    at this sample of the spectrum
    """
    length = unit_text(unit)
    y, x = reading.frequency
    absolute = float(np.hypot(y, x))
    if not absolute:
        return f"mean {reading.amplitude:.4g} (frequency 0)"
    kind = "nearest peak, between samples" if reading.between else "at this sample of the spectrum"
    lines = [
        f"amplitude {reading.amplitude:.4g} · period {reading.period:.4g} {length}",
        f"{absolute:.4g} cycles/{length} (y {y:.4g}, x {x:.4g})",
        f"direction {reading.angle:.3g}° · phase {reading.phase:.3g}°",
        kind,
    ]
    return "\n".join(lines)


def reading_at(plane: Plane, frequency: Sequence[float]) -> str:
    """Text on the nearest peak, or else on the sample, at a frequency; empty outside the spectrum."""
    found = plane.plain
    for line, f in zip(found.frequencies, frequency, strict=True):
        if not line[0] <= f <= line[-1]:
            return ""
    at = (float(frequency[0]), float(frequency[1]))
    return wave_text(read_peak(plane.tapered, at) or read_bin(found, at), plane.unit)


def exact_options(spacing: Sequence[float]) -> dict[str, Any]:
    """Options of `filter_spectrum` besides the filter."""
    return {"spacing": tuple(spacing), "nan": "omit"}


def request_of(source: Source, wanted: DrawnFilter) -> Request:
    """The call that filters all planes of a layer."""
    axes = (source.ndim - 2, source.ndim - 1)
    view = View("the planes", axes, tuple(source.axes[a] for a in axes))
    return Request("filter_spectrum", source, view, (wanted,), exact_options(source.spacing[-2:]))


def filtered_stack(request: Request, progress: ProgressCallback) -> Result:
    """The filtered layer, with its recipe."""
    data, report = on_colours(request, request.image(progress), progress)
    made = image_tuple(request.source, data, f"{short(request.source.name)} · filtered")
    return Result([recorded(made, request, report)], report)


def response_layer(plane: Plane, wanted: DrawnFilter, options: dict[str, Any], name: str) -> LayerTuple:
    """The gains of a filter at the frequencies of a plane as a layer, with the filter in its metadata."""
    gains = wanted.on(*plane.plain.frequencies).astype(np.float32)
    look = {"name": name, "colormap": "gray", "visible": False, "metadata": {"fourier_filter": wanted}}
    return gains, {**look, **options}, "image"


def kernel_from_filter(plane: Plane, wanted: DrawnFilter, size: int, name: str, progress: ProgressCallback) -> Result:
    """A kernel that approximates a filter, as a hidden layer, and a note on the largest error of its gain."""
    unit = None if plane.unit == "pixel" else plane.unit
    spacing = plane.spacing if unit or plane.spacing != (1.0, 1.0) else None
    kernel = nc.kernel_from_response(wanted, size, ndim=2, spacing=spacing, units=unit)
    error = float(kernel.parameters["max_error"])
    data, options, kind = kernel_tuple(kernel, name)
    text = f"Kernel of {kernel.shape[0]} x {kernel.shape[1]} added, hidden; its gain is off by up to {error:.2g}."
    return Result([(data, {**options, "visible": False}, kind)], notes=(text,))
