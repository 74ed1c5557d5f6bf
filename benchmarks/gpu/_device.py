"""The array library of a device, and other libraries that compute there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._peers import module


@dataclass(frozen=True)
class Device:
    """A device and its libraries.

    Attributes
    ----------
    name, backend : str
        The device, and our backend for it.
    label : str
        How the libraries are called in the table.
    xp, ndimage, signal : module
        Arrays and SciPy's functions there.
    torch, cucim : module or None
    synchronize : callable
        Waits until the device has finished.
    scale : int
        Images are divided by it along each axis (more than 1 in a rehearsal).
    """

    name: str
    backend: str
    label: str
    xp: Any
    ndimage: Any
    signal: Any
    torch: Any
    cucim: Any
    synchronize: Callable[[], object]
    scale: int = 1

    def waited(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call` with a wait for its result."""

        def run(*arguments: Any, **options: Any) -> Any:
            result = call(*arguments, **options)
            self.synchronize()
            return result

        return run

    def copy_bandwidth(self) -> float:
        """Bytes per second, read and written, of copying a large array."""
        source = self.xp.ones((1 << 28) // self.scale**4, np.float32)
        target = self.xp.empty_like(source)
        best = float("inf")
        for _ in range(10):
            self.synchronize()
            start = time.perf_counter()
            target[...] = source
            self.synchronize()
            best = min(best, time.perf_counter() - start)
        return 2 * source.nbytes / best


def gpu() -> Device:
    """The current CUDA device, through CuPy.

    Raises
    ------
    RuntimeError
        When our CuPy backend cannot be used, with the reason.
    """
    import napari_convolve as nc

    info = nc.available_backends()["cupy"]
    if not info.available:
        raise RuntimeError(info.reason)
    import cupy
    import cupyx.scipy.ndimage
    import cupyx.scipy.signal

    torch = module("torch")
    if torch is not None and not torch.cuda.is_available():
        torch = None
    if torch is not None:
        torch.backends.cudnn.allow_tf32 = False  # float32 means float32
        torch.backends.cudnn.benchmark = True
    return Device(
        info.device,
        "cupy",
        "cupyx",
        cupy,
        cupyx.scipy.ndimage,
        cupyx.scipy.signal,
        torch,
        module("cucim.skimage.feature"),
        cupy.cuda.Device().synchronize,
    )


def rehearsal() -> Device:
    """NumPy in place of a device, with small images, to test that the rows run."""
    import scipy.ndimage
    import scipy.signal

    feature = module("skimage.feature")
    return Device(
        "rehearsal", "numpy", "scipy", np, scipy.ndimage, scipy.signal, module("torch"), feature, lambda: None, 4
    )
