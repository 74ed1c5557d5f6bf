"""Wiener and Richardson-Lucy deconvolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import napari_convolve as nc

from .._inputs import image, psf
from .._peers import Peers, module
from .._registry import Peer, Work, family, goal
from .._system import cores

_NSR = 0.01
_SIZES = {(2048, 2048): (33, 33), (64, 512, 512): (17, 33, 33)}


def _itk(call: Callable[[Any, Any, Any], Any]) -> Peers:
    """A filter of SimpleITK, with its copies of image and result; none where it is not installed."""
    sitk = module("SimpleITK")
    if sitk is None:
        return {}

    def run(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        given = sitk.GetImageFromArray(image), sitk.GetImageFromArray(kernel)
        return sitk.GetArrayFromImage(call(sitk, *given))

    before = lambda: sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(cores())  # noqa: E731
    return {"SimpleITK": Peer(run, before=before, comparable=False)}


def _wiener_peers() -> Peers:
    peers = _itk(lambda sitk, image, kernel: sitk.WienerDeconvolution(image, kernel, _NSR))
    if restoration := module("skimage.restoration"):

        def scikit(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
            return restoration.wiener(image, kernel, _NSR, clip=False)

        # it regularizes with a Laplacian, with periodic edges
        peers["scikit-image wiener"] = Peer(scikit, comparable=False)
    return peers


def _wiener(shape: tuple[int, ...], edges: str) -> Work:
    size = _SIZES[shape]

    def ours(image: np.ndarray, kernel: np.ndarray, **options: Any) -> np.ndarray:
        return nc.wiener(image, kernel, nsr=_NSR, edges=edges, **options)

    return Work(
        image=image(shape),
        kernel=lambda number: psf(size, number),
        ours=ours,
        peers=_wiener_peers(),
        expected=_expected_wiener if edges == "periodic" else None,
        reach=max(size),
    )


def _expected_wiener(image: np.ndarray, kernel: np.ndarray) -> tuple[tuple[slice, ...], np.ndarray]:
    """The textbook formula with periodic edges; frequency zero is left unchanged."""
    values = kernel.astype(np.float64)
    wide = np.pad(values / values.sum(), [(0, n - k) for n, k in zip(image.shape, kernel.shape, strict=True)])
    axes = tuple(range(image.ndim))
    transfer = np.fft.rfftn(np.roll(wide, [-(k // 2) for k in kernel.shape], axes))
    noise = np.full(transfer.shape, _NSR)
    noise[(0,) * image.ndim] = 0
    spectrum = np.fft.rfftn(image.astype(np.float64)) * np.conj(transfer) / (np.abs(transfer) ** 2 + noise)
    return tuple(slice(0, n) for n in image.shape), np.fft.irfftn(spectrum, image.shape, axes)


_GOALS = [
    goal(2.5, 4, name="2d", shape=(2048, 2048), quick=True),
    goal(2, 4, name="3d", shape=(64, 512, 512)),
]


@family("wiener-{name}", "Deconvolution", "Wiener, {shape}, float32, edges extended (peers: periodic)", _GOALS)
def _extended(name: str, shape: tuple[int, ...]) -> Work:
    return _wiener(shape, "extend")


@family("wiener-{name}-periodic", "Deconvolution", "Wiener, {shape}, float32, periodic", _GOALS)
def _periodic(name: str, shape: tuple[int, ...]) -> Work:
    return _wiener(shape, "periodic")


_ITERATIONS = 10


def _lucy_peers() -> Peers:
    peers = {}  # SimpleITK takes minutes
    if restoration := module("skimage.restoration"):

        def scikit(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
            return restoration.richardson_lucy(image, kernel, _ITERATIONS, clip=False)

        peers["scikit-image richardson_lucy"] = Peer(scikit, comparable=False)
    if lionfish := module("RedLionfishDeconv"):

        def red(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
            import scipy.fft

            with scipy.fft.set_workers(cores()):
                return lionfish.doRLDeconvolutionFromNpArrays(
                    image, kernel, niter=_ITERATIONS, method="cpu", resAsUint8=False
                )

        peers["RedLionfish (periodic)"] = Peer(red, comparable=False)
    return peers


def _lucy(name: str, peer: str) -> Work:
    def ours(image: np.ndarray, kernel: np.ndarray, **options: Any) -> np.ndarray:
        return nc.richardson_lucy(image, kernel, iterations=_ITERATIONS, acceleration=None, **options)

    return Work(
        image=image((64, 512, 512)),
        kernel=lambda number: psf((33, 65, 65), number),
        ours=ours,
        peers={label: found for label, found in _lucy_peers().items() if label.startswith(peer)},
        reach=65,
    )


if hasattr(nc, "richardson_lucy"):
    family(
        "lucy-{name}",
        "Deconvolution",
        "Richardson-Lucy, 10 iterations, 64x512x512, PSF 33x65x65, against {name}",
        [
            goal(2.5, 4, name="scikit-image", peer="scikit-image"),
            goal(1, 2, name="RedLionfish", peer="RedLionfish"),
        ],
    )(_lucy)
