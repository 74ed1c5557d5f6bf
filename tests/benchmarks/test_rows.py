"""Rows of the benchmarks: complete tables, and correct results on small images."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.ndimage
from benchmarks._registry import rows

import napari_convolve as nc
from benchmarks import _inputs, planner


def test_rows_of_the_table() -> None:
    names = [row.name for row in rows()]
    assert {"plane-3", "plane-255", "plane-11-uint16", "gauss-50-truncate-5", "volume-33x65x65-cached"} <= set(names)
    assert {"stack-15", "ncc-128", "wiener-2d", "large-plane", "large-volume", "gauss3d-3,6,6"} <= set(names)
    assert all(row.goal > 0 and row.title for row in rows())
    assert 5 <= sum(row.quick for row in rows()) <= 15


def test_planner_has_200_different_cases() -> None:
    cases = planner.grid()
    assert len(cases) == len({case.name for case in cases}) == 200


def test_kernels_differ_from_call_to_call() -> None:
    assert not np.array_equal(_inputs.dense((3, 3), 1), _inputs.dense((3, 3), 2))
    case = next(case for case in planner.grid() if case.kind == "gaussian")
    assert case.kernel(1) != case.kernel(2)
    assert case.kernel(1).shape == case.kernel(2).shape


@pytest.mark.parametrize(("shape", "kernel"), [((40, 50), (5, 7)), ((9, 30, 31), (3, 3, 5)), ((4, 30, 31), (5, 5))])
def test_expected_sum(shape: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    image, weights = _inputs.image(shape), _inputs.dense(kernel, 3)
    full = weights.reshape((1,) * (len(shape) - len(kernel)) + kernel).astype(float)
    expected = scipy.ndimage.convolve(image.astype(float), full)
    assert _inputs.error(expected, _inputs.exact_sum(image, weights)) < 1e-12
    assert _inputs.error(np.roll(expected, 1, -1), _inputs.exact_sum(image, weights)) > 1e-3


def test_expected_gaussian() -> None:
    image = _inputs.image((60, 61))
    expected = scipy.ndimage.gaussian_filter(image.astype(float), 2.0, truncate=3)
    assert _inputs.error(expected, _inputs.exact_gaussian(image, (2.0, 2.0), 3)) < 1e-12


def test_expected_scores() -> None:
    feature = pytest.importorskip("skimage.feature")
    image = _inputs.image((60, 61))
    template = image[10:18, 20:27]
    expected = feature.match_template(image.astype(float), template.astype(float))
    assert _inputs.error(expected, _inputs.exact_scores(image, template)) < 1e-9


def test_large_images_repeat_small_ones_and_are_whole() -> None:
    image = _inputs.image((40, 1000, 1001), "uint16")
    assert image.shape == (40, 1000, 1001)
    assert image.min() > 0
    assert np.array_equal(image[:, 128:256, :128], image[:, :128, :128])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_peak_memory_is_seen() -> None:
    from benchmarks import _system

    assert _system.reset_peak()
    held = _system.resident()
    block = np.ones(1 << 23)
    assert block.nbytes <= _system.peak_resident() - held < 1.5 * block.nbytes


def test_gpu_benchmark_says_when_there_is_no_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    info = nc.available_backends()["cupy"]
    if info.available:
        pytest.skip("there is a GPU")
    from benchmarks.gpu.__main__ import main

    assert main([]) == 1
    assert info.reason in capsys.readouterr().out
