"""The PSF as the average of beads: which of them serve, registered between the samples, and how sure the average is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..kernels import Kernel
from ._bead_find import find_beads, level_and_noise, typical_width
from ._subpixel import box, core_center, core_widths, fourier_shift, gaussian_center, shell

#: Samples around a window that are taken along while it is shifted.
_MARGIN = 4
#: Rounds of averaging and registering to the average.
_ROUNDS = 3
#: A bead that correlates less with the average is not the same thing.
_ALIKE = 0.8


@dataclass(frozen=True)
class Bead:
    """One bead: where it is, and whether it is part of the PSF.

    Attributes
    ----------
    center : tuple of float
        In samples of the image.
    reason : str
        Why it is left out; empty when it is accepted.
    snr : float
        Its height over the noise around it.
    height, background, noise : float
    fwhm : tuple of float
        Along each axis in samples; empty when it was not measured.
    """

    center: tuple[float, ...]
    reason: str = ""
    snr: float = float("nan")
    height: float = float("nan")
    background: float = float("nan")
    noise: float = float("nan")
    fwhm: tuple[float, ...] = ()

    @property
    def accepted(self) -> bool:
        return not self.reason


@dataclass(frozen=True, eq=False)
class BeadPsf:
    """A PSF measured on beads; printing it says which served and how wide they are.

    Attributes
    ----------
    psf : Kernel
        Sum 1, centre at ``N // 2``.
    uncertainty : ndarray
        Standard error of each weight, from the scatter of the beads; NaN for a single one.
    beads : tuple of Bead
        All, accepted or not, with the reason.
    fwhm, fwhm_spread : tuple of float
        Full width at half maximum along each axis, of the Gaussian nearest to the core, in units of the PSF's spacing,
        and its standard deviation from bead to bead.
    """

    psf: Kernel
    uncertainty: np.ndarray
    beads: tuple[Bead, ...]
    fwhm: tuple[float, ...]
    fwhm_spread: tuple[float, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def accepted(self) -> tuple[Bead, ...]:
        """The beads that were averaged."""
        return tuple(bead for bead in self.beads if bead.accepted)

    @property
    def rejected(self) -> tuple[Bead, ...]:
        """The others."""
        return tuple(bead for bead in self.beads if not bead.accepted)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.psf.values, dtype=dtype, copy=copy)

    def __str__(self) -> str:
        unit = self.psf.units or ("units" if self.psf.spacing else "px")
        spread = [
            f"{w:.3g} ± {s:.2g}" if s == s else f"{w:.3g}" for w, s in zip(self.fwhm, self.fwhm_spread, strict=True)
        ]
        top = float(self.psf.values.max())
        error = float(np.nanmax(self.uncertainty)) / top if np.isfinite(self.uncertainty).any() else float("nan")
        lines = [
            f"PSF from {len(self.accepted)} of {len(self.beads)} beads, {' x '.join(map(str, self.psf.shape))} px",
            f"FWHM {' x '.join(spread)} {unit}",
            f"uncertainty {100 * error:.2g} % of the peak" if error == error else "uncertainty unknown: a single bead",
            *self.notes,
        ]
        for number, bead in enumerate(self.beads):
            place = ", ".join(f"{c:.2f}" for c in bead.center)
            verdict = f"left out: {bead.reason}" if bead.reason else f"signal to noise {bead.snr:.3g}"
            lines.append(f"  bead {number} at ({place}): {verdict}")
        return "\n".join(lines)


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
    """The average with 0 where only noise is, so that it is light; and how many values that are."""
    noise = float(shell(mean).std())
    dark = mean < 2 * noise
    return np.where(dark, 0.0, mean), int(np.count_nonzero(dark & (np.abs(mean) > 1e-9 * mean.max())))


def refuse_if_none(beads: Sequence[Bead]) -> None:
    """Raise ValueError with the reasons when no bead is left."""
    if not any(bead.accepted for bead in beads):
        why = sorted({bead.reason for bead in beads})
        raise ValueError(f"none of {len(beads)} beads can be used: {'; '.join(why[:4])}")


def nearest_peak(image: np.ndarray, point: np.ndarray, fwhm: Sequence[float]) -> tuple[int, ...]:
    """The brightest sample of the smoothed surroundings of a point."""
    from scipy.ndimage import gaussian_filter

    near = [int(min(max(round(float(c)), 0), n - 1)) for c, n in zip(point, image.shape, strict=True)]
    reach = [max(2, int(np.ceil(f))) for f in fwhm]
    around = box(near, [r + 3 for r in reach], image.shape)
    smooth = gaussian_filter(image[around], [0.5 * f / 2.355 for f in fwhm])
    inside = box([n - a.start for n, a in zip(near, around, strict=True)], reach, smooth.shape)
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
    """A bead with what speaks against it."""
    here = tuple(int(c) for c in place)
    window = image[box(here, half, image.shape)]
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
            continue  # itself
        shares = image[tuple(other)] - background > 0.1 * height
        if shares and np.all(apart <= np.array(half) + np.array(fwhm) / 2):
            where = ", ".join(str(int(c)) for c in other)
            return replace(bead, reason=f"overlaps with the bead at ({where})")
    return bead


def without_twins(beads: Sequence[Bead]) -> list[Bead]:
    """Points that lead to the same bead count once."""
    seen: set[tuple[float, ...]] = set()
    return [bead for bead in beads if not (bead.center in seen or seen.add(bead.center))]  # type: ignore[func-returns-value]


@dataclass
class Registered:
    """Beads brought onto each other."""

    mean: np.ndarray
    error: np.ndarray
    centers: dict[int, tuple[float, ...]]
    windows: dict[int, np.ndarray]
    reasons: dict[int, str]


def registered(image: np.ndarray, beads: Sequence[Bead], half: Sequence[int], fwhm: Sequence[float]) -> Registered:
    """Fit each accepted bead, shift it onto the middle, average, and fit each to the average."""
    good = [i for i, bead in enumerate(beads) if bead.accepted]
    centers = {i: gaussian_center(image, [int(c) for c in beads[i].center], fwhm)[0] for i in good}
    reasons: dict[int, str] = {}
    mean, windows = np.zeros(0), {}
    for turn in range(_ROUNDS):
        windows = {i: window_at(image, centers[i], half, beads[i].background) / beads[i].height for i in good}
        mean = weighted(windows, dict.fromkeys(good, 1.0) if turn == 0 else strengths(windows, beads, mean))
        for i in good if len(good) > 1 else ():
            centers[i] = centers[i] + offset_to(windows[i], mean, fwhm)
        # What all share moves the average off its own centre.
        away = np.array(settle(mean, fwhm)) - [n // 2 for n in mean.shape]
        centers = {i: c + away for i, c in centers.items()}
        if turn == 0 and len(good) > 2:
            middle = np.median(list(windows.values()), axis=0)
            alike = {i: float(np.corrcoef(windows[i].ravel(), middle.ravel())[0, 1]) for i in good}
            for i in [i for i in good if alike[i] < _ALIKE]:
                reasons[i] = f"unlike the others: correlation {alike[i]:.2f}"
                good.remove(i)
                centers.pop(i)
    windows = {i: window_at(image, centers[i], half, beads[i].background) / beads[i].height for i in good}
    shares = strengths(windows, beads, mean)
    scaled = {i: windows[i] / scale_to(windows[i], mean) for i in good}
    mean = weighted(scaled, shares)
    error = np.full(mean.shape, np.nan)
    if len(good) > 1:
        total, n = sum(shares.values()), len(good)
        square = sum(((shares[i] / total) * (scaled[i] - mean)) ** 2 for i in good)
        error = np.sqrt(np.asarray(square) * n / (n - 1))
    return Registered(mean, error, {i: tuple(float(c) for c in centers[i]) for i in good}, scaled, reasons)


def window_at(image: np.ndarray, center: np.ndarray, half: Sequence[int], background: float) -> np.ndarray:
    """The surroundings of a place between the samples, without background, the place at ``N // 2``."""
    near = np.round(center).astype(int)
    reach = [h + _MARGIN for h in half]
    padded = np.pad(image, [(r, r) for r in reach], mode="edge")
    part = padded[tuple(slice(c, c + 2 * r + 1) for c, r in zip(near, reach, strict=True))] - background
    for axis, r in enumerate(reach):
        ramp = np.minimum(1, (np.minimum(np.arange(2 * r + 1), 2 * r - np.arange(2 * r + 1)) + 0.5) / _MARGIN)
        part = part * (np.sin(np.pi / 2 * ramp) ** 2).reshape([-1 if a == axis else 1 for a in range(part.ndim)])
    turned = fourier_shift(part, near - center)
    return turned[(slice(_MARGIN, -_MARGIN),) * part.ndim]


