"""A brute-force reference for windowed sums: index rules and loops, nothing clever.

Written from the definitions alone and used as the truth where SciPy has no answer (``full`` and
``valid`` with any boundary, masks, NaN) and where SciPy must be confirmed by something independent.
Everything is computed in float64 or complex128, whatever the type of the input.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_convolve.boundary import MODES

TOLERANCE = {"float32": 1e-5, "complex64": 1e-5, "float64": 1e-12, "complex128": 1e-12}


def scipy_is_right(
    operation: str, image: Sequence[int], kernel: Sequence[int], boundary: str, origin: Sequence[int]
) -> bool:
    """Say whether SciPy's ``reflect`` keeps its own definition for these sizes.

    Its n-D filters (1.17) read before the array once a window reaches four lengths to the left.
    """

    def reach(k: int, o: int) -> int:
        return k - 1 - k // 2 - o if operation == "convolve" else k // 2 + o

    return boundary != "reflect" or all(
        n == 1 or reach(k, o) < 4 * n for n, k, o in zip(image, kernel, origin, strict=True)
    )


def source_index(index: np.ndarray, length: int, boundary: str) -> np.ndarray:
    """Say which sample stands at each position; -1 where no sample does (``constant``)."""
    inside = (index >= 0) & (index < length)
    if boundary == "constant":
        return np.where(inside, index, -1)
    if boundary == "nearest":
        return np.clip(index, 0, length - 1)
    if boundary == "wrap":
        return index % length
    if boundary == "reflect":
        folded = index % (2 * length)
        return np.minimum(folded, 2 * length - 1 - folded)
    if boundary == "mirror":
        if length == 1:
            return np.zeros_like(index)
        folded = index % (2 * length - 2)
        return np.minimum(folded, 2 * length - 2 - folded)
    return MODES.get(boundary)(index, length)  # a mode that was added: its rule is its definition


def extend(image: np.ndarray, ranges: Sequence[tuple[int, int]], boundary: str, cval: complex = 0.0) -> np.ndarray:
    """Read ``image`` at every index of ``ranges`` (one half-open range per axis)."""
    for axis, (start, stop) in enumerate(ranges):
        index = source_index(np.arange(start, stop), image.shape[axis], boundary)
        image = np.take(image, np.maximum(index, 0), axis=axis)
        outside = [slice(None)] * image.ndim
        outside[axis] = index < 0
        if (index < 0).any():
            image[tuple(outside)] = cval
    return image


def result_range(operation: str, shape: str, n: int, k: int, centre: int) -> tuple[int, int]:
    """First and last-plus-one index of a result along one axis, in the input's coordinates."""
    before = centre if operation == "convolve" else k - 1 - centre
    if shape == "full":
        return -before, n + (k - 1 - before)
    if shape == "valid":
        return k - 1 - before, n - before
    return 0, n


