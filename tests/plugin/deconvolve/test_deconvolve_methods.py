"""Methods of the Deconvolve panel: shared options, watching iterations, the noise plot."""

from __future__ import annotations

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.plugin.jobs.iteration_watch import IterationWatch

PSF = nc.kernels.gaussian(sigma=1.5)


@pytest.fixture
def image() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.poisson(nc.convolve(rng.random((48, 50)) ** 20 * 500, PSF) + 10).astype("uint16")


def test_each_method_is_its_function(viewer, open_panel, hands, image) -> None:
    viewer.add_image(image, name="a")
    panel = open_panel("Deconvolve")
    hands.write(panel.psf.form["sigma"], "1.5")
    choice = panel.settings.method
    assert [choice.native.itemText(i) for i in range(3)] == ["Wiener", "Richardson-Lucy", "Landweber"]
    hands.pick(choice, "Richardson-Lucy")
    assert not panel.settings._forms["wiener"].visible and "iteration" in panel.settings.about.value
    hands.write(panel.settings["iterations"], "7")
    assert hands.run(panel).startswith("Richardson-Lucy · ")
    found = viewer.layers["a · deconvolved"]
    np.testing.assert_allclose(found.data, nc.richardson_lucy(image, PSF, iterations=7), rtol=1e-4, atol=1e-3)
    hands.pick(choice, "Landweber")
    hands.write(panel.settings["iterations"], "5")
    assert hands.run(panel).startswith("landweber · ")
    expected = nc.landweber(image, PSF, iterations=5)
    np.testing.assert_allclose(viewer.layers[-1].data, expected, rtol=1e-4, atol=1e-3)
    hands.pick(choice, "Richardson-Lucy")
    assert panel.settings["iterations"].value == 7, "a method keeps its values"
    assert [layer.name for layer in viewer.layers] == ["a", "a · deconvolved", "a · deconvolved [1]"]


def test_shared_options_are_asked_for_once(viewer, open_panel, hands, image) -> None:
    viewer.add_image(image, name="a")
    panel = open_panel("Deconvolve")
    panel.settings["edges"].value = "periodic"
    for label, operation in (("Richardson-Lucy", "richardson_lucy"), ("Landweber", "landweber"), ("Wiener", "wiener")):
        hands.pick(panel.settings.method, label)
        assert panel.settings["edges"].value == "periodic"
        request = panel.request()
        assert (request.operation, request.options["edges"]) == (operation, "periodic")


def test_an_iteration_is_watched_and_ended_by_hand(viewer, open_panel, hands, image, qtbot) -> None:
    viewer.add_image(image, name="a", scale=(2, 2))
    panel = open_panel("Deconvolve")
    hands.pick(panel.settings.method, "Richardson-Lucy")
    hands.write(panel.settings["iterations"], "1000000")
    assert not panel.keep.native.isVisible()
    hands.click(panel.run_bar.run)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2 and "iteration" in viewer.layers[1].name, timeout=20000)
    live = viewer.layers[1]
    np.testing.assert_array_equal(live.scale, (2, 2))
    first, name = np.array(live.data), live.name
    qtbot.waitUntil(lambda: live.name != name, timeout=20000)
    assert np.abs(live.data - first).max() > 0 and panel.run_bar.message.value.startswith("Iteration ")
    hands.click(panel.keep)
    said = hands.wait(panel)
    assert "as asked for" in said and not panel.keep.native.isVisible()
    assert [layer.name for layer in viewer.layers] == ["a", "a · deconvolved"]
    assert viewer.layers[1].data.min() >= 0


def test_cancel_takes_the_live_layer_away(viewer, open_panel, hands, image, qtbot) -> None:
    viewer.add_image(np.stack([image, image[::-1]]), name="a", axis_labels=("t", "y", "x"), scale=(5, 1, 1))
    viewer.dims.set_current_step(0, 1)
    panel = open_panel("Deconvolve")
    hands.pick(panel.settings.method, "Richardson-Lucy")
    hands.write(panel.settings["iterations"], "1000000")
    hands.click(panel.run_bar.run)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=20000)
    assert viewer.layers[1].data.shape == (2, 48, 50) and viewer.layers[1].data[1].max() == 0
    assert viewer.dims.current_step[0] == 0, "what is iterated can be seen"
    qtbot.waitUntil(lambda: "of image 1 of 2" in panel.run_bar.message.value)
    hands.click(panel.run_bar.cancel)
    assert hands.wait(panel) == "Cancelled."
    assert [layer.name for layer in viewer.layers] == ["a"] and viewer.dims.current_step[0] == 1


def test_the_others_get_as_many_iterations_as_the_one_that_was_seen() -> None:
    rng = np.random.default_rng(0)
    stack = rng.random((3, 20, 21))
    watch = IterationWatch()

    def until_six(iteration: int, found: object) -> bool:
        if iteration == 6:
            watch.stop()
        return watch(iteration, found)

    found = nc.richardson_lucy(stack, PSF, iterations=50, intermediate=until_six)
    np.testing.assert_allclose(found, nc.richardson_lucy(stack, PSF, iterations=6), atol=1e-9)
    assert watch.kept == 6 and watch.batch_item == 2
    look = watch.take()
    assert look is not None and look.data.shape == (20, 21) and watch.take() is None


def test_the_noise_is_a_picture(viewer, open_panel, hands) -> None:
    rng = np.random.default_rng(1)
    sharp = np.cumsum(np.cumsum(rng.normal(size=(128, 120)), 0), 1)
    viewer.add_image(nc.convolve(sharp, PSF) + rng.normal(size=sharp.shape), name="a", scale=(0.5, 0.5), units="um")
    panel = open_panel("Deconvolve")
    hands.write(panel.psf.form["sigma"], "1.5")
    hands.click(panel.noise.fold.button)
    hands.click(panel.noise.look)
    hands.wait(panel)
    assert len(viewer.layers) == 1 and panel.noise.plot.isVisible()
    expected = nc.estimate_noise(viewer.layers[0].data, PSF)
    assert f"Noise: {expected.noise:.3g} grey levels" in panel.noise.text.value
    assert "µm are weaker" in panel.noise.text.value and "µm" in panel.noise.plot.x_label
    observed = panel.noise.plot.lines[2]
    assert abs(observed.y[-10:].mean()) < 1, "the highest frequencies are noise, at 0 dB"
    hands.write(panel.settings["nsr"], "0.1")
    hands.run(panel)
    assert not panel.noise.plot.isVisible(), "nothing was estimated for this result"
    hands.write(panel.settings["nsr"], " ")
    hands.run(panel)
    assert panel.noise.plot.isVisible()