def weighted(windows: dict[int, np.ndarray], shares: dict[int, float]) -> np.ndarray:
    """Average with weights."""
    total = sum(shares[i] for i in windows)
    return np.asarray(sum(shares[i] * window for i, window in windows.items()) / total)


def strengths(windows: dict[int, np.ndarray], beads: Sequence[Bead], mean: np.ndarray) -> dict[int, float]:
    """The weights that make the average least noisy: brightness squared over the noise's variance."""
    return {
        i: (beads[i].height * scale_to(w, mean) / beads[i].noise) ** 2 if beads[i].noise > 0 else 1.0
        for i, w in windows.items()
    }


def scale_to(window: np.ndarray, mean: np.ndarray) -> float:
    """How bright a bead is beside the average, by least squares."""
    return float((window * mean).sum() / (mean * mean).sum())


def offset_to(window: np.ndarray, mean: np.ndarray, fwhm: Sequence[float]) -> np.ndarray:
    """How far a bead lies from the average, by one step of least squares in the core."""
    core = box([n // 2 for n in mean.shape], [max(2, int(np.ceil(1.2 * f))) for f in fwhm], mean.shape)
    slopes = np.gradient(mean)
    slopes = [slopes] if mean.ndim == 1 else slopes
    columns = [mean[core].ravel(), np.ones(mean[core].size), *(-slope[core].ravel() for slope in slopes)]
    found = np.linalg.lstsq(np.stack(columns, axis=1), window[core].ravel(), rcond=None)[0]
    return np.asarray(np.clip(found[2:] / max(found[0], 1e-12), -0.5, 0.5))


def settle(mean: np.ndarray, fwhm: Sequence[float]) -> tuple[float, ...]:
    """The centre of the average: that of the Gaussian nearest to its core."""
    near = [n // 2 for n in mean.shape]
    around = box(near, [max(1, int(np.ceil(f / 2))) for f in fwhm], mean.shape)
    at = np.unravel_index(int(np.argmax(mean[around])), mean[around].shape)
    top = [int(i) + s.start for i, s in zip(at, around, strict=True)]
    center, _ = gaussian_center(mean, top, fwhm)
    return tuple(float(c) for c in center) if np.abs(center - near).max() < 2 else core_center(mean, top)
