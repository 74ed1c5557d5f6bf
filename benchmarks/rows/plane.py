"""Convolution of a 2-D image with a kernel that is not separable."""

from __future__ import annotations

from dataclasses import replace

import napari_convolve as nc

from .._inputs import dense, exact_sum, image
from .._peers import as_float32, filter2d, ndimage, transforms
from .._registry import Work, family, goal

_SHAPE = (2048, 2048)


def _work(k: int, dtype: str = "float32") -> Work:
    # the time of ndimage is proportional to the number of weights; with more it takes seconds and is never the fastest
    one_thread = ndimage() if k <= 15 else {}
    # from 12 weights per side on cv2 uses transforms, and smaller tiles need less padding
    by_hand = filter2d(tile=0 if k <= 11 else 512)
    return Work(
        image=image(_SHAPE, dtype),
        kernel=lambda number: dense((k, k), number),
        ours=nc.convolve,
        peers=by_hand | transforms() | one_thread,
        expected=exact_sum,
        reach=k,
    )


family(
    "plane-{k}",
    "2-D convolution",
    "2048², float32, {k}²",
    [
        goal(1.0, k=3),
        goal(1.0, k=5, quick=True),
        goal(1.0, 1.3, k=7),
        goal(1.0, 1.3, k=11),
        goal(2.0, 3.0, k=15),
        goal(2.0, 3.0, k=31, quick=True),
        goal(2.0, 3.0, k=63),
        goal(1.8, 2.2, k=127),
        goal(1.4, 2.2, k=255),
    ],
)(_work)


@family(
    "plane-{k}-uint16",
    "2-D convolution",
    "2048², uint16 in, float32 out, {k}²",
    [goal(1.4, 4, k=3), goal(1.7, 4, k=5, quick=True), goal(3, 4, k=7), goal(3, 4, k=11)],
)
def _integers(k: int) -> Work:
    work = _work(k, "uint16")
    whole = filter2d()
    if not whole:
        return work
    plain = whole["cv2 filter2D"]
    converted = replace(plain, call=lambda image, kernel: plain.call(as_float32(image), kernel), by_hand=True)
    return replace(work, peers={**work.peers, "cv2 filter2D after astype": converted})
