"""Layers of the Fourier panel: a spectrum beside its image, and shapes and points drawn on it.

The coordinates of shapes and points are steps of the frequency grid, since napari rounds some of them to integers;
`scale` and `translate` place them beside the image, as high as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...ops.fourier.drawn_filter import DrawnFilter, Region
from ...ops.fourier.spectrum_data import Spectrum
from ..layers.layer_data import LayerTuple, Source

#: Colours of shapes that block frequencies and of shapes that pass them.
SHAPE_COLOURS = {"block": "#ff4f4f", "pass": "#4fdf6f"}
#: Ways to show a spectrum.
SHOWN = ("log amplitude", "amplitude", "phase")
#: Gap between image and spectrum, as a share of the width of the image.
_GAP = 0.06
#: Opacity of the mirror images of shapes.
_MIRROR_OPACITY = 0.35


def colours(does: str, *, ring: bool) -> tuple[str, str]:
    """Colours of edge and face of a shape; a ring consists of a wide, half transparent edge."""
    return SHAPE_COLOURS[does] + ("80" if ring else "ff"), SHAPE_COLOURS[does] + ("00" if ring else "40")


@dataclass(frozen=True)
class Place:
    """Placement of a plane of frequencies in the world."""

    factor: float  # world units per unit of frequency
    middle: tuple[float, float]  # position of frequency zero
    step: float  # frequency per unit of the coordinates of shapes and points

    @classmethod
    def beside(cls, layer: Any, spacing: Sequence[float], step: float) -> Place:
        """The place to the right of a layer, as high as the layer."""
        extent = np.asarray(layer.extent.world)[:, -2:]
        (top, left), (bottom, right) = extent
        factor = (bottom - top) * spacing[0]  # the frequencies along y reach over 1 / spacing
        half = factor * 0.5 / spacing[1]
        middle = (float((top + bottom) / 2), float(right + _GAP * (right - left) + half))
        return cls(float(factor), middle, step)

    def drawn(self) -> dict[str, Any]:
        """Attributes that place a layer of shapes or points."""
        return {"scale": (self.factor * self.step,) * 2, "translate": self.middle}

    def image(self, spectrum: Spectrum) -> dict[str, Any]:
        """Attributes that place the image of a centred spectrum: frequencies as data coordinates, then the affine."""
        lines = spectrum.frequencies
        steps = [1 / (len(line) * s) for line, s in zip(lines, spectrum.spacing, strict=True)]
        affine = np.diag([self.factor, self.factor, 1.0])
        affine[:2, 2] = self.middle
        return {"scale": steps, "translate": [float(line[0]) for line in lines], "affine": affine}


def spectrum_image(spectrum: Spectrum, shown: str) -> tuple[np.ndarray, tuple[float, float]]:
    """The image of a spectrum, and its contrast limits."""
    if shown == "phase":
        return np.asarray(spectrum.phase, dtype=np.float32), (-180.0, 180.0)
    amplitude = np.asarray(spectrum.amplitude)
    data = amplitude.astype(np.float32)
    if shown != "amplitude":
        least = max(1e-7 * float(amplitude.max(initial=0.0)), 1e-30)
        data = np.log10(np.maximum(data, least))
    low, high = (float(q) for q in np.percentile(data, (5, 99.99)))
    return data, (low, high if high > low else low + 1)


def spectrum_tuple(
    source: Source,
    drawn: tuple[np.ndarray, tuple[float, float]],
    spectrum: Spectrum,
    shown: str,
    place: Place,
    unit: str,
) -> LayerTuple:
    """The image of a spectrum as a layer."""
    data, limits = drawn
    options = {
        "name": f"{source.name} · spectrum",
        "colormap": "hsv" if shown == "phase" else "gray",
        "contrast_limits": limits,
        "units": source.frame["units"][-2:],
        "metadata": {"frequency_unit": f"cycles/{unit}"},
        **place.image(spectrum),
    }
    return data, options, "image"


def shapes_tuple(source: Source, place: Place, width: float) -> LayerTuple:
    """An empty shapes layer to draw the filter in."""
    options = {
        "name": f"{source.name} · filter shapes",
        "features": {"does": np.array([], dtype=object), "ring": np.array([], dtype=bool)},
        "feature_defaults": {"does": "block", "ring": False},
        "edge_width": width / place.step,
        "edge_color": SHAPE_COLOURS["block"],
        "face_color": SHAPE_COLOURS["block"] + "40",
        "ndim": 2,
        "units": source.frame["units"][-2:],
        **place.drawn(),
    }
    return [], options, "shapes"


def mirror_tuple(source: Source, place: Place) -> LayerTuple:
    """An empty layer for the mirror images of the shapes."""
    name = f"{source.name} · acts here too"
    options = {
        "name": name,
        "opacity": _MIRROR_OPACITY,
        "ndim": 2,
        "units": source.frame["units"][-2:],
        **place.drawn(),
    }
    return [], options, "shapes"


def reflect(shapes: Any, mirror: Any) -> None:
    """Draw the mirror images of shapes: each wave of a real image is at a frequency and at its negative."""
    mirror.data = [(-np.asarray(data), kind) for data, kind in zip(shapes.data, shapes.shape_type, strict=True)]
    if len(shapes.data):
        mirror.edge_width = list(shapes.edge_width)
        mirror.edge_color, mirror.face_color = shapes.edge_color, shapes.face_color
    mirror.editable = False  # napari resets it with new data


def notches_tuple(source: Source, places: np.ndarray, amplitudes: np.ndarray, place: Place, size: float) -> LayerTuple:
    """Suggested notches as points, each at a frequency and at its negative."""
    both = np.concatenate([places, -places]).reshape(-1, 2) / place.step
    options = {
        "name": f"{source.name} · notches",
        "features": {"amplitude": np.tile(amplitudes, 2), "wave": np.tile(np.arange(len(places)), 2)},
        "size": size / place.step,
        "face_color": "transparent",
        "border_color": SHAPE_COLOURS["block"],
        "border_width": 0.15,
        "ndim": 2,
        "units": source.frame["units"][-2:],
        **place.drawn(),
    }
    return both, options, "points"


def drawn_filter(shapes: Any, notches: Any, step: float, *, soft: float, keep_mean: bool, radius: float) -> DrawnFilter:
    """The filter of shapes and notches; a notch of which one of the two points was deleted is left out."""
    regions: list[Region] = []
    if shapes is not None:
        table: Mapping[str, Any] = shapes.features
        for i, (data, kind) in enumerate(zip(shapes.data, shapes.shape_type, strict=True)):
            ring = "ring" in table and bool(table["ring"].iloc[i])
            block = str(table["does"].iloc[i]) != "pass" if "does" in table else True
            corners = tuple((float(y), float(x)) for y, x in step * np.asarray(data, dtype=float)[:, -2:])
            if kind == "ellipse" and ring:
                regions.append(_ring(np.asarray(corners), step * float(shapes.edge_width[i]), block))
            elif kind == "ellipse":
                regions.append(Region("ellipse", corners, block))
            elif kind in ("rectangle", "polygon") and len(corners) >= 3:
                regions.append(Region("polygon", corners, block))
    if notches is not None:
        seen: set[tuple[float, float]] = set()
        points = [tuple(float(x) for x in row[-2:]) for row in step * np.asarray(notches.data, dtype=float)]
        for y, x in points:
            if (-y, -x) in points and (y, x) not in seen:
                seen |= {(y, x), (-y, -x)}
                box = ((y - radius, x - radius), (y - radius, x + radius), (y + radius, x + radius))
                regions.append(Region("ellipse", (*box, (y + radius, x - radius))))
    return DrawnFilter(tuple(regions), soft, keep_mean)


def _ring(corners: np.ndarray, width: float, block: bool) -> Region:
    """The region of a ring that is drawn as the wide edge of an ellipse."""
    middle = corners.mean(axis=0)
    sides = np.stack([corners[1] - corners[0], corners[3] - corners[0]]) / 2
    radius = max(float(np.sqrt(abs(np.linalg.det(sides)))), 1e-300)
    share = min(width / 2 / radius, 0.999)
    outer = middle + (corners - middle) * (1 + share)
    return Region("ring", tuple((float(y), float(x)) for y, x in outer), block, (1 - share) / (1 + share))
