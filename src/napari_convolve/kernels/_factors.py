"""Separability: a kernel as a short sum of outer products of 1-D arrays, found from its values."""

from __future__ import annotations

import numpy as np

from ._grid import outer
from ._values import Values

Term = tuple[Values, ...]

TOLERANCE = 1e-13
"""What rounding makes of a product of lines, relative to the sum of absolute values."""

MAX_RANK = 2
"""Of each matrix that is taken apart: more terms cost more than they save."""


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
    """Take the first axis off, then the next from each part."""
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


def factors(values: Values, tol: float) -> list[Term] | None:
    """Return the terms whose sum is `values` up to `tol`, or None.

    The error is the sum of absolute deviations relative to the sum of absolute values: that is what a convolution
    can make of it.
    """
    terms = split(values, tol)
    if not terms:
        return None
    error = np.abs(values - sum(map(outer, terms))).sum()
    return terms if error <= 2 * tol * np.abs(values).sum() else None
