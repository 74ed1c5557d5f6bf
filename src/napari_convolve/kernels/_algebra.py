"""Sums, compositions and separable factors of kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._grid import outer
from ._values import Values, guard

if TYPE_CHECKING:
    from ._kernel import Kernel

Term = tuple[Values, ...]

#: Up to this many weights the smaller kernel is shifted and added, which is exact; above, FFTs are used.
DIRECT_LIMIT = 4096
#: Rounding error of an outer product of lines, relative to its sum of absolute values.
TOLERANCE = 1e-13
#: Largest rank of each unfolded matrix: more terms cost more than a separable convolution saves.
MAX_RANK = 2


def same_grid(a: Kernel, b: Kernel) -> tuple[tuple[float, ...] | None, str | None]:
    """Return the common spacing and units of two kernels; None in one of them agrees with anything."""
    if a.ndim != b.ndim:
        raise ValueError(f"kernels of {a.ndim} and {b.ndim} dimensions do not combine")
    if a.spacing and b.spacing and not np.allclose(a.spacing, b.spacing, rtol=1e-9, atol=0):
        raise ValueError(f"kernels of spacing {a.spacing} and {b.spacing} do not combine; resample one")
    if a.units and b.units and a.units != b.units:
        raise ValueError(f"kernels in {a.units} and {b.units} do not combine")
    return a.spacing or b.spacing, a.units or b.units


def add(a: Kernel, b: Kernel, sign: int) -> Kernel:
    """Return ``a + sign * b`` with the centres aligned; outside of a kernel its values are 0."""
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
    """Return the kernel of convolving with `a`, then with `b`: their full convolution, the centres added."""
    spacing, units = same_grid(a, b)
    shape = tuple(n + m - 1 for n, m in zip(a.shape, b.shape, strict=True))
    guard(shape)
    center = tuple(c + d for c, d in zip(a.center, b.center, strict=True))
    return type(a)(full(a.values, b.values, shape), center, spacing, units, f"({a.name} @ {b.name})")


def full(a: Values, b: Values, shape: tuple[int, ...]) -> Values:
    """Return the full convolution of two arrays; `shape` is that of the result."""
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


def crosses(matrix: Values, tol: float) -> list[tuple[Values, Values]] | None:
    """Return columns and rows whose products add up to `matrix`, or None when two pairs are not enough.

    Gaussian elimination with full pivoting: exact for a matrix of that rank, keeps zeros, far cheaper than an SVD.
    """
    rest, sizes = matrix, np.abs(matrix)
    allowed = tol * float(sizes.sum())
    pairs: list[tuple[Values, Values]] = []
    while float(sizes.sum()) > allowed:
        if len(pairs) == MAX_RANK:
            return None
        i, j = divmod(int(sizes.argmax()), rest.shape[1])
        column, row = rest[:, j].copy(), rest[i] / rest[i, j]
        pairs.append((column, row))
        rest = rest - column[:, None] * row
        sizes = np.abs(rest)
    return pairs


def split(values: Values, tol: float) -> list[Term] | None:
    """Return the separable terms of `values` axis by axis: the first against all others, then each part likewise."""
    if values.ndim == 1:
        return [(values,)]
    pairs = crosses(values.reshape(values.shape[0], -1), tol)
    if pairs is None:
        return None
    terms: list[Term] = []
    for column, row in pairs:
        parts = split(row.reshape(values.shape[1:]), tol)
        if parts is None:
            return None
        terms += [(column, *part) for part in parts]
    return terms


def integer_term(values: Values) -> Term | None:
    """Return integer vectors whose outer product is exactly `values`, or None when there are none.

    The lines through the largest weight, divided by their greatest common divisors, are these vectors up to one factor.
    """
    if values.dtype.kind != "f" or not np.array_equal(values, np.rint(values)) or np.abs(values).max() >= 2**53:
        return None
    peak = np.unravel_index(np.argmax(np.abs(values)), values.shape)
    if values[peak] == 0:
        return None
    term = []
    for axis in range(values.ndim):
        line = values[tuple(slice(None) if a == axis else i for a, i in enumerate(peak))]
        term.append(line / np.gcd.reduce(line.astype(np.int64)))
    term[0] = term[0] * (values[peak] / np.prod([v[i] for v, i in zip(term, peak, strict=True)]))
    found = tuple(term)
    return found if np.array_equal(outer(found), values) and np.array_equal(term[0], np.rint(term[0])) else None


def factors(values: Values, tol: float) -> list[Term] | None:
    """Return the separable terms whose sum is `values` up to `tol`, or None when two per axis are not enough.

    The error is the sum of absolute deviations relative to the sum of absolute values: the largest error that it can
    cause in a convolution, relative to the largest possible result.
    """
    if (whole := integer_term(values)) is not None:
        return [whole]
    terms = split(values, tol)
    if not terms:
        return None
    error = np.abs(values - sum(map(outer, terms))).sum()
    return terms if error <= 2 * tol * np.abs(values).sum() else None
