"""The inner loops of `_codegen`, compiled by Numba when it is installed and applied to strided blocks.

A first call never waits for the compiler: the planner passes over a method whose code is not ready, and what it would
have chosen is compiled after the call has returned (`nc.tune()` compiles now). Asking for a method by name waits.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backends import SESSION
from . import _codegen

#: Contraction and reassociation let sums be vectorised; NaN and infinity must stay what they are.
_FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
_UNROLLED = ((3, 3), (5, 5), (7, 7))
_GROUP = 8
#: Constant weights are running sums from this length on.
_LONG_BOX = 16
Function = Callable[..., float]


@dataclass(frozen=True)
class Code:
    """One compiled inner loop: a function of `_codegen`, its arguments, and the dtype."""

    kind: str
    arguments: tuple[int, int]
    add: bool
    dtype: str

    def source(self) -> str:
        """The text that is compiled."""
        kind, add, (first, second) = self.kind, self.add, self.arguments
        if kind.startswith("box"):
            return (_codegen.box_rows if kind == "box_rows" else _codegen.box_columns)(add)
        if kind == "unrolled":
            return _codegen.unrolled(first, second, add)
        return (_codegen.rows if kind == "rows" else _codegen.columns)(first, add, second)

    def function(self) -> Function:
        """The compiled loop; compiles now if need be."""
        return SESSION.compiled(self, lambda: _compile(self))


@functools.cache
def installed() -> bool:
    """Whether Numba can be imported (it is not, yet)."""
    return importlib.util.find_spec("numba") is not None


def usable(dtype: str) -> bool:
    """Whether there are compiled loops for a computation in `dtype`."""
    return dtype in ("float32", "float64") and installed()


def row_code(length: int, dtype: str, add: bool, flat: bool = False) -> Code:
    """The loop for a 1-D kernel along the last axis."""
    if flat and length >= _LONG_BOX:
        return Code("box_rows", (0, 0), add, dtype)
    return plane_code(1, length, dtype, add)


def is_flat(vector: np.ndarray) -> bool:
    """Whether all weights are the same."""
    return bool((vector == vector[0]).all())


def plane_code(height: int, width: int, dtype: str, add: bool) -> Code:
    """The loop for a 2-D kernel."""
    if (height, width) in _UNROLLED:
        return Code("unrolled", (height, width), add, dtype)
    return Code("rows", (_group(width), 2 if height > 1 else 1), add, dtype)


def column_code(length: int, dtype: str, add: bool, flat: bool = False) -> Code:
    """The loop for a 1-D kernel along any axis but the last; `flat` says that its weights are all the same."""
    if flat and length >= _LONG_BOX:
        return Code("box_columns", (0, 0), add, dtype)
    return Code("columns", (_group(length), 4), add, dtype)


def plane_weights(code: Code, weights: np.ndarray) -> np.ndarray:
    """Correlation weights ``[height, width]`` laid out as the loop wants them."""
    if code.kind in ("unrolled", "box_rows"):
        return np.ascontiguousarray(weights)
    taps, at_once = code.arguments
    return np.pad(_grouped(weights, taps), ((at_once - 1, at_once - 1), (0, 0)))


def column_weights(code: Code, weights: np.ndarray) -> np.ndarray:
    """Correlation weights of a 1-D kernel laid out as the loop wants them."""
    if code.kind == "box_columns":
        return np.ascontiguousarray(weights)
    row: np.ndarray = _grouped(weights[None], code.arguments[0])[0]
    return row


def apply_planes(
    block: np.ndarray,
    taps: Sequence[tuple[tuple[int, ...], np.ndarray]],
    codes: tuple[Code, Code],
    out: np.ndarray,
    width: int,
) -> bool:
    """Add up 2-D kernels over the planes of a block; True when every result is finite.

    Parameters
    ----------
    block, out : ndarray
        At least 2-D, with adjacent samples along the last axis.
    taps
        For each 2-D kernel its offset along the leading axes and its weights.
    codes
        The loops that set and that add to the result.
    """
    samples, results = flat(block), flat(out)
    steps, so = _steps(block), _steps(out)
    functions = codes[0].function(), (codes[1] if len(taps) > 1 else codes[0]).function()
    offsets = [sum(o * s for o, s in zip(lead, steps, strict=False)) for lead, _ in taps]
    ny, nx = out.shape[-2:]
    flag = 0.0
    for index in itertools.product(*map(range, out.shape[:-2])):
        p0 = sum(i * s for i, s in zip(index, steps, strict=False))
        o0 = sum(i * s for i, s in zip(index, so, strict=False))
        for number, (_, weights) in enumerate(taps):
            function = functions[number > 0]
            flag += function(samples, weights, results, p0 + offsets[number], o0, ny, nx, steps[-2], so[-2], width)
    return not math.isnan(flag)


def apply_columns(block: np.ndarray, vector: np.ndarray, axis: int, out: np.ndarray, add: bool) -> bool:
    """Apply 1-D correlation weights along an axis that is not the last; True when every result is finite."""
    code = column_code(len(vector), str(out.dtype), add, is_flat(vector))
    function, weights = code.function(), column_weights(code, vector)
    samples, results = flat(block), flat(out)
    steps, so = _steps(block), _steps(out)
    others = [a for a in range(block.ndim - 1) if a != axis]
    flag = 0.0
    for index in itertools.product(*(range(out.shape[a]) for a in others)):
        p0 = sum(i * steps[a] for i, a in zip(index, others, strict=True))
        o0 = sum(i * so[a] for i, a in zip(index, others, strict=True))
        ny, nx = out.shape[axis], out.shape[-1]
        flag += function(samples, weights, results, p0, o0, ny, nx, steps[axis], so[axis], len(vector))
    return not math.isnan(flag)


def strided(block: np.ndarray, dtype: str) -> np.ndarray:
    """`block` itself when the loops can read it in place, else a contiguous copy in `dtype`."""
    item = block.itemsize
    in_place = block.dtype == dtype and block.strides[-1] == item
    if in_place and all(s >= 0 and s % item == 0 for s in block.strides):
        return block
    copy = SESSION.scratch("strided", block.shape, dtype)
    copy[...] = block
    return copy


def flat(array: np.ndarray) -> np.ndarray:
    """All memory from the first sample of a strided array to its last, as one flat array."""
    if array.flags.c_contiguous:
        return array.reshape(-1)
    length = 1 + sum((n - 1) * s for n, s in zip(array.shape, _steps(array), strict=True))
    return np.lib.stride_tricks.as_strided(array, (length,), (array.itemsize,))


def _steps(array: np.ndarray) -> list[int]:
    return [s // array.itemsize for s in array.strides]


def _group(length: int) -> int:
    """Taps at once, such that the groups are even and no larger than the registers hold."""
    return -(-length // -(-length // _GROUP))


def _grouped(weights: np.ndarray, taps: int) -> np.ndarray:
    """Columns in groups of `taps`; the last group ends at the last column, zeros where it overlaps."""
    height, width = weights.shape
    groups = -(-width // taps)
    result = np.zeros((height, groups * taps), weights.dtype)
    whole = (groups - 1) * taps
    result[:, :whole] = weights[:, :whole]
    rest = width - whole
    result[:, groups * taps - rest :] = weights[:, whole:]
    return result


def _compile(code: Code) -> Function:
    from numba import njit, types

    scope: dict[str, Any] = {"ZERO": np.dtype(code.dtype).type(0), "zeros": np.zeros, "float64": np.float64}
    scope["__name__"] = __name__
    name = "_".join([code.kind, *map(str, code.arguments), "add" if code.add else "set", code.dtype])
    # the source counts as part of _codegen's file, so that the disk cache is renewed when that file changes
    exec(compile(code.source().replace("def f(", f"def {name}("), _codegen.__file__, "exec"), scope)
    t = getattr(types, code.dtype)
    samples = types.Array(t, 1, "C", readonly=True)  # takes writeable arrays too
    weights = types.Array(t, 1 if code.kind.endswith("columns") else 2, "C")
    signature = t(samples, weights, types.Array(t, 1, "C"), *[types.int64] * 7)
    options: dict[str, Any] = {"fastmath": _FASTMATH, "nogil": True, "error_model": "numpy", "boundscheck": False}
    try:
        function: Function = njit(signature, cache=True, **options)(scope[name])
    except RuntimeError:  # no folder to keep compiled code in
        function = njit(signature, **options)(scope[name])
    return function
