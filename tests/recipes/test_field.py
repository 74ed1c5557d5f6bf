"""An operation on a part of an image gives that part of the whole result (gate 10)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.recipes._field import EXACT, frozen_options, on_field

RNG = np.random.default_rng(10)
PLANE = RNG.integers(0, 4000, (40, 52)).astype("u2")
STACK = RNG.integers(0, 4000, (5, 30, 34)).astype("u2")
ODD = nc.Kernel(RNG.normal(size=(5, 8)), center=(1, 6))
FIELDS = [((0, 40), (0, 52)), ((0, 9), (40, 52)), ((11, 20), (17, 33)), ((39, 40), (0, 1))]


def compare(part: Any, whole: np.ndarray, first: Any = (0, 0), tolerance: float = 1e-5) -> None:
    starts = [a - f for a, f in zip(part.first, first, strict=True)]
    expected = whole[tuple(slice(s, s + n) for s, n in zip(starts, part.data.shape, strict=True))]
    assert part.data.shape == expected.shape and part.data.dtype == expected.dtype
    scale = max(float(np.nanmax(np.abs(whole))), 1.0)
    np.testing.assert_allclose(part.data, expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("boundary", ["reflect", "mirror", "nearest", "wrap", "constant"])
@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize("origin", [0, (1, -1)])
def test_window_operations_on_a_field(operation: str, boundary: str, field: Any, origin: Any) -> None:
    options = {"boundary": boundary, "cval": 7.5, "origin": origin}
    whole = getattr(nc, operation)(PLANE, ODD, **options)
    compare(on_field(operation, PLANE, [ODD], field, axes=(0, 1), **options), whole)


@pytest.mark.parametrize("field", FIELDS[:3])
@pytest.mark.parametrize("shape", ["full", "valid"])
@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_other_shapes_on_a_field(operation: str, shape: str, field: Any) -> None:
    whole = getattr(nc, operation)(PLANE, ODD, shape=shape)
    reach = (
        ODD.center if operation == "convolve" else tuple(k - 1 - c for k, c in zip(ODD.shape, ODD.center, strict=True))
    )
    first = [-c if shape == "full" else k - 1 - c for k, c in zip(ODD.shape, reach, strict=True)]
    part = on_field(operation, PLANE, [ODD], field, axes=(0, 1), shape=shape)
    compare(part, whole, first)
    if field == FIELDS[0]:
        assert part.data.shape == whole.shape


def test_a_kernel_larger_than_the_image() -> None:
    kernel = nc.kernels.gaussian(sigma=20)
    for boundary in ("reflect", "wrap", "mirror"):
        part = on_field("convolve", PLANE, [kernel], ((3, 9), (50, 52)), axes=(0, 1), boundary=boundary)
        compare(part, nc.convolve(PLANE, kernel, boundary=boundary))


@pytest.mark.parametrize("options", [{"nan": "omit"}, {"nan": "propagate"}, {"mask": RNG.random(PLANE.shape) > 0.3}])
def test_missing_samples(options: Any) -> None:
    image = PLANE.astype("f4")
    image[12, 20] = np.nan
    kernel = nc.kernels.gaussian(sigma=1)
    part = on_field("convolve", image, [kernel], FIELDS[2], axes=(0, 1), **options)
    compare(part, nc.convolve(image, kernel, **options))


def test_axes_and_batch_axes() -> None:
    kernel = nc.kernels.gaussian(sigma=1.5, ndim=1)
    field = ((2, 3), (4, 20), (0, 34))
    for axis in range(3):
        part = on_field("convolve", STACK, [kernel], field, axes=(axis,))
        compare(part, nc.convolve(STACK, kernel, axes=(axis,)), (0, 0, 0))


def test_scores_on_a_field() -> None:
    template = PLANE[11:20, 30:37]
    part = on_field("match_template", PLANE, [template], FIELDS[2], axes=(0, 1))
    compare(part, nc.match_template(PLANE, template), tolerance=1e-4)


def test_a_lazy_image_is_read_only_where_it_must_be() -> None:
    class Watched:
        shape, dtype, ndim = PLANE.shape, PLANE.dtype, 2
        seen: list[Any] = []

        def __getitem__(self, key: Any) -> np.ndarray:
            self.seen.append(key)
            return PLANE[key]

    image, kernel = Watched(), nc.kernels.gaussian(sigma=1)
    compare(on_field("convolve", image, [kernel], FIELDS[2], axes=(0, 1)), nc.convolve(PLANE, kernel))
    assert image.seen == [(slice(7, 24), slice(13, 37))]


def scene(shape: tuple[int, ...] = (150, 160)) -> tuple[np.ndarray, nc.Kernel]:
    psf = nc.kernels.gaussian(sigma=2)
    sharp = np.zeros(shape)
    sharp[tuple(RNG.integers(0, n, 200) for n in shape)] = 1000
    return np.maximum(nc.convolve(sharp + 100, psf, axes=(-2, -1)) + RNG.normal(size=shape), 0).astype("f4"), psf


@pytest.mark.parametrize("operation", ["wiener", "richardson_lucy"])
def test_global_operations_are_exact_where_all_is_seen(operation: str) -> None:
    image, psf = scene((3, 60, 70))
    field = ((1, 2), (0, 60), (0, 70))
    frozen = frozen_options(operation, image, [psf], field, axes=(1, 2))
    part = on_field(operation, image, [psf], field, axes=(1, 2), frozen=frozen)
    assert not part.bound and str(part) == "exact"
    compare(part, getattr(nc, operation)(image, psf, axes=(1, 2)), (0, 0, 0), 1e-4)


@pytest.mark.parametrize(
    ("operation", "options"), [("wiener", {}), ("wiener", {"nsr": 0.01}), ("richardson_lucy", {"iterations": 10})]
)
def test_global_operations_say_how_far_they_may_be(operation: str, options: Any) -> None:
    image, psf = scene()
    field = ((50, 90), (60, 120))
    frozen = frozen_options(operation, image, [psf], field, axes=(0, 1), **options)
    part = on_field(operation, image, [psf], field, axes=(0, 1), frozen=frozen, **options)
    whole = getattr(nc, operation)(image, psf, **options)
    error = np.abs(part.data - whole[50:90, 60:120]).max() / np.abs(whole).max()
    assert part.halo and error <= max(part.bound, 1e-5)
    assert part.approximate == (part.bound > EXACT)
    print(operation, options, f"error {error:.2g}, bound {part.bound:.2g}")


@pytest.mark.parametrize("masked", [False, True])
def test_where_an_iteration_stops_by_itself_is_found_on_the_whole_and_frozen(masked: bool) -> None:
    image, psf = scene((3, 150, 160))
    psf = nc.kernels.gaussian(sigma=2)
    mask = RNG.random((150, 160)) > 0.01 if masked else None
    options = {"stop": "auto", "iterations": 60, "mask": mask}
    reports: list[nc.Report] = []
    whole = nc.richardson_lucy(image[1], psf, report=reports.append, **options)
    count = reports[0].details["iterations"]
    assert count < 60
    field = ((1, 2), (50, 70), (60, 84))
    frozen = frozen_options("richardson_lucy", image, [psf], field, axes=(1, 2), **options)
    assert frozen == {"iterations": count, "stop": None}
    part = on_field("richardson_lucy", image, [psf], field, axes=(1, 2), frozen=frozen, **options)
    assert f", {count} iterations, as on the whole image" in str(part)
    error = np.abs(part.data[0] - whole[50:70, 60:84]).max() / np.abs(whole).max()
    assert part.halo and error <= max(part.bound, 1e-5)
    apart = on_field("richardson_lucy", image, [psf], field, axes=(1, 2), **options)
    assert str(apart) == "exact", "what is not frozen is computed on all there is"
    compare(apart, whole[None], (1, 0, 0), 1e-4)
    all_of_it = ((1, 2), (0, 150), (0, 160))
    assert frozen_options("richardson_lucy", image, [psf], all_of_it, axes=(1, 2), **options) == {}


def test_what_is_estimated_can_be_stopped() -> None:
    image, psf = scene((150, 160))

    def stop(done: int, total: int) -> None:
        raise nc.Cancelled

    for operation, options in (("wiener", {}), ("richardson_lucy", {"stop": "auto"})):
        with pytest.raises(nc.Cancelled):
            frozen_options(operation, image, [psf], ((50, 60), (50, 60)), axes=(0, 1), progress=stop, **options)


def test_other_global_operations_are_computed_on_all_there_is() -> None:
    part = on_field("bandpass", STACK, [], ((2, 3), (5, 9), (7, 30)), axes=(1, 2), low=0.1, high=0.3)
    whole = nc.bandpass(STACK, axes=(1, 2), low=0.1, high=0.3)
    assert not part.bound
    compare(part, whole, (0, 0, 0))


def test_a_plane_of_a_volume() -> None:
    kernel = nc.kernels.gaussian(sigma=(1, 2, 2))
    field = ((2, 3), (4, 20), (0, 34))
    compare(on_field("convolve", STACK, [kernel], field, axes=(0, 1, 2)), nc.convolve(STACK, kernel), (0, 0, 0))
    whole = nc.wiener(STACK, nc.kernels.gaussian(sigma=(0.5, 1, 1)), nsr=0.1)
    part = on_field("wiener", STACK, [nc.kernels.gaussian(sigma=(0.5, 1, 1))], field, axes=(0, 1, 2), nsr=0.1)
    compare(part, whole, (0, 0, 0), max(part.bound, 1e-4))
