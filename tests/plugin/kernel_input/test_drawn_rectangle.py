"""A template from a drawn rectangle: which samples it holds, however the layers lie."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Shapes

from napari_convolve.plugin.kernel_input.drawn_rectangle import corners, crop_index, cropped_samples
from napari_convolve.plugin.layers.layer_data import View, preferred, read_layer, views

PLANE = View("2-D per plane (y, x)", (1, 2), ("y", "x"))
VOLUME = View("3-D (z, y, x)", (0, 1, 2), ("z", "y", "x"))


def rectangle(low, high, z=3.0):
    return np.array([[z, low[0], low[1]], [z, low[0], high[1]], [z, high[0], high[1]], [z, high[0], low[1]]])


def test_samples_whose_centres_lie_inside() -> None:
    assert crop_index(rectangle((1.6, 2.0), (4.4, 6.9)), (9, 9, 9), PLANE, 5) == (3, slice(2, 5), slice(2, 7))


def test_as_deep_as_asked_within_the_image() -> None:
    assert crop_index(rectangle((1, 2), (4, 6)), (9, 9, 9), VOLUME, 5)[0] == slice(1, 6)
    assert crop_index(rectangle((1, 2), (4, 6), z=0), (9, 9, 9), VOLUME, 5)[0] == slice(0, 5)
    assert crop_index(rectangle((1, 2), (4, 6), z=8), (9, 9, 9), VOLUME, 4)[0] == slice(6, 9)


def test_a_part_outside_is_left_out_and_too_little_is_refused() -> None:
    assert crop_index(rectangle((-5, 4), (3, 30)), (9, 9, 9), PLANE, 1)[1:] == (slice(0, 4), slice(4, 9))
    with pytest.raises(ValueError, match="too small or outside the image: 1 pixels wide"):
        crop_index(rectangle((1, 2), (1.7, 6)), (9, 9, 9), PLANE, 1)
    with pytest.raises(ValueError, match="0 pixels wide"):  # a click without a drag
        crop_index(rectangle((1.2, 2), (1.4, 6)), (9, 9, 9), PLANE, 5)
    with pytest.raises(ValueError, match="outside the image: 0 pixels"):
        crop_index(rectangle((20, 2), (30, 6)), (9, 9, 9), PLANE, 1)


@pytest.mark.parametrize("placement", [{}, {"scale": (2, 0.5, 0.25), "translate": (3, 4, 5), "rotate": 30}])
def test_a_rectangle_on_a_feature_cuts_out_that_feature(placement) -> None:
    data = np.random.default_rng(0).random((6, 20, 30))
    image = Image(data, axis_labels=("z", "y", "x"), **placement)
    source = read_layer(image)
    inside = rectangle((4, 7), (9, 15), z=2)
    shapes = Shapes([inside], ndim=3, **placement)
    found = corners(shapes, image, (0, 0, 0))
    np.testing.assert_allclose(found, inside, atol=1e-9)
    where = crop_index(found, data.shape, preferred(views(source.axes), 2), 1)
    np.testing.assert_array_equal(cropped_samples(source, where), data[2, 4:10, 7:16])


def test_shapes_of_another_place_and_fewer_axes() -> None:
    image = Image(np.zeros((6, 20, 30)), scale=(2, 0.5, 0.5), translate=(0, 10, 10))
    shapes = Shapes([np.array([[12, 13], [12, 15], [16, 15], [16, 13]])])  # in the world's units, no z
    found = corners(shapes, image, (8, 0, 0))
    assert crop_index(found, (6, 20, 30), PLANE, 1) == (4, slice(4, 13), slice(6, 11))


def test_the_selected_shape_counts_otherwise_the_last() -> None:
    image = Image(np.zeros((20, 30)))
    first, last = np.array([[1, 1], [1, 5], [5, 5], [5, 1]]), np.array([[7, 7], [7, 9], [9, 9], [9, 7]])
    shapes = Shapes([first, last])
    assert corners(shapes, image, (0, 0)).min() == 7
    shapes.selected_data = {0}
    assert corners(shapes, image, (0, 0)).min() == 1
    with pytest.raises(ValueError, match="draw a rectangle"):
        corners(Shapes(), image, (0, 0))
