"""A parametric spectrum fitted to a periodogram by maximum likelihood.

The spectra of images fall off like a power of the frequency, steeper where the object itself is blurred, and not the
same along every axis. With k the length of the frequency f, the object's power is modelled as

    S_x(f) = exp(a - b log k - sum_d c_d |f_d| - sum_d e_d f_d^2 / k^2).

Behind a PSF with transfer function H and in white noise of power S_n, the periodogram is distributed exponentially
around ``|H|^2 S_x + S_n``. All parameters maximise that (Whittle) likelihood; a weak prior holds c and e near 0, and
the object's power never grows with the frequency, which where H has lost it nothing else would forbid.

References: P. Whittle, "Estimation and information in stationary time series", Ark. Mat. 2, 1953; D. J. Field,
"Relations between the statistics of natural images and the response properties of cortical cells", JOSA A 4, 1987.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .frequency_sample import Sample

#: Weight of the prior that holds the roll-off and the anisotropy near 0.
_RIDGE = 1.0
_ITERATIONS = 60


def features(frequencies: Sequence[np.ndarray], lowest: float) -> list[np.ndarray]:
    """What the logarithm of the object's power is a weighted sum of."""
    squared: Any = 0.0
    for f in frequencies:
        squared = squared + f * f
    squared = np.maximum(squared, lowest**2)
    found = [np.ones(1), -0.5 * np.log(squared) - 2.0, *(-2.0 * np.abs(f) for f in frequencies)]
    if len(frequencies) > 1:
        found += [1 / len(frequencies) - f * f / squared for f in frequencies]
    return found


def fit(
    power: np.ndarray, transfer: np.ndarray, sample: Sample, copies: int, noise: float | None, least: float
) -> tuple[np.ndarray, float]:
    """Weights of the features and power of the noise, by Fisher scoring with damping from two slopes."""
    lowest = 1 / max(sample.shape)
    matrix = np.stack([np.broadcast_to(f, sample.count) for f in features(sample.frequencies, lowest)], axis=1)
    level = noise if noise is not None else max(2 * float(np.percentile(power, 10)), least)
    best: tuple[float, np.ndarray] | None = None
    for slope in (2.0, 3.5):
        start = np.zeros(matrix.shape[1] + 1)
        start[0], start[1], start[-1] = -2.0, slope, math.log(level)
        weights = sample.weights * copies / 2
        found = _score(start, len(sample.shape), matrix, power, transfer, weights, noise is not None, math.log(least))
        if best is None or found[0] < best[0]:
            best = found
    assert best is not None
    return best[1][:-1], float(np.exp(best[1][-1]))


def _score(
    start: np.ndarray,
    axes: int,
    matrix: np.ndarray,
    power: np.ndarray,
    transfer: np.ndarray,
    weights: np.ndarray,
    fixed: bool,
    least: float,
) -> tuple[float, np.ndarray]:
    ridge = np.zeros(start.size)
    ridge[2:-1] = _RIDGE
    free = np.ones(start.size, bool)
    free[-1] = not fixed

    def model(at: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        seen = transfer * np.exp(np.clip(matrix @ at[:-1], -80.0, 80.0))
        total = seen + np.exp(at[-1])
        cost = float(np.sum(weights * (np.log(total) + power / total)) + 0.5 * np.sum(ridge * at * at))
        return cost, seen, total

    at, damping = start, 1e-3
    cost, seen, total = model(at)
    for _ in range(_ITERATIONS):
        slopes = np.concatenate((matrix * (seen / total)[:, None], (np.exp(at[-1]) / total)[:, None]), axis=1)
        gradient = slopes.T @ (weights * (1 - power / total)) + ridge * at
        information = (slopes.T * weights) @ slopes + np.diag(ridge + 1e-9)
        step = np.zeros(start.size)
        gained = math.inf
        while damping < 1e8:
            damped = information + damping * np.diag(np.diag(information))
            step[free] = np.linalg.solve(damped[np.ix_(free, free)], gradient[free])
            new = at - np.clip(step, -3.0, 3.0)
            new[-1] = max(new[-1], least) if not fixed else new[-1]
            new[1] = min(max(new[1], 0.0), 8.0)
            # no object has more power the finer the detail: in the corner of all axes the roll-off may undo k^-b
            new[2 : 2 + axes] = np.maximum(new[2 : 2 + axes], -new[1] / axes)
            new_cost, new_seen, new_total = model(new)
            if new_cost <= cost:
                gained, damping = cost - new_cost, damping / 5
                at, cost, seen, total = new, new_cost, new_seen, new_total
                break
            damping *= 4
        if not 1e-3 < gained < math.inf:
            break
    return cost, at
