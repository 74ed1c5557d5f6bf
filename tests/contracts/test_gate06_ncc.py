"""Gate 6: normalised cross-correlation on every method of every backend."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import scipy.ndimage
from skimage.feature import match_template as skimage_match
from tests.contracts.standin import NAME, standin

import napari_convolve as nc
from napari_convolve.methods import METHODS

#: a template that is no product of lines leaves this one out; a Gaussian one has its own test
METHOD_NAMES = [name for name in METHODS.names() if name not in ("separable", "multirate")]
EDGE = np.repeat([[0.0] * 6 + [1.0] * 6], 12, axis=0)


@pytest.fixture(params=["numpy", NAME])
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == NAME:
        with standin():
            yield NAME
    else:
        yield "numpy"


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("offset", [0, 1000, 60000])
@pytest.mark.parametrize("dtype", ["float32", "uint16"])
@pytest.mark.parametrize("size, side", [((60, 70), (12, 9)), ((14, 20, 22), (5, 6, 7))], ids=["2-D", "3-D"])
def test_scores_at_any_offset(
    size: tuple[int, ...], side: tuple[int, ...], dtype: str, offset: int, method: str, backend: str
) -> None:
    rng = np.random.default_rng(1)
    image = scipy.ndimage.gaussian_filter(rng.normal(size=size), 1.0)
    image = np.clip(5 * image / image.std() + offset, 0, 65535).astype(dtype)
    place = tuple((n - k) // 2 for n, k in zip(size, side, strict=True))
    template = image[tuple(slice(p, p + k) for p, k in zip(place, side, strict=True))] + rng.normal(size=side)
    got = nc.match_template(image, template, shape="valid", method=method, backend=backend)
    truth = skimage_match(image.astype(float) - offset, template - offset)
    assert np.abs(got).max() <= 1 + 1e-6
    assert np.abs(got - truth).max() <= 1e-4
    assert np.unravel_index(got.argmax(), got.shape) == place


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_flat_windows_and_flat_templates(method: str, backend: str) -> None:
    rng = np.random.default_rng(2)
    image = np.full((40, 50), 1000.1, np.float32)
    image[:, 25:] += rng.normal(size=(40, 25)).astype(np.float32)
    template = rng.normal(size=(5, 6))
    got = nc.match_template(image, template, method=method, backend=backend)
    assert not got[:, :22].any() and np.abs(got[:, 25:]).max() > 0.3
    with pytest.raises(ValueError, match="template"):
        nc.match_template(image, np.full((5, 6), 3.0), method=method, backend=backend)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_the_border_of_noise_shows_no_edge(method: str, backend: str) -> None:
    image = (100 + np.random.default_rng(7).normal(size=(120, 130))).astype(np.float32)
    got = np.abs(nc.match_template(image, EDGE, method=method, backend=backend))
    inside = got[12:-12, 12:-12].max()
    got[12:-12, 12:-12] = 0
    assert got.max() <= 1.5 * inside
    outside = np.abs(nc.match_template(image, EDGE, method=method, backend=backend, boundary="constant"))
    assert outside.max() > 0.99, "zeros outside are an edge: what this test would see"


def test_a_separable_template(backend: str) -> None:
    image = (60000 + 5 * np.random.default_rng(3).normal(size=(50, 60))).astype(np.float32)
    template = nc.kernels.gaussian(sigma=1.5)
    got = nc.match_template(image, template, shape="valid", method="separable", backend=backend)
    assert np.abs(got - skimage_match(image.astype(float) - 60000, template.values)).max() <= 1e-4