def window_sum(
    operation: str,
    image: np.ndarray,
    kernel: np.ndarray,
    *,
    boundary: str = "reflect",
    cval: complex = 0.0,
    shape: str = "same",
    origin: int | Sequence[int] = 0,
    centre: Sequence[int] | None = None,
) -> np.ndarray:
    """Sum over the window of every output sample, one tap of the kernel after the other.

    ``convolve`` is ``sum_j f[i + c + o - j] w[j]`` and ``correlate`` is
    ``sum_j f[i - c - o + j] conj(w[j])``; image and kernel have the same number of axes.
    """
    wide = np.result_type(image.dtype, kernel.dtype, np.float64, np.asarray(cval).dtype)
    image, kernel = np.asarray(image, wide), np.asarray(kernel, wide)
    origins = np.broadcast_to(origin, (image.ndim,))
    centre = tuple(k // 2 for k in kernel.shape) if centre is None else tuple(centre)
    if operation == "correlate":
        kernel = kernel.conj()

    def tap(j: int, axis: int) -> int:
        reach = centre[axis] + int(origins[axis])
        return reach - j if operation == "convolve" else j - reach

    spans = [result_range(operation, shape, n, k, c) for n, k, c in zip(image.shape, kernel.shape, centre, strict=True)]
    lowest = [min(tap(0, a), tap(k - 1, a)) for a, k in enumerate(kernel.shape)]
    wanted = [
        (start + low, stop + low + k - 1) for (start, stop), low, k in zip(spans, lowest, kernel.shape, strict=True)
    ]
    padded = extend(image, wanted, boundary, cval)
    out_shape = tuple(stop - start for start, stop in spans)
    out = np.zeros(out_shape, wide)
    for position in np.ndindex(kernel.shape):
        if kernel[position] == 0:
            continue
        begin = [tap(j, a) - lowest[a] for a, j in enumerate(position)]
        view = padded[tuple(slice(b, b + n) for b, n in zip(begin, out_shape, strict=True))]
        out += kernel[position] * view
    return out


def on_axes(
    operation: str, image: np.ndarray, kernel: np.ndarray, axes: Sequence[int], **options: object
) -> np.ndarray:
    """`window_sum` along some axes; all others are batch axes."""
    axes = [a % image.ndim for a in axes]
    moved = np.moveaxis(image, axes, range(-len(axes), 0))
    batch = moved.shape[: image.ndim - len(axes)]
    frames = [window_sum(operation, moved[i], kernel, **options) for i in np.ndindex(batch)]
    out = np.stack(frames).reshape(batch + frames[0].shape)
    return np.moveaxis(out, range(-len(axes), 0), axes)


def propagated(operation: str, image: np.ndarray, kernel: np.ndarray, **options: object) -> np.ndarray:
    """`window_sum` with NaN exactly where a non-finite sample meets a weight that is not 0."""
    bad = ~np.isfinite(image)
    clean = np.where(bad, 0, image)
    out = window_sum(operation, clean, kernel, **options)
    without_cval = {**options, "cval": 0.0}
    hits = window_sum(operation, bad.astype(float), (kernel != 0).astype(float), **without_cval)
    out[hits > 0.5] = np.nan
    return out


def normalised(
    operation: str,
    image: np.ndarray,
    kernel: np.ndarray,
    valid: np.ndarray,
    *,
    cval: float = 0.0,
    **options: object,
) -> np.ndarray:
    """Compute the normalised convolution, one part of the kernel per sign.

    ``S conv(f m, w) / conv(m, w)`` for the positive and the negative part, then the difference.
    NaN where a part that is not all zero finds no valid sample, decided by counting.
    """
    clean = np.where(valid, image, 0.0)
    out: np.ndarray | float = 0.0
    for sign in (1.0, -1.0):
        part = np.maximum(sign * kernel, 0.0)
        if not part.any():
            continue
        top = window_sum(operation, clean, part, cval=cval, **options)
        bottom = window_sum(operation, valid.astype(float), part, cval=1.0, **options)
        count = window_sum(operation, valid.astype(float), (part > 0).astype(float), cval=1.0, **options)
        seen = np.rint(count) > 0
        ratio = np.where(seen, top / np.where(seen, bottom, 1.0), np.nan)
        out = out + sign * part.sum() * ratio
    if np.isscalar(out):
        return np.zeros_like(window_sum(operation, clean, kernel, **options))
    return np.asarray(out)


def scale_of(operation: str, image: np.ndarray, kernel: np.ndarray, cval: complex = 0.0, **options: object) -> float:
    """Largest value that the sum of absolute products reaches: what tolerances are relative to."""
    finite = np.abs(np.where(np.isfinite(image), image, 0))
    sums = window_sum(operation, finite, np.abs(kernel), cval=abs(cval), **options)
    return float(sums.max(initial=0.0)) or 1.0


def assert_close(
    got: np.ndarray, expected: np.ndarray, scale: float, context: object = "", tolerance: float = 0
) -> None:
    """Compare within the table: NaN in the same places, the rest to the precision of the result."""
    got = np.asarray(got)
    assert got.shape == expected.shape, f"{context}: shape {got.shape}, expected {expected.shape}"
    allowed = (tolerance or TOLERANCE[got.dtype.name]) * scale
    assert np.array_equal(np.isnan(got), np.isnan(expected)), f"{context}: NaN in other places"
    error = float(np.abs(np.where(np.isnan(expected), 0, got - expected)).max(initial=0.0))
    assert error <= allowed, f"{context}: off by {error:.3g}, allowed {allowed:.3g}"
