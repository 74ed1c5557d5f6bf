"""Centre and background of a PSF. A skewed PSF has several centres: peak, core, and one for each frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .spot_geometry import core_center, shell

#: Samples by which a centre may be off.
OFF = 0.25
#: Shares of the peak above which centroids of the core are taken; the first is the one that a PSF is centred on.
_CORES = (0.5, 0.2)
#: Frequencies count if the PSF passes this share of the light, and more than the noise by this factor.
_PASSES, _ABOVE_NOISE = 0.1, 10.0
#: A background below these shares of the light or of the peak does not matter.
_PEDESTAL, _FAINT = 0.05, 2e-3
#: Scatter, relative to the peak, from which the peak is determined from smoothed values.
_GRAINY = 0.005


def pedestal(values: np.ndarray) -> float:
    """The background of a PSF: the lower quartile of its outermost samples."""
    rim = shell(values) if min(values.shape) > 2 else values
    return float(np.quantile(rim, 0.25))


def excess(values: np.ndarray) -> float:
    """The background if it matters, negative where too much was subtracted; 0 for the halo of a widefield PSF."""
    level, light = pedestal(values), float(values.sum())
    matters = abs(level) * values.size > _PEDESTAL * light and abs(level) > _FAINT * float(values.max())
    return level if light > 0 and matters else 0.0


def grain(values: np.ndarray) -> float:
    """Noise of the outermost samples, as a share of the peak."""
    from scipy.ndimage import gaussian_filter

    scatter = float(shell(values - gaussian_filter(values, 1.0)).std())
    return scatter / (float(values.max()) - max(pedestal(values), 0.0))


def off_center(values: np.ndarray, center: Sequence[int]) -> tuple[float, ...]:
    """Distance from the given centre to the correct one, in samples along each axis.

    0 where the given one lies between the centres of a PSF (`places`), the distance to them where that is `OFF` at
    most, and otherwise the distance to the core.
    """
    light = values - min(pedestal(values), float(values.max()) / 2)
    core, low, high = places(light)
    shift = []
    for at, c, lowest, highest in zip(core, center, low, high, strict=True):
        beside = min(0.0, highest - c) + max(0.0, lowest - c)
        shift.append(at - c if abs(beside) > OFF else beside)
    return tuple(float(s) for s in shift)


def places(light: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The centroid of the core, and along each axis the lowest and highest of the centres of a PSF.

    The centres are the peak, the centroids of the parts brighter than a half and a fifth of it, and in the plane in
    focus the displacement of each frequency: its phase over 2π times the frequency, which for low ones is the centroid
    of the light. For a symmetric PSF all are equal. Coma displaces high frequencies relative to low ones, the spherical
    aberration of an index mismatch the peak relative to the core; the centre of such a PSF may be any of them.
    """
    from scipy.ndimage import gaussian_filter

    noise = grain(light) if light.size >= 100 else 0.0
    calm = gaussian_filter(light, 1.0) if noise > _GRAINY else light
    near = [int(i) for i in np.unravel_index(int(np.argmax(light)), light.shape)]
    top = [int(i) for i in np.unravel_index(int(np.argmax(calm)), light.shape)]
    cores = [core_center(light, near, share) for share in _CORES]
    found = [vertex(calm, top), *cores]
    low, high = np.min(found, axis=0), np.max(found, axis=0)
    plane = light[tuple(near[:-2])]
    for axis in range(plane.ndim):
        line = plane.sum(axis=tuple(a for a in range(plane.ndim) if a != axis))
        at = light.ndim - plane.ndim + axis
        apart = displacements(line, near[at], noise * float(light.max()) * np.sqrt(plane.size))
        low[at], high[at] = min(low[at], apart.min(initial=low[at])), max(high[at], apart.max(initial=high[at]))
    return np.asarray(cores[0]), low, high


def vertex(values: np.ndarray, near: Sequence[int]) -> list[float]:
    """Subpixel peak: of the parabola through the logarithms of three samples along each axis."""
    found = []
    for axis, i in enumerate(near):
        found.append(float(i))
        if 0 < i < values.shape[axis] - 1:
            line = np.moveaxis(values, axis, -1)[tuple(n for a, n in enumerate(near) if a != axis)][i - 1 : i + 2]
            before, here, after = np.log(line) if line.min() > 0 else line
            bend = before - 2 * here + after
            found[-1] += float((before - after) / 2 / bend) if bend < 0 else 0.0
    return found


def displacements(line: np.ndarray, near: int, noise: float) -> np.ndarray:
    """Displacement of each frequency of a line, up to the first that the PSF does not pass or noise masks."""
    grid = 4 * line.size
    frequency = np.fft.rfftfreq(grid)[1:]
    spectrum = np.fft.rfft(line, grid)
    least = max(_PASSES * abs(float(spectrum[0].real)), _ABOVE_NOISE * noise)
    passing = np.abs(spectrum[1:]) > least
    count = passing.size if passing.all() else int(np.argmin(passing))
    phase = np.unwrap(np.angle(spectrum[1:] * np.exp(2j * np.pi * frequency * near)))
    return np.asarray(near - (phase / (2 * np.pi * frequency))[:count])
