"""One call of every operation, with arguments of every kind that a recipe keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

import napari_convolve as nc
from napari_convolve.ops.fourier.drawn_filter import DrawnFilter, Region

RNG = np.random.default_rng(6)
PLANE = RNG.integers(0, 4000, (70, 81)).astype("u2")
STACK = RNG.integers(0, 200, (12, 30, 34)).astype("u1")
MASK = RNG.random(PLANE.shape) > 0.05
WAVY = nc.convolve(PLANE, nc.kernels.gaussian(sigma=2))
ASYMMETRIC = nc.Kernel(RNG.normal(size=(24, 23)), center=(3, 20), spacing=(0.2, 0.1), units="um", name="measured")
ESTIMATE = nc.estimate_noise(PLANE, nc.kernels.gaussian(sigma=1.5))

#: Name -> operation, image, arguments.
CASES: dict[str, tuple[str, np.ndarray, dict[str, Any]]] = {
    "convolve": ("convolve", PLANE, {"kernel": nc.kernels.gaussian(sigma=(2, 1.3)), "boundary": "wrap"}),
    "convolve, an array": ("convolve", PLANE, {"kernel": np.eye(3, dtype="f4"), "cval": 7, "boundary": "constant"}),
    "convolve, a large kernel and mask": ("convolve", PLANE, {"kernel": ASYMMETRIC, "axes": (1, 0), "method": "fft"}),
    "convolve, omitting": ("convolve", PLANE, {"kernel": [[1, 2, 1]], "mask": MASK, "nan": "omit", "dtype": "u2"}),
    "convolve, complex": ("convolve", STACK, {"kernel": nc.kernels.gabor(wavelength=5, sigma=2), "cval": 0j}),
    "correlate": ("correlate", STACK, {"kernel": nc.kernels.log(sigma=1.5, ndim=3), "shape": "full"}),
    "match_template": ("match_template", PLANE, {"template": PLANE[20:31, 30:39], "template_mask": MASK[:11, :9]}),
    "matched_filter": ("matched_filter", PLANE, {"template": PLANE[20:31, 30:39], "noise": "white"}),
    "detect_features": (
        "detect_features",
        WAVY,
        {"templates": [WAVY[20:31, 30:39], WAVY[40:51, 10:19]], "rotations": range(0, 30, 10), "threshold": 0.5},
    ),
    "detect_features, in space": (
        "detect_features",
        STACK,
        {
            "templates": STACK[3:8, 5:10, 20:25],
            "rotations": Rotation.from_euler("zyx", [[0, 0, 0], [17, 3, 5]], degrees=True),
            "threshold": 0.4,
        },
    ),
    "wiener": ("wiener", PLANE, {"psf": nc.kernels.gaussian(sigma=1.5), "regularization": "laplacian"}),
    "wiener, a number": ("wiener", STACK, {"psf": nc.kernels.disk(radius=2), "nsr": np.float32(0.01)}),
    "wiener, an estimate": ("wiener", PLANE, {"psf": nc.kernels.gaussian(sigma=1.5), "nsr": ESTIMATE}),
    "wiener, an array": ("wiener", PLANE, {"psf": nc.kernels.gaussian(sigma=1), "nsr": np.full((70, 81), 0.02)}),
    "richardson_lucy": (
        "richardson_lucy",
        STACK,
        {"psf": nc.kernels.gaussian(sigma=(1, 1.5, 1.5)), "iterations": 5, "tv": 0.01, "start": STACK + 1.0},
    ),
    "landweber": ("landweber", STACK, {"psf": nc.kernels.gaussian(sigma=(1, 1.5, 1.5)), "iterations": 5}),
    "estimate_noise": ("estimate_noise", PLANE, {"psf": nc.kernels.gaussian(sigma=1.5), "edges": "periodic"}),
    "feature_maps": (
        "feature_maps",
        STACK,
        {"weights": RNG.integers(-3, 4, (3, 12, 3, 3)), "bias": (1, -2, 0.5), "stride": (2, 1), "activation": "relu"},
    ),
    "feature_maps, a bank": (
        "feature_maps",
        PLANE,
        {"weights": [nc.kernels.sobel(axis=0), nc.kernels.log(sigma=1)], "pooling": "max", "boundary": "wrap"},
    ),
    "diffuse": ("diffuse", STACK, {"D": (0.5, 0.3), "t": 4, "axes": (1, 2), "spacing": 0.8, "boundary": "wrap"}),
    "spectrum": ("spectrum", PLANE, {"window": "hann", "spacing": (0.2, 0.1)}),
    "filter_spectrum": ("filter_spectrum", PLANE, {"response": MASK * 1.0}),
    "filter_spectrum, a kernel": ("filter_spectrum", STACK, {"response": nc.kernels.gaussian(sigma=2), "axes": (1, 2)}),
    "filter_spectrum, drawn": (
        "filter_spectrum",
        STACK,
        {
            "response": DrawnFilter(
                (
                    Region.disc((0.0, 0.0), 0.31, block=False),
                    Region("ring", ((-0.2, -0.1), (-0.2, 0.1), (0.2, 0.1), (0.2, -0.1)), True, 1 / 3),
                    Region("polygon", ((0.0, 0.02), (-0.15, 0.47), (0.15, 0.47))),
                ),
                soft=0.03,
            ),
            "axes": (1, 2),
            "spacing": (0.9, 1.1),
        },
    ),
    "bandpass": ("bandpass", STACK, {"low": 2.0, "high": 6.0, "by": "size", "spacing": (1.0, 0.5, 0.5)}),
    "notch": ("notch", PLANE, {"peaks": [[0.0, 0.2], [0.1, 0.3]], "width": 0.01}),
    "notch, found": ("notch", PLANE, {"max_count": 3}),
    "estimate_kernel": ("estimate_kernel", PLANE, {"after": WAVY, "size": (5, 7), "units": "um", "spacing": 0.1}),
}


def record(name: str, **more: Any) -> tuple[nc.Recipe, np.ndarray, Any]:
    """The recipe of a case, its image and its result."""
    operation, image, arguments = CASES[name]
    positional = [
        p for p in ("kernel", "template", "templates", "psf", "weights", "response", "after") if p in arguments
    ]
    options = {key: value for key, value in arguments.items() if key not in positional}
    reports: list[nc.Report] = []
    arrays = [arguments[p] for p in positional]
    result = getattr(nc, operation)(image, *arrays, **options, **more, report=reports.append)
    return nc.Recipe.of(operation, image=image, plan=reports[0], **arguments), image, result


def bits(result: Any) -> bytes:
    """Every bit of a result."""
    if isinstance(result, nc.Detections):
        assert len(result) > 1, "a test of nothing"
        return np.column_stack(list(result.columns().values())).tobytes()
    if isinstance(result, nc.Spectrum):
        result = result.values
    if isinstance(result, nc.KernelEstimate):
        result = np.stack([result.values, result.standard_error])
    return result.tobytes() if isinstance(result, np.ndarray) else repr(result).encode()
