"""The rows: image and result on the device, kernel from the host; one row from host to host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import napari_convolve as nc

from .._inputs import dense, exact_gaussian, exact_scores, exact_sum, gaussian_size, image
from .._peers import turned
from .._registry import Peer, Row, Work
from ._device import Device

_GOAL = 2.0


def rows(device: Device) -> list[Row]:
    """All rows on a device."""
    found = []

    def add(name: str, title: str, make: Callable[[], Work], goal: float = _GOAL) -> None:
        found.append(Row(name, "GPU", title, goal, make))

    for k in (3, 5, 7, 15, 31, 127):
        add(f"plane-{k}", f"8192², float32, {k}²", lambda k=k: _dense(device, (8192, 8192), (k, k)))
    add("plane-5-uint16", "8192², uint16 in, 5²", lambda: _dense(device, (8192, 8192), (5, 5), "uint16"))
    for k in (3, 5, 7, 15, 31):
        add(f"volume-{k}", f"256x512x512, float32, {k}³", lambda k=k: _dense(device, (256, 512, 512), (k, k, k)))
    add("stack-15", "stack 256x512², 15² in every plane", lambda: _dense(device, (256, 512, 512), (15, 15)))
    for sigma in (2.0, 20.0):
        add(f"gauss-{sigma:g}", f"Gaussian, 8192², σ {sigma:g}", lambda s=sigma: _gaussian(device, (8192, 8192), s))
    add("gauss3d-2", "Gaussian, 256x512x512, σ 2", lambda: _gaussian(device, (256, 512, 512), 2.0))
    add("ncc-64", "normalised cross-correlation, 4096², template 64²", lambda: _scores(device))
    add("host-31", "from host to host, 16384², 31²", lambda: _from_host(device))
    return found


def moved_bytes(work: Work) -> int:
    """Bytes of the image and of a float32 result, the least that must be transferred."""
    return int(work.image.nbytes + 4 * work.image.size)


def _image(device: Device, shape: tuple[int, ...], dtype: str = "float32") -> tuple[np.ndarray, Any]:
    host = image(tuple(n // device.scale for n in shape), dtype)
    return host, device.xp.asarray(host)


def _dense(device: Device, shape: tuple[int, ...], kernel: tuple[int, ...], dtype: str = "float32") -> Work:
    host, there = _image(device, shape, dtype)
    whole = (1,) * (len(shape) - len(kernel)) + kernel
    xp, label = device.xp, device.label

    def shifted(image: Any, kernel: np.ndarray) -> Any:
        return device.ndimage.convolve(image, xp.asarray(kernel.reshape(whole)), output=np.float32)

    def transformed(name: str) -> Callable[[Any, np.ndarray], Any]:
        function = getattr(device.signal, name)
        return lambda image, kernel: function(
            image.astype(np.float32, copy=False), xp.asarray(kernel.reshape(whole)), mode="same"
        )

    peers = {name: transformed(name) for name in ("fftconvolve", "oaconvolve")}
    if np.prod(kernel) <= 1000:
        peers["ndimage.convolve"] = shifted
    named = {f"{label} {name}": Peer(device.waited(call)) for name, call in peers.items()}
    if device.torch is not None and np.prod(kernel) <= 1000:
        named["torch conv"] = Peer(device.waited(_torch_conv(device, len(kernel))))
    return Work(
        image=there,
        kernel=lambda number: dense(kernel, number),
        ours=device.waited(nc.convolve),
        peers=named,
        expected=lambda image, kernel: exact_sum(host, kernel),
    )


def _torch_conv(device: Device, ndim: int) -> Callable[[Any, np.ndarray], Any]:
    """`torch.nn.functional.conv2d` or `conv3d` (zeros outside); planes of a stack are its batch."""
    torch = device.torch
    conv = torch.nn.functional.conv2d if ndim == 2 else torch.nn.functional.conv3d

    def run(image: Any, kernel: np.ndarray) -> Any:
        given = torch.from_dlpack(image.astype(np.float32, copy=False))
        batch = given.reshape(-1, 1, *given.shape[given.ndim - ndim :])
        weights = torch.from_dlpack(device.xp.asarray(turned(kernel)))[None, None]
        result = conv(batch, weights, padding=[k // 2 for k in kernel.shape]).reshape(given.shape)
        return device.xp.from_dlpack(result)

    return run


def _gaussian(device: Device, shape: tuple[int, ...], sigma: float) -> Work:
    host, there = _image(device, shape)
    ndim = len(shape)

    def ours(image: Any, sigma: float, **options: Any) -> Any:
        return nc.convolve(image, nc.kernels.gaussian(sigma=sigma, ndim=ndim), **options)

    def filtered(image: Any, sigma: float) -> Any:
        return device.ndimage.gaussian_filter(image, sigma)

    return Work(
        image=there,
        kernel=lambda number: sigma * (1 - 1e-5 * (number % 1000)),
        ours=device.waited(ours),
        peers={f"{device.label} ndimage.gaussian_filter": Peer(device.waited(filtered))},
        expected=lambda image, sigma: exact_gaussian(host, (sigma,) * ndim, 4.0),
        reach=gaussian_size(sigma, 4.0),
    )


def _scores(device: Device) -> Work:
    host, there = _image(device, (4096, 4096))

    def template(number: int) -> np.ndarray:
        return host[300:364, 200:264] + np.random.default_rng(number).normal(0, 10, (64, 64)).astype(np.float32)

    def ours(image: Any, template: np.ndarray, **options: Any) -> Any:
        return nc.match_template(image, template, shape="valid", **options)

    peers = {}
    if device.cucim is not None:
        match = device.cucim.match_template
        call = device.waited(lambda image, template: match(image, device.xp.asarray(template)))
        peers["cuCIM match_template"] = Peer(call)
    return Work(
        image=there,
        kernel=template,
        ours=device.waited(ours),
        peers=peers,
        expected=lambda image, template: exact_scores(host, template),
    )


def _from_host(device: Device) -> Work:
    host = image(tuple(n // device.scale for n in (16384, 16384)))
    xp = device.xp

    def ours(image: np.ndarray, kernel: np.ndarray, **options: Any) -> np.ndarray:
        return nc.convolve(image, kernel, backend=device.backend, **options)

    def by_copies(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        result = device.signal.fftconvolve(xp.asarray(image), xp.asarray(kernel), mode="same")
        return result.get() if hasattr(result, "get") else result

    return Work(
        image=host,
        kernel=lambda number: dense((31, 31), number),
        ours=ours,
        peers={
            f"{device.label} fftconvolve, copied there and back": Peer(device.waited(by_copies)),
            "our CPU": Peer(lambda image, kernel: nc.convolve(image, kernel, backend="numpy")),
        },
        expected=exact_sum,
    )
