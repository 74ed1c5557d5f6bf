"""All options together, drawn at random, against the brute-force reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from .matrix import BACKENDS, BOUNDARIES, METHOD_NAMES, OPERATIONS, call, separable_kernel
from .reference import TOLERANCE, assert_close, normalised, propagated, scale_of

DTYPES = ["bool", "uint8", "int16", "uint16", "int32", "float16", "float32", "float64", "complex64"]
DRAWS = 80


@dataclass(frozen=True)
class Draw:
    """Everything about one call; printed when it fails."""

    operation: str
    image: np.ndarray
    kernel: np.ndarray
    axes: tuple[int, ...]
    mask: np.ndarray | None
    options: dict[str, Any]
    how: dict[str, Any]

    def __repr__(self) -> str:
        image = f"{self.image.dtype} {self.image.shape}"
        return f"{self.operation} {image} {self.kernel.shape} {self.axes} {self.options} {self.how} {self.mask is None}"


def draw(rng: np.random.Generator, method: str, backend: str) -> Draw:
    """One call of moderate size; half of them with missing samples."""
    ndim = int(rng.integers(1, 5))
    acted = int(rng.integers(1, min(ndim, 3) + 1))
    axes = tuple(int(a) for a in rng.permutation(ndim)[:acted])
    shape = tuple(int(n) for n in rng.integers(1, (60, 24, 11, 6)[ndim - 1], ndim))
    sides = tuple(int(k) for k in rng.integers(1, (17, 8, 4)[acted - 1], acted))
    dtype = str(rng.choice(DTYPES))
    image = (20 * rng.normal(size=shape)).astype(dtype if dtype not in ("bool", "uint8", "uint16") else float)
    image = (np.abs(image) > 12 if dtype == "bool" else np.abs(image)).astype(dtype) if image.dtype != dtype else image
    kernel = separable_kernel(rng, sides)
    if method != "separable" and rng.random() < 0.5:
        kernel = rng.normal(size=sides) * (rng.random(sides) < 0.8)
    options: dict[str, Any] = {"boundary": str(rng.choice(BOUNDARIES)), "cval": float(rng.choice([0, 2.5]))}
    extent = str(rng.choice(["same", "same", "full", "valid"]))
    if extent == "valid" and any(k > shape[a] for k, a in zip(sides, axes, strict=True)):
        extent = "full"
    if extent == "same":
        options["origin"] = tuple(int(rng.integers(-(k // 2), (k - 1) // 2 + 1)) for k in sides)
    options["shape"] = extent
    how: dict[str, Any] = {"method": method, "backend": backend}
    how["max_memory"] = None if rng.random() < 0.5 else int(rng.choice([3000, 20_000]))
    how["workers"] = None if rng.random() < 0.5 else int(rng.integers(1, 4))
    mask = None
    if image.dtype.kind in "fc" and rng.random() < 0.5:
        image[rng.random(shape) < 0.1] = rng.choice([np.nan, np.inf])
        how["nan"] = str(rng.choice(["omit", "propagate"]))
    if rng.random() < 0.3:
        mask = rng.random(shape) < rng.choice([0.2, 0.8])
        how.setdefault("nan", "omit")
    if mask is not None or how.get("nan") == "omit":
        kernel = np.abs(kernel)
    return Draw(str(rng.choice(OPERATIONS)), image, kernel, axes, mask, options, how)


def expected(drawn: Draw) -> tuple[np.ndarray, float]:
    """The reference, frame by frame, and the largest scale of a frame."""
    end = range(-len(drawn.axes), 0)
    wide = complex if drawn.image.dtype.kind == "c" else float
    image = np.moveaxis(drawn.image.astype(wide), drawn.axes, end)
    finite = np.isfinite(image)
    valid, omit = None, drawn.how.get("nan") == "omit"
    if drawn.mask is not None or omit:
        held = np.ones(image.shape, bool) if drawn.mask is None else np.moveaxis(drawn.mask, drawn.axes, end)
        valid = held & finite if omit else held
        image = np.where(valid, image, 0)
    frames, scale = [], 0.0
    batch = image.shape[: image.ndim - len(drawn.axes)]
    for i in np.ndindex(batch):
        out = propagated(drawn.operation, image[i], drawn.kernel, **drawn.options)
        if valid is not None:
            clean, hit = np.where(finite[i], image[i], 0), np.isnan(out)
            out = normalised(drawn.operation, clean, drawn.kernel, valid[i], **drawn.options)
            out[hit] = np.nan
        frames.append(out)
        scale = max(scale, scale_of(drawn.operation, image[i], drawn.kernel, **drawn.options))
    stacked = np.stack(frames).reshape(batch + frames[0].shape)
    return np.moveaxis(stacked, end, drawn.axes), scale


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("part", range(4))
def test_any_combination(part: int, method: str, backend: str) -> None:
    seed = [part, *(ord(c) for c in f"{method} {backend}")]
    rng = np.random.default_rng(seed)
    for _ in range(DRAWS // 4):
        drawn = draw(rng, method, backend)
        image, mask = drawn.image.copy(), None if drawn.mask is None else drawn.mask.copy()
        got = call(
            drawn.operation, drawn.image, drawn.kernel, axes=drawn.axes, mask=drawn.mask, **drawn.options, **drawn.how
        )
        result, scale = expected(drawn)
        assert_close(got, result, scale, drawn, TOLERANCE[got.dtype.name])
        np.testing.assert_array_equal(drawn.image, image)
        assert mask is None or np.array_equal(mask, drawn.mask)
