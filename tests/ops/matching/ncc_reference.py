"""Normalised cross-correlation by its definition: window by window, in float64, in two passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

MODES = {"reflect": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap", "constant": "constant"}


def windows(
    image: np.ndarray,
    template: Sequence[int],
    *,
    boundary: str = "reflect",
    cval: float = 0.0,
    shape: str = "same",
    origin: int | Sequence[int] = 0,
) -> np.ndarray:
    """All windows of the template's shape, in the layout of `shape`; `numpy.pad` supplies what lies outside."""
    origins = np.broadcast_to(origin, (image.ndim,))
    pads = []
    for k, o in zip(template, origins, strict=True):
        before = {"same": k // 2 + int(o), "full": k - 1, "valid": 0}[shape]
        after = {"same": k - 1 - before, "full": k - 1, "valid": 0}[shape]
        pads.append((before, after))
    options: dict[str, Any] = {"constant_values": cval} if boundary == "constant" else {}
    padded = np.pad(image, pads, mode=MODES[boundary], **options)
    return np.lib.stride_tricks.sliding_window_view(padded, tuple(template))


def scores(
    image: np.ndarray,
    template: np.ndarray,
    *,
    template_mask: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    **options: Any,
) -> np.ndarray:
    """Score every window over the samples that image and template both have (Padfield 2012)."""
    image, template = np.asarray(image, float), np.asarray(template, float)
    support = np.ones(template.shape, bool) if template_mask is None else template_mask
    valid = np.ones(image.shape, bool) if mask is None else mask
    values = windows(np.where(valid, image, 0.0), template.shape, **options)
    flag_options = {**options, "cval": 1.0}
    there = windows(valid.astype(float), template.shape, **flag_options) > 0.5
    out = np.empty(values.shape[: image.ndim])
    for place in np.ndindex(out.shape):
        both = there[place] & support
        out[place] = score(values[place][both], template[both])
    return out


def score(f: np.ndarray, t: np.ndarray) -> float:
    """One window; 0 when nothing varies, NaN when nothing is there."""
    if f.size == 0:
        return np.nan
    if np.ptp(f) == 0 or np.ptp(t) == 0:
        return 0.0
    f, t = f - f.mean(), t - t.mean()
    return float((f * t).sum() / np.sqrt((f * f).sum() * (t * t).sum()))
