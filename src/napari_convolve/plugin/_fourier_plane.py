"""The plane that is on screen, its spectrum, and what the panel computes of it; nothing here knows a widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import napari_convolve as nc

from .._progress import Report
from ..backends import cpu_count
from ..kernels import Kernel
from ..ops._reading import Reading, read_bin
from ..ops.drawn import DrawnFilter
from ..ops.live_filter import LiveFilter
from ._layers import LayerTuple, Source, View, image_tuple, short
from ._recording import recorded
from ._request import Progress, Request, Result, on_colours


@dataclass(frozen=True, eq=False)
class Plane:
    """The visible plane of a layer, the mean of its colours.

    Attributes
    ----------
    values : ndarray, shape (n, m)
    spacing : tuple of float
    unit : str
        Of the spacing; "pixel" when there is none.
    """

    values: np.ndarray
    spacing: tuple[float, float]
    unit: str

    @cached_property
    def plain(self) -> nc.Spectrum:
        """What the plane holds, for numbers."""
        return nc.spectrum(self.values, spacing=self.spacing, nan="omit").centered()

    @cached_property
    def smooth(self) -> nc.Spectrum:
        """Without the cross of the edges, for pictures."""
        return nc.spectrum(self.values, spacing=self.spacing, nan="omit", edges="moisan").centered()

    @cached_property
    def live(self) -> LiveFilter:
        """Ready to be filtered."""
        return LiveFilter(np.nan_to_num(self.values), self.spacing, cpu_count())

    @property
    def bin(self) -> float:
        """The longer of the two steps of the frequencies."""
        return float(max(1 / (n * s) for n, s in zip(self.values.shape, self.spacing, strict=True)))

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
    shown = [axis - spare for axis in viewer.dims.displayed]
    if viewer.dims.ndisplay != 2 or sorted(shown) != [source.ndim - 2, source.ndim - 1]:
        raise ValueError("Show a plane of the last two axes of the image (2-D view, axes not rolled).")
    point = np.round(np.asarray(layer.world_to_data(np.asarray(viewer.dims.point)[spare:]), dtype=float)).astype(int)
    index = tuple(int(np.clip(p, 0, n - 1)) for p, n in zip(point[:-2], source.data.shape, strict=False))
    values = np.asarray(source.data[index])
    if source.rgb:
        values = values[..., :3].mean(axis=-1)
    y, x = source.spacing[-2:]
    units = set(source.units[-2:])
    unit = units.pop() if len(units) == 1 else None
    return Plane(values, (float(y), float(x)), unit or "pixel")


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


def describe(reading: Reading, unit: str) -> str:
    """A bin for a person.

    Examples
    --------
    >>> print(describe(Reading(0.3, (0.0, 0.5), 2.0, 0.0, 60.0), "um"))
    amplitude 0.3 · period 2 µm · 0.5 cycles/µm
    (y 0, x 0.5) · direction 0° · phase 60°
    """
    length = unit.replace("um", "µm")
    y, x = reading.frequency
    absolute = float(np.hypot(y, x))
    if not absolute:
        return f"mean {reading.amplitude:.4g} (frequency 0)"
    wave = f"amplitude {reading.amplitude:.4g} · period {reading.period:.4g} {length} · {absolute:.4g} cycles/{length}"
    return f"{wave}\n(y {y:.4g}, x {x:.4g}) · direction {reading.angle:.3g}° · phase {reading.phase:.3g}°"


def reading_at(plane: Plane, frequency: Sequence[float]) -> str:
    """What the spectrum says there; empty outside of it."""
    found = plane.plain
    for line, f in zip(found.frequencies, frequency, strict=True):
        if not line[0] <= f <= line[-1]:
            return ""
    y, x = frequency
    return describe(read_bin(found, (float(y), float(x))), plane.unit)


def exact_options(spacing: Sequence[float]) -> dict[str, Any]:
    """What `filter_spectrum` is told besides the filter."""
    return {"spacing": tuple(spacing), "nan": "omit"}


def filtered_stack(source: Source, wanted: DrawnFilter, progress: Progress) -> Result:
    """The whole of a layer filtered, plane by plane; the new layer knows how it was made."""
    reports: list[Report] = []
    axes = (source.ndim - 2, source.ndim - 1)
    view = View("the planes", axes, tuple(source.axes[a] for a in axes))
    request = Request("filter_spectrum", source, view, (wanted,), exact_options(source.spacing[-2:]))
    image = request.image(progress)
    data = on_colours(request, image, progress=progress, report=reports.append)
    made = image_tuple(source, data, f"{short(source.name)} · filtered")
    return Result([recorded(made, request, reports[0])], reports[0])


def response_layer(plane: Plane, wanted: DrawnFilter, options: dict[str, Any], name: str) -> LayerTuple:
    """The gains of a filter on the frequencies of the plane, as a layer that remembers the filter."""
    gains = wanted.on(*plane.plain.frequencies).astype(np.float32)
    return gains, {"name": name, "colormap": "gray", "metadata": {"fourier_filter": wanted}, **options}, "image"


def kernel_of(plane: Plane, wanted: DrawnFilter, size: int) -> tuple[Kernel, float]:
    """A kernel that does about the same, and the largest difference of its gain."""
    unit = None if plane.unit == "pixel" else plane.unit
    spacing = plane.spacing if unit or plane.spacing != (1.0, 1.0) else None
    kernel = nc.kernel_from_response(wanted, size, ndim=2, spacing=spacing, units=unit)
    return kernel, float(kernel.parameters["max_error"])
