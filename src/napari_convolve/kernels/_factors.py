"""Separability: a kernel as a short sum of outer products of 1-D arrays, found from its values."""

from __future__ import annotations

from functools import reduce

import numpy as np

from ._values import Values

Term = tuple[Values, ...]


def outer(term: Term) -> Values:
    """Multiply the 1-D factors of a term back to an n-D array."""
    return reduce(np.multiply.outer, term)


def cross(values: Values) -> Term:
    """Return the only product of 1-D arrays that equals `values` on the lines through its largest value."""
    peak = np.unravel_index(int(np.argmax(np.abs(values))), values.shape)
    top = values[peak]
    lines = []
    for axis in range(values.ndim):
        line = values[tuple(slice(None) if a == axis else p for a, p in enumerate(peak))]
        lines.append(np.array(line if axis == 0 else line / top))
    return tuple(lines)


def residual(values: Values, rank: int) -> tuple[list[Term], Values]:
    """Subtract `rank` crosses one after another: Gaussian elimination with full pivoting."""
    terms: list[Term] = []
    rest = np.array(values)
    for _ in range(rank):
        if not rest.any():
            break
        terms.append(cross(rest))
        rest = rest - outer(terms[-1])
    return terms, rest


def factors(values: Values, tol: float) -> list[Term] | None:
    """Return the terms whose sum is `values` up to `tol`, or None.

    One term in any number of dimensions, two in 2-D. The error is the sum of absolute deviations relative to the
    sum of absolute values: that is what a convolution can make of it. Elimination with full pivoting is exact
    for a matrix of that rank, keeps zeros and costs far less than an SVD.
    """
    allowed = tol * float(np.abs(values).sum())
    for rank in (1, 2) if values.ndim == 2 else (1,):
        terms, rest = residual(values, rank)
        if terms and float(np.abs(rest).sum()) <= allowed:
            return terms
    return None
