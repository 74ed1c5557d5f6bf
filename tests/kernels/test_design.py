"""Parameters of kernels are checked before any computation or allocation, with errors that name them."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tracemalloc
from typing import Annotated, Any, get_type_hints

import numpy as np
import pytest

from napari_convolve import kernels
from napari_convolve._registry import Param
from napari_convolve.kernels import KERNELS, Kernel, kernel, make, names

BAD_SIGMAS = [-1, np.nan, np.inf, 1e9, 1e308, (1, 2, 3, 4, 5), [], (1, np.nan), (1, -2)]
BAD_SIGMA_TYPES = ["2", None, True, 1j, (1, "2"), object(), b"2", {"x": 1}, np.array(["1"])]


def refused(error: type[Exception] | tuple[type[Exception], ...], name: str, **parameters: Any) -> str:
    """Make a kernel that must be refused without allocating; return the message."""
    tracemalloc.start()
    try:
        with pytest.raises(error) as caught:
            make(name, **parameters)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("sigma", BAD_SIGMAS, ids=repr)
@pytest.mark.parametrize("name", ["gaussian", "log", "dog", "gaussian_derivative", "unsharp"])
def test_bad_sigmas(name: str, sigma: object) -> None:
    assert "sigma" in refused(ValueError, name, sigma=sigma) or sigma in (1e9, 1e308)


@pytest.mark.parametrize("sigma", BAD_SIGMA_TYPES, ids=lambda value: type(value).__name__)
def test_sigmas_that_are_no_numbers(sigma: object) -> None:
    assert "sigma" in refused(TypeError, "gaussian", sigma=sigma)


def test_sigma_for_another_number_of_axes() -> None:
    assert refused(ValueError, "gaussian", sigma=(1, 2), ndim=3) == (
        "dimensions do not agree: sigma gives 2, ndim gives 3"
    )
    assert "spacing gives 3" in refused(ValueError, "gaussian", sigma=(1, 2), spacing=(1, 1, 1))


def test_sigma_of_nothing_is_a_unit_impulse() -> None:
    for sigma in (0, 1e-3, 1e-300):
        assert kernels.gaussian(sigma) == kernels.identity()
        assert kernels.gaussian(sigma, integrate=True).values.tolist() == [[1.0]]
    assert kernels.gaussian((0, 1)).shape == (1, 9)


def test_size_guard_names_the_bytes() -> None:
    assert "5.12e+20 bytes" in refused(ValueError, "gaussian", sigma=1e9)
    assert "8e+18 bytes" in refused(ValueError, "box", size=10**9)
    for name, key in (
        ("disk", "radius"),
        ("ring", "radius"),
        ("motion", "length"),
        ("line", "length"),
        ("gabor", "wavelength"),
        ("blob", "radius"),
        ("moving_average", "size"),
        ("savitzky_golay", "size"),
    ):
        value = 10**9 + 1 if key == "size" else 1e9
        assert "bytes" in refused(ValueError, name, **{key: value})
    assert "1000" in refused(ValueError, "binomial", size=10**9)


@pytest.mark.parametrize("size", [0, -3, 2.5, True, "3", np.nan, None])
@pytest.mark.parametrize("name", ["box", "binomial", "moving_average", "savitzky_golay"])
def test_bad_sizes(name: str, size: object) -> None:
    assert "size" in refused((ValueError, TypeError), name, size=size)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gaussian_derivative", {"order": -1}),
        ("gaussian_derivative", {"order": 10}),
        ("gaussian_derivative", {"order": 1.5}),
        ("gaussian_derivative", {"order": (1, 2), "ndim": 3}),
        ("gaussian_derivative", {"axis": 2}),
        ("savitzky_golay", {"size": 4}),
        ("savitzky_golay", {"size": 5, "degree": 5}),
        ("savitzky_golay", {"order": 3, "degree": 2}),
        ("gabor", {"wavelength": 0}),
        ("gabor", {"wavelength": -1}),
        ("gabor", {"bandwidth": 0}),
        ("gabor", {"sigma": 0}),
        ("gabor", {"angle": np.inf}),
        ("gabor", {"direction": (0, 0)}),
        ("gabor", {"direction": (1, 0), "angle": 20}),
        ("gabor", {"direction": 3}),
        ("gabor", {"analytic": 1}),
        ("motion", {"angle": 20, "ndim": 1}),
        ("motion", {"length": -1}),
        ("line", {"width": 0}),
        ("line", {"direction": (1,)}),
        ("disk", {"radius": -1}),
        ("ring", {"radius": 0.5, "width": 0.1}),
        ("blob", {"radius": 0}),
        ("dog", {"ratio": 1}),
        ("dog", {"ratio": 0.5}),
        ("laplacian", {"alpha": 1.1}),
        ("laplacian", {"alpha": 0.2, "spacing": (1, 2)}),
        ("sharpen", {"amount": np.nan}),
        ("emboss", {"amount": "much"}),
        ("roberts", {"diagonal": "up"}),
        ("sobel", {"axis": 2}),
        ("sobel", {"axis": -3}),
        ("sobel", {"axis": 0.0}),
        ("sobel", {"normalize": 1}),
        ("sobel", {"spacing": 0}),
        ("sobel", {"spacing": -1}),
        ("gaussian", {"sigma": 1, "truncate": -1}),
        ("gaussian", {"sigma": 1, "spacing": np.nan}),
        ("gaussian", {"sigma": 1, "ndim": 0}),
        ("gaussian", {"sigma": 1, "ndim": 2.0}),
        ("moving_average", {"axis": 1}),
        ("custom", {"values": [[1, 2], [3]]}),
        ("custom", {"values": [1, 2], "center": 2}),
        ("custom", {"values": "1 x"}),
        ("identity", {"ndim": 5}),
    ],
    ids=str,
)
def test_bad_parameters(name: str, parameters: dict[str, Any]) -> None:
    refused((ValueError, TypeError), name, **parameters)


def test_disk_of_radius_0_is_a_pixel() -> None:
    for integrate in (False, True):
        assert kernels.disk(radius=0, integrate=integrate).values.tolist() == [[1.0]]
        assert kernels.ball(radius=0, integrate=integrate).shape == (1, 1, 1)


@pytest.mark.parametrize("integrate", [False, True])
@pytest.mark.parametrize("radius", [0.2, 0.49, 0.5, 0.51, 1, 1.5])
def test_small_disks_sum_to_one(radius: float, integrate: bool) -> None:
    assert kernels.disk(radius=radius, integrate=integrate).sum == pytest.approx(1, abs=1e-12)


def test_unknown_names_list_the_choices() -> None:
    with pytest.raises(ValueError, match=r"unknown kernel 'gauss'; choose from .*'gaussian'"):
        make("gauss")
    with pytest.raises(ValueError, match="unknown kernel"):
        make(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="gaussian has no parameter 'sgma'; it takes sigma, truncate, ndim"):
        make("gaussian", sgma=1)
    with pytest.raises(TypeError, match="missing a required argument: 'sigma'"):
        make("gaussian")
    with pytest.raises(TypeError, match="too many positional"):
        kernels.box(3)
    with pytest.raises(AttributeError, match="gaussian"):
        kernels.gauss  # noqa: B018


def test_public_functions() -> None:
    for name in names():
        function = getattr(kernels, name)
        assert function.__name__ == name
        assert inspect.signature(function).return_annotation is Kernel
        assert get_type_hints(function)["return"] is Kernel
    assert list(inspect.signature(kernels.gaussian).parameters) == ["sigma", "truncate", "ndim", "spacing", "integrate"]
    assert kernels.gaussian(2) == kernels.gaussian(sigma=2.0)


def test_signatures_hold_the_limits() -> None:
    hint = KERNELS.get("gaussian").signature.parameters["sigma"].annotation
    assert hint.__metadata__ == (Param(min=0, step=0.1, unit="length"),)


def test_no_module_has_the_name_of_a_kernel() -> None:
    import pkgutil

    modules = {module.name for module in pkgutil.iter_modules(kernels.__path__)}
    assert not modules & {*names(), "make", "names", "kernel", "save", "load", "report"}


def test_one_decorated_function_is_a_kernel_everywhere() -> None:
    @kernel(total=1, symmetry="even")
    def hat(*, radius: Annotated[int, Param(min=0, max=9)] = 2) -> np.ndarray:
        """A triangle."""
        line = radius + 1 - np.abs(np.arange(-radius, radius + 1.0))
        return line / line.sum()

    try:
        assert "hat" in names()
        assert "hat" in dir(kernels)
        assert kernels.hat(radius=1) == make("hat", radius=1) == hat(radius=1) == Kernel([0.25, 0.5, 0.25])
        assert kernels.hat().parameters == {"radius": 2}
        assert KERNELS.get("hat").family == "test_design"
        with pytest.raises(ValueError, match="hat: radius=10 must be at most 9"):
            hat(radius=10)
    finally:
        KERNELS.unregister("hat")
    assert "hat" not in names()


def test_parameters_make_the_same_kernel_again() -> None:
    k = kernels.gaussian((1, 2, 3), spacing=(1, 0.5, 0.5))
    assert k.parameters["sigma"] == (1.0, 2.0, 3.0)
    assert k.parameters["ndim"] == 3
    assert make(k.name, **k.parameters) == k
    assert "values" not in kernels.custom(values=np.ones((50, 50))).parameters
    k = kernels.custom(values="1 2; 3 4", center=(0, 0), spacing=0.5)
    assert make(k.name, **k.parameters) == k


def test_numpy_numbers_are_numbers() -> None:
    assert kernels.gaussian(np.float32(2), ndim=np.int64(3)) == kernels.gaussian(2, ndim=3)
    assert kernels.gaussian(np.array([1.0, 2.0])) == kernels.gaussian((1, 2))
    assert kernels.box(size=np.uint8(3)) == kernels.box(size=3)


def test_errors_are_quiet_under_strict_floating_point() -> None:
    with np.errstate(all="raise", under="ignore"):
        for name in names():
            if name != "custom":
                make(name, **({"sigma": 1} if name == "gaussian" else {})).report()


def test_import_is_cheap() -> None:
    code = (
        "import sys, napari_convolve.kernels as k; k.gaussian(2).factors();"
        "bad = {m.split('.')[0] for m in sys.modules} & {'scipy', 'tifffile', 'qtpy', 'dask', 'cupy', 'numba'};"
        "sys.exit(f'imported {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
