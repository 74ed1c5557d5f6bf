"""Diffusion against the analytic solution, a finite-difference solver and physical laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

import napari_convolve as nc


def blob(shape: tuple[int, ...], spacing: tuple[float, ...], variances: tuple[float, ...]) -> np.ndarray:
    """A Gaussian of total 1 in the middle, sampled; variances in square length."""
    lines = []
    for n, h, v in zip(shape, spacing, variances, strict=True):
        x = (np.arange(n) - n // 2 + 0.3) * h
        lines.append(np.exp(-(x**2) / (2 * v)) / np.sqrt(2 * np.pi * v))
    return np.asarray(np.multiply.outer(lines[0], lines[1]) if len(lines) == 2 else _three(lines))


def _three(lines: list[np.ndarray]) -> np.ndarray:
    return np.asarray(np.einsum("i,j,k->ijk", *lines))


@pytest.mark.parametrize("t", [0.0, 0.01, 0.05, 0.2, 1.0, 7.0])
@pytest.mark.parametrize(
    ("shape", "spacing", "D"),
    [((161, 201), (0.5, 0.3), 0.7), ((41, 81, 91), (0.6, 0.25, 0.2), (0.1, 0.06, 0.03))],
)
def test_the_analytic_solution_within_the_stated_error(
    shape: tuple[int, ...], spacing: tuple[float, ...], D: Any, t: float
) -> None:
    each = D if isinstance(D, tuple) else (D,) * len(shape)
    start = tuple((1.5 * h) ** 2 for h in spacing)
    reports: list[nc.Report] = []
    before = blob(shape, spacing, start)
    later = nc.diffuse(before, D=D, t=t, spacing=spacing, report=reports.append)
    exact = blob(shape, spacing, tuple(s + 2 * d * t for s, d in zip(start, each, strict=True)))
    stated = reports[0].details["error"]
    assert stated < 0.002 * len(shape) + 1e-4
    assert np.abs(later - exact).max() <= stated * before.max()
    if t >= 7:
        assert stated < 1e-4


def test_it_would_notice_a_wrong_axis() -> None:
    before = blob((81, 91), (0.5, 0.3), (1.0, 1.0))
    right = nc.diffuse(before, D=(0.2, 0.7), t=2, spacing=(0.5, 0.3), axes=(0, 1))
    same = nc.diffuse(before, D=(0.7, 0.2), t=2, spacing=(0.3, 0.5), axes=(1, 0))
    other = nc.diffuse(before, D=(0.7, 0.2), t=2, spacing=(0.5, 0.3))
    np.testing.assert_array_equal(right, same)
    assert np.abs(right - other).max() > 0.05 * right.max()


@pytest.mark.parametrize("boundary", ["reflect", "wrap"])
def test_a_finite_difference_solver(boundary: str) -> None:
    rng = np.random.default_rng(3)
    image = ndimage.gaussian_filter(rng.random((40, 50)), 2, mode=boundary)
    spacing, D, t, steps = (0.4, 0.25), 0.3, 2.0, 4000
    u = image.copy()
    for _ in range(steps):  # forward in time, centred in space, no flux through the walls
        change = np.zeros_like(u)
        for axis, h in enumerate(spacing):
            change += ndimage.correlate1d(u, [1, -2, 1], axis=axis, mode=boundary) / h**2
        u += D * t / steps * change
    later = nc.diffuse(image, D=D, t=t, spacing=spacing, boundary=boundary)
    assert np.abs(later - u).max() < 0.01 * np.ptp(u)
    assert np.abs(image - u).max() > 0.3 * np.ptp(u), "a test of nothing"


def test_nothing_is_lost_and_no_value_beyond_those_that_were_there() -> None:
    rng = np.random.default_rng(4)
    image = rng.random((30, 20)) * 100
    for t in (1e-6, 0.03, 0.4, 5.0, 100.0):
        later = nc.diffuse(image, D=0.8, t=t)
        assert later.sum() == pytest.approx(image.sum(), rel=1e-12)
        assert image.min() <= later.min() and later.max() <= image.max()
    two = nc.diffuse(nc.diffuse(image, D=0.8, t=2.0), D=0.8, t=3.0)
    np.testing.assert_allclose(two, nc.diffuse(image, D=0.8, t=5.0), atol=1e-6 * image.max())
    np.testing.assert_array_equal(nc.diffuse(image, D=0.8, t=0), image)


def test_a_bath_outside_and_axes() -> None:
    image = np.ones((3, 40, 41))
    assert nc.diffuse(image, D=1, t=400, axes=(1, 2), boundary="constant").max() < 0.3
    stack = np.random.default_rng(5).random((3, 20, 21))
    planes = nc.diffuse(stack, D=1, t=2, axes=(1, 2))
    np.testing.assert_allclose(planes[1], nc.diffuse(stack[1], D=1, t=2))
    np.testing.assert_allclose(nc.diffuse(stack, D=(1, 1), t=2), planes)
    along = nc.diffuse(stack, D=0.5, t=1, axes=0)
    np.testing.assert_allclose(along[:, 4, 5], nc.diffuse(stack[:, 4, 5], D=0.5, t=1))


def test_missing_samples_and_dask() -> None:
    da = pytest.importorskip("dask.array")
    image = np.random.default_rng(6).random((40, 44)).astype("f4")
    lazy = nc.diffuse(da.from_array(image, chunks=(11, 20)), D=1, t=3)
    assert hasattr(lazy, "chunks")
    np.testing.assert_allclose(lazy.compute(), nc.diffuse(image, D=1, t=3), atol=1e-5)
    image[3, 4] = np.nan
    assert np.isfinite(nc.diffuse(image, D=1, t=3, nan="omit")).all()
    assert np.isnan(nc.diffuse(image, D=1, t=0.01)).sum() == 9


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"D": -1, "t": 1}, ValueError, "D=-1 must be at least 0"),
        ({"D": 1, "t": float("nan")}, ValueError, "t=nan"),
        ({"D": "much", "t": 1}, TypeError, "D='much' must be a number"),
        ({"D": (1, 2, 3), "t": 1}, ValueError, "3 dimensions"),
        ({"D": (1, 2), "t": 1, "axes": 0}, ValueError, "2 coefficients for 1 axes"),
        ({"D": 1, "t": 1, "spacing": 0}, ValueError, "spacing"),
        ({"D": 1, "t": 1, "shape": "full"}, TypeError, "shape"),
        ({"D": 1e9, "t": 1e9}, ValueError, "limit"),
    ],
)
def test_errors(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        nc.diffuse(np.ones((5, 6)), **options)
