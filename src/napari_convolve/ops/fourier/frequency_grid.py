"""Frequencies of the grid of a transform, and functions of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def frequencies(shape: Sequence[int], *, half: bool) -> list[np.ndarray]:
    """Cycles per sample along each axis of a grid, shaped to broadcast; `half` as a real transform keeps them."""
    found = []
    for axis, n in enumerate(shape):
        lines = np.fft.rfftfreq(n) if half and axis == len(shape) - 1 else np.fft.fftfreq(n)
        found.append(lines.reshape([-1 if a == axis else 1 for a in range(len(shape))]))
    return found


def laplacian_power(shape: Sequence[int], *, half: bool) -> np.ndarray:
    """``|L|^2`` of the discrete Laplacian, ``L = sum(2 - 2 cos(2 pi f))`` over the axes (4 and -1 in 2-D)."""
    total: Any = 0.0
    for f in frequencies(shape, half=half):
        total = total + (2 - 2 * np.cos(2 * np.pi * f))
    return np.asarray(total**2)


def takes_one(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = [p.kind for p in parameters]
    return len(kinds) == 1 and kinds[0] in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
