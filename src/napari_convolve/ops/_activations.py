"""What a layer of a neural network does to each number after the sum, and how it pools neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._arrays import Array, dtype_name
from .._registry import Registry
from ..backends import Backend

Activation = Callable[[Array, Any], Array]

#: ``activation(values, xp)``, by PyTorch's names and constants.
ACTIVATIONS: Registry[Activation] = Registry("activation")
POOLINGS = ("max", "mean")
#: Slope of `leaky_relu` below 0.
_SLOPE = 0.01


def _zeros(x: Array, xp: Any) -> Array:
    return xp.zeros_like(x)


def _sigmoid(x: Array, xp: Any) -> Array:
    # never the exponential of a large number
    small = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1 / (1 + small), small / (1 + small))


ACTIVATIONS.register("relu", lambda x, xp: xp.where(x < 0, _zeros(x, xp), x))  # a NaN stays one
ACTIVATIONS.register("leaky_relu", lambda x, xp: xp.where(x < 0, _SLOPE * x, x))
ACTIVATIONS.register("sigmoid", _sigmoid)
ACTIVATIONS.register("tanh", lambda x, xp: xp.tanh(x))
ACTIVATIONS.register("abs", lambda x, xp: xp.abs(x))


def pool(values: Array, axes: Sequence[int], size: Sequence[int], how: str, backend: Backend) -> Array:
    """The largest, or the mean, of each block of `size` samples; what does not fill a block at the end is left out."""
    xp = backend.xp
    for axis, n in zip(axes, size, strict=True):
        count = values.shape[axis] // n
        key: list[Any] = [slice(None)] * values.ndim
        key[axis] = slice(0, count * n)
        shape = (*values.shape[:axis], count, n, *values.shape[axis + 1 :])
        blocks = xp.reshape(values[tuple(key)], shape)
        values = xp.max(blocks, axis=axis + 1) if how == "max" else xp.mean(blocks, axis=axis + 1)
    return values


def is_complex(array: Array) -> bool:
    """Whether its numbers have an imaginary part, which no activation takes."""
    return dtype_name(array.dtype).startswith("complex")
