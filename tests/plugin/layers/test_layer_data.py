"""Layers in and out, with plain stand-ins where that is enough and napari's own transforms where it is not."""

from __future__ import annotations

from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
from napari.layers import Image

import napari_convolve as nc
from napari_convolve.plugin.layers.layer_data import (
    image_tuple,
    load_samples,
    name_axes,
    placement,
    preferred,
    read_layer,
    short,
    views,
)


def stand_in(data, **attributes):
    """A layer of a viewer as far as these functions look at it: scaled and shifted, with an affine of its own."""
    ndim = data.ndim
    scale, translate = np.full(ndim, 0.5), np.arange(ndim, dtype=float)
    given = {
        "data": data,
        "name": "a",
        "multiscale": False,
        "source": SimpleNamespace(path=None),
        "contrast_limits": (0, 1),
        "rgb": False,
        "ndim": ndim,
        "axis_labels": tuple(f"-{ndim - i}" for i in range(ndim)),
        "scale": scale,
        "translate": translate,
        "rotate": np.eye(ndim),
        "shear": np.zeros(ndim),
        "units": ("pixel",) * ndim,
        "colormap": "gray",
        "metadata": {},
        "affine": SimpleNamespace(inverse=lambda p: p - 7, affine_matrix=np.eye(ndim + 1)),
        "data_to_world": lambda p: np.asarray(p) * scale + translate + 7,
    }
    return SimpleNamespace(**given | attributes)


def test_axes_are_named_as_the_layer_says_else_by_what_is_known() -> None:
    assert name_axes(("T", "Depth", "row", "column")) == ("t", "z", "y", "x")
    assert name_axes(("-4", "-3", "-2", "-1")) == ("axis 0", "axis 1", "y", "x")
    assert name_axes(("axis -2", "axis -1")) == ("y", "x")
    assert name_axes(("c", "-2", "-1")) == ("c", "-2", "-1")  # named once, never guessed


@pytest.mark.parametrize(
    ("axes", "labels"),
    [
        ("yx", ["2-D (y, x)", "along y", "along x"]),
        ("zyx", ["2-D per plane (y, x)", "3-D (z, y, x)", "along z", "along y", "along x"]),
        ("tyx", ["2-D per plane (y, x)", "along t", "along y", "along x"]),
        ("zyxc", ["2-D per plane (y, x)", "3-D (z, y, x)", "along z", "along y", "along x", "along c"]),
        (("axis 0", "y", "x"), ["2-D per plane (y, x)", "3-D (axis 0, y, x)", "along axis 0", "along y", "along x"]),
        (("t", "c"), ["along t", "along c"]),
    ],
)
def test_ways_to_act_on_an_image(axes, labels) -> None:
    assert [view.label for view in views(axes)] == labels


def test_channels_and_time_are_never_part_of_a_volume() -> None:
    volume = next(view for view in views("tczyx") if view.ndim == 3)
    assert volume.axes == (2, 3, 4) and volume.names == ("z", "y", "x")
    assert next(view for view in views("zyxc") if view.ndim == 2).axes == (1, 2)


def test_the_preferred_view() -> None:
    assert preferred(views("tzyx"), 2).label == "2-D per plane (y, x)"
    assert preferred(views("tzyx"), None).label == "3-D (z, y, x)"
    assert preferred(views("yx"), 3).label == "2-D (y, x)"
    assert preferred(views(("t", "c")), 2).label == "along t"


def test_a_stand_in_is_read_without_napari() -> None:
    data = np.zeros((3, 4, 5), "u1")
    source = read_layer(stand_in(data, units=("second", "micron", "micron"), axis_labels=("t", "y", "x")))
    assert source.data is data and source.nbytes == 60 and not source.lazy
    assert source.axes == ("t", "y", "x") and source.units == ("s", "um", "um")
    plane = preferred(views(source.axes), 2)
    assert source.spacing_of(plane) == (0.5, 0.5) and source.unit_of(plane) == "um"
    np.testing.assert_allclose(placement(source, {1: -2.0, 2: 4.0})["translate"], [0, 1 - 1, 2 + 2])


def test_full_resolution_of_a_multiscale_layer() -> None:
    levels = [np.zeros((8, 8)), np.zeros((4, 4))]
    assert read_layer(Image(levels, multiscale=True)).data.shape == (8, 8)


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
@pytest.mark.parametrize(
    "placement",
    [
        {"scale": (2, 0.5, 0.5), "translate": (5, -4, 3)},
        {"scale": (2, 0.5, 0.25), "rotate": 30, "translate": (1, 2, 3)},
        {"scale": (2, 0.5, 0.25), "shear": (0.1, 0.2, 0.3), "rotate": 20},
        {"scale": (3, 1, 1), "rotate": 10, "affine": [[1, 0.2, 0, 4], [0, 2, 0, 5], [0.1, 0, 1, -6], [0, 0, 0, 1]]},
    ],
)
@pytest.mark.parametrize("first", [None, {1: 3.0, 2: -2.0}])
def test_every_sample_of_a_result_lies_where_its_source_lies(placement, first) -> None:
    layer = Image(np.zeros((5, 9, 11)), units=("um",) * 3, axis_labels=("z", "y", "x"), **placement)
    data, options, kind = image_tuple(read_layer(layer), np.zeros((5, 9, 11)), "result", first=first)
    result = Image(data, **options)
    shift = np.array([(first or {}).get(axis, 0.0) for axis in range(3)])
    for index in ([0, 0, 0], [4, 8, 10], [1, 5, 2]):
        np.testing.assert_allclose(result.data_to_world(index), layer.data_to_world(index + shift), atol=1e-12)
    assert kind == "image" and result.units == layer.units and result.axis_labels == layer.axis_labels


def test_lazy_data_are_read_block_by_block_and_can_be_stopped() -> None:
    numbers = np.arange(7 * 5 * 4).reshape(7, 5, 4)
    lazy = da.from_array(numbers, chunks=(3, 2, 4))
    seen: list[tuple[int, int]] = []
    np.testing.assert_array_equal(load_samples(lazy, lambda *state: seen.append(state)), numbers)
    assert seen == [(0, 3), (1, 3), (2, 3)]

    def stop(done: int, total: int) -> None:
        if done == 1:
            raise nc.Cancelled

    with pytest.raises(nc.Cancelled):
        load_samples(lazy, stop)


def test_long_names_are_cut_in_the_middle() -> None:
    assert short("x" * 10_000) == "x" * 36 + "…" + "xxx"
    assert short("a\n b") == "a b"
