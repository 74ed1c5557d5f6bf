"""Frequencies of an FFT grid, and functions of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..._arrays import along_axis


def frequencies(shape: Sequence[int], *, half: bool) -> list[np.ndarray]:
    """Cycles per sample along each axis of a grid, shaped to broadcast; `half` for the spectrum of a real FFT."""
    found = []
    for axis, n in enumerate(shape):
        lines = np.fft.rfftfreq(n) if half and axis == len(shape) - 1 else np.fft.fftfreq(n)
        found.append(along_axis(lines, axis, len(shape)))
    return found


def rings_of(frequencies: Sequence[np.ndarray], width: float) -> np.ndarray:
    """Ring number of each frequency of a grid, flattened; rings about frequency zero are `width` apart."""
    length = np.sqrt(sum((f * f for f in frequencies), start=np.zeros(())))
    return np.asarray(np.rint(length / width).astype(np.int64).ravel())


def ring_means(ring: np.ndarray, values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean of the values in each ring; NaN where a ring is empty."""
    weighted = values if weights is None else weights * values
    with np.errstate(invalid="ignore"):
        return np.asarray(np.bincount(ring, weighted) / np.bincount(ring, weights))


def laplacian_power(shape: Sequence[int], *, half: bool) -> np.ndarray:
    """``|L|^2`` of the discrete Laplacian, ``L = sum(2 - 2 cos(2 pi f))`` over the axes (4 and -1 in 2-D)."""
    total: Any = 0.0
    for f in frequencies(shape, half=half):
        total = total + (2 - 2 * np.cos(2 * np.pi * f))
    return np.asarray(total**2)


def takes_one(function: Callable[..., Any]) -> bool:
    """Whether a function has a single positional parameter, the length of the frequency."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = [p.kind for p in parameters]
    return len(kinds) == 1 and kinds[0] in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
