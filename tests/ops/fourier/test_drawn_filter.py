"""Filters drawn as shapes, and their live application."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.ops.fourier.drawn_filter import DrawnFilter, Region
from napari_convolve.ops.fourier.live_filter import LiveFilter
from napari_convolve.ops.fourier.spectrum_readout import read_bin, read_peak

SHAPE, STEP = (120, 160), (0.5, 0.25)
Y, X = (a * s for a, s in zip(np.mgrid[: SHAPE[0], : SHAPE[1]], STEP, strict=True))
SLOW = np.cos(2 * np.pi * (0.1 * Y + 0.2 * X) + 0.3)
FAST = 0.5 * np.cos(2 * np.pi * (0.6 * Y - 0.8 * X) + 1)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("block", [True, False])
@pytest.mark.parametrize("kind", ["ellipse", "ring", "polygon"])
def test_a_shape_on_one_side_works_on_both(kind: str, block: bool, sign: int) -> None:
    corners = ((0.45, -0.95), (0.45, -0.65), (0.75, -0.65), (0.75, -0.95))
    if kind == "ring":
        corners = ((-1.2, -1.2), (-1.2, 1.2), (1.2, 1.2), (1.2, -1.2))
    region = Region(kind, tuple((sign * y, sign * x) for y, x in corners), block, inner=0.5)
    wanted = DrawnFilter((region,), 0.02, keep_mean=False)
    found = nc.filter_spectrum(10 + SLOW + FAST, wanted, spacing=STEP, edges="periodic")
    np.testing.assert_allclose(found, 10 + SLOW if block else FAST, atol=1e-9)
    kept = nc.filter_spectrum(10 + SLOW + FAST, DrawnFilter((region,), 0.02), spacing=STEP, edges="periodic")
    assert kept.mean() == pytest.approx(10)


def test_soft_edges_and_unions() -> None:
    line = np.linspace(-1, 1, 201)
    gains = DrawnFilter((Region.disc((0.0, 0.0), 0.5, block=False),), 0.2, keep_mean=False).on(np.zeros(1), line)[0]
    assert gains[100] == 1 and gains[0] == 0
    np.testing.assert_allclose(gains[[150, 50]], 0.5, atol=1e-9)  # half passes at the rim
    assert gains[139] == 1 and 0 < gains[155] < 0.5 and gains[161] == pytest.approx(0, abs=1e-9)
    both = DrawnFilter((Region.disc((0, 0), 0.5, block=False), Region.disc((0, 0.3), 0.1)), 0.0, keep_mean=True)
    np.testing.assert_array_equal(both(np.zeros(5), np.array([0, 0.25, 0.45, -0.3, 0.6])), [1, 0, 1, 0, 0])
    assert DrawnFilter()(np.array([0.1]), np.array([0.3])) == 1


def test_a_wedge_blocks_a_range_of_directions() -> None:
    wedge = Region("polygon", ((0, 0), (0.2, 1.0), (-0.2, 1.0)))
    gains = DrawnFilter((wedge,), 0.0)
    assert gains(np.array([0.05, 0.05, -0.05, 0.4]), np.array([0.5, -0.5, -0.5, 0.5])).tolist() == [0, 0, 0, 1]


def test_the_live_picture_is_the_filter_away_from_the_edges() -> None:
    rng = np.random.default_rng(0)
    plane = nc.convolve(rng.normal(size=(300, 331)), nc.kernels.gaussian(sigma=1)) * 100 + 500
    for wanted in (
        DrawnFilter((Region.disc((0.1, 0.15), 0.05),), 0.08),
        DrawnFilter((Region.disc((0, 0), 0.12, block=False),), 0.1),
        DrawnFilter(),
    ):
        live = LiveFilter(plane, (1.0, 1.0))(wanted)
        full = nc.filter_spectrum(plane, wanted)
        inner = (slice(40, -40), slice(40, -40))
        assert np.abs(live - full)[inner].max() < 2e-3 * plane.std()
        assert np.abs(live - full).std() < 0.02 * plane.std()
    assert LiveFilter(plane.astype("u2"), (1.0, 1.0))(DrawnFilter()).dtype == "float32"


def test_reading_a_bin() -> None:
    found = nc.spectrum(FAST, spacing=STEP).centered()
    reading = read_bin(found, (0.598, -0.803))
    assert reading.amplitude == pytest.approx(0.5, abs=1e-9)
    assert reading.frequency == pytest.approx((0.6, -0.8))
    assert reading.period == pytest.approx(1) and reading.phase == pytest.approx(np.degrees(1))
    assert reading.angle == pytest.approx(-np.degrees(np.arctan2(0.6, 0.8)))
    assert read_bin(found, (0, 0)).period == np.inf


def test_reading_a_peak_between_the_bins() -> None:
    rng = np.random.default_rng(1)
    y, x = (a * s for a, s in zip(np.mgrid[:96, :128], STEP, strict=True))
    f = np.array([11.37 / (96 * STEP[0]), -20.81 / (128 * STEP[1])])
    noisy = 5 + 0.5 * np.cos(2 * np.pi * (f[0] * y + f[1] * x) + 1) + 0.02 * rng.normal(size=y.shape)
    found = nc.spectrum(noisy, spacing=STEP, window="hann")
    step = 1 / np.multiply(y.shape, STEP)
    for sign in (1, -1):
        reading = read_peak(found, tuple(sign * (f + 1.4 * step)))
        assert reading is not None and reading.between
        assert reading.amplitude == pytest.approx(0.5, rel=0.01)
        assert (np.abs(np.subtract(reading.frequency, sign * f)) < 0.02 * step).all()
        assert reading.phase == pytest.approx(sign * np.degrees(1), abs=2)
        assert reading.period == pytest.approx(1 / np.hypot(*f), rel=1e-3)
    assert read_peak(found, tuple(f + 6 * step)) is None, "noise alone"
    assert read_peak(found, (0.0, float(step[1]))) is None, "the mean is no wave"


@pytest.mark.parametrize(
    "given",
    [
        {"corners": [[0, 0], [1, 1], [0, 1]]},
        {"corners": ((0, 0), (1, float("nan")), (0, 1))},
        {"corners": ((0, 0), (1, 1))},
        {"corners": ((0, 0), (1, "a"), (0, 1))},
        {"block": "no"},
        {"inner": "half"},
    ],
    ids=str,
)
def test_shapes_of_a_file_are_checked(given: dict[str, Any]) -> None:
    good = {"kind": "polygon", "corners": ((0.0, 0.0), (0.1, 0.1), (0.0, 0.1))}
    with pytest.raises((TypeError, ValueError), match=next(iter(given))):
        Region(**{**good, **given})
    with pytest.raises(TypeError, match="regions"):
        DrawnFilter((good,))  # type: ignore[arg-type]


def test_wrong_shapes() -> None:
    with pytest.raises(ValueError, match="kind='star'"):
        Region("star", ((0, 0), (1, 1), (0, 1)))
    with pytest.raises(ValueError, match="4 of its box"):
        Region("ellipse", ((0, 0), (1, 1), (0, 1)))
    with pytest.raises(ValueError, match="soft"):
        DrawnFilter((), -1)
