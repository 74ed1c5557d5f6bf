"""Plot of the power spectrum of an image with the fitted object and noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from magicgui.widgets import PushButton

from ...ops.noise.fit_quality import POOR, NoiseProfile
from ...ops.noise.noise_model import FittedNoise, NoiseEstimate
from ..plots.kernel_curves import Line
from ..plots.line_plot import LinePlot
from ..widgets.containers import Column, Fold, column
from ..widgets.text import note, say, unit_text

#: Lower limit of the plot, in dB over the noise.
_LOWEST = -12.0


class NoiseView(Column):
    """Collapsible section with the plot and a summary; it opens when there is an estimate."""

    def __init__(self) -> None:
        self.look = PushButton(text="Look at the noise", tooltip="Fit noise and object to the image, without a result")
        self.text = note()
        self.plot = LinePlot()
        self._content = column([self.look, self.text])
        self._content.native.layout().insertWidget(1, self.plot)
        self.fold = Fold("Noise in the image", self._content)
        super().__init__(self.fold)
        self.clear()

    def show_estimate(self, found: NoiseEstimate, spacing: Sequence[float], unit: str | None) -> None:
        """Draw an estimate; without a unit, lengths are in pixels."""
        if not isinstance(found, FittedNoise):
            self.clear()
            say(self.text, str(found))
            return
        profile = found.fit.profile(spacing if unit else None)
        name = unit_text(unit or "px")
        self.plot.show_lines(power_lines(profile), f"frequency (cycles/{name})")
        self.plot.setVisible(True)
        say(self.text, estimate_text(found, profile, name))
        self.fold.open()

    def clear(self) -> None:
        self.plot.show_lines((), "")
        self.plot.setVisible(False)
        say(self.text, "")


def power_lines(profile: NoiseProfile) -> list[Line]:
    """Power spectra in dB over the noise."""

    def decibel(power: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(10 * np.log10(np.maximum(power / profile.noise, 1e-30)), _LOWEST))

    return [
        Line("object without the blur", profile.frequencies, decibel(profile.object)),
        Line("fitted: object, PSF, noise", profile.frequencies, decibel(profile.expected)),
        Line("image (dB over noise)", profile.frequencies, decibel(profile.observed)),
    ]


def estimate_text(found: NoiseEstimate, profile: NoiseProfile, unit: str) -> str:
    """Summary of an estimate: noise, finest detail above it, expected error."""
    finest = profile.finest
    if finest is not None:
        detail = f"Repeats finer than {finest:.3g} {unit} are weaker than it."
    else:
        strong = profile.expected[0] > 2 * profile.noise
        detail = "All detail is stronger than it." if strong else "Nothing in the image is stronger than it."
    if isinstance(found, FittedNoise) and found.fit.excess > POOR:
        detail += " But the fit is poor: was the image resampled or filtered, or is the PSF another one?"
    return (
        f"Noise: {found.noise:.3g} grey levels (standard deviation). {detail} "
        f"Expected error of the Wiener filter: {found.predicted_error:.3g}."
    )
