"""What calls return prints in a dozen lines at most, whatever it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

BLUR = nc.kernels.gaussian(sigma=1.5)
IMAGE = np.random.default_rng(0).random((64, 64)).astype("float32")


def beads() -> nc.BeadPsf:
    places = [(12, 12), (30, 30), (12, 30)]
    image = np.zeros((48, 48))
    image[tuple(np.transpose(places))] = 1000
    return nc.psf_from_beads(
        nc.convolve(image, BLUR) + np.random.default_rng(0).normal(0, 1, image.shape), points=places
    )


THINGS: dict[str, Any] = {
    "BeadPsf": beads,
    "CrossCorrelation": lambda: nc.cross_correlation(IMAGE[0], IMAGE[1]),
    "DeconvolutionQuality": lambda: nc.deconvolution_quality(IMAGE, IMAGE, BLUR, noise=1),
    "Detections": lambda: nc.detect_features(IMAGE, BLUR, threshold=0.3),
    "FrequencyResponse": lambda: nc.frequency_response(BLUR),
    "Kernel": lambda: BLUR,
    "KernelEstimate": lambda: nc.estimate_kernel(IMAGE, nc.convolve(IMAGE, BLUR), 3),
    "NoiseEstimate": lambda: nc.estimate_noise(IMAGE, BLUR),
    "Patch": lambda: nc.inspect(IMAGE, BLUR, (3, 3)),
    "Peaks": lambda: nc.find_periodic_noise(IMAGE),
    "Plan": lambda: nc.plan(IMAGE, BLUR),
    "PsfCheck": lambda: nc.check_psf(BLUR),
    "Recipe": lambda: nc.Recipe.of("wiener", psf=nc.Kernel(IMAGE), nsr=0.1),
    "RingCorrelation": lambda: nc.fourier_ring_correlation(IMAGE),
    "Spectrum": lambda: nc.spectrum(IMAGE),
    "TextMatches": lambda: nc.find_words("the thing", ["the"]),
    "Theorem": lambda: nc.convolution_theorem(IMAGE, BLUR),
}


@pytest.mark.parametrize("make", THINGS.values(), ids=THINGS)
def test_it_prints_in_a_dozen_lines(make: Any) -> None:
    thing = make()
    for text in (str(thing), repr(thing)):
        assert len(text.splitlines()) <= 12 and len(text) < 1500
