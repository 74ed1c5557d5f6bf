"""Copy Python gives the same bytes without napari; a recipe is applied to other layers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from qtpy.QtWidgets import QApplication

import napari_convolve as nc
from napari_convolve.plugin.layers.recording import RECIPE

RNG = np.random.default_rng(40)


def run_script(text: str, folder: Path) -> Any:
    (folder / "script.py").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "script.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return np.load(folder / "result.npy")


def test_a_chain_of_three_from_a_file(viewer, open_panel, hands, tmp_path: Path) -> None:
    image = RNG.integers(0, 4000, (80, 90)).astype("u2")
    tifffile.imwrite(tmp_path / "cells.tif", image)
    viewer.open(tmp_path / "cells.tif")
    panel = open_panel("Convolve")
    hands.run(panel)
    sharpen = open_panel("Deconvolve")
    hands.pick(sharpen.image, "cells · gaussian")
    hands.run(sharpen)
    hands.pick(panel.image, "cells · gaussian · deconvolved")
    hands.pick(panel.kernel.kind, "LoG (spots, edges)")
    hands.run(panel)
    recipes = open_panel("Recipes")
    result = viewer.layers[-1]
    hands.pick(recipes.result, result.name)
    assert recipes.steps.value.count("\n") == 2 and "3. convolve" in recipes.steps.value
    hands.click(recipes.copy)
    text = QApplication.clipboard().text()
    assert "cells.tif" in text
    again = run_script(text, tmp_path)
    assert again.dtype == result.data.dtype and again.tobytes() == np.asarray(result.data).tobytes()
    recipes.result.value.metadata[RECIPE].to_json(tmp_path / "chain.json")
    hands.pick(recipes.result, "a file")
    recipes.file.value = tmp_path / "chain.json"
    assert "3. convolve" in recipes.steps.value


def test_settings_as_python_before_any_run(viewer, open_panel, hands, command, tmp_path: Path) -> None:
    image = RNG.integers(0, 4000, (40, 50)).astype("u2")
    np.save(tmp_path / "in.npy", image)
    viewer.add_image(image, name="a")
    for name, expected in (("Convolve", nc.convolve), ("Deconvolve", nc.wiener)):
        panel = open_panel(name)
        hands.click(panel.run_bar[-1].button)
        hands.click(panel.tools.copy)
        (tmp_path / "script.py").write_text(QApplication.clipboard().text(), encoding="utf-8")
        command("python", "script.py", "in.npy", "out.npy")
        assert np.load(tmp_path / "out.npy").tobytes() == expected(image, nc.kernels.gaussian(sigma=1)).tobytes()


@pytest.mark.panel
def test_the_same_to_all_selected_layers(viewer, open_panel, hands) -> None:
    images = [RNG.random((30, 40)).astype("f4") for _ in range(3)]
    layers = [viewer.add_image(image, name=f"image {i}") for i, image in enumerate(images)]
    panel = open_panel("Convolve")
    hands.pick(panel.image, "image 0")
    hands.run(panel)
    recipes = open_panel("Recipes")
    assert recipes.result.value == viewer.layers["image 0 · gaussian"]
    viewer.layers.selection = set(layers[1:])
    said = hands.run(recipes)
    assert said == "Done: 2 new. Axes by name: y, x."
    for i in (1, 2):
        made = viewer.layers[f"image {i} · convolve"]
        assert made.data.tobytes() == made.metadata[RECIPE].run(images[i]).tobytes()
        np.testing.assert_allclose(made.data, nc.convolve(images[i], nc.kernels.gaussian(sigma=1)), atol=1e-5)
        assert len(made.metadata[RECIPE]) == 1


def test_axes_go_by_name_and_by_position_where_they_have_none(viewer, open_panel, hands) -> None:
    movie = RNG.random((5, 20, 22)).astype("f4")
    first = viewer.add_image(movie, name="movie", axis_labels=("time", "y", "x"))
    turned = viewer.add_image(movie.transpose(1, 2, 0), name="turned", axis_labels=("y", "x", "t"))
    plain = viewer.add_image(RNG.random((20, 22)).astype("f4"), name="plain")
    other = viewer.add_image(movie, name="other", axis_labels=("a", "b", "c"))
    viewer.layers.selection.active = first
    panel = open_panel("Convolve")
    hands.run(panel)
    smooth = viewer.layers["movie · gaussian"].data
    recipes = open_panel("Recipes")
    viewer.layers.selection = {turned, plain, other}
    said = hands.run(recipes)
    assert said.startswith("Done: 3 new. Axes by name: y, x.")
    assert "Axes of other by position: step 1 (convolve) acts along y, x, the image has a, b, c." in said
    np.testing.assert_allclose(viewer.layers["turned · convolve"].data, smooth.transpose(1, 2, 0), atol=1e-6)
    np.testing.assert_allclose(
        viewer.layers["plain · convolve"].data, nc.convolve(plain.data, nc.kernels.gaussian(sigma=1)), atol=1e-6
    )
    np.testing.assert_allclose(viewer.layers["other · convolve"].data, smooth, atol=1e-6)
    again = viewer.layers["turned · convolve"].metadata[RECIPE]
    assert again.run(turned.data).tobytes() == viewer.layers["turned · convolve"].data.tobytes()


def test_a_hostile_file_is_a_sentence(viewer, open_panel, tmp_path: Path) -> None:
    recipes = open_panel("Recipes")
    assert "run another panel first" in recipes.run_bar.message.value and not recipes.copy.enabled
    for text in ('{"format": "x"}', "[" * 10_000, '{"format": "napari-convolve recipe", "version": 99, "steps": [{}]}'):
        (tmp_path / "a.json").write_text(text)
        recipes.file.value = tmp_path / "a.json"
        recipes._show()
        assert recipes.run_bar.message.value and not recipes.run_bar.run.enabled and not recipes.steps.value
    assert "version 99" in recipes.run_bar.message.value
