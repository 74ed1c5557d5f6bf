"""The PSF in the Deconvolve panel: computed, measured, repaired, per channel, and equal to the public functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

import napari_convolve as nc

BEADS = Path(__file__).parents[2] / "data" / "beads3d_confocal" / "bead_image1_crop.tif"
UM = {"units": ("um",) * 3, "axis_labels": ("z", "y", "x"), "scale": (0.3, 0.1, 0.1)}


@pytest.fixture
def seen(qtbot: Any) -> Callable[[Any], str]:
    """Wait until the PSF has been looked at; what is said of it."""

    def wait(panel: Any) -> str:
        qtbot.waitUntil(lambda: not panel.doctor.busy, timeout=20000)
        return str(panel.doctor.text.value)

    return wait


def test_a_model_takes_the_pixel_size_of_the_layer(viewer, open_panel, hands, seen) -> None:
    image = np.random.default_rng(0).random((21, 44, 46)).astype("f4")
    viewer.add_image(image, name="a", **UM)
    panel = open_panel("Deconvolve")
    assert seen(panel).startswith("FWHM 0.714 (z) × 0.238 (y) × 0.238 (x) µm"), "sigma is 1 pixel"
    hands.pick(panel.psf.kind, "confocal")
    assert panel.psf.form["spacing"].value == (0.3, 0.1, 0.1)
    said = seen(panel)
    assert said.startswith("FWHM ") and "µm" in said
    assert panel.doctor.picture.isVisible() and [p[0] for p in panel.doctor.picture.planes] == [
        "in focus (xy)",
        "along the axis (xz)",
    ]
    hands.write(panel.psf.form["na"], "1.2")
    hands.write(panel.psf.form["refractive_index"], "1.33")
    hands.write(panel.settings["nsr"], "0.01")
    assert hands.run(panel).startswith("wiener · ")
    psf = nc.kernels.confocal(na=1.2, refractive_index=1.33, spacing=(0.3, 0.1, 0.1))
    expected = nc.wiener(image, psf, nsr=0.01)
    np.testing.assert_allclose(viewer.layers["a · deconvolved"].data, expected, atol=1e-5)
    hands.write(panel.psf.form["wavelength"], "0.52")
    assert seen(panel) == "wavelength=0.52 looks like µm, nm is expected: 520"
    assert "looks like µm" in hands.run(panel)


def test_a_computed_psf_is_no_larger_than_the_image(viewer, open_panel, hands, seen) -> None:
    viewer.add_image(np.random.default_rng(0).random((5, 20, 20)).astype("f4"), name="thin", **UM)
    panel = open_panel("Deconvolve")
    hands.pick(panel.psf.kind, "Born-Wolf")
    seen(panel)
    hands.write(panel.settings["nsr"], "0.1")
    assert hands.run(panel).startswith("wiener · ")


def test_a_spoilt_psf_is_told_and_mended(viewer, open_panel, hands, seen) -> None:
    values = nc.kernels.gaussian(sigma=(1, 2, 2), truncate=6).values
    spoilt = np.roll(values, (0, 2, 0), (0, 1, 2)) + 0.01 * values.max()
    viewer.add_image(spoilt, name="psf", **{**UM, "scale": (0.3, 0.05, 0.05)})
    image = np.random.default_rng(0).random((16, 40, 40)).astype("f4")
    viewer.add_image(image, name="image", **UM)
    panel = open_panel("Deconvolve")
    hands.pick(panel.image, "image")
    hands.pick(panel.psf.kind, "from a layer")
    hands.pick(panel.psf.layer, "psf")
    said = seen(panel)
    assert "The bright core lies (+0.00, +2.00, +0.00) px" in said and "background" in said
    assert "pixels are 0.3 × 0.05 × 0.05 µm, the image's 0.3 × 0.1 × 0.1" in said
    hands.click(panel.doctor.fix)
    assert "✓ Nothing is wrong with it." in seen(panel)
    assert "onto the centre" in str(panel.doctor.done.value) and "resampled" in str(panel.doctor.done.value)
    hands.write(panel.settings["nsr"], "0.01")
    assert hands.run(panel).startswith("wiener · ")
    fixed = nc.fix_psf(nc.Kernel(spoilt, spacing=(0.3, 0.05, 0.05), units="um"), image, spacing=(0.3, 0.1, 0.1))
    np.testing.assert_allclose(viewer.layers["image · deconvolved"].data, nc.wiener(image, fixed, nsr=0.01), atol=1e-5)
    hands.click(panel.doctor.undo)
    assert "The bright core" in seen(panel)


def test_beads_are_measured_in_the_panel(viewer, open_panel, hands, seen, qtbot) -> None:
    image = tifffile.imread(BEADS)
    place = {**UM, "scale": (0.125, 0.0225, 0.0225)}
    viewer.add_image(image, name="beads", **place)
    panel = open_panel("Deconvolve")
    hands.pick(panel.psf.kind, "from beads")
    assert "press Measure" in seen(panel)
    beads = panel.psf._sources["from beads"]
    hands.write(beads.size, "19 31 31")
    hands.click(beads.measure)
    qtbot.waitUntil(lambda: beads.found is not None, timeout=30000)
    assert "PSF from 4 of 4 beads" in str(beads.text.value)
    assert "FWHM 0.5" in seen(panel)
    expected = nc.psf_from_beads(image, size=(19, 31, 31), spacing=(0.125, 0.0225, 0.0225), units="um")
    assert panel.doctor.factory()() == expected.psf


def test_a_measured_psf_is_saved_and_taken_from_its_file(
    viewer, open_panel, hands, seen, qtbot, tmp_path, monkeypatch
) -> None:
    image = tifffile.imread(BEADS)
    viewer.add_image(image, name="beads", **{**UM, "scale": (0.125, 0.0225, 0.0225)})
    panel = open_panel("Deconvolve")
    hands.pick(panel.psf.kind, "from beads")
    seen(panel)
    assert not panel.doctor.save.visible  # there is none yet
    beads = panel.psf._sources["from beads"]
    hands.write(beads.size, "9 21 21")
    hands.click(beads.measure)
    qtbot.waitUntil(lambda: beads.found is not None, timeout=30000)
    assert not panel.doctor.save.enabled  # what is shown is not yet the one that is chosen
    seen(panel)
    path, offered = tmp_path / "measured.tif", []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *asked: offered.append(asked) or (str(path), ""))
    hands.click(panel.doctor.save)
    assert offered[0][2].endswith(".tif") and offered[0][3].startswith("*.tif;;")
    assert panel.doctor.saved.value == "Saved as measured.tif."
    assert nc.Kernel.load(path) == beads.found.psf
    hands.pick(panel.psf.kind, "from a file")
    assert not panel.doctor.saved.visible
    hands.write(panel.psf.file, str(path))
    assert seen(panel).startswith("FWHM ") and panel.doctor.kernel == beads.found.psf
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "psf.tif"), ""))
    hands.click(panel.doctor.save)
    assert "no" in panel.doctor.saved.value and "Saved" not in panel.doctor.saved.value


def test_from_a_bead_stack_to_a_deconvolved_stack_by_hand(viewer, open_panel, hands, seen, qtbot) -> None:
    """The how-to, docs/how-to/psf.md: beads are clicked on in the image, one click beside them."""
    image = tifffile.imread(BEADS)
    place = {**UM, "scale": (0.125, 0.0225, 0.0225)}
    viewer.add_image(image, name="beads", **place)
    panel = open_panel("Deconvolve")
    hands.pick(panel.psf.kind, "from beads")
    beads = panel.psf._sources["from beads"]
    viewer.dims.set_current_step(0, 23)
    viewer.reset_view()
    hands.click(beads.pick)
    places = [(23, 73, 30), (23, 36, 125), (23, 112, 44), (23, 130, 100)]
    points = viewer.layers["picked on beads"]
    canvas = viewer.window._qt_viewer.canvas.native
    for number, at in enumerate(places, 1):
        zoom, middle = viewer.scene.camera.zoom, np.array(viewer.scene.camera.center)[-2:]
        y, x = (np.multiply(at[1:], 0.0225) - middle) * zoom + np.array([canvas.height(), canvas.width()]) / 2
        hands.move(canvas, QPoint(round(x), round(y)))
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
        qtbot.waitUntil(lambda n=number: len(points.data) == n)
    np.testing.assert_allclose(points.data, places, atol=1)
    hands.write(beads.size, "19 43 31")
    hands.click(beads.measure)
    qtbot.waitUntil(lambda: "of 4 beads" in str(beads.text.value), timeout=30000)
    assert "PSF from 3 of 4 beads, 19 × 43 × 31 px." in beads.text.value
    assert "✗ Left out the one at (" in beads.text.value and "µm" in beads.text.value
    assert "✓" in seen(panel) and "(z) × " in seen(panel)
    hands.pick(panel.settings.method, "Richardson-Lucy")
    hands.write(panel.settings["iterations"], "5")
    hands.write(panel.settings["background"], "3")
    assert hands.run(panel).startswith("Richardson-Lucy · ")
    size = {"size": (19, 43, 31), "spacing": place["scale"], "units": "um"}
    psf = nc.psf_from_beads(image, points=points.data, **size).psf
    expected = nc.richardson_lucy(image, psf, iterations=5, background=3)
    as_function_makes(viewer.layers["beads · deconvolved"].data, expected)
    sharp = viewer.layers["beads · deconvolved"]
    assert sharp.data.max() > 2.0 * float(image.max()) and tuple(sharp.scale) == place["scale"]


def test_one_wavelength_per_channel(viewer, open_panel, hands, seen) -> None:
    image = np.random.default_rng(0).random((2, 9, 24, 26)).astype("f4")
    viewer.add_image(
        image, name="a", axis_labels=("c", "z", "y", "x"), scale=(1, 0.3, 0.1, 0.1), units=("pixel", "um", "um", "um")
    )
    panel = open_panel("Deconvolve")
    hands.pick(panel.psf.kind, "Gaussian PSF")
    seen(panel)
    hands.write(panel.doctor.wavelengths, "461, 600, 700")
    hands.write(panel.settings["nsr"], "0.01")
    assert "3 wavelengths are given, the image has c: 2" in hands.run(panel)
    hands.write(panel.doctor.wavelengths, "461, 600")
    assert hands.run(panel).startswith("wiener · ")
    result = viewer.layers["a · deconvolved"].data
    for number, light in enumerate((461, 600)):
        psf = nc.kernels.gaussian_psf(wavelength=light, spacing=(0.3, 0.1, 0.1))
        np.testing.assert_allclose(result[number], nc.wiener(image[number], psf, nsr=0.01), atol=1e-4)


def test_quality_is_told_after_the_run(viewer, open_panel, hands, seen) -> None:
    rng = np.random.default_rng(0)
    image = nc.convolve(rng.random((64, 64)) ** 20, nc.kernels.gaussian(sigma=2)) + 0.01 * rng.normal(size=(64, 64))
    viewer.add_image(image, name="a")
    panel = open_panel("Deconvolve")
    hands.write(panel.psf.form["sigma"], "2")
    panel.judge.value = True
    said = hands.run(panel)
    lines = said.split("\n")
    assert lines[0].endswith("quality, before → after:") and len(lines) == 4
    result = viewer.layers["a · deconvolved"].data
    for line, one, key in ((lines[1], "chi_square", "residual: "), (lines[2], "flux_ratio", "light: ")):
        values = [
            getattr(nc.deconvolution_quality(image, x, nc.kernels.gaussian(sigma=2)), one) for x in (image, result)
        ]
        texts = [f"{v:.3g}" for v in values] if one == "chi_square" else ["100", f"{100 * values[1]:.1f}"]
        assert line.startswith(f"{key}{texts[0]} → {texts[1]} ")
    rings = [nc.fourier_ring_correlation(x).resolution for x in (image, result)]
    assert lines[3] == f"resolution (FRC): {rings[0]:.3g} → {rings[1]:.3g} px"


@pytest.mark.parametrize("name", ["bars", "rfi"])
def test_published_stacks_with_their_own_psf_are_as_the_function_makes_them(
    name: str, viewer, open_panel, hands, seen, dataset
) -> None:
    files = {"bars": ("data.tif", "kernel.tif"), "rfi": ("gendata_psfconv_poiss.tif", "psf_rfi_8bit.tif")}[name]
    image, psf = (tifffile.imread(dataset(f"deconv3d_{name}/{file}")) for file in files)
    viewer.add_image(psf, name="psf", axis_labels=("z", "y", "x"))
    viewer.add_image(image, name="image", axis_labels=("z", "y", "x"))
    panel = open_panel("Deconvolve")
    hands.pick(panel.image, "image")
    hands.pick(panel.psf.kind, "from a layer")
    hands.pick(panel.psf.layer, "psf")
    assert "lies" in seen(panel), "both are half a sample and more off the middle of their arrays"

    hands.write(panel.settings["nsr"], "0.01")
    hands.click(panel.run_bar.run)
    assert hands.wait(panel, 120_000).startswith("wiener · ")
    as_function_makes(viewer.layers["image · deconvolved"].data, nc.wiener(image, psf, nsr=0.01))

    hands.pick(panel.settings.method, "Richardson-Lucy")
    hands.write(panel.settings["iterations"], "5")
    hands.click(panel.run_bar.run)
    assert hands.wait(panel, 120_000).startswith("Richardson-Lucy · ")
    expected = nc.richardson_lucy(image, psf, iterations=5)
    as_function_makes(viewer.layers["image · deconvolved [1]"].data, expected)

    hands.click(panel.doctor.fix)
    hands.click(panel.run_bar.run)
    hands.wait(panel, 120_000)
    expected = nc.richardson_lucy(image, nc.fix_psf(psf, image), iterations=5)
    as_function_makes(viewer.layers["image · deconvolved [2]"].data, expected)


def as_function_makes(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
