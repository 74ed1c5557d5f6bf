"""Layer of a convolutional network: correlations over all channels, with stride, bias, activation and pooling.

Each map is a valid correlation with a kernel that has the channel axis too, over the image padded by the boundary rule,
so that all methods, backends and rules for missing samples of the window operations apply.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..._arrays import Array, by_axis, cast, compute_dtype, dtype_name, index_along
from ..._registry import Registry
from ...backends import Backend
from ...boundary import gather
from ...kernels import Kernel
from ...methods import METHODS
from ...planning import Plan, Problem
from ..execution.execution import Execution
from .window import Window, as_convolution, compile_later, in_order, window_geometry, window_sum

_TICKS = 100


@dataclass(frozen=True)
class SampleGrid:
    """Positions of the samples of feature maps in their image.

    Attributes
    ----------
    axis : int
        The axis of the maps in the result.
    new : bool
        Whether the image has no such axis.
    axes : tuple of int
        The acted axes of the image.
    first : tuple of float
        Index in the image, along each of these, of the centre of the receptive field of a map's first sample; with
        pooling, of its block.
    step : tuple of int
        Distance of neighbouring samples of a map, in samples of the image.
    """

    axis: int
    new: bool
    axes: tuple[int, ...]
    first: tuple[float, ...]
    step: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Layer:
    """The validated options of a layer.

    Attributes
    ----------
    weights : ndarray, shape (maps, channels, *kernel)
        Not yet dilated.
    centers : tuple of int
        Of the dilated kernels, one for each acted axis, like `stride`, `dilation` and `pool_size`.
    axes : tuple of int
        The acted axes of the image with its channel axis, one for each axis of a kernel, in any order.
    channel : int
        The channel axis of the image; the maps take its place.
    margins : tuple of (int, int)
        Padding by the boundary rule before and after the image along each acted axis.
    """

    weights: np.ndarray
    bias: np.ndarray
    centers: tuple[int, ...]
    axes: tuple[int, ...]
    channel: int
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    margins: tuple[tuple[int, int], ...]
    activation: str | None
    pooling: str | None
    pool_size: tuple[int, ...]
    boundary: str
    cval: complex
    nan: str
    dtype: str | None

    @property
    def lengths(self) -> tuple[int, ...]:
        """Length of the dilated kernel along each acted axis."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.weights.shape[2:], self.dilation, strict=True))

    def grid(self, *, new: bool) -> SampleGrid:
        """Positions of the maps in an image; `new` for an image given without the channel axis."""
        blocks = self.pool_size if self.pooling else (1,) * len(self.axes)
        first = tuple(
            c - before + step * (block - 1) / 2
            for c, (before, _), step, block in zip(self.centers, self.margins, self.stride, blocks, strict=True)
        )
        step = tuple(s * b for s, b in zip(self.stride, blocks, strict=True))
        axes = tuple(a - 1 if new and a > self.channel else a for a in self.axes)
        return SampleGrid(self.channel, new, axes, first, step)

    def size(self, shape: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shape of the maps before pooling, and of the result; lengths below 1 if the image is too small."""
        before, after = list(shape), list(shape)
        before[self.channel] = after[self.channel] = len(self.weights)
        for place, axis in enumerate(self.axes):
            room = shape[axis] + sum(self.margins[place]) - self.lengths[place]
            before[axis] = room // self.stride[place] + 1 if room >= 0 else 0
            after[axis] = before[axis] // self.pool_size[place] if self.pooling else before[axis]
        return tuple(before), tuple(after)


def layer_maps(image: Array, layer: Layer, valid: Array | None, run: Execution) -> Array:
    """The maps of `layer`; see `napari_convolve.feature_maps`.

    Parameters
    ----------
    image : array
        With a channel axis, of the library `run.source`.
    valid : array of bool or None
        Of the image's shape.
    """
    source, task = run.source, run.task
    xp, dtype = source.xp, dtype_name(image.dtype)
    compute = compute_dtype(dtype, wanted=layer.dtype)
    ranges = [(-a, image.shape[axis] + b) for axis, (a, b) in zip(layer.axes, layer.margins, strict=True)]
    _, size = layer.size(image.shape)
    out_dtype = layer.dtype or compute
    if 0 in size:
        return source.empty(size, out_dtype)
    kernels = [_correlation(weights, layer, compute) for weights in layer.weights]
    padded = list(image.shape)
    for axis, (start, stop) in zip(layer.axes, ranges, strict=True):
        padded[axis] = stop - start
    # one plan for all kernels, whether or not some of them are separable: a recipe can name it
    problem = _problem(
        padded, compute, kernels if run.method == "auto" else kernels[:1], valid is not None, task.responsive
    )
    plan = run.plan(problem, METHODS.values())
    each = replace(run, method=plan if run.method == "auto" else run.method)
    held = (math.prod(padded) + math.prod(problem.out)) * np.dtype(compute).itemsize
    task.plan = _whole(plan, len(kernels), held)
    run.check_room(size, out_dtype)
    out = source.empty(size, out_dtype)
    block = gather(image, layer.axes, ranges, layer.boundary, layer.cval, compute, source)
    flags = None if valid is None else gather(valid, layer.axes, ranges, layer.boundary, True, "bool", source)
    task.begin(_TICKS * len(layer.weights))
    kept = by_axis(image.ndim, layer.axes, (slice(None, None, step) for step in layer.stride), slice(None))
    for number, (kernel, window) in enumerate(kernels):
        part = task.part(_TICKS)
        one = window_sum(block, kernel, window, flags, replace(each, task=part))
        if number == 0:  # the plan may have changed when memory ran out
            task.plan = _whole(part.plan, len(kernels), held)
        one = one[kept] + float(layer.bias[number])
        if layer.activation:
            one = ACTIVATIONS.get(layer.activation)(one, xp)
        if layer.pooling:
            one = pool(one, layer.axes, layer.pool_size, layer.pooling, source)
        place = tuple(slice(number, number + 1) if a == layer.channel else slice(None) for a in range(image.ndim))
        source.assign(out, place, cast(one, out_dtype, xp))
    if run.method == "auto":
        compile_later(problem, run.machines)
    return out


def _problem(
    shape: Sequence[int], dtype: str, kernels: Sequence[tuple[Kernel, Window]], masked: bool, watched: bool
) -> Problem:
    """The problem of a single kernel; of several, that of the one with most weights, as neither separable nor flat."""
    kernel, window = max(kernels, key=lambda each: np.count_nonzero(each[0].values))
    applied, center = as_convolution(kernel, window)
    factors = tuple(applied.factors() or ()) if len(kernels) == 1 else ()
    problem = window_geometry(tuple(shape), dtype, applied, window, center, masked, watched, factors).problem
    return problem if len(kernels) == 1 else replace(problem, terms=0, flat=False)


def _whole(plan: Plan, maps: int, held: int) -> Plan:
    """The plan of all maps, from that of one; `held` are the bytes of the padded image and of a map before stride."""
    return replace(plan, seconds=maps * plan.seconds, bytes=plan.bytes + held, reason=f"{plan.reason}, for {maps} maps")


def _correlation(weights: np.ndarray, layer: Layer, dtype: str) -> tuple[Kernel, Window]:
    """One map's kernel, dilated, with the channel axis first, and the window that applies it."""
    spread = np.zeros((len(weights), *layer.lengths))
    spread[(slice(None), *(slice(None, None, d) for d in layer.dilation))] = weights
    axes = (layer.channel, *layer.axes)
    window = Window("correlate", axes, "reflect", 0.0, "valid", (0,) * len(axes), layer.nan, dtype)
    return in_order(Kernel(spread), window)


Activation = Callable[[Array, Any], Array]

#: ``activation(values, xp)``, by PyTorch's names and constants.
ACTIVATIONS: Registry[Activation] = Registry("activation")
POOLINGS = ("max", "mean")
#: Slope of `leaky_relu` below 0.
_SLOPE = 0.01


def _zeros(x: Array, xp: Any) -> Array:
    return xp.zeros_like(x)


def _sigmoid(x: Array, xp: Any) -> Array:
    # avoids the exponential of a large number
    small = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1 / (1 + small), small / (1 + small))


ACTIVATIONS.register("relu", lambda x, xp: xp.where(x < 0, _zeros(x, xp), x))  # a NaN stays one
ACTIVATIONS.register("leaky_relu", lambda x, xp: xp.where(x < 0, _SLOPE * x, x))
ACTIVATIONS.register("sigmoid", _sigmoid)
ACTIVATIONS.register("tanh", lambda x, xp: xp.tanh(x))
ACTIVATIONS.register("abs", lambda x, xp: xp.abs(x))


def pool(values: Array, axes: Sequence[int], size: Sequence[int], how: str, backend: Backend) -> Array:
    """The maximum or mean of each block of `size` samples; incomplete blocks at the end are dropped."""
    xp = backend.xp
    for axis, n in zip(axes, size, strict=True):
        count = values.shape[axis] // n
        shape = (*values.shape[:axis], count, n, *values.shape[axis + 1 :])
        blocks = xp.reshape(values[index_along(values.ndim, axis, slice(0, count * n))], shape)
        values = xp.max(blocks, axis=axis + 1) if how == "max" else xp.mean(blocks, axis=axis + 1)
    return values


def is_complex(array: Array) -> bool:
    """Whether an array is complex, which no activation supports."""
    return dtype_name(array.dtype).startswith("complex")
