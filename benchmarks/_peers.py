"""Other libraries, called as their users would call them for speed: all threads, float32 where they keep it."""

from __future__ import annotations

import contextlib
import importlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import scipy.fft
import scipy.ndimage
import scipy.signal

from ._registry import Peer
from ._system import cores

Peers = dict[str, Peer]
_POOL = ThreadPoolExecutor(cores(), thread_name_prefix="peers")


def module(name: str) -> Any:
    """A library, or None where it is not installed."""
    with contextlib.suppress(ImportError):
        return importlib.import_module(name)
    return None


cv2 = module("cv2")


def in_pool(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Call a function for every item on all cores."""
    return list(_POOL.map(function, items))


def opencv(name: str, call: Callable[[Any, Any], Any], **settings: Any) -> Peers:
    """A peer that uses OpenCV's own threads; none where OpenCV is not installed."""
    if cv2 is None:
        return {}
    return {f"cv2 {name}": Peer(call, before=lambda: cv2.setNumThreads(cores()), **settings)}


def opencv_pool(name: str, call: Callable[[Any, Any], Any], **settings: Any) -> Peers:
    """A peer that calls OpenCV, one thread each, from a pool."""
    if cv2 is None:
        return {}
    return {f"cv2 {name}": Peer(call, before=lambda: cv2.setNumThreads(1), **settings)}


def filter2d(tile: int = 0) -> Peers:
    """`cv2.filter2D` of the whole image, and by hand in a pool: bands of rows, or square tiles."""
    peers = opencv("filter2D", lambda image, kernel: cv2_filter(image, turned(kernel)))

    def tiled(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        weights, radius = turned(kernel), [k // 2 for k in kernel.shape]
        padded = cv2.copyMakeBorder(image, radius[0], radius[0], radius[1], radius[1], cv2.BORDER_REFLECT)
        out = np.empty(image.shape, np.float32)

        def one(key: tuple[slice, slice]) -> None:
            block = padded[tuple(slice(s.start, s.stop + 2 * r) for s, r in zip(key, radius, strict=True))]
            inside = tuple(slice(r, n - r) for r, n in zip(radius, block.shape, strict=True))
            out[key] = cv2_filter(block, weights)[inside]

        in_pool(one, tiles(image.shape, (tile, tile) if tile else (128, image.shape[1])))
        return out

    return peers | opencv_pool("filter2D, tiled in a pool", tiled, by_hand=True)


def cv2_filter(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Correlate a plane with a kernel, the result float32."""
    result: np.ndarray = cv2.filter2D(image, cv2.CV_32F, weights, borderType=cv2.BORDER_REFLECT)
    return result


def turned(kernel: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(kernel[(slice(None, None, -1),) * kernel.ndim])


def tiles(shape: Sequence[int], size: Sequence[int]) -> list[tuple[slice, ...]]:
    """Tiles that cover a shape."""
    cuts = [[slice(a, min(a + t, n)) for a in range(0, n, t)] for n, t in zip(shape, size, strict=True)]
    return list(itertools.product(*cuts))


def ndimage() -> Peers:
    """`scipy.ndimage.convolve`, which has one thread."""
    return {"scipy ndimage.convolve": Peer(lambda image, kernel: scipy.ndimage.convolve(image, kernel, np.float32))}


def transforms(oaconvolve: bool = True) -> Peers:
    """`scipy.signal.fftconvolve` and `oaconvolve` with the threads of `scipy.fft`."""

    def fft(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        with scipy.fft.set_workers(cores()):
            return scipy.signal.fftconvolve(as_float32(image), kernel, "same")

    def overlap(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        with scipy.fft.set_workers(cores()):
            return scipy.signal.oaconvolve(as_float32(image), kernel, "same")

    peers = {"scipy fftconvolve": Peer(fft)}
    return peers | {"scipy oaconvolve": Peer(overlap)} if oaconvolve else peers


def as_float32(image: np.ndarray) -> np.ndarray:
    """The image itself, or a copy: SciPy transforms integers in float64."""
    return image.astype(np.float32, copy=False)
