"""The frozen Kernel: values, centre, equality, algebra."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from scipy import ndimage, signal

from napari_convolve.kernels import Kernel, as_kernel, gaussian, laplacian


def test_defaults() -> None:
    k = Kernel([[1, 2], [3, 4], [5, 6]])
    assert (k.shape, k.ndim, k.center, k.spacing, k.units, k.sum) == ((3, 2), 2, (1, 1), None, None, 21.0)
    assert k.values.dtype == np.float64
    assert k.values.flags.c_contiguous
    assert Kernel([1j, 2]).values.dtype == np.complex128


def test_values_are_a_frozen_copy() -> None:
    given = np.arange(4.0)
    k = Kernel(given, parameters={"list": [1, 2], "array": np.arange(3)})
    given[0] = 99
    assert k.values[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        k.values[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        k.center = (0,)  # type: ignore[misc]
    with pytest.raises(TypeError):
        k.parameters["list"] = 1  # type: ignore[index]
    assert k.parameters == {"list": (1, 2), "array": (0, 1, 2)}


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", ">f8", "longdouble"])
def test_every_real_dtype_becomes_float64(dtype: str) -> None:
    k = Kernel(np.ones((3, 3), dtype=dtype)[:, ::-1])
    assert k.values.dtype == np.float64
    assert k.values.dtype.isnative
    assert k.normalized().values[0, 0] == pytest.approx(1 / 9)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([[1, 2], [3]], ValueError, "rows differ in length"),
        ([], ValueError, "empty"),
        (np.ones((3, 0)), ValueError, "empty"),
        (3.0, ValueError, "at least 1 dimension"),
        (["a", "b"], TypeError, "dtype"),
        ([None], TypeError, "dtype"),
        ({}, TypeError, "dtype"),
        (np.zeros(3, "datetime64[s]"), TypeError, "datetime64"),
        ([1, np.nan, np.inf], ValueError, r"2 NaN or infinite of 3 values, the first at index \(1,\)"),
        (np.full((5, 5), np.nan), ValueError, "25 NaN"),
        (np.ma.array([1, 2, 3], mask=[0, 1, 0]), ValueError, "1 masked"),
    ],
)
def test_bad_values_are_refused(values: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        as_kernel(values)


@pytest.mark.parametrize(
    ("center", "error"),
    [((1,), ValueError), ((3, 0), ValueError), ((-1, 0), ValueError), ((0.5, 0), TypeError), ((True, 0), TypeError)],
)
def test_bad_centers_are_refused(center: tuple[int, ...], error: type[Exception]) -> None:
    with pytest.raises(error, match="center"):
        Kernel(np.ones((3, 3)), center)


@pytest.mark.parametrize("spacing", [0, -1.0, np.nan, np.inf, (1, 2, 3), (1, 0)])
def test_bad_spacings_are_refused(spacing: object) -> None:
    with pytest.raises(ValueError, match="spacing"):
        Kernel(np.ones((3, 3)), spacing=spacing)  # type: ignore[arg-type]


@pytest.mark.parametrize("spacing", ["1", True, ("1", "2"), 1j, object()])
def test_spacings_that_are_no_numbers_are_refused(spacing: object) -> None:
    with pytest.raises(TypeError, match="spacing"):
        Kernel(np.ones((3, 3)), spacing=spacing)  # type: ignore[arg-type]


def test_as_kernel_takes_what_serves_as_a_kernel() -> None:
    k = gaussian(1)
    assert as_kernel(k) is k
    assert as_kernel([[1, 2], [3, 4]]).shape == (2, 2)
    assert as_kernel(np.ma.array([1, 2])).sum == 3
    assert Kernel(k) == Kernel(k.values)


def test_equality_is_by_value() -> None:
    a = Kernel([0.0, 1.0], name="a", parameters={"x": 1})
    assert a == Kernel([-0.0, 1.0], name="b")
    assert hash(a) == hash(Kernel([-0.0, 1.0]))
    for other in (
        Kernel([0, 2]),
        Kernel([[0, 1]]),
        Kernel([0, 1], 0),
        Kernel([0, 1], spacing=1.0),
        Kernel([0, 1 + 0j]),
    ):
        assert a != other
    assert a != [0.0, 1.0]
    assert len({a, Kernel([0, 1]), Kernel([1, 0])}) == 2


def test_copies_and_pickles() -> None:
    k = gaussian((1, 2), spacing=(0.5, 0.25))
    for other in (copy.copy(k), copy.deepcopy(k), pickle.loads(pickle.dumps(k)), dataclasses.replace(k)):
        assert other == k
        assert other.name == "gaussian"
        assert other.parameters == k.parameters
        assert not other.values.flags.writeable
    assert dataclasses.replace(k, units="um").units == "um"


def test_repr_is_one_line() -> None:
    assert repr(Kernel(np.ones((3, 4)))) == "Kernel('custom', shape=(3, 4), center=(1, 2), sum=12)"
    text = repr(Kernel(np.ones(999), parameters={"values": tuple(range(999))}, spacing=0.1, units="um"))
    assert len(text) < 200
    assert "\n" not in text


def test_normalized() -> None:
    assert Kernel([1, 2, 1], (0,), 0.5).normalized() == Kernel([0.25, 0.5, 0.25], (0,), 0.5)
    assert Kernel([1e-320, 1e-320]).normalized().values.tolist() == [0.5, 0.5]
    assert Kernel([1j, 1j]).normalized().sum == pytest.approx(1)


@pytest.mark.parametrize(
    "values", [[0, 0, 0], [1, -2, 1], [1, -1 + 1e-17], [1e-17, -1e-17], [0.1, 0.2, -0.3], laplacian().values]
)
def test_sum_of_zero_cannot_be_normalized(values: object) -> None:
    with pytest.raises(ValueError, match="cannot be normalized: its weights sum to"):
        Kernel(values).normalized()


@pytest.mark.parametrize("shape", [(3,), (4,), (3, 4), (2, 5, 4)])
def test_flipped_convolves_as_the_original_correlates(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    k = Kernel(rng.random(shape), tuple(n // 3 for n in shape))
    image = rng.random((7,) * len(shape))
    np.testing.assert_allclose(apply(image, k.flipped()), apply(image, k, correlate=True), atol=1e-14)
    assert k.flipped().flipped() == k
    assert Kernel([1j, 2]).flipped() == Kernel([2, -1j], 0)


def apply(image: np.ndarray, kernel: Kernel, correlate: bool = False) -> np.ndarray:
    """Convolve by SciPy about the kernel's centre, zeros outside."""
    window = tuple(slice(c, c + n) for c, n in zip(kernel.center, image.shape, strict=True))
    if correlate:
        window = tuple(
            slice(k - 1 - c, k - 1 - c + n) for c, k, n in zip(kernel.center, kernel.shape, image.shape, strict=True)
        )
        return signal.correlate(image, kernel.values, method="direct")[window]
    return signal.convolve(image, kernel.values, method="direct")[window]


