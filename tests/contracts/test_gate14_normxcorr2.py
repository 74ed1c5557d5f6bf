"""Gate 14, second part: GNU Octave's normxcorr2 within 1e-6, as soon as `match_template` exists."""

from __future__ import annotations

import numpy as np
import pytest

import napari_convolve as nc

from .octave import cases, table

pytestmark = pytest.mark.skipif(not hasattr(nc, "match_template"), reason="napari_convolve has no match_template yet")


@pytest.mark.parametrize("case", cases("normxcorr2"), ids=lambda case: case["key"])
def test_normxcorr2(case: dict[str, str]) -> None:
    """Octave takes the image's mean away and puts zeros outside: our constant is that mean."""
    image, template, expected = (table(case, part) for part in ("A", "T", "out"))
    outside = {"boundary": "constant", "cval": float(image.mean())}
    got = nc.match_template(image, template, shape="full", **outside)
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-6
