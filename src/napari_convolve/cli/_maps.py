"""``feature-maps``: find the channel axis of an image, and label the axes of the maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bigdata.files import Labeled
from ..kernels import Kernel

#: Labels for the axis of the maps, the first that the image does not use yet.
_NAMES = "cqrpab"


def one_kernel(weights: Any) -> Kernel | None:
    """One kernel of the second array, which shows how many axes it acts on; None where there is none."""
    if isinstance(weights, np.ndarray) and weights.ndim > 2:
        return Kernel(weights[0, 0])
    if isinstance(weights, tuple):
        return weights[0] if weights and isinstance(weights[0], Kernel) else None
    return weights if isinstance(weights, Kernel) else None


def channel_of(image: Labeled, weights: Any, axes: Sequence[int]) -> int | None:
    """The axis ``c`` or ``s`` whose length is the number of input channels of the weights; None where there is none."""
    channels = weights.shape[1] if isinstance(weights, np.ndarray) else 1
    for label in ("c", "s"):
        if label in image.axes:
            place = image.axes.index(label)
            length = image.data.shape[place] - (label == "s" and image.alpha)
            if place not in axes and length == channels:
                return place
    return None


def label_maps(image: Labeled, data: NDArray[Any], options: Mapping[str, Any]) -> Labeled:
    """The maps with the axes of their image; stride and pooling enlarge the spacing."""
    acted, channel = tuple(options["axes"]), options["channel_axis"]
    axes, spacing, units = list(image.axes), list(image.spacing), list(image.units)
    for place, axis in enumerate(acted):
        spacing[axis] *= _each(options.get("stride", 1), place)
        if options.get("pooling"):
            spacing[axis] *= _each(options.get("pool_size", 2), place)
    name = next(letter for letter in _NAMES if letter not in axes or channel == image.axes.index(letter))
    if channel is None:
        at = min(acted)
        axes.insert(at, name)
        spacing.insert(at, 1.0)
        units.insert(at, None)
    else:
        axes[channel] = name
    return replace(
        image, data=data, axes=tuple(axes), spacing=tuple(spacing), units=tuple(units), channels=(), alpha=False
    )


def _each(value: int | Sequence[int], place: int) -> int:
    return value[place] if isinstance(value, Sequence) else value
