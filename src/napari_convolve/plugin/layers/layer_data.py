"""Read image layers as the input of operations, and make layers of results. Needs no napari."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...bigdata._labeled import canonical_unit
from .appearance import display_options

#: Data, attributes and type of a layer, as readers and sample data of napari return them.
LayerTuple = tuple[Any, dict[str, Any], str]

#: The attributes that place a layer in the world, one entry per axis.
FRAME = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
_LOOK = ("colormap", "contrast_limits")
_SPATIAL = {"z": "z", "y": "y", "x": "x", "depth": "z", "plane": "z", "height": "y", "row": "y"}
_SPATIAL |= {"slice": "z", "width": "x", "col": "x", "column": "x"}
_LETTERS = {"time": "t", "frame": "t", "channel": "c", "position": "p"}
_UNNAMED = re.compile(r"(axis )?-?\d+")


@dataclass(frozen=True)
class View:
    """The axes an operation acts on, with a label for the panel."""

    label: str
    axes: tuple[int, ...]  # positions in the data; all others are batch axes
    names: tuple[str, ...]

    @property
    def ndim(self) -> int:
        return len(self.axes)


@dataclass(frozen=True)
class Source:
    """The data of an image layer and the meaning of its axes.

    The colours of an RGB layer are the last axis of `data`, which no other attribute counts. A unit is None for pixels
    and for anything but a length or a time.
    """

    name: str
    data: Any  # lazy arrays stay lazy
    axes: tuple[str, ...]
    spacing: tuple[float, ...]
    units: tuple[str | None, ...]
    rgb: bool
    frame: Mapping[str, Any]  # attributes of a layer of the same shape in the same place
    steps: NDArray[np.float64]  # column i is the step of one sample along axis i, before the layer's `affine`
    look: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    metadata: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    file: str | None = None

    @property
    def ndim(self) -> int:
        return len(self.axes)

    @property
    def letters(self) -> tuple[str, ...]:
        """One letter per axis of the data, as in recipes; ``?`` for an axis without a name."""
        short = (_LETTERS.get(name, name) for name in self.axes)
        found = tuple(name if len(name) == 1 and name.isalpha() else "?" for name in short)
        return (*found, "s") if self.rgb else found

    @property
    def nbytes(self) -> int:
        return int(math.prod(self.data.shape) * np.dtype(self.data.dtype).itemsize)

    @property
    def lazy(self) -> bool:
        return not isinstance(self.data, np.ndarray)

    def spacing_of(self, view: View) -> tuple[float, ...]:
        return tuple(self.spacing[axis] for axis in view.axes)

    def unit_of(self, view: View) -> str | None:
        """The common unit of the axes of a view; None for pixels, and if they differ."""
        units = {self.units[axis] for axis in view.axes}
        return units.pop() if len(units) == 1 else None


def read_layer(layer: Any, level: int = 0) -> Source:
    """Describe an image layer, or a level of a multiscale one, without copying or computing its data."""
    data = layer.data[level] if layer.multiscale else layer.data
    axes = name_axes(layer.axis_labels)
    frame = {key: getattr(layer, key) for key in FRAME}
    frame["affine"] = np.asarray(layer.affine)
    corners = [np.zeros(layer.ndim), *np.eye(layer.ndim)]
    places = [layer.affine.inverse(np.asarray(layer.data_to_world(c), dtype=float)) for c in corners]
    steps = (np.asarray(places[1:]) - np.asarray(places[0])).T
    if level:
        factors = np.asarray(layer.downsample_factors[level], dtype=float)
        frame["scale"], steps = np.asarray(frame["scale"]) * factors, steps * factors
    return Source(
        name=layer.name,
        data=data,
        axes=axes,
        spacing=tuple(float(s) for s in frame["scale"]),
        units=tuple(canonical_unit(str(unit)) for unit in layer.units),
        rgb=bool(layer.rgb),
        frame=MappingProxyType(frame),
        steps=steps,
        look=MappingProxyType({} if layer.rgb else {name: getattr(layer, name) for name in _LOOK}),
        metadata=MappingProxyType(dict(layer.metadata)),
        file=str(layer.source.path) if layer.source.path else None,
    )


def name_axes(labels: Sequence[str]) -> tuple[str, ...]:
    """Names of axes from labels; unnamed axes become y and x, and axis 0, axis 1, ... before them.

    Examples
    --------
    >>> name_axes(("t", "Y", "X")), name_axes(("-3", "-2", "-1"))
    (('t', 'y', 'x'), ('axis 0', 'y', 'x'))
    """
    count = len(labels)
    if all(_UNNAMED.fullmatch(str(label)) for label in labels):
        return tuple(("y", "x")[i - count] if i >= count - 2 else f"axis {i}" for i in range(count))
    return tuple(_SPATIAL.get(str(label).lower(), str(label).lower()) for label in labels)


def views(axes: Sequence[str]) -> tuple[View, ...]:
    """The views of an image that are offered: planes, volumes, single axes.

    Examples
    --------
    >>> [view.label for view in views(("t", "z", "y", "x"))][:3]
    ['2-D per plane (y, x)', '3-D (z, y, x)', 'along t']
    >>> [view.label for view in views(("y", "x"))]
    ['2-D (y, x)', 'along y', 'along x']
    """
    space = tuple(i for i, name in enumerate(axes) if name in ("z", "y", "x") or name.startswith("axis "))
    choices = [
        (f"{n}-D{' per plane' if n == 2 < len(axes) else ''}", space[len(space) - n :])
        for n in (2, 3)
        if len(space) >= n
    ]
    found = [(f"{words} ({', '.join(axes[i] for i in chosen)})", chosen) for words, chosen in choices]
    found += [(f"along {name}", (i,)) for i, name in enumerate(axes)]
    return tuple(View(label, chosen, tuple(axes[i] for i in chosen)) for label, chosen in found)


def preferred(choices: Sequence[View], ndim: int | None) -> View:
    """The first view of `ndim` axes, or of the most there are; None means the most."""
    most = max(view.ndim for view in choices)
    wanted = most if ndim is None else min(ndim, most)
    return next(view for view in choices if view.ndim == wanted)


def load_samples(data: Any, check: Callable[[int, int], object] = lambda done, total: None) -> NDArray[Any]:
    """The array in memory; a Dask array is read block by block, after `check(done, total)`, which may raise."""
    if isinstance(data, np.ndarray):
        return data
    counts = getattr(data, "numblocks", None)
    if not counts:
        check(0, 1)
        return np.asarray(data)
    result = np.empty(data.shape, data.dtype)
    start = 0
    for i, length in enumerate(data.chunks[0]):
        check(i, counts[0])
        result[start : start + length] = data.blocks[i]
        start += length
    return result


def image_tuple(source: Source, data: Any, name: str, *, first: Mapping[int, float] | None = None) -> LayerTuple:
    """A result as an image layer with the placement and the appearance of its source.

    `first` is the index in the source of the result's first sample, for the axes where it is not 0.
    """
    look = {} if source.rgb else {**source.look, **display_options(data, source.look)}
    return data, {"name": name, "rgb": source.rgb, **look, **placement(source, first)}, "image"


def placement(source: Source, first: Mapping[int, float] | None = None) -> dict[str, Any]:
    """Attributes that place a layer where its source is, shifted by `first` samples along some axes."""
    frame = dict(source.frame)
    if first:
        shift = np.zeros(source.ndim)
        shift[list(first)] = list(first.values())
        frame["translate"] = np.asarray(frame["translate"]) + source.steps @ shift
    return frame


def short(name: str, length: int = 40) -> str:
    """A name shortened to fit on a line.

    Examples
    --------
    >>> short("nuclei"), short("a long name of a layer", 12)
    ('nuclei', 'a long n…yer')
    """
    name = " ".join(name.split())
    return name if len(name) <= length else f"{name[: length - 4]}…{name[-3:]}"
