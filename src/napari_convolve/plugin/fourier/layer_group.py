"""Layer group of the spectrum of one image: spectrum, shapes, mirror images, notches, filtered plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Layer
from napari.utils.colormaps.standardize_color import transform_color

from ...ops.fourier.drawn_filter import DrawnFilter
from ...ops.fourier.spectrum_data import Peaks
from ..layers.added import add_beside, take_away
from ..layers.layer_data import Source, short
from . import spectrum_layers as layers
from .plane import Plane, live_tuple, reading_at

#: Width of the outline of shapes other than rings, as a share of the highest frequency.
_OUTLINE = 0.008


class LayerGroup:
    """An image, its visible plane, and the layers of its spectrum; calls `changed` when a shape or notch changes."""

    def __init__(self, viewer: Any, changed: Callable[..., Any]) -> None:
        self._viewer, self._changed = viewer, changed
        self._own: dict[str, Any] = {}
        self._own_limits = False
        self.layer: Any = None
        self.source: Source | None = None
        self.plane: Plane | None = None
        self.place: layers.Place | None = None

    @property
    def ready(self) -> bool:
        return self.plane is not None and self.has("spectrum")

    def owns(self, layer: Any) -> bool:
        """Whether a layer belongs to the group."""
        return any(layer is own for own in self._own.values())

    def has(self, role: str) -> bool:
        """Whether the layer with this role is in the viewer."""
        return role in self._own and self._own[role] in self._viewer.layers

    def get(self, role: str) -> Any:
        """The layer with this role; None if it is not in the viewer."""
        return self._own[role] if self.has(role) else None

    def show(self, layer: Any, source: Source, plane: Plane, shown_as: str) -> None:
        """Show the spectrum of a plane beside its image, with a shapes layer over it."""
        self.layer, self.source, self.plane = layer, source, plane
        self.place = layers.Place.beside(layer, plane.spacing, plane.bin)
        self.draw(shown_as)
        if not self.has("shapes"):
            shapes = self._add("shapes", layers.shapes_tuple(source, self.place, _OUTLINE * plane.highest))
            take_away(self._viewer, self.get("mirror"))  # left from a shapes layer that was deleted
            self._add("mirror", layers.mirror_tuple(source, self.place))
            self._viewer.layers.move(len(self._viewer.layers) - 1, self._viewer.layers.index(shapes))
            shapes.events.set_data.connect(self._shapes_changed)
            shapes.events.data.connect(self._shapes_changed)
        self._viewer.layers.selection.active = self._own["shapes"]

    def _shapes_changed(self, *_: object) -> None:
        """Update the mirror images: a shape was added, removed or moved."""
        shapes, mirror = self.get("shapes"), self.get("mirror")
        if shapes is not None and mirror is not None:
            layers.reflect(shapes, mirror)
        self._changed()

    def follow(self, plane: Plane, shown_as: str) -> None:
        """Show the spectrum of another plane of the same image."""
        self.plane = plane
        self.draw(shown_as)

    def draw(self, shown_as: str) -> None:
        """Add the layer of the spectrum, or update it."""
        assert self.source is not None and self.plane is not None and self.place is not None
        made = layers.spectrum_tuple(
            self.source, self.plane.picture(shown_as), self.plane.smooth, shown_as, self.place, self.plane.unit
        )
        layer = self.get("spectrum")
        if layer is None:
            self._add("spectrum", made)
            return
        layer.data, options = made[0], made[1]
        for name in ("colormap", "contrast_limits", "scale", "translate", "affine"):
            setattr(layer, name, options[name])

    def reading(self, position: Any) -> str:
        """Text on the wave at a position in the world; empty outside the spectrum."""
        layer = self.get("spectrum")
        if layer is None or self.plane is None:
            return ""
        index = np.asarray(layer.world_to_data(position), dtype=float)[-2:]
        frequency = np.asarray(layer.scale)[-2:] * index + np.asarray(layer.translate)[-2:]
        return reading_at(self.plane, [float(f) for f in frequency])

    def add_shape(self, kind: str, does: str, width: float) -> None:
        """Add and select a disc, ring, wedge or box; `width` of a ring is a share of the highest frequency."""
        assert self.plane is not None and self.place is not None
        shapes, f = self._own["shapes"], self.plane.highest / self.place.step
        shapes.selected_data = set()
        shapes.feature_defaults = {"does": does, "ring": kind == "ring"}
        shapes.current_edge_width = width * f if kind == "ring" else _OUTLINE * f
        shapes.current_edge_color, shapes.current_face_color = layers.colours(does, ring=kind == "ring")
        middle, r = ((0.0, 0.0), 0.5 * f) if kind == "ring" else ((0.0, 0.45 * f), 0.15 * f)
        box = np.array([(-r, -r), (-r, r), (r, r), (r, -r)]) + middle
        if kind == "wedge":
            shapes.add_polygons(np.array([(0.0, 0.05 * f), (-0.15 * f, 0.95 * f), (0.15 * f, 0.95 * f)]))
        elif kind == "box":
            shapes.add_rectangles(box)
        else:
            shapes.add_ellipses(box)
        self._viewer.layers.selection.active = shapes
        shapes.mode = "select"
        shapes.selected_data = {len(shapes.data) - 1}
        shapes.feature_defaults = {"does": does, "ring": False}  # shapes drawn by hand are no rings
        self._shapes_changed()

    def widen(self, width: float) -> None:
        """Set the width of the selected rings, or of all, as a share of the highest frequency."""
        shapes = self.get("shapes")
        if shapes is None or self.plane is None or self.place is None or not len(shapes.data):
            return
        rings = set(np.flatnonzero(shapes.features["ring"].to_numpy(dtype=bool)).tolist())
        chosen = rings & set(shapes.selected_data) or rings
        wide = width * self.plane.highest / self.place.step
        shapes.edge_width = [wide if i in chosen else w for i, w in enumerate(shapes.edge_width)]
        self._shapes_changed()

    def selected_do(self, does: str) -> None:
        """Set whether the selected and the next shapes ``block`` or ``pass``."""
        shapes = self.get("shapes")
        if shapes is None:
            return
        if shapes.selected_data:
            table = shapes.features.copy()
            for i in shapes.selected_data:
                table.loc[table.index[i], "does"] = does
            shapes.features = table
            chosen, ring = sorted(shapes.selected_data), table["ring"].to_numpy(dtype=bool)
            edges, faces = shapes.edge_color.copy(), shapes.face_color.copy()
            for i in chosen:
                edges[i], faces[i] = (transform_color(c)[0] for c in layers.colours(does, ring=bool(ring[i])))
            shapes.edge_color, shapes.face_color = edges, faces
        shapes.feature_defaults = {"does": does, "ring": False}
        self._shapes_changed()

    def show_notches(self, peaks: Peaks) -> None:
        """Replace the notches by those at the given peaks."""
        assert self.plane is not None and self.source is not None and self.place is not None
        if self.has("notches"):
            self._viewer.layers.remove(self._own.pop("notches"))
        if len(peaks):
            size = 0.06 * self.plane.highest
            points = self._add(
                "notches", layers.notches_tuple(self.source, peaks.frequency, peaks.amplitude, self.place, size)
            )
            points.events.data.connect(self._changed)
            self._viewer.layers.selection.active = points
            points.mode = "select"  # so that a click selects a notch and Delete removes it
        self._changed()

    def drawn(self, soft: float, radius: float, keep_mean: bool) -> DrawnFilter:
        """The drawn filter; `soft` is a share of the highest frequency, `radius` is in bins."""
        assert self.plane is not None and self.place is not None
        return layers.drawn_filter(
            self.get("shapes"),
            self.get("notches"),
            self.place.step,
            soft=soft * self.plane.highest,
            keep_mean=keep_mean,
            radius=radius * self.plane.bin,
        )

    def show_live(self, data: np.ndarray, *, own_limits: bool, settled: bool) -> None:
        """Show the filtered plane over the image, with its contrast limits or own ones, updated when `settled`."""
        assert self.source is not None
        layer = self.get("live")
        if layer is not None:
            layer.data = data
            if own_limits and (settled or not self._own_limits):
                low, high = (float(q) for q in np.percentile(data[::4, ::4], (0.2, 99.8)))
                layer.contrast_limits = (low, high if high > low else low + 1)
            elif self._own_limits and not own_limits and not self.source.rgb:
                layer.contrast_limits = self.layer.contrast_limits
            self._own_limits = own_limits
            return
        live = self._add("live", live_tuple(self.source, data, f"{short(self.source.name)} · filtered (live)"))
        self._viewer.layers.move(len(self._viewer.layers) - 1, self._viewer.layers.index(self._own["spectrum"]))
        if not self.source.rgb:
            live.contrast_limits = self.layer.contrast_limits
        self._own_limits = False

    def clear(self) -> None:
        """Remove all layers of the group."""
        for role in list(self._own):
            take_away(self._viewer, self._own.pop(role))
        self.layer = self.source = self.plane = self.place = None

    def _add(self, role: str, made: Any) -> Any:
        self._own[role] = layer = Layer.create(*made)
        return add_beside(self._viewer, layer)
