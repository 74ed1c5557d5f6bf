"""A napari layer as an operation needs it, and a result as the layer that belongs beside it.

Nothing here needs napari: any object with the attributes of a layer will do.
"""

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
from .appearance import looks

#: What `viewer.add_layer` takes: data, attributes, type.
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
    """The axes an operation acts on, in words.

    Attributes
    ----------
    label : str
        What a person reads.
    axes : tuple of int
        Positions in the data; all others are batch axes.
    names : tuple of str
        What the axes are called.
    """

    label: str
    axes: tuple[int, ...]
    names: tuple[str, ...]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.axes)


@dataclass(frozen=True)
class Source:
    """An image layer: its numbers at full resolution, and what its axes mean.

    Attributes
    ----------
    name : str
    data : array
        Lazy arrays stay lazy. The colours of an RGB layer are its last axis, which no other attribute counts.
    axes, spacing, units : tuple
        Name, distance of samples and unit of each axis; None for pixels and what is no unit of length or time.
    rgb : bool
    frame : mapping
        Attributes of a layer of the same shape in the same place.
    steps : ndarray
        Column i is where one sample along axis i leads, before the layer's `affine`.
    look : mapping
        Attributes that decide how it looks.
    metadata : mapping
        The layer's own.
    file : str or None
        Where it was read from.
    """

    name: str
    data: Any
    axes: tuple[str, ...]
    spacing: tuple[float, ...]
    units: tuple[str | None, ...]
    rgb: bool
    frame: Mapping[str, Any]
    steps: NDArray[np.float64]
    look: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    metadata: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    file: str | None = None

    @property
    def ndim(self) -> int:
        """Number of axes, colours not counted."""
        return len(self.axes)

    @property
    def letters(self) -> tuple[str, ...]:
        """One letter for each axis of the data, as recipes have them; ``?`` for one that nobody named."""
        short = (_LETTERS.get(name, name) for name in self.axes)
        found = tuple(name if len(name) == 1 and name.isalpha() else "?" for name in short)
        return (*found, "s") if self.rgb else found

    @property
    def nbytes(self) -> int:
        """Bytes of the data in memory."""
        return int(math.prod(self.data.shape) * np.dtype(self.data.dtype).itemsize)

    @property
    def lazy(self) -> bool:
        """Whether the data are not in memory yet."""
        return not isinstance(self.data, np.ndarray)

    def spacing_of(self, view: View) -> tuple[float, ...]:
        """Distance of samples along the axes of a view."""
        return tuple(self.spacing[axis] for axis in view.axes)

    def unit_of(self, view: View) -> str | None:
        """The unit that all axes of a view share; None when it is the pixel, or when they differ."""
        units = {self.units[axis] for axis in view.axes}
        return units.pop() if len(units) == 1 else None


def read_layer(layer: Any, level: int = 0) -> Source:
    """Describe an image layer, or a coarser level of a multiscale one; its data are neither copied nor computed."""
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
    """Names of axes; those that nobody named are called y and x, and axis 0, axis 1 before them.

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
    """The ways to act on an image with the given axes: planes, volumes, single axes.

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
    """The view of `ndim` axes, or the nearest below; None means the largest number of spatial axes."""
    most = max(view.ndim for view in choices)
    wanted = most if ndim is None else min(ndim, most)
    return next(view for view in choices if view.ndim == wanted)


def load(data: Any, check: Callable[[int, int], object] = lambda done, total: None) -> NDArray[Any]:
    """All numbers in memory; a Dask array goes block by block, with `check(done, total)` before each.

    Raises
    ------
    Exception
        Whatever `check` raises, to stop.
    """
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
    """A result as an image layer in the place of its source, looking like it.

    Parameters
    ----------
    first
        Index in the source of the result's first sample, for axes where that is not 0.
    """
    look = {} if source.rgb else {**source.look, **looks(data, source.look)}
    return data, {"name": name, "rgb": source.rgb, **look, **placed(source, first)}, "image"


def placed(source: Source, first: Mapping[int, float] | None = None) -> dict[str, Any]:
    """The attributes that put a layer where its source is, or `first` samples further."""
    frame = dict(source.frame)
    if first:
        shift = np.zeros(source.ndim)
        shift[list(first)] = list(first.values())
        frame["translate"] = np.asarray(frame["translate"]) + source.steps @ shift
    return frame


def short(name: str, length: int = 40) -> str:
    """A name that fits on a line.

    Examples
    --------
    >>> short("nuclei"), short("a long name of a layer", 12)
    ('nuclei', 'a long n…yer')
    """
    name = " ".join(name.split())
    return name if len(name) <= length else f"{name[: length - 4]}…{name[-3:]}"
