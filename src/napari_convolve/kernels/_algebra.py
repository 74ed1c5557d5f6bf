"""Sums and compositions of kernels that keep the centre where it belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._values import Values, guard

if TYPE_CHECKING:
    from ._kernel import Kernel

DIRECT_LIMIT = 4096
"""Up to this many weights the smaller kernel is shifted and added, which is exact; above, FFTs are used."""


def same_grid(a: Kernel, b: Kernel) -> tuple[tuple[float, ...] | None, str | None]:
    """Return the spacing and units that both kernels have; what one leaves open the other decides."""
    if a.ndim != b.ndim:
        raise ValueError(f"kernels of {a.ndim} and {b.ndim} dimensions do not combine")
    if a.spacing and b.spacing and not np.allclose(a.spacing, b.spacing, rtol=1e-9, atol=0):
        raise ValueError(f"kernels of spacing {a.spacing} and {b.spacing} do not combine; resample one")
    if a.units and b.units and a.units != b.units:
        raise ValueError(f"kernels in {a.units} and {b.units} do not combine")
    return a.spacing or b.spacing, a.units or b.units


def add(a: Kernel, b: Kernel, sign: int) -> Kernel:
    """Return ``a + sign * b`` with the centres on each other; missing values count as 0."""
    spacing, units = same_grid(a, b)
    center = tuple(map(max, a.center, b.center))
    after = (max(a.shape[i] - a.center[i], b.shape[i] - b.center[i]) for i in range(a.ndim))
    shape = tuple(c + n for c, n in zip(center, after, strict=True))
    guard(shape)
    values = np.zeros(shape, np.result_type(a.values, b.values))
    for kernel, factor in ((a, 1), (b, sign)):
        start = [c - k for c, k in zip(center, kernel.center, strict=True)]
        window = tuple(slice(s, s + n) for s, n in zip(start, kernel.shape, strict=True))
        values[window] += factor * kernel.values
    return type(a)(values, center, spacing, units, f"({a.name} {'+' if sign > 0 else '-'} {b.name})")


def compose(a: Kernel, b: Kernel) -> Kernel:
    """Return the kernel that does what convolving with `a`, then with `b` does: full convolution, centre c1 + c2."""
    spacing, units = same_grid(a, b)
    shape = tuple(n + m - 1 for n, m in zip(a.shape, b.shape, strict=True))
    guard(shape)
    center = tuple(c + d for c, d in zip(a.center, b.center, strict=True))
    return type(a)(full(a.values, b.values, shape), center, spacing, units, f"({a.name} @ {b.name})")


def full(a: Values, b: Values, shape: tuple[int, ...]) -> Values:
    """Convolve two small arrays without any boundary; `shape` is that of the result."""
    if a.size < b.size:
        a, b = b, a
    if b.size > DIRECT_LIMIT:
        from scipy.signal import fftconvolve

        result: Values = fftconvolve(a, b)
        return result
    out: Values = np.zeros(shape, np.result_type(a, b))
    for index in zip(*np.nonzero(b), strict=True):
        out[tuple(slice(i, i + n) for i, n in zip(index, a.shape, strict=True))] += b[index] * a
    return out
