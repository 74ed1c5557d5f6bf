"""Rotated, cropped, padded and resampled kernels keep their centre, tested on images of one bright pixel."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, signal

from napari_convolve.kernels import Kernel, gaussian, line


def place(kernel: Kernel, length: int = 81) -> np.ndarray:
    """What a bright pixel in the middle becomes, about the kernel's centre."""
    image = np.zeros((length,) * kernel.ndim)
    image[(length // 2,) * kernel.ndim] = 1
    full = signal.convolve(image, kernel.values, method="direct")
    return full[tuple(slice(c, c + length) for c in kernel.center)]


def centroid(image: np.ndarray) -> np.ndarray:
    """Relative to the middle."""
    grid = np.indices(image.shape).reshape(image.ndim, -1)
    return (grid * image.ravel()).sum(axis=1) / image.sum() - np.array(image.shape) // 2


@pytest.fixture(params=[(5, 4), (6, 7)], ids=str)
def lopsided(request: pytest.FixtureRequest) -> Kernel:
    values = np.random.default_rng(3).random(request.param)
    return Kernel(values, (1, 3), spacing=0.5, units="um")


@pytest.mark.parametrize("shape", [1, 2, 3, (3, 2), (5, 9), 40])
def test_crop_and_pad_leave_weights_where_they_are(lopsided: Kernel, shape: int | tuple[int, int]) -> None:
    whole, cropped = place(lopsided), place(lopsided.crop(shape))
    inside = cropped != 0
    assert inside.sum() == lopsided.crop(shape).values.size
    np.testing.assert_array_equal(cropped[inside], whole[inside])
    assert lopsided.crop(shape).units == "um"


def test_crop_to_a_shape_centres_it() -> None:
    k = Kernel(np.arange(49.0).reshape(7, 7))
    for n in range(1, 8):
        assert k.crop(n).shape == (n, n)
        assert k.crop(n).center == (n // 2, n // 2)


def test_pad(lopsided: Kernel) -> None:
    padded = lopsided.pad((20, 21))
    assert padded.shape == (20, 21)
    assert padded.center == (10, 10)
    np.testing.assert_array_equal(place(padded), place(lopsided))
    assert padded.crop() == lopsided
    with pytest.raises(ValueError, match="does not fit"):
        lopsided.pad(5)
    with pytest.raises(ValueError, match="bytes"):
        lopsided.pad(10**6)


def test_crop_without_shape_drops_what_does_not_count() -> None:
    k = Kernel([0, 1e-9, 1, 2, 0, 0])  # the centre is at 3
    assert k.crop() == Kernel([1e-9, 1, 2], 2)
    assert k.crop(tolerance=1e-6) == Kernel([1, 2], 1)
    assert Kernel(np.zeros((3, 3))).crop() == Kernel([[0.0]])
    assert Kernel([0, 0, 0, 5]).crop() == Kernel([0, 5], 0), "the centre stays inside"


@pytest.mark.parametrize("shape", [0, -1, 2.5, True, (1, 2, 3), "3"])
def test_bad_shapes_are_refused(shape: object) -> None:
    for change in (Kernel([[1, 2]]).crop, Kernel([[1, 2]]).pad):
        with pytest.raises((ValueError, TypeError), match="shape"):
            change(shape)  # type: ignore[arg-type]


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4, -1])
def test_quarter_turns_are_exact(lopsided: Kernel, turns: int) -> None:
    turned = lopsided.rotate(90 * turns)
    np.testing.assert_array_equal(place(turned), np.rot90(place(lopsided), turns))


@pytest.mark.parametrize("angle", [30.0, -50.0, 123.4, 200.0, 405.0])
def test_rotation_is_scipys(angle: float) -> None:
    k = gaussian((4, 1.5), truncate=6)
    want = ndimage.rotate(place(k, 101), angle, reshape=False)
    np.testing.assert_allclose(place(k.rotate(angle), 101), want, atol=3e-5 * k.values.max())


@pytest.mark.parametrize("angle", [10.0, 45.0, 77.0, 190.0])
def test_rotation_turns_about_the_centre(angle: float) -> None:
    """A spot off the centre moves along its circle."""
    k = Kernel(gaussian(1.5, truncate=5).values, (2, 14))
    y, x = centroid(place(k))
    turn = np.deg2rad(angle)
    want = (y * np.cos(turn) - x * np.sin(turn), y * np.sin(turn) + x * np.cos(turn))
    np.testing.assert_allclose(centroid(place(k.rotate(angle))), want, atol=1e-3)


def test_rotation_with_a_spacing_turns_lengths() -> None:
    spacing = (0.5, 0.25)
    k = Kernel(gaussian(1.0, spacing=spacing, truncate=6).values, spacing=spacing)
    np.testing.assert_allclose(place(k.rotate(37.0)), place(k), atol=1e-3 * k.values.max())
    lying = line(length=6, width=1.5, spacing=spacing)
    standing = line(length=6, width=1.5, spacing=spacing, angle=90)
    assert np.corrcoef(place(lying.rotate(90)).ravel(), place(standing).ravel())[0, 1] > 0.99


def test_rotation_in_any_plane_keeps_the_sum() -> None:
    k = gaussian((1, 2, 3))
    turned = k.rotate(30, axes=(0, 2))
    assert turned.sum == pytest.approx(1, abs=1e-12)
    assert turned.report().center_of_mass == pytest.approx((0, 0, 0), abs=1e-9)
    assert abs(line().rotate(20).sum) < 1e-12


@pytest.mark.parametrize(
    ("angle", "axes"), [(np.nan, (0, 1)), (np.inf, (0, 1)), (5, (0, 0)), (5, (0, 2)), (5, (1, -1))]
)
def test_bad_rotations_are_refused(angle: float, axes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="angle|axes|axis"):
        Kernel([[1, 2]]).rotate(angle, axes=axes)


@pytest.mark.parametrize("new", [0.05, 0.3, 0.5, 0.7])
def test_resampling_gives_the_kernel_of_that_spacing(new: float) -> None:
    got = gaussian(1.0, spacing=0.1).resample(new)
    want = gaussian(1.0, spacing=new, integrate=new > 0.1)
    assert got.spacing == (new, new)
    difference = got - want
    assert np.abs(difference.values).max() < 1e-3 * want.values.max()
    assert got.sum == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("new", [(0.2, 0.5), (0.1, 0.3), (1.0, 0.7), (0.5, 0.5)])
def test_resampling_keeps_the_place(new: tuple[float, float]) -> None:
    k = Kernel(gaussian(4.0).values, (9, 20), spacing=(0.3, 0.4))
    before = centroid(place(k, 121)) * (0.3, 0.4)
    after = centroid(place(k.resample(new), 201)) * new
    np.testing.assert_allclose(after, before, atol=0.02)


def test_resampling_needs_spacings() -> None:
    with pytest.raises(ValueError, match="spacing"):
        Kernel([1, 2]).resample(0.5)
    for bad in (0.0, -1.0, np.nan, (1.0, 2.0)):
        with pytest.raises(ValueError, match="spacing"):
            Kernel([1, 2], spacing=1.0).resample(bad)
    with pytest.raises(ValueError, match="bytes"):
        Kernel([[1, 2]], spacing=1.0).resample(1e-6)


def test_combined_kernels_keep_their_centre(lopsided: Kernel) -> None:
    spot = Kernel(gaussian(1.0).values, (2, 6), spacing=0.5, units="um")
    np.testing.assert_allclose(place(lopsided + spot), place(lopsided) + place(spot), atol=1e-15)
    np.testing.assert_allclose(place(lopsided - spot), place(lopsided) - place(spot), atol=1e-15)
    np.testing.assert_allclose(place(-2.5 * lopsided), -2.5 * place(lopsided), atol=1e-15)
    both = place(lopsided @ spot)
    np.testing.assert_allclose(both, ndimage.convolve(place(lopsided), spot.values, origin=(-2, 2)), atol=1e-12)
    np.testing.assert_allclose(centroid(both), centroid(place(lopsided)) + centroid(place(spot)), atol=1e-9)


def test_cropped_turned_resampled_and_combined_one_after_the_other() -> None:
    """A spot three pixels right of the centre, through all that can be done to it: it is where it must be."""
    spot = Kernel(gaussian(1.5, truncate=5).values, (8, 5), spacing=0.2, units="um")
    np.testing.assert_allclose(centroid(place(spot)), (0, 3), atol=1e-9)
    made = spot.pad(31).rotate(90).crop(21).resample((0.1, 0.2)) @ spot.resample((0.1, 0.2))
    assert made.units == "um" and made.spacing == (0.1, 0.2)
    # turned: 0.6 um up; the other one is still 0.6 um to the right
    np.testing.assert_allclose(centroid(place(made, 121)) * (0.1, 0.2), (-0.6, 0.6), atol=2e-3)
    taken = (made + made) - made
    np.testing.assert_allclose(centroid(place(taken, 121)), centroid(place(made, 121)), atol=1e-9)
