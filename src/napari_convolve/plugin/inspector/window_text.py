"""Texts of the inspector about a window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...ops.inspection.patch import Patch


def sum_text(patch: Patch, names: Sequence[str], plane: int) -> str:
    """The sum of the products and its index in the result.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> sum_text(nc.inspect([1, 2, 4], [1, 10, 100], 0), ["x"], 0)
    'Sum of the products 112 = the result at x 0'
    """
    where = ", ".join(f"{name} {i}" for name, i in zip(names, patch.index, strict=True))
    part = ""
    if patch.values.ndim == 3:
        part = f", of which {float(patch.products[plane].real.sum()):.6g} from this slice"
    return f"Sum of the products {patch.sum.real:.6g}{part} = the result at {where}"


def legend_text(patch: Patch, rule: str) -> str:
    """Explanation of hatched, crossed out and infinite samples; empty without any.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> legend_text(nc.inspect([1, 2, 4], [1, 10, 100], 0), "reflect")
    'Hatched: 1 of 3 samples lies outside the image; “reflect” supplies it'
    """
    lines = []
    outside, missing, size = int(patch.supplied.sum()), int((~patch.valid).sum()), patch.supplied.size
    if outside:
        lies, it = ("lies", "it") if outside == 1 else ("lie", "them")
        lines.append(f"Hatched: {outside} of {size} samples {lies} outside the image; “{rule}” supplies {it}")
    if missing:
        are = "is" if missing == 1 else "are"
        lines.append(f"Crossed out: {missing} of {size} {are} left out; the other weights of the same sign are raised")
    elif not np.isfinite(patch.sum):
        lines.append("A sample is NaN or infinite, and so is the sum; More options ▸ NaN ▸ omit leaves it out")
    return ". ".join(lines)
