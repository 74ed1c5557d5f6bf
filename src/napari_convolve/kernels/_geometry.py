"""Cropping, padding, rotation and resampling of kernels about their centre."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, cos, floor, radians, sin
from typing import TYPE_CHECKING, Annotated, SupportsIndex

import numpy as np
import numpy.typing as npt

from .._registry import Param, check
from ._grid import per_axis, which_axis
from ._values import Values, as_spacing, guard

if TYPE_CHECKING:
    from ._kernel import Kernel

Shape = SupportsIndex | Sequence[SupportsIndex]
#: Zeros around the values for the fit of splines: the effect of the border decays by 0.27 per pixel.
MARGIN = 12


def as_shape(shape: Shape, ndim: int) -> tuple[int, ...]:
    """Return one positive length per axis."""
    lengths: tuple[int, ...] = per_axis(check("shape", Annotated[int | Sequence[int], Param(min=1)], shape), ndim)
    if len(lengths) != ndim:
        raise ValueError(f"shape needs one length per axis ({ndim}), got {lengths}")
    return lengths


def crop(kernel: Kernel, shape: Shape | None, tolerance: float) -> Kernel:
    """See :meth:`Kernel.crop`."""
    if shape is None:
        size = np.abs(kernel.values)
        kept = np.nonzero(size > tolerance * size.max())
        bounds = [
            (min(c, i.min(initial=c)), max(c, i.max(initial=c)) + 1)  # the window always contains the centre
            for c, i in zip(kernel.center, kept, strict=True)
        ]
    else:
        wanted = as_shape(shape, kernel.ndim)
        starts = [c - n // 2 for c, n in zip(kernel.center, wanted, strict=True)]
        ends = [s + n for s, n in zip(starts, wanted, strict=True)]
        bounds = [(max(0, s), min(n, e)) for s, e, n in zip(starts, ends, kernel.shape, strict=True)]
    center = tuple(int(c - start) for c, (start, _) in zip(kernel.center, bounds, strict=True))
    window = tuple(slice(*b) for b in bounds)
    return kernel.derived(f"cropped({kernel.name})", kernel.values[window], center)


def pad(kernel: Kernel, shape: Shape) -> Kernel:
    """See :meth:`Kernel.pad`."""
    wanted = as_shape(shape, kernel.ndim)
    guard(wanted)
    before = [n // 2 - c for n, c in zip(wanted, kernel.center, strict=True)]
    after = [n - b - k for n, b, k in zip(wanted, before, kernel.shape, strict=True)]
    if min(*before, *after, 0) < 0:
        raise ValueError(f"a kernel of shape {kernel.shape} centred at {kernel.center} does not fit into {wanted}")
    center = tuple(n // 2 for n in wanted)
    values = np.pad(kernel.values, list(zip(before, after, strict=True)))
    return kernel.derived(f"padded({kernel.name})", values, center)


def rotate(kernel: Kernel, angle: float, axes: tuple[int, int], order: int) -> Kernel:
    """See :meth:`Kernel.rotate`."""
    from scipy.ndimage import affine_transform

    if not np.isfinite(angle):
        raise ValueError(f"angle must be finite, got {angle}")
    first, second = sorted(which_axis(a, kernel.ndim) for a in axes)
    if first == second:
        raise ValueError(f"axes must be two different ones, got {axes}")
    h = kernel.spacing or (1.0,) * kernel.ndim
    name = f"rotated({kernel.name}, {angle:g})"
    if angle % 90 == 0 and h[first] == h[second]:
        return quarter_turns(kernel, int(angle // 90) % 4, first, second, name)
    c, s = cos(radians(angle)), sin(radians(angle))
    # From indices of the result to those of the kernel, both relative to the centre; the rotation is in lengths.
    matrix = np.eye(kernel.ndim)
    matrix[first, first], matrix[first, second] = c, s * h[second] / h[first]
    matrix[second, first], matrix[second, second] = -s * h[first] / h[second], c
    low = -np.array(kernel.center, dtype=float)
    corners = np.stack(np.meshgrid(*zip(low, low + np.array(kernel.shape) - 1, strict=True), indexing="ij"), -1)
    turned = corners.reshape(-1, kernel.ndim) @ np.linalg.inv(matrix).T
    # Rounding errors of a corner must not add a row.
    start = np.floor(turned.min(axis=0) + 1e-9).astype(int)
    shape = np.ceil(turned.max(axis=0) - 1e-9).astype(int) - start + 1
    guard(shape.tolist())
    offset = np.array(kernel.center) + MARGIN + matrix @ start
    padded = np.pad(kernel.values, MARGIN)
    values = affine_transform(padded, matrix, offset, tuple(shape), order=order, mode="grid-constant")
    return kernel.derived(name, same_sum(values, kernel), (-start).tolist())


def quarter_turns(kernel: Kernel, turns: int, first: int, second: int, name: str) -> Kernel:
    """Rotate by a multiple of 90 degrees, without interpolation."""
    center = list(kernel.center)
    shape = list(kernel.shape)
    for _ in range(turns):
        # numpy.rot90 moves the last column to the first row.
        center[first], center[second] = shape[second] - 1 - center[second], center[first]
        shape[first], shape[second] = shape[second], shape[first]
    return kernel.derived(name, np.rot90(kernel.values, turns, (first, second)), center)


def resample(kernel: Kernel, spacing: float | Sequence[float], order: int) -> Kernel:
    """See :meth:`Kernel.resample`."""
    new = as_spacing(spacing, kernel.ndim)
    if new is None or kernel.spacing is None:
        raise ValueError("resample needs a spacing of the kernel and a new one; one of them is None")
    values, center = kernel.values, []
    ratios = [n / h for n, h in zip(new, kernel.spacing, strict=True)]
    # The new pixels cover all of the old ones.
    ranges = [
        (floor((-c - 0.5) / r + 0.5), ceil((n - c - 0.5) / r - 0.5))
        for n, c, r in zip(kernel.shape, kernel.center, ratios, strict=True)
    ]
    guard([high - low + 1 for low, high in ranges])
    for axis, ((low, high), ratio) in enumerate(zip(ranges, ratios, strict=True)):
        positions = np.arange(low, high + 1) * ratio + kernel.center[axis]
        line = interpolation(positions, ratio, kernel.shape[axis], order)
        values = np.moveaxis(np.tensordot(line, values, (1, axis)), 0, axis)
        center.append(-low)
    return type(kernel)(same_sum(values, kernel), center, new, kernel.units, f"resampled({kernel.name})")


def interpolation(positions: npt.NDArray[np.floating], width: float, length: int, order: int) -> Values:
    """Return the matrix of the means of a line of samples over pixels of `width` around `positions`.

    Pixels narrower than a sample are interpolated at their centre.
    """
    from scipy.ndimage import map_coordinates

    parts = max(1, ceil(4 * width)) if width > 1 else 1
    fine = (positions[:, None] + ((np.arange(parts) + 0.5) / parts - 0.5) * width).ravel()
    unit = np.pad(np.eye(length), ((MARGIN, MARGIN), (0, 0)))
    columns = (map_coordinates(unit[:, j], [fine + MARGIN], order=order, mode="grid-constant") for j in range(length))
    matrix = np.stack(list(columns), axis=1) * width
    return np.asarray(matrix.reshape(positions.size, parts, length).mean(axis=1))


def same_sum(values: Values, kernel: Kernel) -> Values:
    """Return `values` with the sum of `kernel`: the difference is subtracted in proportion to absolute weights."""
    size = np.abs(values)
    total = size.sum()
    return values - (values.sum() - kernel.sum) * (size / total) if total else values
