"""Parameters of all PSF models (wavelength, aperture, refractive index, pixel size), and their plausibility checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from .._registry import Param
from ._design import Lengths
from ._grid import dimensions, per_axis
from ._values import as_spacing, guard

NM = 1e-3  # micrometres
OPTICS_UNITS = "um"
FAMILY = "PSF"

Aperture: TypeAlias = Annotated[float, Param(min=0.01, max=1.7, step=0.05, label="NA")]
Wavelength: TypeAlias = Annotated[float, Param(min=0, step=10, label="emission (nm)")]
Excitation: TypeAlias = Annotated[float, Param(min=0, step=10, label="excitation (nm)")]
Index: TypeAlias = Annotated[float, Param(min=1, max=4, step=0.01, label="refractive index")]
Pinhole: TypeAlias = Annotated[float, Param(min=0, max=100, step=0.1, label="pinhole (Airy units)")]
Planes: TypeAlias = Annotated[int, Param(min=2, max=3, label="dimensions")]
Size: TypeAlias = Annotated[int | Sequence[int] | None, Param(min=1, step=2, label="size in pixels", advanced=True)]
Energy: TypeAlias = Annotated[float, Param(min=0.1, max=0.999, step=0.01, label="light to hold", advanced=True)]
PixelSize: TypeAlias = Annotated[Lengths, Param(min=0, step=0.01, label="pixel size (µm)")]

_MICROMETRES = {"um": 1.0, "µm": 1.0, "μm": 1.0, "micron": 1.0, "micrometer": 1.0, "nm": 1e-3, "mm": 1e3, "m": 1e6}
_MICROMETRES |= {"nanometer": 1e-3, "millimeter": 1e3, "cm": 1e4, "pm": 1e-6, "å": 1e-4}
#: Range of plausible wavelengths in nm.
_LIGHT = (100.0, 20_000.0)
#: Pixels wider than the PSF by this factor indicate a wrong unit.
_ABSURD = 25.0


def micrometres(unit: str | None) -> float | None:
    """Return a unit of length in µm, None for an unknown unit.

    Examples
    --------
    >>> micrometres("nm"), micrometres("pixel")
    (0.001, None)
    """
    return _MICROMETRES.get((unit or "").lower())


def in_micrometres(spacing: Sequence[float] | None, unit: str | None) -> tuple[float, ...] | None:
    """Return lengths in µm, None for an unknown unit."""
    one = micrometres(unit)
    return None if spacing is None or one is None else tuple(round(s * one, 9) for s in spacing)


def check_light(**wavelengths: float) -> None:
    """Raise ValueError, with the likely unit, for a wavelength that is implausible in nm.

    Examples
    --------
    >>> check_light(wavelength=0.488)
    Traceback (most recent call last):
        ...
    ValueError: wavelength=0.488 looks like µm, nm is expected: 488
    """
    for name, value in wavelengths.items():
        if _LIGHT[0] <= value <= _LIGHT[1]:
            continue
        for unit, factor in (("µm", 1e3), ("m", 1e9)):
            if _LIGHT[0] <= value * factor <= _LIGHT[1]:
                raise ValueError(f"{name}={value:g} looks like {unit}, nm is expected: {value * factor:g}")
        raise ValueError(f"{name}={value:g} must be {_LIGHT[0]:g} to {_LIGHT[1]:g} nm")


def check_aperture(na: float, **indices: float) -> None:
    """Raise ValueError when the numerical aperture exceeds the refractive index of the medium."""
    for name, index in indices.items():
        if na >= index:
            raise ValueError(f"na={na:g} must be less than {name}={index:g}: no light leaves at more than 90 degrees")


def psf_grid(
    spacing: Lengths, size: int | Sequence[int] | None, ndim: int, na: float, index: float, **wavelengths: float
) -> tuple[tuple[float, ...], tuple[int, ...] | None]:
    """Return pixel size in µm and size in pixels (None if not given) along each axis, after all plausibility checks.

    The first of `wavelengths` determines the width of the PSF that the pixel size must fit.
    """
    check_light(**wavelengths)
    check_aperture(na, refractive_index=index)
    wavelength = next(iter(wavelengths.values()))
    n = dimensions(ndim, spacing=spacing, size=size)
    if n not in (2, 3):
        raise ValueError(f"a PSF has 2 or 3 dimensions, got {n}")
    steps = as_spacing(spacing, n)
    assert steps is not None
    widths = [2 * index / na**2 * wavelength * NM, *(wavelength * NM / 2 / na,) * 2][-n:]
    for step, width in zip(steps, widths, strict=True):
        for unit, factor in (("nm", 1e-3), ("m", 1e6)):
            absurd = step > _ABSURD * width if factor < 1 else step < 1e-4 * width
            if absurd and 1e-3 * width < step * factor < 10 * width:
                raise ValueError(f"spacing={step:g} looks like {unit}, µm is expected: {step * factor:g}")
        if not 1e-4 * width <= step <= _ABSURD * width:
            raise ValueError(f"spacing={step:g} µm does not fit a PSF that is {width:.3g} µm wide")
    sizes = None if size is None else per_axis(size, n)
    if sizes is not None:
        guard(sizes)
    return steps, sizes
