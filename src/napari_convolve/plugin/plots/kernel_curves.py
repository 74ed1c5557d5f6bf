"""Curves and texts about a kernel: profiles, frequency responses, cut-offs, noise gain. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

import napari_convolve as nc

from ...kernels import Kernel
from ...ops.fourier.kernel_response import FrequencyResponse

#: Number of frequencies from zero to the highest one.
_STEPS = 128


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a plot; `marks` are values of x with dashed vertical lines."""

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    marks: tuple[float, ...] = ()


def axis_names(ndim: int) -> tuple[str, ...]:
    """Names of unnamed axes: x last, then y, z, w before it."""
    return ("w", "z", "y", "x")[-ndim:] if ndim <= 4 else tuple(f"axis {i}" for i in range(ndim))


def profiles(kernel: Kernel, names: Sequence[str] = ()) -> list[Line]:
    """The weights along each axis through the centre; absolute values if complex."""
    found = []
    for axis, name in enumerate(names or axis_names(kernel.ndim)):
        line = kernel.values[tuple(slice(None) if a == axis else c for a, c in enumerate(kernel.center))]
        step = kernel.spacing[axis] if kernel.spacing else 1.0
        x = np.asarray((np.arange(line.size) - kernel.center[axis]) * step, dtype=np.float64)
        found.append(Line(name, x, np.abs(line) if np.iscomplexobj(line) else line))
    return _merged(found)


def responses(kernel: Kernel, names: Sequence[str] = ()) -> list[Line]:
    """The gain of waves along each axis, with marks at the -6 dB cut-offs."""
    found = []
    cutoffs = response(kernel).cutoff_6db
    for axis, name in enumerate(names or axis_names(kernel.ndim)):
        along = response(kernel, axis)
        f, y = np.asarray(along.frequencies[axis], dtype=np.float64), along.amplitude.ravel()
        # the response of a real kernel is symmetric
        order = np.argsort(f) if np.iscomplexobj(kernel.values) else slice(0, _STEPS)
        found.append(Line(name, f[order], y[order], cutoffs[axis]))
    return _merged(found)


@lru_cache(maxsize=16)
def response(kernel: Kernel, axis: int = -1) -> FrequencyResponse:
    """The response to waves along one axis."""
    axis %= kernel.ndim
    return nc.frequency_response(kernel, [2 * _STEPS if a == axis else 1 for a in range(kernel.ndim)])


def _merged(lines: Sequence[Line]) -> list[Line]:
    """Join equal lines to one with all their names."""
    found: list[Line] = []
    for line in lines:
        same = next((i for i, other in enumerate(found) if _equal(line.x, other.x) and _equal(line.y, other.y)), None)
        if same is None:
            found.append(line)
        else:
            other = found[same]
            found[same] = Line(f"{other.name}, {line.name}", other.x, other.y, other.marks)
    return found


def _equal(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=1e-12 * float(np.abs(a).max())))


def distance_label(kernel: Kernel) -> str:
    return f"distance from the centre ({unit_of(kernel)})"


def frequency_label(kernel: Kernel) -> str:
    return f"frequency (cycles/{unit_of(kernel)})"


def unit_of(kernel: Kernel) -> str:
    return (kernel.units or ("unit" if kernel.spacing else "px")).replace("um", "µm")


def cutoffs_text(kernel: Kernel, names: Sequence[str] = ()) -> str:
    """The cut-offs along each axis as text.

    Examples
    --------
    >>> print(cutoffs_text(nc.kernels.gaussian(sigma=(4, 2, 2), spacing=0.5)))
    −3 dB at z 0.0331, y = x 0.0663 cycles/unit
    −6 dB at z 0.0468, y = x 0.0937 cycles/unit
    """
    found, unit = response(kernel), unit_of(kernel)

    def row(cut: tuple[tuple[float, ...], ...]) -> str:
        axes_at: dict[str, list[str]] = {}
        for name, at in zip(names or axis_names(kernel.ndim), cut, strict=True):
            axes_at.setdefault(" and ".join(f"{f:.3g}" for f in at) or "none", []).append(name)
        return ", ".join(f"{' = '.join(axes)} {at}" for at, axes in axes_at.items())

    return f"−3 dB at {row(found.cutoff_3db)} cycles/{unit}\n−6 dB at {row(found.cutoff_6db)} cycles/{unit}"


def noise_gain_text(kernel: Kernel) -> str:
    """How much a kernel weakens or strengthens white noise.

    Examples
    --------
    >>> noise_gain_text(nc.kernels.box(size=3)), noise_gain_text(nc.kernels.laplacian())
    ('Noise: 3 times weaker', 'Noise: 4.47 times stronger')
    """
    factor = float(np.linalg.norm(kernel.values))
    if factor == 0:
        return "Noise: removed, with everything else"
    if abs(factor - 1) < 5e-4:
        return "Noise: as strong as before"
    return f"Noise: {1 / factor:.3g} times weaker" if factor < 1 else f"Noise: {factor:.3g} times stronger"
