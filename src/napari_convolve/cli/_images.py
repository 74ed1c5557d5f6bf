"""Apply operations to labelled images: axes by name, opacity left as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import convolve, correlate
from .._progress import ProgressCallback, Report
from ..bigdata.files import Labeled
from ..kernels import Kernel, as_kernel
from ..recipes import Operation
from ._maps import label_maps

#: Options that decide which region a result covers; opacity, which is not filtered, is cut or extended by them.
_REGION = ("boundary", "cval", "shape")


def kernel_axes(image: Labeled, kernel: Kernel | None, labels: Sequence[str] | None) -> tuple[int, ...]:
    """The axes a kernel acts on: the named ones; by default the last spatial axes, without a kernel all spatial axes.

    Examples
    --------
    >>> image = Labeled(np.zeros((2, 3, 8, 9)), axes="tcyx")
    >>> kernel_axes(image, Kernel(np.ones((3, 3))), None), kernel_axes(image, Kernel([1, 1]), "t")
    ((2, 3), (0,))
    """
    if labels is not None:
        return image.indices(labels)
    if kernel is None:
        return image.spatial
    if kernel.ndim > len(image.spatial):
        there = " ".join(image.axes[axis] for axis in image.spatial) or "none"
        raise ValueError(f"the kernel has {kernel.ndim} axes, the spatial axes of the image are: {there}")
    return image.spatial[len(image.spatial) - kernel.ndim :]


def apply_operation(
    operation: Operation,
    image: Labeled,
    arrays: Sequence[Any],
    options: Mapping[str, Any],
    progress: ProgressCallback | None = None,
) -> tuple[Labeled, Report]:
    """Run an operation on an image without its opacity; returns the labelled result and the report."""
    reports: list[Report] = []
    data = operation.function(without_opacity(image), *arrays, **options, progress=progress, report=reports.append)
    if "channel_axis" in options:
        return label_maps(image, data, options), reports[0]
    if image.alpha:
        data = _with_opacity(operation, image, arrays, options, data)
    return replace(image, data=data), reports[0]


def without_opacity(image: Labeled) -> NDArray[Any]:
    """The samples of an image without its opacity."""
    if not image.alpha:
        return image.data
    return image.data[(slice(None),) * image.axes.index("s") + (slice(-1),)]


def aligned(mask: Labeled, image: Labeled, what: str = "mask") -> NDArray[np.bool_]:
    """A mask, True where the file is not 0, with the axes of the image; axes that the file lacks have length 1."""
    for axis in mask.axes:
        if axis not in image.axes:
            raise ValueError(f"the {what} has an axis {axis!r}, the image has {' '.join(image.axes)}")
    order = [mask.axes.index(axis) for axis in image.axes if axis in mask.axes]
    shape = [mask.data.shape[mask.axes.index(axis)] if axis in mask.axes else 1 for axis in image.axes]
    return np.asarray(mask.data.transpose(order).reshape(shape) != 0)


def _with_opacity(
    operation: Operation, image: Labeled, arrays: Sequence[Any], options: Mapping[str, Any], colours: NDArray[Any]
) -> NDArray[Any]:
    """The result with the image's opacity, which is not filtered but cut or extended to the region of the result."""
    at = image.axes.index("s")
    opacity = np.take(image.data, [-1], axis=at)
    if options.get("shape", "same") != "same":
        kernel = as_kernel(arrays[0])
        impulse = np.zeros(kernel.shape)
        impulse[kernel.center] = 1
        region = {key: options[key] for key in _REGION if key in options}
        identity = Kernel(impulse, kernel.center)
        function = convolve if operation.name == "convolve" else correlate
        opacity = function(opacity, identity, axes=options["axes"], dtype=opacity.dtype, **region)
    return np.concatenate([colours, opacity.astype(colours.dtype)], axis=at)
