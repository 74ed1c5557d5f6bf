"""Every result layer carries its recipe, back to the original image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.plugin.layers.recording import ORIGIN, RECIPE

RNG = np.random.default_rng(30)


def test_three_steps_make_one_recipe(viewer, open_panel, hands) -> None:
    stack = RNG.integers(0, 4096, (12, 60, 70)).astype("u2")
    viewer.add_image(stack, name="cells")
    panel = open_panel("Convolve")
    hands.run(panel)
    hands.pick(panel.image, "cells · gaussian")
    hands.pick(panel.kernel.kind, "LoG (spots, edges)")
    hands.run(panel)
    sharpen = open_panel("Deconvolve")
    hands.pick(sharpen.image, "cells · gaussian")
    hands.run(sharpen)
    for name, count in (("cells · gaussian", 1), ("cells · gaussian · log", 2), ("cells · gaussian · deconvolved", 2)):
        layer = viewer.layers[name]
        recipe = layer.metadata[RECIPE]
        assert isinstance(recipe, nc.Recipe) and len(recipe) == count
        assert layer.metadata[ORIGIN] == {"layer": "cells", "file": None}
        assert recipe.run(stack).tobytes() == layer.data.tobytes()
        assert nc.Recipe.from_json(recipe.to_json()).run(stack).tobytes() == layer.data.tobytes()


@pytest.mark.parametrize("channels", [3, 4])
def test_colours(viewer, open_panel, hands, channels: int) -> None:
    image = RNG.integers(0, 256, (20, 30, channels)).astype("u1")
    viewer.add_image(image, rgb=True, name="a")
    panel = open_panel("Convolve")
    hands.run(panel)
    layer: Any = viewer.layers[-1]
    if channels == 3:
        assert layer.metadata[RECIPE].run(image).tobytes() == layer.data.tobytes()
    else:  # opacity stays as it is, which no operation does
        assert RECIPE not in layer.metadata


def test_masks_and_scores(viewer, open_panel, hands) -> None:
    image = RNG.random((40, 50))
    viewer.add_image(image, name="a")
    viewer.add_labels((image > 0.1).astype(int), name="good")
    panel = open_panel("Convolve")
    hands.click(panel.settings._list[-1].button)
    hands.pick(panel.mask, "good")
    hands.run(panel)
    layer = viewer.layers["a · gaussian"]
    assert layer.metadata[RECIPE].run(image).tobytes() == layer.data.tobytes()
