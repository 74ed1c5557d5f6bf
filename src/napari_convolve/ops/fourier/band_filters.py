"""Frequency responses with smooth transitions: bands and notches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Band:
    """Passes frequencies whose length is between `low` and `high`; at these limits half of the amplitude passes.

    Attributes
    ----------
    low, high : float
        Cycles per unit; 0 and infinity for no limit.
    transition : float
        Width of an edge in octaves, a raised cosine; 0 for a jump.
    """

    low: float
    high: float
    transition: float

    def __call__(self, *frequencies: np.ndarray) -> np.ndarray:
        """The gain at frequencies, one array for each axis."""
        radius = np.sqrt(sum((np.square(f) for f in frequencies), start=np.zeros(())))
        return np.asarray(self._above(radius, self.low) * (1 - self._above(radius, self.high, closed=True)))

    def _above(self, radius: np.ndarray, edge: float, closed: bool = False) -> np.ndarray:
        """0 below an edge, 1 above it."""
        if edge == 0:
            return np.ones_like(radius)
        if np.isinf(edge):
            return np.zeros_like(radius)
        if self.transition == 0:
            return np.asarray(radius > edge if closed else radius >= edge, dtype=np.float64)
        with np.errstate(divide="ignore"):
            octaves = np.log2(radius / edge)
        return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(octaves / self.transition + 0.5, 0.0, 1.0)))


@dataclass(frozen=True)
class Notch:
    """Blocks the surroundings of some frequencies and of their negatives.

    Attributes
    ----------
    places : tuple of tuple of float
        Frequencies in cycles per unit along each axis.
    width : float
        Distance from them, in cycles per unit, at which half of the amplitude passes; all passes from twice of it.
    """

    places: tuple[tuple[float, ...], ...]
    width: float

    def __call__(self, *frequencies: np.ndarray) -> np.ndarray:
        """The gain at frequencies, one array for each axis."""
        total: Any = np.ones(())
        for place in self.places:
            for sign in (1, -1):
                squares = (np.square(f - sign * p) for f, p in zip(frequencies, place, strict=True))
                away = np.sqrt(sum(squares, start=np.zeros(())))
                total = total * (0.5 - 0.5 * np.cos(np.pi * np.clip(away / (2 * self.width), 0.0, 1.0)))
        return np.asarray(total)
