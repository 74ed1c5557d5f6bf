"""Speed and error of a preview by napari's shader, which is not used.

    xvfb-run -a -s "-screen 0 1600x1200x24" python -m benchmarks.shader

napari can render an image through any 2-D kernel (``Image.custom_interpolation_kernel_2d``). The picture is compared
with that of our preview, as a fraction of the range from black to white.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from . import _store
from .drag import Results, wait

SIGMAS = (1, 2, 4)


def main() -> None:
    results = _store.begin("results")
    results["shader"] = measure()
    _store.save("results", results)
    print("\n".join(section(results["shader"])))


def measure() -> Results:
    """Seconds per picture for each kernel, and the maximum and mean difference for each scene."""
    import napari

    import napari_convolve as nc

    viewer = napari.Viewer(show=True)
    viewer.window.resize(1200, 900)
    rng = np.random.default_rng(0)
    plane, small = rng.integers(0, 4096, (2048, 2048)).astype("u2"), rng.random((96, 96)).astype("f4")
    seconds = {}
    layer = _add(viewer, plane, (0, 4096))
    for sigma in SIGMAS:
        kernel = nc.kernels.gaussian(sigma=sigma).values
        times = [_seconds(viewer, layer, kernel) for _ in range(3)]
        seconds[f"{kernel.shape[0]}x{kernel.shape[1]}"] = min(times)
    _remove(viewer, layer)
    hole = small.copy()
    hole[40, 40] = np.nan
    smooth = nc.kernels.gaussian(sigma=2)
    scenes = {
        "Gaussian, zeros outside": (small, smooth, "constant", (0, 1)),
        "Gaussian, reflected outside (the default)": (small, smooth, "reflect", (0, 1)),
        "the same, one NaN": (hole, smooth, "reflect", (0, 1)),
        "Laplacian, whose sum is 0": (small, nc.kernels.laplacian(), "reflect", (-2, 2)),
    }
    found = {}
    for title, (image, kernel, boundary, limits) in scenes.items():
        layer = _add(viewer, image, limits)
        _seconds(viewer, layer, kernel.values)
        wait(0.3)
        by_shader = _picture(viewer)
        layer.interpolation2d = "nearest"
        layer.data = nc.convolve(image, kernel, boundary=boundary)
        wait(0.5)
        apart = np.abs(by_shader - _picture(viewer))
        found[title] = [float(apart.max()), float(apart.mean())]
        _remove(viewer, layer)
    viewer.close()
    return {"seconds": seconds, "apart": found, "date": time.strftime("%Y-%m-%d")}


def _add(viewer: Any, image: np.ndarray, limits: tuple[float, float]) -> Any:
    layer = viewer.add_image(image, contrast_limits=limits)
    viewer.reset_view()
    wait(0.5)
    return layer


def _remove(viewer: Any, layer: Any) -> None:
    layer.visible = False  # Mesa crashes when it draws what has just been removed
    wait(0.2)
    viewer.layers.remove(layer)


def _seconds(viewer: Any, layer: Any, kernel: np.ndarray) -> float:
    """Set a kernel and render; returns the picture and the seconds. The shader correlates."""
    start = time.perf_counter()
    layer.custom_interpolation_kernel_2d = np.ascontiguousarray(kernel[::-1, ::-1], np.float32)
    layer.interpolation2d = "custom"
    _picture(viewer)
    return time.perf_counter() - start


def _picture(viewer: Any) -> np.ndarray:
    return np.asarray(viewer.screenshot(canvas_only=True, flash=False)[..., 0], dtype=float) / 255


def section(found: Results) -> list[str]:
    """The section of docs/performance.md."""
    if not found:
        return []
    times = ", ".join(f"{1e3 * s:.0f} ms with {size}" for size, s in found["seconds"].items())
    text = (
        "napari can draw a layer through a 2-D kernel. Rendering a plane of 2048 x 2048 in software took "
        f"{times} ({found['date']}, `python -m benchmarks.shader`); it was not measured on a graphics card. "
        "The picture differs from the result: samples outside the image are zero, whatever the boundary mode, and the "
        "kernel acts on samples scaled to the contrast limits, so that a kernel whose sum is not 1 shows wrong values "
        "everywhere; masks, volumes and multiscale levels are not possible. Difference from the result, as a fraction "
        "of the range from black to white:\n"
    )
    return [
        "## A preview by napari's shader, tried and not used\n",
        text,
        "| kernel | maximum | mean |",
        "| --- | ---: | ---: |",
        *(f"| {title} | {most:.2f} | {mean:.3f} |" for title, (most, mean) in found["apart"].items()),
        "\nThe exact preview above appears within a tenth of a second, so no approximate one is needed.",
    ]


if __name__ == "__main__":
    main()
