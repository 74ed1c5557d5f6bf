"""A call of a public function as data, which can be run, restricted to a region, recorded or written as Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

import napari_convolve as nc

from ..._progress import ProgressCallback, Report, format_bytes
from ...backends import get_backend
from ..widgets.text import titled
from .layer_data import LayerTuple, Source, View, load_samples
from .visible_region import VisibleRegion


@dataclass(frozen=True)
class Factory:
    """An argument that is made in the background, such as a large kernel, from fields that have been read before.

    `make` runs in any thread and may raise ValueError, TypeError or OSError.
    """

    make: Callable[[], Any]


@dataclass(frozen=True)
class Request:
    """An operation, its image and its arguments."""

    operation: str  # name of the public function
    source: Source  # the image; for a preview the resolution level that napari shows
    view: View
    arguments: tuple[Any, ...]  # positional ones after the image, such as the kernel; each may be a `Factory`
    options: Mapping[str, Any]  # keyword arguments that differ from their defaults, without axes, mask and callbacks
    extras: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))  # settings of the panel itself
    mask: Any = None  # labels; samples with label 0 are left out
    visible: VisibleRegion | None = None  # region of a preview; None for a run
    memory: dict[Any, Any] = field(default_factory=dict)  # estimates that the previews of a panel share

    def made(self) -> Request:
        """The request with the factories among its arguments called, which may take a while."""
        made = tuple(given.make() if isinstance(given, Factory) else given for given in self.arguments)
        return replace(self, arguments=made)

    def call(self, image: Any, *, operation: str = "", options: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Call the public function, or another `operation`, on `image`."""
        function = getattr(nc, operation or self.operation)
        return function(image, *self.arguments, axes=self.view.axes, **self.keywords(options), **more)

    def keywords(self, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The options and the mask as keyword arguments."""
        given = dict(self.options if options is None else options)
        return given if self.mask is None else {"mask": np.asarray(self.mask, dtype=bool), **given}

    def image(self, progress: ProgressCallback) -> NDArray[Any]:
        return load_samples(self.source.data, progress)


@dataclass(frozen=True)
class Result:
    """Layers for the viewer, the report of the call, and notes for the panel."""

    layers: list[LayerTuple]
    report: Report | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        report = self.report and replace(self.report, operation=titled(self.report.operation))
        return " · ".join([*([str(report)] if report else []), *self.notes])


def on_colours(
    request: Request, image: NDArray[Any], progress: ProgressCallback, **callbacks: Any
) -> tuple[NDArray[Any], Report]:
    """Call an operation whose result is an image of the same kind: colours are processed one by one, alpha is kept.

    An RGB layer of integers keeps its dtype, since napari would not show other values as colours.
    """
    reports: list[Report] = []
    callbacks |= {"progress": progress, "report": reports.append}
    if not request.source.rgb:
        return np.asarray(request.call(image, **callbacks)), reports[0]
    options = dict(request.options)
    if image.dtype.kind == "u":
        options.setdefault("dtype", image.dtype)
    result = np.asarray(request.call(image[..., :3], options=options, **callbacks))
    if image.shape[-1] == 4 and result.shape[:-1] == image.shape[:-1]:
        result = np.concatenate([result, image[..., 3:].astype(result.dtype)], axis=-1)
    return result, reports[0]


def first_index(request: Request, center: Sequence[int], lengths: Sequence[int]) -> dict[int, float]:
    """Index in the image of the first sample of a result, for each axis acted on; it depends on ``shape``."""
    shape = request.options.get("shape", "same")
    found = {}
    for axis, c, k in zip(request.view.axes, center, lengths, strict=True):
        before = c if request.operation == "convolve" else k - 1 - c
        found[axis] = {"same": 0.0, "full": -float(before), "valid": float(k - 1 - before)}[shape]
    return found


def lazy_note(source: Source) -> str:
    """A note on a layer that is not in memory, empty if it is; MemoryError if it does not fit."""
    if not source.lazy:
        return ""
    size, free = source.nbytes, get_backend("numpy").free_bytes()
    if size > free:
        raise MemoryError(
            f"the layer is lazy and needs {format_bytes(size)} in memory, {format_bytes(free)} are free: "
            "crop it, or use the command line or Python on its file"
        )
    return f"the layer is lazy: {format_bytes(size)} are read into memory"
