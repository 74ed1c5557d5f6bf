"""Angles and sizes as a person types them."""

from __future__ import annotations

from typing import Any

import numpy as np

import napari_convolve as nc

from .fields import number, numbers

#: More than these are no longer typed on purpose.
_MOST = 4096


def sizes(text: str) -> tuple[float, ...]:
    """Numbers, or first:last:step.

    Examples
    --------
    >>> sizes("0.8, 1, 1.25"), sizes("0.5:1.5:0.5")
    ((0.8, 1.0, 1.25), (0.5, 1.0, 1.5))
    """
    return _span(text, end=True) if ":" in text else _several(text)


def angles(text: str) -> Any:
    """Degrees, or first:last:step, whose end is left out when it is a full turn from the first; one number may be
    the step of directions in space, which only the number of axes tells: then a function of it.

    Examples
    --------
    >>> angles("0, 90"), angles("0:360:120"), angles("-10:10:10"), angles("45")(2)
    ((0.0, 90.0), (0.0, 120.0, 240.0), (-10.0, 0.0, 10.0), (45.0,))
    """
    if ":" in text:
        found = _span(text, end=True)
        return found[:-1] if len(found) > 1 and abs(found[-1] - found[0]) % 360 == 0 else found
    several = _several(text)
    return several if len(several) > 1 else _Directions(several[0])


class _Directions:
    """An angle in the plane, every direction of space in a volume."""

    def __init__(self, angle: float) -> None:
        self._angle = angle

    def __call__(self, ndim: int) -> Any:
        return nc.covering_rotations(self._angle) if ndim == 3 else (self._angle,)

    def __str__(self) -> str:
        return f"{self._angle:g}"


def _several(text: str) -> tuple[float, ...]:
    found = numbers(text)
    return tuple(float(v) for v in found) if isinstance(found, tuple) else (float(found),)


def _span(text: str, *, end: bool) -> tuple[float, ...]:
    parts = [number(part.strip()) for part in text.split(":")]
    if len(parts) != 3 or parts[2] == 0 or (parts[1] - parts[0]) / parts[2] < 0:
        raise ValueError(f"{text!r} must be first:last:step, as 0:360:10")
    first, last, step = parts
    count = int(np.floor((last - first) / step + 1e-9)) + end
    if count > _MOST:
        raise ValueError(f"{text!r} are {count} values; at most {_MOST} make sense")
    return tuple(round(first + step * i, 9) for i in range(count))
