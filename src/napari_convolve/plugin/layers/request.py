"""One call of a public function as data: what a run computes, and what can be narrowed, stored or written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

import napari_convolve as nc

from ..._progress import Report, format_bytes
from ...backends import get_backend
from ..widgets.text import titled
from .layer_data import LayerTuple, Source, View, load
from .visible_region import Seen

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Factory:
    """An argument whose fields have been read and which is made where it is needed: no hand waits for a large kernel.

    Attributes
    ----------
    make : callable
        Makes it, in any thread; ValueError, TypeError or OSError with one sentence when that cannot be done.
    """

    make: Callable[[], Any]


@dataclass(frozen=True)
class Request:
    """An operation, its image and its arguments.

    Attributes
    ----------
    operation : str
        Name of the public function.
    source : Source
        The image; for a preview at the level that napari shows.
    view : View
        The axes it acts on.
    arguments : tuple
        Positional arguments after the image: the kernel, PSF or template; each may be `Factory`.
    options : mapping
        Keyword arguments that differ from their defaults, without axes, mask and callbacks.
    extras : mapping
        What the panel does with the result besides.
    mask : array, optional
        Of labels: where it is 0, samples do not count.
    seen : Seen, optional
        What a preview is of; None for a run.
    memory : dict
        What previews of one panel estimate once.
    """

    operation: str
    source: Source
    view: View
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]
    extras: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    mask: Any = None
    seen: Seen | None = None
    memory: dict[Any, Any] = field(default_factory=dict)

    def made(self) -> Request:
        """The same with every argument made, which may take a while."""
        made = tuple(given.make() if isinstance(given, Factory) else given for given in self.arguments)
        return replace(self, arguments=made)

    def call(self, image: Any, *, operation: str = "", options: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Call the public function on `image`, or another one in the same way."""
        function = getattr(nc, operation or self.operation)
        return function(image, *self.arguments, axes=self.view.axes, **self.keywords(options), **more)

    def keywords(self, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The options, the mask among them."""
        given = dict(self.options if options is None else options)
        return given if self.mask is None else {"mask": np.asarray(self.mask, dtype=bool), **given}

    def image(self, progress: Progress) -> NDArray[Any]:
        """The numbers of the layer, lazy ones read block by block."""
        return load(self.source.data, progress)


@dataclass(frozen=True)
class Result:
    """What a run hands to the viewer: layers, and what was done."""

    layers: list[LayerTuple]
    report: Report | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        report = self.report and replace(self.report, operation=titled(self.report.operation))
        return " · ".join([*([str(report)] if report else []), *self.notes])


def on_colours(
    request: Request, image: NDArray[Any], progress: Progress, **callbacks: Any
) -> tuple[NDArray[Any], Report]:
    """Call an operation that keeps the image's kind; colours are computed each, opacity is kept as it is.

    An RGB layer of integers stays one, rounded and saturated: napari shows no other numbers as colours.
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
    """Where the first sample of a result lies in the image, for each axis acted on."""
    shape = request.options.get("shape", "same")
    found = {}
    for axis, c, k in zip(request.view.axes, center, lengths, strict=True):
        reach = c if request.operation == "convolve" else k - 1 - c
        found[axis] = {"same": 0.0, "full": -float(reach), "valid": float(k - 1 - reach)}[shape]
    return found


def lazy_note(source: Source) -> str:
    """What it means that a layer is not in memory; empty when it is.

    Raises
    ------
    MemoryError
        When it does not fit.
    """
    if not source.lazy:
        return ""
    size, free = source.nbytes, get_backend("numpy").free_bytes()
    if size > free:
        raise MemoryError(
            f"the layer is lazy and needs {format_bytes(size)} in memory, {format_bytes(free)} are free: "
            "crop it, or use the command line or Python on its file"
        )
    return f"the layer is lazy: {format_bytes(size)} are read into memory"
