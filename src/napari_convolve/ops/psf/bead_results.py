"""Beads and the PSF measured on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._arrays import short_repr
from ...kernels import Kernel


@dataclass(frozen=True)
class Bead:
    """One bead: its position, and whether it is part of the PSF.

    Attributes
    ----------
    center : tuple of float
        In samples of the image.
    reason : str
        Why it was rejected; empty when it is accepted.
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

    __repr__ = short_repr

    @property
    def accepted(self) -> bool:
        return not self.reason


@dataclass(frozen=True, eq=False, repr=False)
class BeadPsf:
    """A PSF measured on beads; its text lists the beads, the width and the uncertainty.

    Attributes
    ----------
    psf : Kernel
        Sum 1, centre at ``N // 2``.
    uncertainty : ndarray
        Standard error of each weight, from the scatter of the beads; NaN for a single one.
    beads : tuple of Bead
        All beads, accepted or rejected.
    fwhm, fwhm_spread : tuple of float
        Full width at half maximum along each axis, of the Gaussian fitted to the core, in units of the PSF's spacing,
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
        """The beads that were left out."""
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
