"""PSF as the average of bead images: selection of beads, subpixel registration, and standard error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ...kernels import Kernel
from .bead_detection import find_beads, level_and_noise, typical_width
from .bead_registration import registered
from .bead_results import Bead, BeadPsf
from .spot_geometry import box_around, core_widths, shell

__all__ = ["Bead", "BeadPsf", "average_beads"]


def average_beads(
    image: np.ndarray,
    points: np.ndarray | None,
    size: Sequence[int] | None,
    saturation: float | None,
    min_snr: float,
    spacing: tuple[float, ...] | None,
    units: str | None,
    advance: Callable[[int], object] = lambda steps: None,
) -> BeadPsf:
    """Average the beads of an image of finite float64; see :func:`napari_convolve.psf_from_beads`."""
    fwhm = typical_width(image)
    everywhere = find_beads(image, fwhm)
    chosen = everywhere if points is None else np.array([nearest_peak(image, p, fwhm) for p in points], dtype=int)
    if not len(chosen):
        raise ValueError("image holds no bead that stands out from the noise; give points, or another image")
    half = [max(3, int(np.ceil(2 * f))) for f in fwhm] if size is None else [n // 2 for n in size]
    beads = [judged(image, place, half, fwhm, everywhere, saturation, min_snr) for place in chosen]
    beads = without_twins(beads)
    advance(1)
    refuse_if_none(beads)
    found = registered(image, beads, half, fwhm)
    advance(1)
    beads = [replace(bead, reason=found.reasons.get(i, bead.reason)) for i, bead in enumerate(beads)]
    for i, center in found.centers.items():
        window = found.windows[i]
        wide = core_widths(window, fwhm)
        beads[i] = replace(beads[i], center=center, fwhm=wide)
    steps = spacing or (1.0,) * image.ndim
    each = np.array([bead.fwhm for bead in beads if bead.accepted]) * steps
    spread = each.std(axis=0, ddof=1) if len(each) > 1 else np.full(image.ndim, np.nan)
    mean, hushed = without_noise(found.mean)
    total = mean.sum()
    kernel = Kernel(mean / total, spacing=spacing, units=units, name="psf_from_beads")
    wide = tuple(float(w * s) for w, s in zip(core_widths(found.mean, fwhm), steps, strict=True))
    notes: tuple[str, ...] = () if not hushed else (f"{hushed} values below twice the noise are set to 0",)
    notes += () if len(each) > 2 else (f"only {len(each)} bead{'s' * (len(each) > 1)}: more would lower the noise",)
    return BeadPsf(kernel, found.error / total, tuple(beads), wide, tuple(float(s) for s in spread), notes)


def without_noise(mean: np.ndarray) -> tuple[np.ndarray, int]:
    """The average with values within the noise set to 0, so that none is negative; and their number."""
    noise = float(shell(mean).std())
    dark = mean < 2 * noise
    return np.where(dark, 0.0, mean), int(np.count_nonzero(dark & (np.abs(mean) > 1e-9 * mean.max())))


def refuse_if_none(beads: Sequence[Bead]) -> None:
    """Raise ValueError with the reasons when no bead is left."""
    if not any(bead.accepted for bead in beads):
        why = sorted({bead.reason for bead in beads})
        raise ValueError(f"none of {len(beads)} beads can be used: {'; '.join(why[:4])}")


def nearest_peak(image: np.ndarray, point: np.ndarray, fwhm: Sequence[float]) -> tuple[int, ...]:
    """The brightest sample of the smoothed image near a point."""
    from scipy.ndimage import gaussian_filter

    near = [int(min(max(round(float(c)), 0), n - 1)) for c, n in zip(point, image.shape, strict=True)]
    reach = [max(2, int(np.ceil(f))) for f in fwhm]
    around = box_around(near, [r + 3 for r in reach], image.shape)
    smooth = gaussian_filter(image[around], [0.5 * f / 2.355 for f in fwhm])
    inside = box_around([n - a.start for n, a in zip(near, around, strict=True)], reach, smooth.shape)
    at = np.unravel_index(int(np.argmax(smooth[inside])), smooth[inside].shape)
    return tuple(int(i) + s.start + a.start for i, s, a in zip(at, inside, around, strict=True))


def judged(
    image: np.ndarray,
    place: np.ndarray,
    half: Sequence[int],
    fwhm: Sequence[float],
    everywhere: np.ndarray,
    saturation: float | None,
    min_snr: float,
) -> Bead:
    """The bead at a place, with the reason why it cannot be used, if any."""
    here = tuple(int(c) for c in place)
    window = image[box_around(here, half, image.shape)]
    background, noise = level_and_noise(shell(window))
    height = float(image[here]) - background
    snr = height / noise if noise > 0 else float("inf")
    bead = Bead(tuple(float(c) for c in here), "", snr, height, background, noise)
    for axis, (c, h, n) in enumerate(zip(here, half, image.shape, strict=True)):
        if c - h < 0 or c + h >= n:
            return replace(bead, reason=f"cut by the edge of the image along axis {axis}")
    if saturation is not None and (count := int(np.count_nonzero(window >= saturation))) > 1:
        return replace(bead, reason=f"saturated: {count} samples at {saturation:g}")
    if snr < min_snr:
        return replace(bead, reason=f"too dim: signal to noise {snr:.2g}, {min_snr:g} is needed")
    for other in everywhere:
        apart = np.abs(other - np.array(here))
        if np.all(apart <= np.maximum(1, 0.6 * np.array(fwhm))):
            continue  # the bead itself
        shares = image[tuple(other)] - background > 0.1 * height
        if shares and np.all(apart <= np.array(half) + np.array(fwhm) / 2):
            where = ", ".join(str(int(c)) for c in other)
            return replace(bead, reason=f"overlaps with the bead at ({where})")
    return bead


def without_twins(beads: Sequence[Bead]) -> list[Bead]:
    """Drop points that lead to the same bead as an earlier one."""
    seen: set[tuple[float, ...]] = set()
    return [bead for bead in beads if not (bead.center in seen or seen.add(bead.center))]  # type: ignore[func-returns-value]
