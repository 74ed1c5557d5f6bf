"""The Convolve panel in a real window."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

PLACE = {"scale": (2, 0.5, 0.5), "translate": (10, -3, 4), "units": ("um",) * 3, "axis_labels": ("z", "y", "x")}


def test_a_person_smooths_a_stack(viewer, open_panel, hands, stack) -> None:
    viewer.add_image(stack, name="nuclei", colormap="green", **PLACE)
    panel = open_panel("Convolve")
    hands.write(panel.kernel.form["sigma"], "1.25")
    said = hands.run(panel)
    assert said.startswith("convolve · "), said
    result = viewer.layers["nuclei · gaussian"]
    expected = ndimage.gaussian_filter(stack.astype(float), (0, 1.25, 1.25))
    np.testing.assert_allclose(result.data, expected, rtol=1e-4)
    assert result.data.dtype == np.float32
    for key in ("scale", "translate", "units", "axis_labels"):
        np.testing.assert_array_equal(getattr(result, key), getattr(viewer.layers["nuclei"], key))
    assert result.colormap.name == "green"
    np.testing.assert_array_equal(viewer.layers["nuclei"].data, stack)
