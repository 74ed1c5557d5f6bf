"""The Deconvolve panel in a real window."""

from __future__ import annotations

import numpy as np
import pytest

import napari_convolve as nc


@pytest.mark.panel
def test_a_person_sharpens_the_sample_with_its_psf(viewer, open_panel, hands) -> None:
    viewer.open_sample("napari-convolve", "blurred")
    panel = open_panel("Deconvolve")
    assert panel.image.value == viewer.layers["filaments, blurred"]
    hands.pick(panel.psf.kind, "from a layer")
    assert panel.psf.layer.value == viewer.layers["PSF"]
    said = hands.run(panel)
    assert said.startswith("wiener · ")
    result = viewer.layers["filaments, blurred · deconvolved"].data
    sharp = np.asarray(viewer.layers["filaments, sharp"].data, dtype=float)
    seen = np.asarray(viewer.layers["filaments, blurred"].data, dtype=float)
    assert np.corrcoef(result.ravel(), sharp.ravel())[0, 1] > np.corrcoef(seen.ravel(), sharp.ravel())[0, 1] + 0.05
    np.testing.assert_allclose(result.mean(), seen.mean(), rtol=1e-3)


def test_a_number_for_the_noise_is_the_number_of_the_function(viewer, open_panel, hands) -> None:
    image = np.random.default_rng(0).random((5, 24, 26)).astype("f4")
    viewer.add_image(image, name="a", axis_labels=("t", "y", "x"), scale=(1, 2, 2))
    panel = open_panel("Deconvolve")
    hands.write(panel.psf.form["sigma"], "1.5")
    hands.write(panel.settings["nsr"], "0.02")
    assert "nsr 0.02" in hands.run(panel)
    expected = nc.wiener(image, nc.kernels.gaussian(sigma=1.5), nsr=0.02, axes=(1, 2))
    result = viewer.layers["a · deconvolved"]
    np.testing.assert_allclose(result.data, expected, atol=1e-6)
    np.testing.assert_array_equal(result.scale, (1, 2, 2))
    hands.write(panel.settings["nsr"], "-1")
    assert "nsr" in hands.run(panel) and len(viewer.layers) == 2
    hands.write(panel.settings["nsr"], "little")
    assert hands.run(panel) == "noise to signal: 'little' is not a number"


def test_a_psf_of_the_wrong_dimensions_is_a_sentence(viewer, open_panel, hands) -> None:
    viewer.add_image(np.ones((5, 5)), name="psf 2-D")
    viewer.add_image(np.random.default_rng(0).random((9, 20, 20)), name="stack", axis_labels=("z", "y", "x"))
    panel = open_panel("Deconvolve")
    hands.pick(panel.image, "stack")
    assert panel.view.value.label == "3-D (z, y, x)"
    hands.pick(panel.psf.kind, "from a layer")
    hands.pick(panel.psf.layer, "psf 2-D")
    said = hands.run(panel)
    assert "'psf 2-D' has 2 dimensions" in said and "acts on 3" in said
    hands.pick(panel.view, "2-D per plane (y, x)")
    assert hands.run(panel).startswith("wiener · ")


def test_a_psf_of_another_pixel_size_is_remarked(viewer, open_panel, hands) -> None:
    place = {"units": ("um",) * 2, "axis_labels": ("y", "x")}
    viewer.add_image(nc.kernels.gaussian(sigma=1).values, name="psf", scale=(0.1, 0.1), **place)
    viewer.add_image(np.random.default_rng(0).random((30, 30)), name="image", scale=(0.2, 0.2), **place)
    panel = open_panel("Deconvolve")
    hands.pick(panel.image, "image")
    hands.pick(panel.psf.kind, "from a layer")
    hands.pick(panel.psf.layer, "psf")
    assert "the PSF's pixels are 0.1 × 0.1 µm, the image's 0.2 × 0.2: Fix it, or resample one" in hands.run(panel)


def test_nan_is_refused_with_its_place(viewer, open_panel, hands) -> None:
    image = np.ones((12, 12))
    image[3, 4] = np.nan
    viewer.add_image(image, contrast_limits=(0, 1))
    panel = open_panel("Deconvolve")
    said = hands.run(panel)
    assert "(3, 4)" in said and len(viewer.layers) == 1


def test_another_image_is_another_question(viewer, open_panel, hands) -> None:
    """All axes of space unless a person says otherwise, and no message about the image before."""
    stack = np.random.default_rng(0).random((6, 20, 22))
    viewer.add_image(stack, name="stack", axis_labels=("z", "y", "x"))
    viewer.add_image(stack[0], name="plane")
    panel = open_panel("Deconvolve")
    assert panel.view.value.label == "2-D (y, x)"
    hands.write(panel.settings["nsr"], "0.1")
    assert hands.run(panel).startswith("wiener")
    hands.pick(panel.image, "stack")
    assert panel.view.value.label == "3-D (z, y, x)" and panel.run_bar.message.value == ""
    hands.pick(panel.view, "2-D per plane (y, x)")
    hands.pick(panel.image, "plane")
    hands.pick(panel.image, "stack")
    assert panel.view.value.label == "2-D per plane (y, x)", "as it was chosen"
