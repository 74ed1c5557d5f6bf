"""Error of a discrete diffusion compared with the analytic one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

#: Standard deviation, in samples, of the narrowest blob for which the error bound holds.
BLOB = 1.5
_FREQUENCIES = 1024


def diffusion_error(lines: Sequence[np.ndarray], variances: Sequence[float]) -> float:
    """Bound of the deviation from the analytic solution, relative to the peak of a blob of `BLOB` samples.

    The integral of the difference of the transfer functions times the spectrum of the blob. The axes are added, since
    non-negative weights of sum 1 do not enlarge an error. The part of the blob beyond the Nyquist frequency counts
    twice. For wider blobs the deviation is smaller.

    Parameters
    ----------
    lines : sequence of ndarray
        The weights along each axis, centred.
    variances : sequence of float
        ``2 D t`` along each axis, in square samples.
    """
    omega = (np.arange(_FREQUENCIES) + 0.5) * np.pi / _FREQUENCIES
    blob = np.exp(-0.5 * (BLOB * omega) ** 2)
    share = math.sqrt(2 * math.pi) * BLOB / _FREQUENCIES
    total = 0.0
    for line, variance in zip(lines, variances, strict=True):
        x = np.arange(len(line)) - len(line) // 2
        gain = np.array([float(line @ np.cos(x * w)) for w in omega])
        total += share * float((np.abs(gain - np.exp(-0.5 * variance * omega**2)) * blob).sum())
        total += 2 * math.erfc(BLOB * math.pi / math.sqrt(2))
    return total
