"""Kernels through napari's own File menu."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

import napari_convolve as nc
from napari_convolve.plugin.layers.kernel_layers import kernel_tuple, read, reader, write


@pytest.mark.parametrize("name", ["k.json", "k.npz", "k.tif"])
def test_everything_a_kernel_knows_survives(tmp_path: Path, name: str) -> None:
    kernel = nc.kernels.gaussian(sigma=(1, 0.5), spacing=(0.5, 0.25))
    kernel.save(tmp_path / name)
    ((data, options, kind),) = read(str(tmp_path / name))
    assert options["metadata"]["kernel"] == kernel and kind == "image" and options["name"] == "k"
    layer = Image(data, **options)
    np.testing.assert_allclose(layer.data_to_world(kernel.center), (0, 0))
    (written,) = write(str(tmp_path / f"again-{name}"), layer.data, layer.as_layer_data_tuple()[1])
    assert nc.Kernel.load(written) == kernel


def test_a_changed_layer_is_saved_as_its_numbers(tmp_path: Path) -> None:
    data, options, _ = kernel_tuple(nc.kernels.sobel())
    data[0, 0] = 9
    write(str(tmp_path / "k.txt"), data, options)
    assert nc.Kernel.load(tmp_path / "k.txt").values[0, 0] == 9


def test_several_files_are_not_one_kernel() -> None:
    assert reader(["a.json", "b.json"]) is None


def test_open_and_save_in_napari(tmp_path: Path, make_napari_viewer) -> None:
    kernel = nc.kernels.laplacian()
    kernel.save(tmp_path / "edge.json")
    viewer = make_napari_viewer()
    (layer,) = viewer.open(str(tmp_path / "edge.json"), plugin="napari-convolve")
    assert layer.name == "edge"
    layer.save(str(tmp_path / "saved.txt"), plugin="napari-convolve")
    assert nc.Kernel.load(tmp_path / "saved.txt") == nc.Kernel(kernel.values)


def test_what_is_no_kernel_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"a": 1}')
    with pytest.raises(ValueError, match="other.json"):
        ViewerModel().open(str(tmp_path / "other.json"), plugin="napari-convolve")
