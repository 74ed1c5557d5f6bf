"""Gates 3, 4 and 5 on every backend: nothing moves, light is kept, edges are right.

The same gates run on the CPU alone, over more shapes, beside each method.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from tests.contracts.standin import NAME, standin
from tests.ops.deconvolution.test_richardson_lucy import bead, edge_error, gaussian
from tests.ops.deconvolution.test_richardson_lucy import camera_scene as lucy_scene
from tests.ops.deconvolution.test_wiener_filter import camera_scene, centroid, motion

import napari_convolve as nc

BACKENDS = ("numpy", NAME)
METHODS: dict[str, dict[str, Any]] = {
    "wiener": {"nsr": 1e-4},
    "wiener, laplacian": {"nsr": 1e-4, "regularization": "laplacian"},
    "richardson_lucy": {"iterations": 30},
    "richardson_lucy, plain": {"iterations": 30, "acceleration": None},
    "landweber": {"iterations": 30},
}


@pytest.fixture(autouse=True, scope="module")
def device() -> Iterator[Any]:
    with standin() as memory:
        yield memory


def run(method: str, image: np.ndarray, psf: np.ndarray, **options: Any) -> np.ndarray:
    function = getattr(nc, method.partition(",")[0])
    return np.asarray(function(image, psf, **METHODS[method], **options))


@pytest.mark.parametrize("edges", ["extend", "periodic"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHODS)
def test_gate_3_a_bead_stays(method: str, backend: str, ndim: int, edges: str) -> None:
    parities = itertools.product((0, 1), repeat=2)
    for odd, odd_psf in parities:
        shape = (22 + odd, 21 - odd, 20 + odd)[:ndim]
        size = (6 + odd_psf, 7 - odd_psf, 6 + odd_psf)[:ndim]
        at = tuple(n / 2 + 0.3 for n in shape)
        psf = gaussian(size, skew=0.5)
        blurred = scipy.ndimage.convolve(bead(shape, at), psf, mode="wrap")
        found = run(method, blurred, psf, edges=edges, backend=backend)
        assert np.abs(centroid(np.maximum(found, 0), at) - at).max() < 0.05, (shape, size)


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", [name for name in METHODS if not name.startswith("landweber")])
def test_gate_4_light_is_kept(method: str, backend: str, ndim: int) -> None:
    shape = (41, 40, 33)[:ndim]
    image = 100 * bead(shape, tuple(n / 2 for n in shape), 1.5)
    psf = gaussian((7, 6, 7)[:ndim], 1.0)
    for edges, mode in (("periodic", "wrap"), ("extend", "constant")):
        blurred = scipy.ndimage.convolve(image, psf, mode=mode)
        found = run(method, blurred, psf, edges=edges, backend=backend)
        assert abs(found.sum() / image.sum() - 1) < 1e-4, edges
        assert np.isfinite(found).all() and (method.startswith("wiener") or found.min() >= 0)


@pytest.mark.parametrize("iterations", [10, 50])
@pytest.mark.parametrize("backend", BACKENDS)
def test_gate_5_richardson_lucy_is_right_at_the_edges(backend: str, iterations: int) -> None:
    blurred, psf, sharp = lucy_scene()
    found = nc.richardson_lucy(blurred, psf, iterations=iterations, acceleration=None, backend=backend)
    assert edge_error(found, sharp) <= 0.031


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("psf", "limit"), [(gaussian((21, 21), 3.0), 0.046), (motion(), 0.038)])
def test_gate_5_wiener_is_right_over_the_whole_field(psf: np.ndarray, limit: float, backend: str) -> None:
    blurred, sharp = camera_scene(psf)
    found = [nc.wiener(blurred, psf, nsr=10**power, regularization="laplacian", backend=backend) for power in (-3, -2)]
    found += [nc.wiener(blurred, psf, backend=backend)]
    errors = [math.sqrt(np.mean((one - sharp) ** 2)) for one in found]
    assert min(errors) <= limit and errors[-1] <= limit
