"""An image with the names, spacing and units of its axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

#: The axes a kernel acts on by default, in their order.
SPATIAL = ("z", "y", "x")
_SPELLINGS = {
    "pm": ("pm", "picometer", "picometre"),
    "nm": ("nm", "nanometer", "nanometre"),
    "um": ("um", "µm", "μm", "micron", "microns", "micrometer", "micrometre"),
    "mm": ("mm", "millimeter", "millimetre"),
    "cm": ("cm", "centimeter", "centimetre"),
    "m": ("m", "meter", "metre"),
    "angstrom": ("angstrom", "å", "ångström"),
    "inch": ("inch", "in"),
    "ms": ("ms", "msec", "millisecond"),
    "s": ("s", "sec", "second", "seconds"),
    "min": ("min", "minute"),
    "h": ("h", "hour"),
}
_UNITS = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}


class FileError(ValueError):
    """A file cannot be read, or a result cannot be written as asked."""


@dataclass(frozen=True)
class Labeled:
    """An image with the meaning of its axes.

    Attributes
    ----------
    data : ndarray
    axes : tuple of str
        One lower-case letter per axis: ``t`` time, ``c`` channel, ``z y x`` space, ``s`` the samples of a colour (RGB,
        RGBA, grey with alpha); other letters as the file has them.
    spacing : tuple of float
        Distance between neighbouring samples along each axis, 1 where unknown.
    units : tuple of str or None
        ``um``, ``nm``, ``s`` ..., None where unknown.
    channels : tuple of str
        Names of the channels, when the file has them.
    alpha : bool
        Whether the last sample along ``s`` is opacity.
    notes : tuple of str
        What was assumed about the file, one sentence each.

    Examples
    --------
    >>> import numpy as np
    >>> Labeled(np.zeros((4, 8, 8)), axes="zyx", spacing=(2, 0.5, 0.5), units=("um",) * 3).axes
    ('z', 'y', 'x')
    """

    data: NDArray[Any]
    axes: tuple[str, ...]
    spacing: tuple[float, ...] = ()
    units: tuple[str | None, ...] = ()
    channels: tuple[str, ...] = ()
    alpha: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ndim = self.data.ndim
        axes = tuple(str(axis).lower() for axis in self.axes)
        spacing = tuple(float(step) for step in self.spacing) or (1.0,) * ndim
        units = tuple(self.units) or (None,) * ndim
        if not len(axes) == len(spacing) == len(units) == ndim:
            raise ValueError(f"a {ndim}-D image needs {ndim} axes, spacings and units: {axes}, {spacing}, {units}")
        if len(set(axes)) != ndim:
            raise ValueError(f"axes {''.join(axes)!r} name one axis twice")
        for name, value in (("axes", axes), ("spacing", spacing), ("units", units)):
            object.__setattr__(self, name, value)

    def indices(self, labels: Sequence[str]) -> tuple[int, ...]:
        """Positions of the axes called `labels`; ValueError when there is no such axis."""
        for label in labels:
            if label not in self.axes:
                raise ValueError(f"the image has no axis {label!r}; its axes are {' '.join(self.axes)}")
        return tuple(self.axes.index(label) for label in labels)

    @property
    def spatial(self) -> tuple[int, ...]:
        """Positions of the spatial axes, z before y before x."""
        return tuple(self.axes.index(label) for label in SPATIAL if label in self.axes)


def canonical_unit(text: str | None) -> str | None:
    """The short ASCII name of a unit: ``um`` for ``µm``, ``micron`` ...; None for pixels and unknown units.

    Examples
    --------
    >>> canonical_unit("micron"), canonical_unit("pixel")
    ('um', None)
    """
    text = (text or "").strip().replace("\\u00B5", "µ")
    return _UNITS.get(text) or _UNITS.get(text.lower())


def complete_axes(known: Sequence[str | None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the axes that are None; returns all names, and a sentence about each assumption.

    Examples
    --------
    >>> complete_axes([None, "y", "x"])
    (('z', 'y', 'x'), ("the file does not name axis 0: taken as 'z'",))
    """
    missing = [index for index, label in enumerate(known) if label is None]
    usual = ("t", "z") if len(missing) == 2 else ("t", "c", "z")
    free = [label for label in dict.fromkeys((*reversed(usual), *"cqrpabdefghijklmnouvw")) if label not in known]
    labels, notes = list(known), []
    for index, label in zip(reversed(missing), free, strict=False):
        labels[index] = label
        notes.append(f"the file does not name axis {index}: taken as {label!r}")
    return tuple(str(label) for label in labels), tuple(reversed(notes))


def plain_axes(array: NDArray[Any]) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    """Guess the axes of an array without names: (names, whether the last sample is opacity, sentences about it).

    The last axis is taken as colours when it has 3 or 4 samples of 8- or 16-bit integers, after two longer axes.
    """
    ndim = array.ndim
    small = array.dtype.name in ("uint8", "uint16")
    colour = ndim >= 3 and small and array.shape[-1] in (3, 4) and min(array.shape[-3:-1]) > 4
    tail = ["y", "x", "s"] if colour else ["y", "x"]
    axes, notes = complete_axes([None] * (ndim - len(tail)) + list(tail[-ndim:]))
    if colour:
        notes += (f"the last axis has {array.shape[-1]} samples: taken as colours",)
    return axes, colour and array.shape[-1] == 4, notes
