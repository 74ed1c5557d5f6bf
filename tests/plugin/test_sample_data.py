"""The sample data agree with their descriptions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

import napari_convolve as nc
from napari_convolve.kernels import Kernel
from napari_convolve.plugin import sample_data


def test_nuclei() -> None:
    ((image, options, kind),) = sample_data.nuclei()
    assert image.shape == (31, 61, 57) and image.dtype == np.uint16 and kind == "image"
    assert options["axis_labels"] == ("z", "y", "x")


def test_beads_stand_where_the_points_are() -> None:
    (image, _, _), (places, _, kind) = sample_data.beads()
    assert kind == "points" and places.shape == (40, 3)
    smooth = ndimage.gaussian_filter(image.astype(float), (1, 1.5, 1.5))
    near = ndimage.map_coordinates(smooth, places.T, order=1)
    assert (near > 150).all() and np.median(image) < 130
    again = sample_data.beads()[0][0]
    np.testing.assert_array_equal(image, again)


def test_the_blurred_image_is_the_sharp_one_seen_through_its_psf() -> None:
    (sharp, _, _), (values, options, _), (seen, _, _) = sample_data.blurred()
    psf = options["metadata"]["kernel"]
    assert isinstance(psf, Kernel) and np.array_equal(values, psf.values)
    blurred = ndimage.convolve(sharp.astype(float), psf.values)
    assert np.corrcoef(blurred.ravel(), seen.ravel())[0, 1] > 0.97


def test_every_field_of_textures_has_a_map_that_answers_most() -> None:
    ((image, options, kind),) = sample_data.textures()
    assert image.shape == (256, 256) and kind == "image" and options["axis_labels"] == ("y", "x")

    def power(bank: str) -> np.ndarray:
        maps = nc.feature_maps(image, nc.kernels.bank(bank), activation="abs")
        return maps.reshape(len(maps), 2, 128, 2, 128).mean((2, 4)).reshape(len(maps), 4)  # of each field

    directions = power("directions")
    assert set(np.argsort(directions[:, 1])[-2:]) == {2, 6}, "stripes across 45 and 135 degrees"
    assert directions[:, 1].argmax() in (2, 6) and directions[[2, 6]].max(0).argmax() == 1
    spots = nc.feature_maps(image, nc.kernels.bank("spots"), activation="relu")
    assert spots[4, 128:, :128].max() > 2 * spots[5, 128:, :128].max(), "bright, not dark"


@pytest.mark.panel
def test_all_open_in_napari(make_napari_viewer) -> None:
    viewer = make_napari_viewer()
    for key, count in (("nuclei", 1), ("beads", 2), ("blurred", 3), ("textures", 1)):
        viewer.layers.clear()
        viewer.open_sample("napari-convolve", key)
        assert len(viewer.layers) == count
