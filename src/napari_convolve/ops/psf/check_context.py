"""PSF checks: the PSF with its image and optics, findings, and the effect of a shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._arrays import along_axis

SEVERITIES = ("error", "warning", "note")
#: Noise-to-signal ratio with which the damage of a shift is predicted.
_NSR = 1e-3


@dataclass(frozen=True)
class Finding:
    """One problem of a PSF.

    Attributes
    ----------
    name : str
        Short name of the problem.
    severity : {"error", "warning", "note"}
        Error: no deconvolution is possible. Warning: the result is worse. Note: no effect on the result.
    message : str
        One sentence with the numbers.
    fix : str
        Action of `fix_psf`, or advice.
    fixable : bool
        Whether `fix_psf` can correct it.
    """

    name: str
    severity: str
    message: str
    fix: str
    fixable: bool = True

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}; {self.fix if self.fixable else f'not to be mended here: {self.fix}'}"


@dataclass(frozen=True)
class PsfCheck:
    """Problems of a PSF; its text shows one finding per line.

    Attributes
    ----------
    findings : tuple of Finding
        The most severe first.
    fwhm : tuple of float
        Full width at half maximum along each axis, in the unit of the spacing (the image's where the PSF has none)
        or samples.
    """

    findings: tuple[Finding, ...]
    fwhm: tuple[float, ...]
    unit: str

    @property
    def ok(self) -> bool:
        """Whether it can be used as it is: neither errors nor warnings."""
        return all(finding.severity == "note" for finding in self.findings)

    @property
    def fixable(self) -> tuple[Finding, ...]:
        """The findings that `fix_psf` can correct."""
        return tuple(finding for finding in self.findings if finding.fixable)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        wide = " x ".join(f"{w:.3g}" for w in self.fwhm)
        head = f"FWHM {wide} {self.unit}; " + (
            "nothing is wrong" if not self.findings else f"{len(self.findings)} found"
        )
        return "\n".join([head, *(f"  {finding}" for finding in self.findings)])


@dataclass(frozen=True, eq=False)
class Case:
    """A PSF as given, with its image and microscope as far as known.

    Attributes
    ----------
    raw : ndarray
        Real, as given: NaN and infinities included.
    values : ndarray
        The same with zeros in their place.
    image_shape : tuple of int or None
        Along the axes that the PSF acts on, or all when it has more.
    image_spacing : tuple of float or None
        In the unit of the PSF's.
    nyquist : tuple of float or None
        The longest distance of samples without loss.
    """

    raw: np.ndarray
    values: np.ndarray
    center: tuple[int, ...]
    spacing: tuple[float, ...] | None
    unit: str
    image_shape: tuple[int, ...] | None = None
    image_spacing: tuple[float, ...] | None = None
    nyquist: tuple[float, ...] | None = None

    @property
    def peak(self) -> tuple[int, ...]:
        return tuple(int(i) for i in np.unravel_index(int(np.argmax(self.values)), self.values.shape))


def damage_of_shift(values: np.ndarray, shift: Sequence[float]) -> float:
    """Share of its brightness that a point keeps at its place when the PSF is off by `shift`.

    A point blurred by the centred PSF is deconvolved (Wiener) with this PSF; the result at the distance of the shift
    is the result of the shifted PSF at the place of the point.
    """
    grid = [2 * n for n in values.shape]
    power = np.abs(np.fft.fftn(values / values.sum(), grid, range(values.ndim))) ** 2
    restored = power / (power + _NSR)
    phase = np.zeros(grid)
    for axis, move in enumerate(shift):
        phase = phase + along_axis(np.fft.fftfreq(grid[axis]) * move, axis, values.ndim)
    return float(max(0.0, (restored * np.cos(2 * np.pi * phase)).sum() / restored.sum()))


def has_spot(case: Case) -> bool:
    """Whether there is a bright spot."""
    return case.values.sum() > 0 and float(np.ptp(case.values)) > 1e-9 * float(case.values.max())
