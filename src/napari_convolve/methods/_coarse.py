"""Multirate decomposition of wide 1-D Gaussians: convolution on a coarser grid, then interpolation.

A Gaussian of standard deviation ``σ`` equals one of ``sqrt(σ² - u²)`` at every ``step``-th sample, followed by
interpolation with a Gaussian of ``u = 0.84 step`` (Burt 1981). The interpolation weights are fitted to the kernel's
values, for each position between two coarse samples; kernels without a close fit are not decomposed.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

#: Coarse samples per standard deviation, and the width of the interpolating Gaussian in steps.
_FINE, _BETWEEN = 2.6, 0.84
#: Coarse samples that a result is interpolated from, and the number of them before it.
TAPS, BEFORE = 8, 3
#: Tolerance of the fit: largest deviation relative to the peak, and sum of deviations relative to the sum.
_CLOSE = 3e-6
#: Largest number of decomposed axes: deviations add up, and 1e-5 is allowed in single precision.
MOST_AXES = 2
#: Smallest standard deviation that gains, and smallest truncation in standard deviations that can be fitted.
_LEAST_SIGMA, _LEAST_END = 7.9, 4.8
#: The coarse weights fade before the kernel's end, in steps: distance of half weight, width of the fade, and end. The
#: kernel ends abruptly, which smooth weights cannot reproduce: this halves the error on both sides.
_FADE, _WIDTH, _END = 0.9, 0.2, 0.25


@dataclass(frozen=True, eq=False)
class Coarse:
    """A kernel decomposed for a grid of every `step`-th sample, as weights of a correlation.

    `center` is the index of the kernel's middle. `gather` are the weights of the samples around a coarse one, odd in
    length, sum 1. `spread` is ``[phase, tap]``: the interpolation weights of `TAPS` coarse samples, for a result
    `phase` samples after the coarse one with the index `BEFORE`.
    """

    step: int
    center: int
    gather: np.ndarray
    spread: np.ndarray


def coarse(vector: np.ndarray) -> Coarse | None:
    """Decompose a 1-D kernel; None when the decomposition would deviate from it."""
    return _coarse(np.ascontiguousarray(vector, np.float64).tobytes())


def coarse_steps(vectors: tuple[np.ndarray, ...]) -> tuple[int, ...]:
    """Step of the coarse grid for each factor of a kernel, 1 for those that are not decomposed."""
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
    # every sample of the window must have a weight, so that NaN and infinity reach all results that depend on them
    if sigma < _LEAST_SIGMA or end < _LEAST_END * sigma or far > radius + BEFORE * step:
        return None
    offsets = np.abs(np.arange(-radius, radius + 1))
    gather = np.exp(-0.5 * offsets**2 / (sigma**2 - (_BETWEEN * step) ** 2))
    gather /= 1 + np.exp((offsets - end + _FADE * step) / (_WIDTH * step))
    gather /= gather.sum()
    # least squares: rows are samples, columns coarse samples (basis) and shifted kernels (wanted)
    before = max(radius + BEFORE * step, center)
    length = before + max(radius + (TAPS - BEFORE) * step, len(vector) - center + step)
    basis, wanted = np.zeros((length, TAPS)), np.zeros((length, step))
    for tap in range(TAPS):
        start = before + (tap - BEFORE) * step - radius
        basis[start : start + len(gather), tap] = gather
    for phase in range(step):
        start = before + phase - center
        wanted[start : start + len(vector), phase] = vector
    # normal equations by einsum, which starts no BLAS threads: these may wait long for each other
    squared, projected = np.einsum("si,sj->ij", basis, basis), np.einsum("si,sp->ip", basis, wanted)
    spread = np.linalg.solve(squared, projected)
    spread *= total / spread.sum(axis=0)
    apart = np.abs(np.einsum("si,ip->sp", basis, spread) - wanted)
    if apart.max() > _CLOSE * vector.max() or apart.sum(axis=0).max() > _CLOSE * total:
        return None
    return Coarse(step, center, gather, np.ascontiguousarray(spread.T))
