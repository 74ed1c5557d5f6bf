"""Parse typed angles and scales."""

from __future__ import annotations

from typing import Any

import numpy as np

import napari_convolve as nc

from .fields import number, numbers

#: Longer lists are taken for a typing error.
_MOST = 4096


def parse_scales(text: str) -> tuple[float, ...]:
    """Parse a list of scales, or first:last:step.

    Examples
    --------
    >>> parse_scales("0.8, 1, 1.25"), parse_scales("0.5:1.5:0.5")
    ((0.8, 1.0, 1.25), (0.5, 1.0, 1.5))
    """
    return _range(text) if ":" in text else _list(text)


def parse_angles(text: str) -> Any:
    """Parse angles in degrees: a list, or first:last:step without an end that is a full turn from the first.

    A single number gives a function of the number of axes: (angle,) in the plane, a covering of rotations in a volume.

    Examples
    --------
    >>> parse_angles("0, 90"), parse_angles("0:360:120"), parse_angles("-10:10:10"), parse_angles("45")(2)
    ((0.0, 90.0), (0.0, 120.0, 240.0), (-10.0, 0.0, 10.0), (45.0,))
    """
    if ":" in text:
        found = _range(text)
        return found[:-1] if len(found) > 1 and abs(found[-1] - found[0]) % 360 == 0 else found
    found = _list(text)
    return found if len(found) > 1 else _AngleStep(found[0])


class _AngleStep:
    """One angle in the plane; in a volume, the step of a covering of all rotations."""

    def __init__(self, angle: float) -> None:
        self._angle = angle

    def __call__(self, ndim: int) -> Any:
        return nc.covering_rotations(self._angle) if ndim == 3 else (self._angle,)

    def __str__(self) -> str:
        return f"{self._angle:g}"


def _list(text: str) -> tuple[float, ...]:
    found = numbers(text)
    return tuple(float(v) for v in found) if isinstance(found, tuple) else (float(found),)


def _range(text: str) -> tuple[float, ...]:
    parts = [number(part.strip()) for part in text.split(":")]
    if len(parts) != 3 or parts[2] == 0 or (parts[1] - parts[0]) / parts[2] < 0:
        raise ValueError(f"{text!r} must be first:last:step, as 0:360:10")
    first, last, step = parts
    count = int(np.floor((last - first) / step + 1e-9)) + 1
    if count > _MOST:
        raise ValueError(f"{text!r} are {count} values; at most {_MOST} make sense")
    return tuple(round(first + step * i, 9) for i in range(count))
