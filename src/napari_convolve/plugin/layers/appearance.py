"""Contrast limits and colormap of a result: those of its source if its values are alike, else adapted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

#: Blue is negative, black is zero, orange is positive.
SIGNED = {"colors": [[0.35, 0.65, 1.0], [0.0, 0.0, 0.0], [1.0, 0.6, 0.2]], "name": "signed"}
_SAMPLES = 1 << 17
#: The 99.99th percentile is the upper limit if it is so many times the 99.9th: few bright spots on a dark ground.
_SPARSE = 1.5
#: Negative values matter from this share of the positive ones on; limits may be exceeded by this share.
_SHARE = 0.1
#: A result takes the source's limits if it spans at least this share of them.
_SPAN = 0.3


def display_options(data: Any, source: Mapping[str, Any]) -> dict[str, Any]:
    """Contrast limits of a result, and for results around zero a colormap that shows the sign.

    `source` has the ``contrast_limits`` of the source layer. Complex results, and those without a finite sample, are
    left to napari.

    Examples
    --------
    >>> display_options(np.array([-4.0, 0.0, 0.0, 5.0]), {"contrast_limits": (0, 9)})["contrast_limits"]
    (-5.0, 5.0)
    >>> display_options(np.eye(150)[75] * np.eye(150)[:, 75:76] * 40, {"contrast_limits": (0, 9)})
    {'contrast_limits': (0.0, 40.0)}
    >>> display_options(np.array([1.0, 2.0, 8.0]), {"contrast_limits": (0, 9)})
    {'contrast_limits': (0.0, 9.0)}
    """
    values = _sample(data)
    if values.size == 0:
        return {}
    low, high, top = (float(v) for v in np.percentile(values, (0.1, 99.9, 99.99), method="nearest"))
    if top > _SPARSE * high:
        high = top
    limits = source.get("contrast_limits")
    if low < 0 and -low > _SHARE * high and (limits is None or limits[0] >= 0):
        most = max(-low, high)
        return {"contrast_limits": (-most, most), "colormap": SIGNED}
    if limits is not None:
        start, stop = (float(v) for v in limits)
        span = stop - start
        if low >= start - _SHARE * span and high <= stop + _SHARE * span and high - low >= _SPAN * span:
            return {"contrast_limits": (start, stop)}
    if low == high:
        low, high = float(values.min()), float(values.max())
    return {"contrast_limits": (low, high if high > low else low + 1)}


def _sample(data: Any) -> np.ndarray:
    """Finite samples from all over an array, about `_SAMPLES` of them."""
    array = np.asarray(data)
    if array.dtype.kind not in "buif" or array.size == 0:
        return np.empty(0)
    flat = array.ravel() if array.flags.c_contiguous else array.reshape(-1)
    step = max(1, flat.size // _SAMPLES)
    values = flat[:: step | 1].astype(np.float64)  # odd, so that the samples are not all of one column
    return values[np.isfinite(values)]
