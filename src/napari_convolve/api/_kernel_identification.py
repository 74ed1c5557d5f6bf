"""`estimate_kernel`: validate, then delegate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np

from .._arrays import Array, dtype_name
from .._progress import Task
from .._registry import Param
from ..backends import move
from ..kernels import Kernel
from ..kernels._design import Sizes
from ..ops.filtering import kernel_identification as ops
from . import _options as o
from ._deconvolution_arguments import MissingPolicy, as_valid
from ._fourier_arguments import Acted, Spacing, as_acted
from ._frequency_response import as_sizes

#: More weights than this make equations that take minutes and gigabytes.
_MOST = 4096

WeightRegularization = Annotated[Literal["auto", "none"], Param(choices=ops.WEIGHT_REGULARIZATIONS, advanced=True)]
Units = Annotated[str | None, Param(label="unit", advanced=True)]


@o.public_with_masks("image", "after")
def estimate_kernel(
    image: Any,
    after: Any,
    /,
    size: Sizes,
    *,
    regularization: WeightRegularization = "auto",
    axes: o.Axes = None,
    spacing: Spacing = None,
    units: Units = None,
    mask: Any = None,
    nan: MissingPolicy = "raise",
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> ops.KernelEstimate:
    """Estimate the kernel that turns one image into another, with the uncertainty of each weight.

    Given an image before and after a filter, it identifies an unknown filter of another program, or the blur between a
    sharp and a blurred image of the same object. The filter must be linear and shift-invariant; `explained` measures
    how well that holds. Noise in the image before biases the weights towards 0, so it should be the less noisy one.

    Parameters
    ----------
    image : array_like
        Image before the filter: real numbers of at least one dimension.
    after : array_like
        Image after the filter, of the same shape.
    size : int, sequence of int
        Number of weights, for all axes or each. A size larger than needed does little harm; one smaller than the true
        kernel gives wrong weights and a low `explained`.
    regularization : {"auto", "none"}
        ``"auto"``: a Gaussian prior for weights that are small far from the centre and similar to their neighbours, its
        strength chosen by maximum evidence. ``"none"``: plain least squares, noisy when the image is smooth.
    axes : int, tuple of int, optional
        Axes that the kernel acts on; by default the last ones, as many as `size` has numbers, or two. All items along
        the other axes share one kernel.
    spacing : float, sequence of float, optional
        Distance between neighbouring samples along each of `axes`, stored in the kernel; pixels by default.
    {units}
    mask : array of bool, optional
        True where both images are valid; a sample is used only when its whole window is.
    {raise.nan, progress, report}

    Returns
    -------
    KernelEstimate
        `kernel`, centred at ``N // 2``, and `offset`, such that ``convolve(image, kernel) + offset`` is closest to
        `after`; the half-width of each weight's 99 % interval as `uncertainty`; `noise`; `explained`.

    Raises
    ------
    TypeError, ValueError
        When an argument has the wrong type or value, the images differ in shape, are too small for `size` or contain
        NaN with ``nan="raise"``, or `image` is constant.

    Notes
    -----
    Only samples whose whole window lies in the image are used, so no boundary rule is assumed.

    References
    ----------
    D. J. C. MacKay, "Bayesian interpolation", Neural Computation 4 (1992) 415.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> before = np.random.default_rng(0).normal(size=(64, 64))
    >>> found = nc.estimate_kernel(before, nc.convolve(before, nc.kernels.sobel(axis=0)) + 5, 3)
    >>> (found.kernel.values.round(3) + 0.0).tolist()
    [[1.0, 2.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -1.0]]
    >>> round(found.offset, 3), round(found.explained, 4)
    (5.0, 1.0)
    """
    task = Task("estimate_kernel", progress, report)
    given = [o.as_input(image, mask), o.as_input(after, mask)]
    shapes = [tuple(one.array.shape) for one in given]
    for name, one in zip(("image", "after"), given, strict=True):
        if dtype_name(one.array.dtype).startswith("complex"):
            raise TypeError(f"{name} has dtype {dtype_name(one.array.dtype)}; real numbers are needed")
    if shapes[0] != shapes[1]:
        raise ValueError(f"the images before and after have different shapes: {shapes[0]} and {shapes[1]}")
    acted = _as_acted(shapes[0], axes, spacing, size)
    sizes = _as_size(size, shapes[0], acted)
    source = given[0].source
    pair: list[tuple[Array, Array | None]] = []
    for one in given:
        valid = as_valid(one.array, one.mask, nan, acted.axes, one.source)
        flags = None if valid is None else move(valid, one.source, source)
        pair.append((move(one.array, one.source, source), flags))
    result = ops.identify_kernel(pair[0], pair[1], acted.axes, sizes, regularization, source, task)
    steps = None if spacing is None else tuple(acted.spacing[place] for place in acted.order)
    kernel = Kernel(np.transpose(result.kernel.values, acted.order), spacing=steps, units=units, name="estimated")
    result = replace(result, kernel=kernel, standard_error=np.transpose(result.standard_error, acted.order))
    task.detail(explained=result.explained, noise=result.noise, offset=result.offset, samples=result.samples)
    task.finish()
    return result


def _as_acted(shape: tuple[int, ...], axes: Any, spacing: Any, size: Any) -> Acted:
    count = None
    if axes is None:
        several = isinstance(size, Sequence | np.ndarray) and not isinstance(size, str)
        count = len(size) if several else min(2, len(shape))
        if count > len(shape):
            raise ValueError(f"size={size!r} has {count} numbers; image of shape {shape} has {len(shape)} axes")
    return as_acted(shape, axes, spacing, count)


def _as_size(size: Any, shape: tuple[int, ...], acted: Acted) -> tuple[int, ...]:
    """The size along the rising axes."""
    given = as_sizes("size", size, len(acted.order))
    rising = [0] * len(given)
    for n, place in zip(given, acted.order, strict=True):
        rising[place] = n
    if math.prod(rising) > _MOST:
        raise ValueError(f"size={size!r} asks for {math.prod(rising)} weights; at most {_MOST} can be found")
    if any(n > shape[a] for n, a in zip(rising, acted.axes, strict=True)):
        raise ValueError(f"size={size!r} is larger than the image of shape {shape} along its axes {acted.axes}")
    return tuple(rising)
