"""`inspect`: what one sample of a result is made of; `convolution_theorem`: the same in frequency."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from .._registry import Param
from ..ops.filtering.window import in_order, window_shape
from ..ops.inspection.patch import Patch, look_at
from ..ops.inspection.theorem import Theorem, compare
from . import _options as o
from ._convolution import WindowCall, refuse_complex, spec_of


@o.validated
def inspect(
    image: Any,
    kernel: Any,
    index: int | Sequence[int],
    /,
    *,
    operation: Annotated[str, Param(choices=("convolve", "correlate"))] = "convolve",
    axes: o.Axes = None,
    boundary: o.Boundary = "reflect",
    cval: o.CVal = 0.0,
    shape: o.OutputShape = "same",
    origin: o.Origin = 0,
    mask: Any = None,
    nan: o.NaN = "propagate",
) -> Patch:
    """Lay open how one sample of a convolution or correlation comes about.

    Parameters
    ----------
    image : array_like
        Numbers of at least one dimension.
    kernel : Kernel or array_like
        As for `convolve`.
    index : int, tuple of int
        Of the sample in the result, one for each axis; negative ones count from the end.
    operation : {"convolve", "correlate"}
        Whether the kernel is flipped.
    axes, boundary, cval, shape, origin, mask, nan
        As for `convolve`.

    Returns
    -------
    Patch
        The window's samples after the boundary rule and which of them it supplied, the weights as applied, the
        products and their sum, which is the result there.

    Raises
    ------
    IndexError
        When the index lies outside the result.
    TypeError, ValueError
        As `convolve`.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> patch = nc.inspect([1, 2, 4], [1, 10, 100], 0)
    >>> patch.values.tolist(), patch.supplied.tolist(), patch.weights.tolist()
    ([1.0, 1.0, 2.0], [True, False, False], [100.0, 10.0, 1.0])
    >>> patch.sum
    112.0
    """
    given = o.as_input(image, mask)
    array = given.source.to_host(given.array)
    kernel = o.host_kernel(kernel)
    call = WindowCall(axes, boundary, cval, shape, origin, nan)
    weights, window = in_order(kernel, call.window(operation, spec_of(array), kernel))
    refuse_complex(weights, window, given.mask is not None)
    size = window_shape(array.shape, weights, window)
    place = _as_index(index, size)
    valid = None if given.mask is None else given.source.to_host(given.mask)
    return look_at(array, weights, window, valid, place)


def _as_index(index: int | Sequence[int], size: tuple[int, ...]) -> tuple[int, ...]:
    try:
        numbers = tuple(operator.index(i) for i in (index if isinstance(index, Sequence) else (index,)))
    except TypeError as error:
        raise TypeError(f"index={index!r} must be an integer or one integer for each axis") from error
    if len(numbers) != len(size):
        raise ValueError(f"index={index!r} has {len(numbers)} entries, the result {len(size)} axes")
    if any(not -n <= i < n for i, n in zip(numbers, size, strict=True)):
        raise IndexError(f"index={index!r} lies outside the result of shape {size}")
    return tuple(i % n for i, n in zip(numbers, size, strict=True))


@o.validated
def convolution_theorem(
    image: Any,
    kernel: Any,
    /,
    *,
    region: Sequence[tuple[int, int]] | None = None,
    operation: Annotated[str, Param(choices=("convolve", "correlate"))] = "convolve",
    boundary: o.Boundary = "reflect",
    cval: o.CVal = 0.0,
    origin: o.Origin = 0,
) -> Theorem:
    """Compute a part of a convolution twice: by its definition, and as a product of two transforms.

    Parameters
    ----------
    image : array_like
        Real, finite numbers, of as many dimensions as the kernel.
    kernel : Kernel or array_like
        Real.
    region : sequence of (int, int), optional
        First index and the one after the last along each axis, of the part of the result; all by default.
    operation, boundary, cval, origin
        As for `inspect`.

    Returns
    -------
    Theorem
        The samples, both transforms, their product, both results and how much they differ: by rounding.

    Raises
    ------
    TypeError, ValueError
        As `convolve`, for complex numbers, for NaN and infinities, and for a region that is empty or not inside the
        result.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> image = np.arange(30.0).reshape(5, 6) % 7
    >>> found = nc.convolution_theorem(image, nc.kernels.sobel())
    >>> bool(found.difference < 1e-15), np.array_equal(found.direct, nc.convolve(image, nc.kernels.sobel()))
    (True, True)
    """
    given = o.as_input(image)
    array = given.source.to_host(given.array)
    kernel = o.host_kernel(kernel)
    call = WindowCall(boundary=boundary, cval=cval, origin=origin)
    weights, window = in_order(kernel, call.window(operation, spec_of(array), kernel))
    if array.dtype.kind == "c" or weights.values.dtype.kind == "c":
        raise TypeError("image and kernel must be real here")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ValueError(f"image holds {bad} NaN or infinite samples, and one is enough to make every frequency NaN")
    if weights.ndim != array.ndim:
        raise ValueError(f"the kernel has {weights.ndim} dimensions, the image {array.ndim}: they must be as many")
    box = [(0, n) for n in array.shape] if region is None else [(int(a), int(b)) for a, b in region]
    if len(box) != array.ndim or any(not 0 <= a < b <= n for (a, b), n in zip(box, array.shape, strict=True)):
        raise ValueError(f"region={region!r} must be inside the result of shape {array.shape}, a range for each axis")
    return compare(array, weights, window, box)
