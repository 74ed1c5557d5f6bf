"""Normalised cross-correlation and the detection of a feature in all rotations."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage

import napari_convolve as nc

from .._inputs import exact_scores, image
from .._peers import Peers, cv2, in_pool, module, opencv, opencv_pool, tiles
from .._registry import Peer, Work, family, goal


def _template(n: int, number: int) -> np.ndarray:
    rng = np.random.default_rng(number)
    found = image((2048, 2048))[500 : 500 + n, 700 : 700 + n]
    return found + rng.normal(0, 10, (n, n)).astype(np.float32)


def _scores(image: np.ndarray, template: np.ndarray) -> np.ndarray:
    return cv2.matchTemplate(image, template, cv2.TM_CCOEFF_NORMED)


def _tiled(image: np.ndarray, template: np.ndarray) -> np.ndarray:
    shape = tuple(n - k + 1 for n, k in zip(image.shape, template.shape, strict=True))
    out = np.empty(shape, np.float32)

    def one(key: tuple[slice, ...]) -> None:
        block = tuple(slice(s.start, s.stop + k - 1) for s, k in zip(key, template.shape, strict=True))
        out[key] = _scores(image[block], template)

    in_pool(one, tiles(shape, (512, 512)))
    return out


def _skimage() -> Peers:
    feature = module("skimage.feature")
    return {"scikit-image match_template": Peer(feature.match_template)} if feature else {}


@family(
    "ncc-{n}",
    "Matching",
    "normalised cross-correlation, 2048², float32, template {n}²",
    [goal(2, 4, n=16), goal(2, 4, n=32, quick=True), goal(2, 4, n=64), goal(2, 4, n=128)],
)
def _ncc(n: int) -> Work:
    def ours(image: np.ndarray, template: np.ndarray, **options: Any) -> np.ndarray:
        return nc.match_template(image, template, shape="valid", **options)

    return Work(
        image=image((2048, 2048)),
        kernel=lambda number: _template(n, number),
        ours=ours,
        peers=opencv("matchTemplate", _scores)
        | opencv_pool("matchTemplate, tiled in a pool", _tiled, by_hand=True)
        | _skimage(),
        expected=exact_scores,
        reach=n,
    )


_ANGLES = tuple(range(0, 360, 10))


def _turned_templates(template: np.ndarray) -> list[np.ndarray]:
    return [
        np.ascontiguousarray(scipy.ndimage.rotate(template, angle, reshape=False, order=1, mode="nearest"))
        for angle in _ANGLES
    ]


if hasattr(nc, "detect_features"):

    @family(
        "rotations-36",
        "Matching",
        "detect a 32² template in 36 rotations, 1024², float32 (peers: best score of each pixel only)",
        [goal(2, 4)],
    )
    def _rotations() -> Work:
        def ours(image: np.ndarray, template: np.ndarray, **options: Any) -> Any:
            return nc.detect_features(image, template, rotations=_ANGLES, shape="valid", **options)

        def best(function: Any) -> Any:
            def run(image: np.ndarray, template: np.ndarray) -> np.ndarray:
                return np.maximum.reduce(in_pool(lambda t: function(image, t), _turned_templates(template)))

            return run

        found = {name: Peer(best(peer.call)) for name, peer in _skimage().items()}
        return Work(
            image=image((1024, 1024)),
            kernel=lambda number: image((2048, 2048))[300:332, 300:332] + np.float32(0.1 * number),
            ours=ours,
            peers={f"{name}, in a pool": peer for name, peer in found.items()}
            | opencv_pool("matchTemplate, in a pool", best(_scores)),
            reach=32,
        )
