"""Samples near the ends of the range of float32 give finite results, or one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

BLUR = nc.kernels.gaussian(sigma=1.5)
TEXTURE = np.random.default_rng(0).random((40, 41)).astype("float32")
CHECKERBOARD = (np.indices((40, 41)).sum(axis=0) % 2).astype("float32")
CALLS: dict[str, Callable[[Any], Any]] = {
    "wiener": lambda image: nc.wiener(image, BLUR),
    "wiener 0.01": lambda image: nc.wiener(image, BLUR, nsr=0.01),
    "richardson_lucy": lambda image: nc.richardson_lucy(image, BLUR, iterations=5),
    "landweber": lambda image: nc.landweber(image, BLUR, iterations=3),
    "bandpass": lambda image: nc.bandpass(image, 0.1, 0.3),
    "spectrum": lambda image: nc.spectrum(image).values,
    "estimate_noise": lambda image: np.array(nc.estimate_noise(image, BLUR).noise),
}


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("scale", [1e-30, 3e21, 3e38])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("image", [TEXTURE, CHECKERBOARD], ids=["texture", "checkerboard"])
def test_the_result_scales_with_the_image(call: Callable[[Any], Any], scale: float, image: np.ndarray) -> None:
    """Every one of these is linear in the image's unit, so double precision at scale 1 is the reference."""
    expected = call(image.astype("float64"))
    try:
        found = call(image * np.float32(scale))
    except ValueError as error:
        assert "exceeds float32" in str(error) and scale * np.abs(expected).max() > np.finfo(np.float32).max
        return
    largest = np.abs(expected).max()
    np.testing.assert_allclose(np.abs(found / scale), np.abs(expected), atol=2e-3 * largest)