@pytest.fixture
def pair() -> tuple[Kernel, Kernel]:
    rng = np.random.default_rng(5)
    return Kernel(rng.random((3, 4)), (0, 3)), Kernel(rng.random((2, 5)), (1, 1))


def test_sums_align_centres(pair: tuple[Kernel, Kernel]) -> None:
    a, b = pair
    image = np.random.default_rng(1).random((9, 8))
    np.testing.assert_allclose(apply(image, a + b), apply(image, a) + apply(image, b), atol=1e-14)
    np.testing.assert_allclose(apply(image, a - b), apply(image, a) - apply(image, b), atol=1e-14)
    np.testing.assert_allclose(apply(image, -a), -apply(image, a), atol=1e-14)
    np.testing.assert_allclose(apply(image, 2.5 * a), 2.5 * apply(image, a), atol=1e-14)
    assert a + b == b + a
    assert np.float64(2) * a == a * 2
    assert ((a + b) - b).crop(tolerance=1e-12).center == a.center


@pytest.mark.parametrize("limit", [4096, 1])
def test_composition_convolves_twice(pair: tuple[Kernel, Kernel], limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_convolve.kernels._algebra.DIRECT_LIMIT", limit)
    a, b = pair
    assert (a @ b).center == (1, 4)
    np.testing.assert_allclose((a @ b).values, signal.convolve(a.values, b.values), atol=1e-14)
    image = np.zeros((25, 25))
    image[12, 12] = 1
    np.testing.assert_allclose(apply(image, a @ b), apply(apply(image, a), b), atol=1e-14)


def test_gaussians_compose_to_a_wider_one() -> None:
    wide = gaussian(3, truncate=8) @ gaussian(4, truncate=8)
    np.testing.assert_allclose(wide.crop(21).values, gaussian(5, truncate=8).crop(21).values, atol=1e-12)


def test_kernels_of_different_grids_do_not_combine() -> None:
    for a, b, message in (
        (Kernel([1]), Kernel([[1]]), "dimensions"),
        (Kernel([1], spacing=1.0), Kernel([1], spacing=2.0), "spacing"),
        (Kernel([1], units="um"), Kernel([1], units="nm"), "um and nm"),
    ):
        for combine in (Kernel.__add__, Kernel.__sub__, Kernel.__matmul__):
            with pytest.raises(ValueError, match=message):
                combine(a, b)
    assert (Kernel([1], spacing=2.0) + Kernel([1])).spacing == (2.0,)


def test_algebra_with_anything_else_is_a_type_error() -> None:
    k = Kernel([1, 2])
    for combine in (lambda: k + 1, lambda: k - np.ones(2), lambda: np.ones(2) * k, lambda: k * "2", lambda: k @ 2):
        with pytest.raises(TypeError):
            combine()
    with pytest.raises(ValueError, match="finite"):
        k * np.inf


@pytest.mark.parametrize("shape", [(8,), (7,), (6, 5), (3, 4, 5)])
def test_from_otf_is_the_inverse_of_its_otf(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(2)
    for values in (rng.random(shape), rng.random(shape) + 1j * rng.random(shape)):
        k = Kernel(values)
        otf = np.fft.fftn(np.roll(k.values, [-c for c in k.center], range(k.ndim)))
        back = Kernel.from_otf(otf)
        assert back.center == k.center
        assert back.values.dtype == k.values.dtype
        np.testing.assert_allclose(back.values, k.values, atol=1e-14)


def test_a_kernel_is_an_array_for_numpy() -> None:
    k = gaussian(1)
    np.testing.assert_array_equal(np.asarray(k), k.values)
    np.testing.assert_array_equal(ndimage.convolve(np.eye(5), k), ndimage.convolve(np.eye(5), k.values))
