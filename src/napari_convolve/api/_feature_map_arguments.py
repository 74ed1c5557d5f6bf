"""Validation of the arguments of `feature_maps`."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._arrays import as_host_array, wanted_dtype
from ..backends import backend_of
from ..kernels import Kernel
from ..ops.filtering.cnn_layer import Layer
from . import _options as o


def as_bank(weights: Any) -> tuple[np.ndarray, tuple[int, ...]]:
    """Weights of the shape (maps, channels, *kernel), and the centre of each kernel.

    Raises
    ------
    TypeError, ValueError
        When they are neither such an array nor a bank of real kernels.
    """
    if isinstance(weights, Kernel):
        weights = [weights] if weights.ndim < 3 else weights.values
    if isinstance(weights, Sequence) and len(weights) and all(isinstance(k, Kernel) for k in weights):
        return _from_kernels(weights)
    device = backend_of(weights)
    bank = as_host_array(weights if device is None else device.to_host(weights), "weights")
    if bank.dtype.kind == "c":
        raise TypeError("weights are complex; feature maps are of real numbers")
    if bank.ndim < 3 or bank.size == 0:
        raise ValueError(f"weights of shape {bank.shape} must have the shape (maps, channels, *kernel)")
    if not np.isfinite(bank).all():
        raise ValueError(f"weights must be finite, {int((~np.isfinite(bank)).sum())} of {bank.size} are not")
    return bank.astype(np.float64), tuple(n // 2 for n in bank.shape[2:])


def _from_kernels(kernels: Sequence[Kernel]) -> tuple[np.ndarray, tuple[int, ...]]:
    ndim = kernels[0].ndim
    if any(k.ndim != ndim for k in kernels):
        raise ValueError(f"weights hold kernels of {', '.join(str(k.ndim) for k in kernels)} dimensions; one is needed")
    if any(k.values.dtype.kind == "c" for k in kernels):
        raise TypeError("weights hold a complex kernel; feature maps are of real numbers")
    center = tuple(max(k.center[a] for k in kernels) for a in range(ndim))
    shape = tuple(c + max(k.shape[a] - k.center[a] for k in kernels) for a, c in enumerate(center))
    bank = np.zeros((len(kernels), 1, *shape))
    for held, k in zip(bank, kernels, strict=True):
        held[(0, *(slice(c - o, c - o + n) for c, o, n in zip(center, k.center, k.shape, strict=True)))] = k.values
    return bank, center


def as_channel(given: Any, shape: Sequence[int], acted: Sequence[int], weights: Sequence[int]) -> int | None:
    """The axis of the input channels, or None for an image without."""
    maps, channels = weights[:2]
    layout = f"weights of shape {tuple(weights)} ({maps} maps of {channels} channels)"
    if given is None or (isinstance(given, str) and given == "auto"):
        before = min(acted) - 1
        if given == "auto" and before >= 0 and shape[before] == channels:
            return before
        if channels > 1:
            raise ValueError(f"{layout} need an image with a channel axis of that length, got {tuple(shape)}")
        return None
    try:
        axis = operator.index(given)
    except TypeError as error:
        raise TypeError(f"channel_axis={given!r} must be an integer, 'auto' or None") from error
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"channel_axis={given!r} is out of range for an image of {len(shape)} dimensions")
    axis %= len(shape)
    if axis in acted:
        raise ValueError(f"channel_axis={given!r} is one of the axes acted on, {tuple(acted)}")
    if shape[axis] != channels:
        raise ValueError(f"{layout} do not fit the {shape[axis]} channels along axis {axis} of the image")
    return axis


def as_counts(name: str, value: int | Sequence[int], count: int) -> tuple[int, ...]:
    """One whole number for each acted axis."""
    given = tuple(value) if isinstance(value, Sequence) else (value,) * count
    if len(given) != count:
        raise ValueError(f"{name}={value!r} has {len(given)} entries for {count} axes")
    return given


def as_margins(
    padding: Any, shape: str, origin: Any, lengths: Sequence[int], centers: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """Samples of the boundary rule before and after the image."""
    if padding is not None:
        if shape != "same":
            raise ValueError(f"padding={padding!r} and shape={shape!r} both say how large the maps are: give one")
        if np.any(origin):
            raise ValueError(f"origin={origin!r} has no meaning with padding={padding!r}")
        return tuple((p, p) for p in as_counts("padding", padding, len(lengths)))
    shifts = o.as_origin(origin, centers, lengths, shape)
    if shape == "same":
        return tuple((c + o, k - 1 - c - o) for c, o, k in zip(centers, shifts, lengths, strict=True))
    return tuple((k - 1, k - 1) if shape == "full" else (0, 0) for k in lengths)


def as_bias(bias: Any, maps: int) -> np.ndarray:
    """One number for each map."""
    if bias is None:
        return np.zeros(maps)
    device = backend_of(bias)
    values = as_host_array(bias if device is None else device.to_host(bias), "bias")
    if values.dtype.kind == "c" or not np.isfinite(values).all():
        raise ValueError("bias must be real and finite")
    if values.ndim > 1 or (values.ndim and len(values) != maps):
        raise ValueError(f"bias of shape {values.shape} must be one number or one for each of {maps} maps")
    return np.broadcast_to(values.astype(np.float64), (maps,))


def as_real(dtype: Any) -> str | None:
    """The dtype of the result, which cannot be complex."""
    found = wanted_dtype(dtype, complex_result=False)
    if found is not None and found.startswith("complex"):
        raise ValueError(f"dtype={found} is complex, feature maps are real")
    return found


def check_size(layer: Layer, shape: Sequence[int]) -> None:
    """ValueError when a window, or a block to pool, does not fit into the image."""
    before, after = layer.size(shape)
    for place, axis in enumerate(layer.axes):
        if shape[axis] == 0:
            raise ValueError(f"image of shape {tuple(shape)} has no samples along axis {axis}, which is acted on")
        room = shape[axis] + sum(layer.margins[place])
        if before[axis] < 1:
            raise ValueError(f"the kernel is {layer.lengths[place]} long, the image with padding {room}, axis {axis}")
        if after[axis] < 1:
            size = layer.pool_size[place]
            raise ValueError(f"pool_size={size} is longer than the {before[axis]} samples of a map, axis {axis}")
