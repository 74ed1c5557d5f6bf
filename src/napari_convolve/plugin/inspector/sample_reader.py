"""Samples and mask for the inspector, of planes, colours and lazy stacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...kernels import Kernel
from ..layers.layer_data import Source
from ..widgets.fields import Choice
from ..widgets.layer_choice import mask_choice

_COLOURS = [(name, number) for number, name in enumerate(("red", "green", "blue"))]


class Reader:
    """Reads an image along the axes acted on, at a place along the others, with a mask of labels."""

    def __init__(self, viewer: Any) -> None:
        self.colour = Choice(_COLOURS, label="colour", tooltip="Each colour of an RGB layer is convolved by itself")
        self.colour.visible = False
        self.mask = mask_choice(viewer)
        self._kept: tuple[Any, tuple[int, ...], np.ndarray] | None = None

    def forget(self) -> None:
        """Drop the samples kept of a lazy layer."""
        self._kept = None

    def samples(
        self, source: Source, axes: Sequence[int], place: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The image along `axes` and its mask; ValueError if the labels do not fit the image.

        A lazy image is read once for each place along the other axes.
        """
        key: tuple[Any, ...] = tuple(slice(None) if a in axes else place[a] for a in range(source.ndim))
        return self._values(source, axes, place, key), self._mask(source, key)

    def _values(self, source: Source, axes: Sequence[int], place: Sequence[int], key: tuple[Any, ...]) -> np.ndarray:
        full = (*key, self.colour.value) if source.rgb else key
        if not source.lazy:
            return np.asarray(source.data[full])
        at = (*(i for a, i in enumerate(place) if a not in axes), *full[source.ndim :])
        if self._kept is None or self._kept[0] is not source.data or self._kept[1] != at:
            self._kept = (source.data, at, np.asarray(source.data[full]))
        return self._kept[2]

    def _mask(self, source: Source, key: tuple[Any, ...]) -> np.ndarray | None:
        if self.mask.value is None:
            return None
        labels, shape = self.mask.value.data, tuple(source.data.shape[: source.ndim])
        try:
            mask: np.ndarray = np.asarray(np.broadcast_to(labels, shape)[key]) != 0
        except ValueError:
            name, size = self.mask.value.name, " × ".join(map(str, labels.shape))
            raise ValueError(f"{name} has {size} labels, the image {' × '.join(map(str, shape))} samples") from None
        return mask


def showable(make: Callable[[], Kernel], options: dict[str, Any], progress: object) -> tuple[Kernel, dict[str, Any]]:
    """The kernel and the options read with it; ValueError if it is complex, which no grid shows."""
    kernel = make()
    if kernel.values.dtype.kind == "c":
        raise ValueError("this kernel is complex: it has two numbers for each sample, which no grid shows")
    return kernel, options
