"""The compiled loops of NCC give the same bits as those in NumPy, for all memory layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.ops.matching import ncc_numba
from napari_convolve.ops.matching.block import Block

pytest.importorskip("numba", reason="Numba is not installed")

NOISE = np.random.default_rng(0).normal(size=(60, 83))
HOLES = np.random.default_rng(1).random((12, 8)) > 0.3
LAYOUTS: dict[str, Any] = {
    "plain": lambda image: image,
    "batch": lambda image: np.stack([image, image[::-1], image[:, ::-1]]),
    "strided": lambda image: image[::2, 1:70],
    "read only": lambda image: np.broadcast_to(image, image.shape),
    "big-endian": lambda image: image.astype(image.dtype.newbyteorder(">")),
    "unaligned": lambda image: (
        np.frombuffer(b"x" + image.tobytes(), np.uint8)[1:].view(image.dtype).reshape(image.shape)
    ),
    "half flat": lambda image: np.where(np.arange(83) < 40, image, image[0, 0]),
    "half dim": lambda image: np.where(np.arange(83) < 40, image, image[0, 0] + (image - image[0, 0]) // 100),
    "transposed": lambda image: np.asfortranarray(image),
    "with NaN": lambda image: (
        np.where(np.arange(83) == 50, np.nan, image).astype(image.dtype) if image.dtype.kind == "f" else image
    ),
}


@pytest.fixture(scope="module", params=["float32", "uint16"])
def dtype(request: pytest.FixtureRequest) -> str:
    for loop in ncc_numba.needed_loops(request.param, "float32", boxes=False):
        ncc_numba.compile_now(*loop)
    return str(request.param)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mask", [None, HOLES], ids=["box", "holes"])
@pytest.mark.parametrize("method", ["overlap-save", "fft", "direct"])
def test_compiled_or_not_the_bits_are_equal(
    dtype: str, layout: str, mask: Any, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []
    ready = Block.loop

    def spy(name: str, *dtypes: str) -> Any:
        found = ready(name, *dtypes)
        used.extend([name] if found is not None else [])
        return found

    template = NOISE[6:18, 7:15] + 0.3 * NOISE[40:52, 70:78]
    for offset in (1000, 60000):
        image = LAYOUTS[layout](np.clip(np.rint(5 * NOISE + offset), 0, 65535).astype(dtype))
        options: dict[str, Any] = {"method": method, "template_mask": mask}
        monkeypatch.setattr(Block, "loop", staticmethod(spy))
        compiled = nc.match_template(image, template, **options)
        monkeypatch.setattr(Block, "loop", staticmethod(lambda *key: None))
        plain = nc.match_template(image, template, **options)
        np.testing.assert_array_equal(compiled, plain)
    if layout != "with NaN":
        assert {"centre", "divide", "box_norms" if mask is None else "support_norms"} <= set(used)


def test_compiled_or_not_the_best_of_many_is_the_same(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.rint(5 * NOISE + 3000).astype(dtype)
    options: dict[str, Any] = {"rotations": range(0, 360, 30), "threshold": 0.3, "method": "overlap-save"}
    compiled = nc.detect_features(image, NOISE[6:18, 7:15], **options)
    monkeypatch.setattr(Block, "loop", staticmethod(lambda *key: None))
    plain = nc.detect_features(image, NOISE[6:18, 7:15], **options)
    assert len(plain) > 3
    for name, column in plain.columns().items():
        np.testing.assert_array_equal(compiled.columns()[name], column)
