"""Images that fill much of the memory, measured in one process per library."""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.signal

import napari_convolve as nc

from .._inputs import dense, exact_sum, image
from .._peers import filter2d, transforms
from .._registry import Peer, Work, family, goal
from .._system import cores


@family("large-plane", "Large images", "16384², float32, 31²", [goal(1, 2)], memory=1.1)
def _plane() -> Work:
    return Work(
        image=image((16384, 16384)),
        kernel=lambda number: dense((31, 31), number),
        ours=nc.convolve,
        peers=filter2d(tile=512) | transforms(),
        expected=exact_sum,
        reach=31,
    )


@family("large-volume", "Large images", "256x1024x1024, uint16 in, float32 out, 15³", [goal(2)], memory=1.2)
def _volume() -> Work:
    def as_it_is(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        with scipy.fft.set_workers(cores()):
            return scipy.signal.fftconvolve(image, kernel, "same")

    return Work(
        image=image((256, 1024, 1024), "uint16"),
        kernel=lambda number: dense((15, 15, 15), number),
        ours=nc.convolve,
        peers=transforms() | {"scipy fftconvolve of uint16": Peer(as_it_is)},
        expected=exact_sum,
        reach=15,
    )
