"""Whether a 1-D kernel is smooth enough to be applied on a coarser grid, decided from its values.

A Gaussian of standard deviation ``σ`` is one of ``sqrt(σ² - u²)``, taken at every ``step``-th sample only, followed by
weights that interpolate between those like a Gaussian of ``u = 0.84 step`` (Burt 1981). These weights are fitted, for
each place between two coarse samples, to the kernel's own values, and what cannot be fitted closely is left alone.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

#: Samples of the coarse grid in a standard deviation, and the interpolating width in steps.
_FINE, _BETWEEN = 2.6, 0.84
#: Coarse samples that a result is interpolated from, and how many of them lie before it.
TAPS, BEFORE = 8, 3
#: Largest deviation from the kernel, relative to its peak, and sum of deviations relative to its sum.
_CLOSE = 3e-6
#: Deviations of the axes add up, and 1e-5 is allowed in single precision.
MOST_AXES = 2
#: No kernel with a smaller standard deviation gains, and none cut off so many standard deviations away is close.
_LEAST_SIGMA, _LEAST_END = 7.9, 4.8
#: In steps: where the coarse weights are halved, before the kernel's end; over what they fade; and where
#: they end. The kernel ends in a step that nothing smooth can follow: so half of it is missed on either side.
_FADE, _WIDTH, _END = 0.9, 0.2, 0.25


@dataclass(frozen=True, eq=False)
class Coarse:
    """A kernel on a coarser grid, as weights of a correlation.

    Attributes
    ----------
    step : int
        Samples from one coarse sample to the next.
    center : int
        Where the kernel's middle is.
    gather : ndarray
        Weights of the samples around a coarse one, odd in length; they add up to 1.
    spread : ndarray
        ``[phase, tap]``: the weights of `TAPS` coarse samples, for a result so many samples behind the one with the
        index `BEFORE`.
    """

    step: int
    center: int
    gather: np.ndarray
    spread: np.ndarray


def coarse(vector: np.ndarray) -> Coarse | None:
    """The kernel ``vector`` on a coarser grid; None where that would not be the same kernel."""
    return _coarse(np.ascontiguousarray(vector, np.float64).tobytes())


def coarse_steps(vectors: tuple[np.ndarray, ...]) -> tuple[int, ...]:
    """For each factor of a kernel the step of its coarse grid, 1 where all samples are needed."""
    steps = [found.step if (found := coarse(vector)) else 1 for vector in vectors]
    for axis in sorted(range(len(steps)), key=lambda a: (steps[a], a))[:-MOST_AXES]:
        steps[axis] = 1
    return tuple(steps)


@functools.lru_cache(maxsize=64)
def _coarse(values: bytes) -> Coarse | None:
    vector = np.frombuffer(values)
    if len(vector) < 2 * _LEAST_SIGMA or not np.isfinite(vector).all() or vector.min() < 0 or not vector.any():
        return None
    places, total = np.arange(len(vector)), float(vector.sum())
    middle = float(places @ vector) / total
    sigma = math.sqrt(float((places - middle) ** 2 @ vector) / total)
    step, center = round(sigma / _FINE), round(middle)
    end, far = sorted((center, len(vector) - 1 - center))
    radius = int(end - _END * step)
    # every sample of the window has to count, that one which is not finite spoils it
    if sigma < _LEAST_SIGMA or end < _LEAST_END * sigma or far > radius + BEFORE * step:
        return None
    offsets = np.abs(np.arange(-radius, radius + 1))
    gather = np.exp(-0.5 * offsets**2 / (sigma**2 - (_BETWEEN * step) ** 2))
    gather /= 1 + np.exp((offsets - end + _FADE * step) / (_WIDTH * step))
    gather /= gather.sum()
    # rows: samples; a coarse sample in each column, a kernel in each column of what they are fitted to
    before = max(radius + BEFORE * step, center)
    length = before + max(radius + (TAPS - BEFORE) * step, len(vector) - center + step)
    basis, wanted = np.zeros((length, TAPS)), np.zeros((length, step))
    for tap in range(TAPS):
        start = before + (tap - BEFORE) * step - radius
        basis[start : start + len(gather), tap] = gather
    for phase in range(step):
        start = before + phase - center
        wanted[start : start + len(vector), phase] = vector
    # normal equations, and sums that start no threads of the BLAS library: those may wait long for each other
    squared, projected = np.einsum("si,sj->ij", basis, basis), np.einsum("si,sp->ip", basis, wanted)
    spread = np.linalg.solve(squared, projected)
    spread *= total / spread.sum(axis=0)
    apart = np.abs(np.einsum("si,ip->sp", basis, spread) - wanted)
    if apart.max() > _CLOSE * vector.max() or apart.sum(axis=0).max() > _CLOSE * total:
        return None
    return Coarse(step, center, gather, np.ascontiguousarray(spread.T))
