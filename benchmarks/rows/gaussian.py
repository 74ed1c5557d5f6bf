"""Gaussian filters; the times include making the weights, for all libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage

import napari_convolve as nc

from .._inputs import exact_gaussian, gaussian_size, image
from .._peers import Peers, as_float32, cv2, in_pool, module, opencv, opencv_pool, transforms
from .._registry import Peer, Work, family, goal
from .._system import cores

Sigma = tuple[float, ...]


def _sigma(sigma: Sigma, number: int) -> Sigma:
    """A standard deviation that differs for every number, with an equal number of weights."""
    return tuple(s * (1 - 1e-5 * (number % 1000)) for s in sigma)


def _work(sigma: Sigma, shape: tuple[int, ...], peers: Peers, dtype: str = "float32", truncate: float = 4.0) -> Work:
    def ours(image: np.ndarray, sigma: Sigma, **options: Any) -> np.ndarray:
        return nc.convolve(image, nc.kernels.gaussian(sigma=sigma, truncate=truncate), **options)

    return Work(
        image=image(shape, dtype),
        kernel=lambda number: _sigma(sigma, number),
        ours=ours,
        peers=peers,
        expected=lambda image, sigma: exact_gaussian(image, sigma, truncate),
        reach=gaussian_size(max(sigma), truncate),
    )


def _plane_peers(truncate: float, dtype: str = "float32") -> Peers:
    def blur(image: np.ndarray, sigma: Sigma) -> np.ndarray:
        size = gaussian_size(sigma[0], truncate)
        return cv2.GaussianBlur(image, (size, size), sigma[0], borderType=cv2.BORDER_REFLECT)

    def separable(image: np.ndarray, sigma: Sigma) -> np.ndarray:
        line = cv2.getGaussianKernel(gaussian_size(sigma[0], truncate), sigma[0], cv2.CV_32F)
        return cv2.sepFilter2D(image, cv2.CV_32F, line, line, borderType=cv2.BORDER_REFLECT)

    peers = _ndimage(truncate) | opencv("sepFilter2D", separable)
    if dtype == "float32":
        return peers | opencv("GaussianBlur", blur)
    # it rounds its result to integers, unless it gets the image as float32
    converted = opencv("GaussianBlur after astype", lambda image, sigma: blur(as_float32(image), sigma), by_hand=True)
    return peers | opencv("GaussianBlur, rounded", blur, comparable=False) | converted


def _ndimage(truncate: float) -> Peers:
    def filtered(image: np.ndarray, sigma: Sigma) -> np.ndarray:
        return scipy.ndimage.gaussian_filter(image, sigma, output=np.float32, truncate=truncate)

    return {"scipy ndimage.gaussian_filter": Peer(filtered)}


def _wide_peers(truncate: float) -> Peers:
    """Other peers for wide Gaussians: transforms, and ITK's recursive filter, which is an approximation."""
    peers = {}
    for name, peer in transforms(oaconvolve=False).items():

        def transformed(image: np.ndarray, sigma: Sigma, peer: Peer = peer) -> np.ndarray:
            radius = int(truncate * sigma[0] + 0.5)
            line = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma[0]) ** 2).astype(np.float32)
            line /= line.sum()
            return peer.call(image, np.outer(line, line))

        peers[name] = Peer(transformed)
    if sitk := module("SimpleITK"):

        def recursive(image: np.ndarray, sigma: Sigma) -> np.ndarray:
            given = sitk.GetImageFromArray(image)
            return sitk.GetArrayViewFromImage(sitk.SmoothingRecursiveGaussian(given, sigma[0]))

        before = lambda: sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(cores())  # noqa: E731
        peers["SimpleITK recursive"] = Peer(recursive, before=before)
    return peers


@family(
    "gauss-{sigma}",
    "Gaussian",
    "2048², float32, σ {sigma}",
    [goal(0.5, 1, sigma=1), goal(0.5, 1, sigma=2, quick=True), goal(1.1, sigma=5), goal(1.8, sigma=10)],
)
def _plane(sigma: float) -> Work:
    return _work((sigma, sigma), (2048, 2048), _plane_peers(4.0))


@family(
    "gauss-{sigma}-uint16",
    "Gaussian",
    "2048², uint16 in, float32 out, σ {sigma}",
    # the goals of σ 1 and 20, interpolated linearly in the logarithms
    [goal(1.4, sigma=1), goal(2.1, sigma=2), goal(3.8, sigma=5), goal(5.8, sigma=10), goal(9, sigma=20)],
)
def _integers(sigma: float) -> Work:
    return _work((sigma, sigma), (2048, 2048), _plane_peers(4.0, "uint16"), "uint16")


@family(
    "gauss-{sigma}-truncate-{truncate}",
    "Gaussian",
    "2048², float32, σ {sigma}, truncate {truncate}",
    [
        goal(2, 10, sigma=20, truncate=5, quick=True),
        goal(3, 10, sigma=50, truncate=5),
        goal(2, 10, sigma=20, truncate=4),
        goal(3, 10, sigma=50, truncate=4),
    ],
)
def _wide(sigma: float, truncate: float) -> Work:
    return _work((sigma, sigma), (2048, 2048), _plane_peers(truncate) | _wide_peers(truncate), truncate=truncate)


@family(
    "gauss3d-{name}",
    "Gaussian",
    "64x512x512, float32, σ {name}",
    [
        goal(0.8, name="1,2,2", sigma=(1.0, 2.0, 2.0), quick=True),
        goal(1.8, name="3,6,6", sigma=(3.0, 6.0, 6.0)),
    ],
)
def _volume(name: str, sigma: Sigma) -> Work:
    def by_planes(image: np.ndarray, sigma: Sigma) -> np.ndarray:
        """Filter plane by plane, then along the first axis with all others flattened."""
        size = gaussian_size(sigma[1], 4.0)
        middle = np.empty(image.shape, np.float32)

        def one(z: int) -> None:
            cv2.GaussianBlur(image[z], (size, size), sigma[1], dst=middle[z], borderType=cv2.BORDER_REFLECT)

        in_pool(one, range(len(image)))
        line = cv2.getGaussianKernel(gaussian_size(sigma[0], 4.0), sigma[0], cv2.CV_32F)
        rows = middle.reshape(len(image), -1)
        out = np.empty_like(rows)
        step = 1 << 14

        def band(start: int) -> None:
            part = np.ascontiguousarray(rows[:, start : start + step])
            one = np.ones(1, np.float32)
            out[:, start : start + step] = cv2.sepFilter2D(part, cv2.CV_32F, one, line, borderType=cv2.BORDER_REFLECT)

        in_pool(band, range(0, rows.shape[1], step))
        return out.reshape(image.shape)

    return _work(sigma, (64, 512, 512), _ndimage(4.0) | opencv_pool("by planes, in a pool", by_planes))
