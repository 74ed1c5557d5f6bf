"""Where the centre of a PSF may lie: a skewed one has no single place, but a peak, a core, one for each frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .spot_geometry import core_center, shell

#: Samples by which a centre may be off.
OFF = 0.25
#: Shares of the peak above which a core is looked at; the first is where a PSF is moved to.
_CORES = (0.5, 0.2)
#: Frequencies count while this share of the light passes, and this many times what the noise has.
_PASSES, _ABOVE_NOISE = 0.1, 10.0
#: Shares of the light and of the peak that a background does not matter below.
_PEDESTAL, _FAINT = 0.05, 2e-3
#: Scatter over the peak from which the peak is looked for in smoothed values.
_GRAINY = 0.005


def pedestal(values: np.ndarray) -> float:
    """The background of a PSF: what even the darkest part of its rim has."""
    rim = shell(values) if min(values.shape) > 2 else values
    return float(np.quantile(rim, 0.25))


def excess(values: np.ndarray) -> float:
    """The background that is worth a word, below 0 where too much was subtracted; 0 for the halo of a widefield PSF."""
    level, light = pedestal(values), float(values.sum())
    matters = abs(level) * values.size > _PEDESTAL * light and abs(level) > _FAINT * float(values.max())
    return level if light > 0 and matters else 0.0


def grain(values: np.ndarray) -> float:
    """What of the rim is different from sample to sample, as a share of the peak."""
    from scipy.ndimage import gaussian_filter

    scatter = float(shell(values - gaussian_filter(values, 1.0)).std())
    return scatter / (float(values.max()) - max(pedestal(values), 0.0))


def off_center(values: np.ndarray, center: Sequence[int]) -> tuple[float, ...]:
    """Distance from the centre to where it should be, in samples along each axis.

    0 where the centre lies between the places that a PSF has, the distance to them where it is beside them by no more
    than `OFF`, and else the distance to the core.
    """
    light = values - min(pedestal(values), float(values.max()) / 2)
    core, low, high = places(light)
    shift = []
    for at, c, lowest, highest in zip(core, center, low, high, strict=True):
        beside = min(0.0, highest - c) + max(0.0, lowest - c)
        shift.append(at - c if abs(beside) > OFF else beside)
    return tuple(float(s) for s in shift)


def places(light: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The core, and along each axis the first and the last of its places.

    These are the peak, the centroids of what is brighter than a half and a fifth of it, and in the plane in focus
    where each frequency lies: its phase over 2π times the frequency, which for low ones is the centroid of the light.
    They are one for a symmetric PSF. Coma moves high frequencies against low ones, the spherical aberration of a
    sample of another index the peak against the core; the centre of such a PSF may be any of them.
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
    """The peak between the samples: of the parabola through the logarithms of three of them along each axis."""
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
    """Where each frequency of a line lies, from the lowest to the first that light or noise drowns."""
    grid = 4 * line.size
    frequency = np.fft.rfftfreq(grid)[1:]
    spectrum = np.fft.rfft(line, grid)
    least = max(_PASSES * abs(float(spectrum[0].real)), _ABOVE_NOISE * noise)
    passing = np.abs(spectrum[1:]) > least
    count = passing.size if passing.all() else int(np.argmin(passing))
    phase = np.unwrap(np.angle(spectrum[1:] * np.exp(2j * np.pi * frequency * near)))
    return np.asarray(near - (phase / (2 * np.pi * frequency))[:count])
