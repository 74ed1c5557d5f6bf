"""Convolution of 3-D images, and of every plane of a stack."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal

import napari_convolve as nc

from .._inputs import dense, exact_sum, image
from .._peers import Peers, cv2_filter, in_pool, ndimage, opencv_pool, transforms, turned
from .._registry import Peer, Work, family, goal

_SHAPE = (64, 512, 512)


def _work(kernel: tuple[int, ...], peers: Peers) -> Work:
    return Work(
        image=image(_SHAPE),
        kernel=lambda number: dense(kernel, number),
        ours=nc.convolve,
        peers=peers,
        expected=exact_sum,
        reach=max(kernel),
    )


def _by_planes(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Sum of planes of the image filtered with planes of the kernel."""
    weights, radius = turned(kernel), kernel.shape[0] // 2
    reflected = np.pad(np.arange(len(image)), radius, "symmetric")
    out = np.empty(image.shape, np.float32)

    def one(z: int) -> None:
        total = cv2_filter(image[reflected[z]], weights[0])
        for dz in range(1, len(weights)):
            total += cv2_filter(image[reflected[z + dz]], weights[dz])
        out[z] = total

    in_pool(one, range(len(image)))
    return out


@family(
    "volume-{k}",
    "3-D convolution",
    "64x512x512, float32, {k}³",
    [goal(10, 25, k=3), goal(5, 8, k=5, quick=True), goal(2, 3, k=7)],
)
def _small(k: int) -> Work:
    by_hand = opencv_pool("planes added up, in a pool", _by_planes, by_hand=True)
    return _work((k, k, k), ndimage() | transforms() | by_hand)


@family(
    "volume-{name}",
    "3-D convolution",
    "64x512x512, float32, {name}",
    [
        goal(1.7, 2.5, name="15x15x15", kernel=(15, 15, 15)),
        goal(1.7, 2.5, name="31x31x31", kernel=(31, 31, 31)),
        goal(1.7, 2.5, name="33x65x65", kernel=(33, 65, 65)),
    ],
)
def _large(name: str, kernel: tuple[int, ...]) -> Work:
    return _work(kernel, transforms())


family(
    "volume-{name}-cached",
    "3-D convolution",
    "64x512x512, float32, {name}, the same kernel again",
    [
        goal(2.4, 4, name="15x15x15", kernel=(15, 15, 15), quick=True),
        goal(2.4, 4, name="31x31x31", kernel=(31, 31, 31)),
        goal(2.4, 4, name="33x65x65", kernel=(33, 65, 65)),
    ],
    cached=True,
)(_large)


@family("stack-15", "3-D convolution", "stack 100x512², float32, 15² in every plane", [goal(1.4, quick=True)])
def _stack() -> Work:
    def each(image: np.ndarray, function: Any) -> np.ndarray:
        out = np.empty(image.shape, np.float32)

        def one(z: int) -> None:
            out[z] = function(image[z])

        in_pool(one, range(len(image)))
        return out

    def opencv(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        weights = turned(kernel)
        return each(image, lambda plane: cv2_filter(plane, weights))

    def pool(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        return each(image, lambda plane: scipy.signal.fftconvolve(plane, kernel, "same"))

    def whole(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        return transforms(oaconvolve=False)["scipy fftconvolve"].call(image, kernel[None])

    return Work(
        image=image((100, 512, 512)),
        kernel=lambda number: dense((15, 15), number),
        ours=nc.convolve,
        peers={"scipy fftconvolve": Peer(whole), "scipy fftconvolve, planes in a pool": Peer(pool)}
        | opencv_pool("filter2D, planes in a pool", opencv),
        expected=exact_sum,
        reach=15,
    )
