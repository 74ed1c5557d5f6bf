"""Memory layouts of arrays: equal results, and inputs are not modified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

from .matrix import METHOD_NAMES, OPERATIONS, call, separable_kernel

PLAIN = np.random.default_rng(0).normal(size=(12, 14))
KERNEL = separable_kernel(np.random.default_rng(1), (3, 4))


def read_only(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    a.flags.writeable = False
    return a


def strided(a: np.ndarray) -> np.ndarray:
    wide = np.full((2 * a.shape[0], 3 * a.shape[1]), 99.0)
    wide[::2, ::3] = a
    return wide[::2, ::3]


def unaligned(a: np.ndarray) -> np.ndarray:
    raw = np.zeros(a.nbytes + 1, np.uint8)
    view = raw[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


LAYOUTS: dict[str, Callable[[np.ndarray], Any]] = {
    "read-only": read_only,
    "Fortran": np.asfortranarray,
    "negative strides": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "strided": strided,
    "unaligned": unaligned,
    "transposed twice": lambda a: a.T.copy().T,
    "big-endian": lambda a: a.astype(">f8"),
    "little-endian": lambda a: a.astype("<f8"),
    "list of lists": lambda a: a.tolist(),
    "tuple of rows": tuple,
    "subclass": lambda a: a.view(np.recarray) if a.dtype.names else np.matrix(a),
    "masked array without mask": np.ma.array,
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_layouts_of_image_and_kernel(layout: str, method: str) -> None:
    make = LAYOUTS[layout]
    for operation in OPERATIONS:
        expected = call(operation, PLAIN, KERNEL, method=method)
        for image, kernel in ((make(PLAIN), KERNEL), (PLAIN, make(KERNEL))):
            got = call(operation, image, kernel, method=method)
            assert type(got) is np.ndarray and got.dtype.isnative
            np.testing.assert_allclose(got, expected, atol=1e-13)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_broadcast_views(method: str) -> None:
    image = np.broadcast_to(PLAIN[:1], PLAIN.shape)
    got = nc.convolve(image, KERNEL, method=method)
    np.testing.assert_allclose(got, nc.convolve(image.copy(), KERNEL, method=method), atol=1e-13)


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dtype": "uint8"},
        {"nan": "omit"},
        {"mask": PLAIN > 0},
        {"shape": "full"},
        {"boundary": "constant", "cval": 3.0},
        {"max_memory": 5000},
    ],
    ids=str,
)
def test_inputs_are_never_modified(options: dict[str, Any], method: str) -> None:
    image, kernel = PLAIN.copy(), np.abs(KERNEL)
    image[3, 3] = 1e3
    kept = image.tobytes(), kernel.tobytes(), {k: np.copy(v) for k, v in options.items()}
    for operation in OPERATIONS:
        result = call(operation, image, kernel, method=method, **options)
        assert not np.shares_memory(result, image)
        result[...] = 0  # a result is the caller's own
        assert (image.tobytes(), kernel.tobytes()) == kept[:2]
        for name, value in options.items():
            np.testing.assert_array_equal(value, kept[2][name])


def test_the_identity_gives_a_new_array() -> None:
    result = nc.convolve(PLAIN, [[1.0]])
    assert not np.shares_memory(result, PLAIN)
    np.testing.assert_array_equal(result, PLAIN)


def test_a_result_can_be_used_as_it_is() -> None:
    for options in ({}, {"shape": "valid"}, {"shape": "full"}, {"dtype": "uint8"}):
        result = nc.convolve(PLAIN, KERNEL, **options)
        assert result.flags.writeable and result.flags.owndata and result.flags.c_contiguous


def test_a_masked_array_means_its_mask() -> None:
    hidden = np.random.default_rng(2).random(PLAIN.shape) < 0.3
    data = np.where(hidden, 1e20, PLAIN)  # fill values that would show
    got = nc.convolve(np.ma.array(data, mask=hidden), np.abs(KERNEL))
    expected = nc.convolve(PLAIN, np.abs(KERNEL), mask=~hidden)
    np.testing.assert_array_equal(np.ma.getdata(got), expected)


def test_a_memory_map(tmp_path: Path) -> None:
    PLAIN.tofile(tmp_path / "image.raw")
    mapped = np.memmap(tmp_path / "image.raw", dtype=float, mode="r", shape=PLAIN.shape)
    got = nc.convolve(mapped, KERNEL)
    assert type(got) is np.ndarray
    np.testing.assert_array_equal(got, nc.convolve(PLAIN, KERNEL))


def test_a_pandas_frame_counts_as_its_values() -> None:
    pandas = pytest.importorskip("pandas")
    got = nc.convolve(pandas.DataFrame(PLAIN), KERNEL)
    assert type(got) is np.ndarray
    np.testing.assert_array_equal(got, nc.convolve(PLAIN, KERNEL))


def test_an_xarray_counts_as_its_values() -> None:
    xarray = pytest.importorskip("xarray")
    got = nc.convolve(xarray.DataArray(PLAIN, dims=("y", "x")), KERNEL)
    np.testing.assert_array_equal(np.asarray(got), nc.convolve(PLAIN, KERNEL))


def test_axes_are_not_swapped_on_sides_that_all_differ() -> None:
    image = np.zeros((5, 7, 11))
    image[1, 2, 8] = 1
    kernel = np.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    got = nc.convolve(image, kernel)
    np.testing.assert_allclose(got[0:2, 1:4, 6:10], kernel, atol=1e-12)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_uint8_and_its_floats_are_the_same_image(method: str) -> None:
    image = np.random.default_rng(3).integers(0, 256, (31, 33)).astype(np.uint8)
    for operation in OPERATIONS:
        small = call(operation, image, KERNEL, method=method)
        large = call(operation, image.astype(float), KERNEL, method=method)
        assert np.abs(small - large).max() <= 1e-6 * 255 * np.abs(KERNEL).sum()
