"""Gate 14: GNU Octave's tables of conv2, convn and imfilter within 1e-9."""

from __future__ import annotations

import numpy as np
import pytest

import napari_convolve as nc

from .matrix import BACKENDS, METHOD_NAMES
from .octave import cases, table
from .reference import extend

BOUNDARY_OF = {
    "replicate": "nearest",
    "symmetric": "reflect",
    "circular": "wrap",
    "0.0": "constant",
    "7.5": "constant",
}
METHODS = [name for name in METHOD_NAMES if name != "separable"]


def check(got: np.ndarray, expected: np.ndarray, key: str) -> None:
    assert got.shape == expected.shape, key
    error = np.abs(got - expected).max(initial=0.0)
    assert error <= 1e-9 * max(1.0, np.abs(expected).max(initial=0.0)), f"{key}: off by {error:.3g}"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("group", ["conv2", "convn"])
def test_conv2_and_convn(group: str, method: str, backend: str) -> None:
    seen = 0
    for case in cases(group):
        image, kernel = table(case, "A"), table(case, "K")
        for extent in ("full", "same", "valid"):
            expected = table(case, extent)
            options = {"shape": extent, "method": method, "backend": backend}
            if extent == "valid" and 0 in expected.shape:
                with pytest.raises(ValueError, match="valid"):
                    nc.convolve(image, kernel, boundary="constant", **options)
                continue
            got = nc.convolve(image, kernel, boundary="constant", **options)
            check(got, expected, f"{case['key']} {extent}")
            seen += 1
    assert seen >= {"conv2": 100, "convn": 35}[group]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("extent", ["same", "full"])
def test_imfilter(extent: str, method: str, backend: str) -> None:
    """Octave's own conventions, in our words.

    ``corr`` centres an even kernel at (N - 1) // 2: our origin -1 along that axis. ``full`` extends
    the image by N // 2 (one less before, for even N) and filters that with zeros outside.
    """
    seen = 0
    for case in cases("imfilter"):
        if case["shape"] != extent:
            continue
        image, kernel, expected = (table(case, part) for part in ("A", "K", "out"))
        boundary, cval = BOUNDARY_OF[case["pad"]], 0.0
        if boundary == "constant":
            cval = float(case["pad"])
        even = [1 - k % 2 for k in kernel.shape]
        if extent == "full":
            sides = zip(kernel.shape, even, image.shape, strict=True)
            image = extend(image, [(e - k // 2, n + k // 2) for k, e, n in sides], boundary, cval)
            boundary, cval = "constant", 0.0
        got = (nc.correlate if case["func"] == "corr" else nc.convolve)(
            image,
            kernel,
            boundary=boundary,
            cval=cval,
            origin=tuple(-e for e in even) if case["func"] == "corr" else 0,
            method=method,
            backend=backend,
        )
        check(got, expected, case["key"])
        seen += 1
    assert seen == 40
