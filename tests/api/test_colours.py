"""Colours of an array are never mixed silently: the axes to act on must be named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

import napari_convolve as nc

RGB = np.random.default_rng(0).random((32, 33, 3)).astype("float32")
BLUR = nc.kernels.gaussian(sigma=1.0)
CALLS: dict[str, Callable[..., Any]] = {
    "convolve": lambda image, **axes: nc.convolve(image, BLUR, **axes),
    "match_template": lambda image, **axes: nc.match_template(image, RGB[:5, :5, 0], **axes),
    "detect_features": lambda image, **axes: nc.detect_features(image, RGB[:5, :5, 0], **axes),
    "wiener": lambda image, **axes: nc.wiener(image, BLUR, nsr=0.1, **axes),
    "richardson_lucy": lambda image, **axes: nc.richardson_lucy(image, BLUR, iterations=2, **axes),
    "landweber": lambda image, **axes: nc.landweber(image, BLUR, iterations=2, **axes),
    "bandpass": lambda image, **axes: nc.bandpass(image, 0.1, 0.3, **axes),
    "spectrum": lambda image, **axes: nc.spectrum(image, **axes),
    "feature_maps": lambda image, **axes: nc.feature_maps(image, [BLUR], channel_axis=None, **axes),
    "plan": lambda image, **axes: nc.plan(image, BLUR, **axes),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_image_of_colours_needs_axes(call: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"\(32, 33, 3\) seems to hold colours.*axes=\(0, 1\)"):
        call(RGB)
    call(RGB, axes=(0, 1))


@pytest.mark.parametrize("shape", [(20, 21, 3), (3, 32, 33), (32, 33), (24, 24, 5), (4, 32)])
def test_other_images_do_not(shape: tuple[int, ...]) -> None:
    nc.convolve(np.ones(shape), [1.0, 2.0, 1.0])


def test_each_colour_is_filtered_alone() -> None:
    """A pure red image stays red, as with `scipy.ndimage` channel by channel (scikit-image's ``channel_axis``)."""
    red = np.zeros((32, 32, 3))
    red[..., 0] = 1
    smooth = nc.convolve(red, BLUR, axes=(0, 1))
    np.testing.assert_allclose(smooth, red, atol=1e-12)
    expected = np.stack([ndimage.gaussian_filter(RGB[..., i].astype(float), 1.0) for i in range(3)], axis=-1)
    np.testing.assert_allclose(nc.convolve(RGB, BLUR, axes=(0, 1)), expected, atol=2e-6)
