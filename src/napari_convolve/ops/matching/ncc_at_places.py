"""NCC of many template variants at few places: windows as rows of a matrix, scores by matrix products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..._arrays import Array, in_steps
from ...backends import Backend
from ...boundary import MODES
from .rotated_templates import TemplateWindow
from .template import Pattern

#: Most float64 numbers in one matrix.
_HELD = 1 << 20


@dataclass(frozen=True, eq=False)
class Patches:
    """Windows around places of an image, shape (n, samples).

    Attributes
    ----------
    values : ndarray of float64
        Less the middle of each window's range, 0 where missing.
    there : ndarray of bool or None
        Samples that count; None for all.
    bad : ndarray of bool or None
        Non-finite samples, whose windows have no score; None for none.
    """

    values: np.ndarray
    there: np.ndarray | None
    bad: np.ndarray | None


@dataclass(frozen=True, eq=False)
class WindowReader:
    """Reads windows of an image, with the boundary rule outside."""

    image: Array
    valid: Array | None
    axes: tuple[int, ...]
    boundary: str
    cval: float
    omit: bool
    backend: Backend

    def read(self, places: np.ndarray, window: TemplateWindow) -> Patches:
        """The windows centred at `places`, integers of shape (n, ndim)."""
        index, outside = self._index(places, window)
        values = self._take(self.image, index).astype(np.float64)
        values[outside] = self.cval
        finite = np.isfinite(values)
        there = None
        if self.valid is not None:
            there = self._take(self.valid, index).astype(bool) | outside
        bad = None
        if not finite.all():
            if self.omit:
                there = finite if there is None else there & finite
            else:
                bad = ~finite if there is None else ~finite & there
        kept = finite if there is None else there & finite
        values = np.where(kept, values, np.nan)
        with np.errstate(all="ignore"):
            # the sum of halves, since the mean of huge numbers would overflow
            middle = np.nan_to_num(np.nanmin(np.where(kept, values, np.inf), axis=1) / 2, posinf=0.0) + np.nan_to_num(
                np.nanmax(np.where(kept, values, -np.inf), axis=1) / 2, neginf=0.0
            )
        values = np.where(kept, values - middle[:, None], 0.0)
        largest = np.abs(values).max(axis=1, initial=0.0)[:, None]
        values = values / np.where(largest > 0, largest, 1.0)
        return Patches(values, there, bad)

    def raw(self, place: np.ndarray, window: TemplateWindow) -> tuple[np.ndarray, np.ndarray]:
        """The samples of one window, 0 where missing, and which of them are valid."""
        index, outside = self._index(place[None], window)
        values = self._take(self.image, index).astype(np.float64)
        values[outside] = self.cval
        there = np.isfinite(values)
        if self.valid is not None:
            there &= self._take(self.valid, index).astype(bool) | outside
        return np.where(there, values, 0.0).reshape(window.shape), there.reshape(window.shape)

    def chunks(self, places: np.ndarray, window: TemplateWindow) -> Iterator[tuple[slice, Patches]]:
        """`read` a few places at a time."""
        step = max(1, _HELD // int(np.prod(window.shape)))
        for part in in_steps(len(places), step):
            yield part, self.read(places[part], window)

    def _index(self, places: np.ndarray, window: TemplateWindow) -> tuple[list[np.ndarray], np.ndarray]:
        """Indices along each axis, shaped to broadcast, and the samples that are the constant outside the image."""
        number, dims = len(places), len(window.shape)
        index: list[np.ndarray] = []
        outside = np.zeros((number, *window.shape), bool)
        for axis in range(self.image.ndim):
            if axis not in self.axes:
                index.append(places[:, axis].reshape(number, *(1,) * dims))
                continue
            at = self.axes.index(axis)
            offsets = np.arange(window.shape[at]) - window.center[at]
            source = MODES.get(self.boundary)(places[:, axis, None] + offsets, self.image.shape[axis])
            shape = (number, *(len(offsets) if a == at else 1 for a in range(dims)))
            outside |= (source < 0).reshape(shape)
            index.append(np.maximum(source, 0).reshape(shape))
        return index, outside.reshape(number, -1)

    def _take(self, array: Array, index: list[np.ndarray]) -> np.ndarray:
        number = len(index[0])
        if isinstance(array, np.ndarray):
            taken: np.ndarray = array[tuple(index)].reshape(number, -1)
            return taken
        strides = np.cumprod([1, *array.shape[:0:-1]])[::-1]
        flat = np.asarray(sum(i * int(s) for i, s in zip(index, strides, strict=True))).reshape(-1)
        xp = self.backend.xp
        return self.backend.to_host(xp.take(xp.reshape(array, (-1,)), self.backend.to_device(flat))).reshape(number, -1)


def scores_at(patches: Patches, patterns: Sequence[Pattern]) -> np.ndarray:
    """Scores of every template at every place, -inf where there is none; shape (places, patterns)."""
    values = np.stack([p.values.ravel() for p in patterns], axis=1)
    support = np.stack([p.support.ravel() for p in patterns], axis=1).astype(float)
    samples = patches.values
    total, second, numerator = samples @ support, (samples * samples) @ support, samples @ values
    if patches.there is None:
        count, norm = support.sum(0), np.ones(len(patterns))
        scatter = second - total * total / count
    else:
        there = patches.there.astype(float)
        count = there @ support
        number = np.maximum(count, 1)
        part = there @ values
        norm = there @ (values * values) - part * part / number
        numerator = numerator - total * part / number
        scatter = second - total * total / number
    flat = (scatter <= 1e-14 * np.maximum(second, 1e-300)) | (norm <= 1e-12)
    product = np.where(flat, 1.0, scatter * norm)
    scores = np.where(flat, 0.0, np.clip(numerator / np.sqrt(product), -1.0, 1.0))
    scores = np.where(count > 0, scores, -np.inf)
    if patches.bad is not None:
        scores[(patches.bad.astype(float) @ support) > 0] = -np.inf
    return np.asarray(scores)
