"""`inspect` and `convolution_theorem`: how a convolution is computed, in space and in frequency."""

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
from ._convolution import refuse_complex


@o.public
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
    """Show how one sample of a convolution or correlation is computed.

    Parameters
    ----------
    image : array_like
        Numbers of at least one dimension.
    {kernel}
    index : int, tuple of int
        Index of the sample in the result, one number per axis; negative ones count from the end.
    operation : {"convolve", "correlate"}
        ``"convolve"`` flips the kernel, ``"correlate"`` does not.
    {axes, boundary, cval, shape, origin, mask, nan}

    Returns
    -------
    Patch
        Samples of the window with those that the boundary rule supplied, weights as applied, products, and their sum,
        which is the sample of the result.

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
    call = o.WindowCall(axes, boundary, cval, shape, origin, nan)
    weights, window = in_order(kernel, call.window(operation, o.spec_of(array), kernel))
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


@o.public_with_masks()
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
    """Compute part of a convolution twice: by its definition, and as the product of two Fourier transforms.

    Parameters
    ----------
    image : array_like
        Real, finite numbers, with as many dimensions as the kernel.
    kernel : Kernel or array_like
        Real weights.
    region : sequence of (int, int), optional
        Part of the result to compute: start and stop index along each axis; all by default.
    operation : {"convolve", "correlate"}
        ``"convolve"`` flips the kernel, ``"correlate"`` does not.
    {boundary, cval, origin}

    Returns
    -------
    Theorem
        Samples, both transforms, their product, both results and their difference, which is rounding error.

    Raises
    ------
    TypeError, ValueError
        As `convolve`; also for complex numbers, NaN, infinities, and a region that is empty or not inside the result.

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
    call = o.WindowCall(boundary=boundary, cval=cval, origin=origin)
    weights, window = in_order(kernel, call.window(operation, o.spec_of(array), kernel))
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
