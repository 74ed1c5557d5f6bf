"""Every kernel of the catalogue keeps the contract, in every dimension that it takes."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

from napari_convolve import kernels
from napari_convolve.kernels import KERNELS, make, names

from .contract import TYPED, cases, check_kernel, required

SMOOTHING = {"gaussian", "box", "disk", "ball", "ring", "binomial", "savitzky_golay", "moving_average", "motion"}
DERIVATIVE = {"sobel", "prewitt", "scharr", "roberts", "gaussian_derivative", "laplacian", "log", "dog"}
OTHERS = {"unsharp", "sharpen", "emboss", "gabor", "line", "blob", "identity", "custom"}


def test_catalogue_is_complete() -> None:
    assert SMOOTHING | DERIVATIVE | OTHERS <= set(names())
    assert SMOOTHING | DERIVATIVE | OTHERS <= set(dir(kernels))
    assert {name for name in names() if KERNELS.get(name).family == "smoothing"} >= SMOOTHING


@pytest.mark.parametrize(("name", "ndim"), cases())
def test_contract(name: str, ndim: int) -> None:
    check_kernel(name, ndim)


SPACED = [name for name in names() if name != TYPED and "spacing" in KERNELS.get(name).signature.parameters]


@pytest.mark.parametrize("name", SPACED)
def test_contract_with_anisotropic_spacing(name: str) -> None:
    kernel = check_kernel(name, 3, spacing=(0.7, 0.4, 0.5))
    assert kernel.spacing == (0.7, 0.4, 0.5)


INTEGRATED = [name for name in names() if "integrate" in KERNELS.get(name).signature.parameters]


@pytest.mark.parametrize("name", INTEGRATED)
@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
def test_contract_when_integrated(name: str, ndim: int) -> None:
    check_kernel(name, ndim, integrate=True)


@pytest.mark.parametrize("name", [n for n in names() if n != TYPED])
def test_every_parameter_has_a_line_of_documentation(name: str) -> None:
    design = KERNELS.get(name)
    section = inspect.cleandoc(design.function.__doc__ or "").split("Parameters\n")[1].split("Notes\n")[0]
    for parameter in design.signature.parameters:
        assert re.search(rf"^(\w+, )*{parameter}(, \w+)*$", section, re.MULTILINE), parameter


@pytest.mark.parametrize("name", names())
def test_formula_source_and_normalisation_are_stated(name: str) -> None:
    text = KERNELS.get(name).function.__doc__ or ""
    notes, _, references = text.partition("    Notes\n")[2].partition("    References\n")
    assert "``" in notes or "δ" in notes, "a formula"
    assert name in ("identity", TYPED) or len(references.split()) > 3, "a source"
    assert re.search(r"\b[Ss]um\b", text), "what the weights sum to"


@pytest.mark.parametrize("name", [n for n in names() if n != TYPED])
def test_dimensions_out_of_range_are_refused(name: str) -> None:
    for ndim in (0, -1, 5):
        with pytest.raises(ValueError, match="ndim"):
            make(name, ndim=ndim, **required(name))


@pytest.mark.parametrize("name", ["roberts", "emboss", "line"])
def test_what_needs_a_plane_refuses_one_dimension(name: str) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        make(name, ndim=1)


def test_sequence_decides_dimensions_of_a_ball() -> None:
    assert kernels.ball().ndim == 3
    assert kernels.ball(radius=(1, 2)).ndim == 2
    assert kernels.ball(spacing=(1, 1, 1, 1)).ndim == 4


def test_spacing_scales_lengths() -> None:
    for name in ("gaussian", "disk", "blob", "log", "gabor", "motion", "line"):
        length = {"gaussian": "sigma", "log": "sigma", "gabor": "wavelength", "motion": "length", "line": "length"}
        key = length.get(name, "radius")
        extra = {"width": (3.0, 1.5)} if name == "line" else {}
        pixels = make(name, **{key: 6.0}, **{k: v[0] for k, v in extra.items()})
        physical = make(name, **{key: 3.0}, spacing=0.5, **{k: v[1] for k, v in extra.items()})
        scale = 0.25 if name == "log" else 1  # per unit length squared
        np.testing.assert_allclose(physical.values * scale, pixels.values, atol=1e-12)
