"""Banks of kernels: each map is largest at the structure that its kernel is named after."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

import napari_convolve as nc


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_edges_are_sobel_and_texture_is_laws(ndim: int) -> None:
    image = np.random.default_rng(ndim).random((9, 10, 11)[:ndim])
    maps = nc.feature_maps(image, nc.kernels.bank("edges", ndim=ndim))
    assert len(maps) == 2 * ndim
    for axis in range(ndim):
        expected = ndimage.sobel(image, axis)
        np.testing.assert_allclose(maps[2 * axis], expected, atol=1e-12)
        np.testing.assert_allclose(maps[2 * axis + 1], -expected, atol=1e-12)
    texture = nc.kernels.bank("texture", ndim=ndim)
    assert len(texture) == 3**ndim - 1 and all(abs(k.sum) < 1e-12 for k in texture)
    lines = {"level": [1, 4, 6, 4, 1], "edge": [-1, -2, 0, 2, 1], "spot": [-1, 0, 2, 0, -1]}
    for kernel, found in zip(texture, nc.feature_maps(image, texture), strict=True):
        expected = image
        for axis, name in enumerate(kernel.name.split(" × ")):
            line = np.array(lines[name]) / np.abs(lines[name]).sum()
            expected = ndimage.correlate1d(expected, line, axis)
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_spots_answer_most_at_their_own_size() -> None:
    y, x = np.indices((61, 61)) - 30
    for number, sigma in enumerate((1.0, 2.0, 3.0)):
        spot = np.exp(-(y**2 + x**2) / (2 * sigma**2))
        maps = nc.feature_maps(spot, nc.kernels.bank("spots"))
        assert maps[::2, 30, 30].argmax() == number and (maps[1::2, 30, 30] < 0).all()
        assert np.unravel_index(maps[2 * number].argmax(), spot.shape) == (30, 30)
        np.testing.assert_allclose(nc.feature_maps(1 - spot, nc.kernels.bank("spots"))[1::2], maps[::2], atol=1e-6)


def test_directions_answer_most_to_their_own_stripes() -> None:
    y, x = np.indices((64, 64))
    bank = nc.kernels.bank("directions")
    for number, kernel in enumerate(bank):
        angle = np.deg2rad(180 * number / 8)
        stripes = np.cos(2 * np.pi * (x * np.cos(angle) - y * np.sin(angle)) / 6)
        power = (nc.feature_maps(stripes, bank)[:, 16:-16, 16:-16] ** 2).mean((1, 2))
        assert power.argmax() == number and kernel.name == f"stripes across {180 * number / 8:g}°"


def test_errors() -> None:
    with pytest.raises(ValueError, match="unknown bank 'corners'; choose from 'edges'"):
        nc.kernels.bank("corners")
    with pytest.raises(ValueError, match="ndim=4"):
        nc.kernels.bank("edges", ndim=4)
    with pytest.raises(ValueError, match="for planes"):
        nc.kernels.bank("directions", ndim=3)
