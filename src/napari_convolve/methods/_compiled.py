"""The inner loops of `_codegen` and their drivers (`_bandcode`), compiled by Numba when it is installed.

A first call never waits for the compiler: the planner skips methods whose code is not ready, and the code of the best
one is compiled in the background after the call (`nc.tune()` compiles at once). A method chosen by name waits.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import dtype_name
from ..backends import SESSION
from . import _bandcode, _codegen

#: Contraction and reassociation allow vectorised sums; NaN and infinity must be preserved.
_FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
_UNROLLED = ((3, 3), (5, 5), (7, 7))
_GROUP = 8
#: Length from which constant weights are computed as running sums.
_LONG_BOX = 16
#: Names of the inner loops in the source text of each driver.
_CALLS = {
    "load": (),
    "planes": ("load", "set_", "add_"),
    "lines": ("load", "columns", "set_", "add_"),
    "volume": ("load", "columns", "set_", "across"),
}
#: Dtypes of samples that can be read without conversion.
SOURCES = ("float32", "float64", "uint8", "uint16", "int16")
Function = Callable[..., float]


@dataclass(frozen=True)
class Code:
    """Key of a compiled function: an inner loop (`_codegen`) or a driver (`_bandcode`).

    `arguments` are the numbers that the text of an inner loop depends on; `add` loops add to the result. `dtype` is of
    weights and results, `source` of the samples that a driver reads. `parts` are its inner loops as in `_CALLS`.
    """

    kind: str
    arguments: tuple[int, int]
    add: bool
    dtype: str
    source: str = ""
    parts: tuple[Code, ...] = ()

    @property
    def name(self) -> str:
        """Unique name, under which the compiler caches the code on disk."""
        own = [self.kind, *map(str, self.arguments), "add" if self.add else "set", self.dtype]
        return "_".join(own + [self.source] * bool(self.source) + [part.name for part in self.parts])

    def text(self) -> str:
        """The source text."""
        kind, add, (first, second) = self.kind, self.add, self.arguments
        if kind in _CALLS:
            own = _bandcode.OWN if self.source == self.dtype else ""
            return str(getattr(_bandcode, kind.upper())).replace("{own}", own.strip("\n"))
        if kind == "banded":
            return _codegen.banded(first, second)
        if kind.startswith("box"):
            return (_codegen.box_rows if kind == "box_rows" else _codegen.box_columns)(add)
        if kind == "unrolled":
            return _codegen.unrolled(first, second, add)
        return (_codegen.rows_source if kind == "rows" else _codegen.columns_source)(first, add, second)

    def function(self) -> Function:
        """The compiled function; compiles it on first use."""
        return SESSION.compiled(self, lambda: _compile(self))


@functools.cache
def installed() -> bool:
    """Whether Numba is installed, without importing it."""
    return importlib.util.find_spec("numba") is not None


def usable(dtype: str) -> bool:
    """Whether compiled loops can be used for a computation in `dtype`."""
    return dtype in ("float32", "float64") and installed()


def row_code(length: int, dtype: str, add: bool, flat: bool = False) -> Code:
    """The loop for a 1-D kernel along the last axis."""
    if flat and length >= _LONG_BOX:
        return Code("box_rows", (0, 0), add, dtype)
    return plane_code(1, length, dtype, add)


def is_flat(vector: np.ndarray) -> bool:
    """Whether all weights are equal."""
    return bool((vector == vector[0]).all())


def plane_code(height: int, width: int, dtype: str, add: bool) -> Code:
    """The loop for a 2-D kernel."""
    if (height, width) in _UNROLLED:
        return Code("unrolled", (height, width), add, dtype)
    return Code("rows", (_group(width), 2 if height > 1 else 1), add, dtype)


def column_code(length: int, dtype: str, add: bool, flat: bool = False) -> Code:
    """The loop for a 1-D kernel along any axis but the last; `flat` if all its weights are equal."""
    if flat and length >= _LONG_BOX:
        return Code("box_columns", (0, 0), add, dtype)
    return Code("columns", (_group(length), 4), add, dtype)


def plane_weights(code: Code, weights: np.ndarray) -> np.ndarray:
    """Correlation weights ``[height, width]`` in the layout of the loop."""
    if code.kind in ("unrolled", "box_rows"):
        return np.ascontiguousarray(weights)
    taps, at_once = code.arguments
    grouped = _grouped(weights, taps)
    laid = np.zeros((len(grouped) + 2 * (at_once - 1), grouped.shape[1]), weights.dtype)
    laid[at_once - 1 : at_once - 1 + len(grouped)] = grouped
    return laid


def column_weights(code: Code, weights: np.ndarray) -> np.ndarray:
    """Correlation weights of a 1-D kernel in the layout of the loop."""
    if code.kind == "box_columns":
        return np.ascontiguousarray(weights)
    row: np.ndarray = _grouped(weights[None], code.arguments[0])[0]
    return row


@functools.lru_cache(maxsize=256)
def planes_code(depth: int, height: int, width: int, dtype: str, source: str, add: bool = False) -> Code:
    """The driver for a 3-D kernel; depth 1 for a 2-D kernel."""
    more = plane_code(height, width, dtype, True)
    first = more if add else plane_code(height, width, dtype, False)
    # the driver of a 2-D kernel never calls its last part: no further loop is compiled for it
    return Code("planes", (0, 0), add, dtype, source, (_load(dtype, source), first, more if depth > 1 else first))


@functools.lru_cache(maxsize=256)
def lines_code(lengths: tuple[int, int, int], terms: int, dtype: str, source: str, flat: bool, add: bool) -> Code:
    """The driver for one separable term along the last three axes, or any number of terms in a plane."""
    depth, height, width = lengths
    columns = column_code(height, dtype, False, flat)
    head = (_load(dtype, source), columns)
    if depth > 1:
        parts = (*head, row_code(width, dtype, False, flat), column_code(depth, dtype, add, flat))
        return Code("volume", (0, 0), add, dtype, source, parts)
    more = row_code(width, dtype, True, flat) if add or terms > 1 else None
    first = more if add and more else row_code(width, dtype, False, flat)
    return Code("lines", (0, 0), add, dtype, source, (*head, first, more or first))


def banded_code(taps: int, at_once: int, dtype: str, source: str) -> Code:
    """The loop for a band matrix."""
    return Code("banded", (taps, at_once), False, dtype, source)


def _load(dtype: str, source: str) -> Code:
    return Code("load", (0, 0), False, dtype, source)


def strided(block: np.ndarray, dtype: str) -> np.ndarray:
    """The block itself when it can be read in place, else a contiguous copy in `dtype`."""
    if readable_in_place(block):
        return block
    copy = SESSION.scratch("strided", block.shape, dtype)
    copy[...] = block
    return copy


def readable_in_place(block: np.ndarray) -> bool:
    """Whether the drivers can read a block in place: strides of whole samples, not negative, 1 along the last axis."""
    item = block.itemsize
    known = block.dtype.isnative and dtype_name(block.dtype) in SOURCES and block.flags.aligned
    return known and block.strides[-1] == item and all(s >= 0 and s % item == 0 for s in block.strides)


def flat(array: np.ndarray) -> np.ndarray:
    """Memory from the first to the last sample of a strided array, as a flat view."""
    if array.flags.c_contiguous:
        return array.reshape(-1)
    length = 1 + sum((n - 1) * s for n, s in zip(array.shape, sample_strides(array), strict=True))
    return np.lib.stride_tricks.as_strided(array, (length,), (array.itemsize,))


def sample_strides(array: np.ndarray) -> list[int]:
    """Strides in samples."""
    return [s // array.itemsize for s in array.strides]


def _group(length: int) -> int:
    """Size of groups of taps: of nearly equal length, at most what the registers hold."""
    return -(-length // -(-length // _GROUP))


def _grouped(weights: np.ndarray, taps: int) -> np.ndarray:
    """Columns in groups of `taps`; the last group ends at the last column, with zeros where it overlaps."""
    height, width = weights.shape
    groups = -(-width // taps)
    result = np.zeros((height, groups * taps), weights.dtype)
    whole = (groups - 1) * taps
    result[:, :whole] = weights[:, :whole]
    rest = width - whole
    result[:, groups * taps - rest :] = weights[:, whole:]
    return result


def compile_kept(signature: Any, function: Function, fastmath: object) -> Function:
    """Compile a function for `signature` by Numba, cached on disk if there is a writeable folder."""
    from numba import njit

    options: dict[str, Any] = {"fastmath": fastmath, "nogil": True, "error_model": "numpy", "boundscheck": False}
    try:
        compiled: Function = njit(signature, cache=True, **options)(function)
    except (RuntimeError, OSError):  # no writeable cache folder, or a full disk
        compiled = njit(signature, **options)(function)
    return compiled


def _compile(code: Code) -> Function:
    scope: dict[str, Any] = {"ZERO": np.dtype(code.dtype).type(0), "zeros": np.zeros, "float64": np.float64}
    scope |= {"__name__": __name__, "TYPE": np.dtype(code.dtype).type}
    scope |= {name: part.function() for name, part in zip(_CALLS.get(code.kind, ()), code.parts, strict=True)}
    # under the file name of its module, so that the disk cache is renewed when the module changes
    file = _bandcode.__file__ if code.kind in _CALLS else _codegen.__file__
    exec(compile(code.text().strip().replace("def f(", f"def {code.name}("), file, "exec"), scope)
    return compile_kept(_signature(code), scope[code.name], _FASTMATH)


def _signature(code: Code) -> Any:
    from numba import types

    t, n = getattr(types, code.dtype), types.int64
    # "readonly" also accepts writeable arrays
    samples = types.Array(getattr(types, code.source or code.dtype), 1, "C", readonly=True)
    table = types.Array(n, 1, "C", readonly=True)
    line, plane, deep = (types.Array(t, ndim, "C") for ndim in (1, 2, 3))
    if code.kind == "load":
        return t(samples, line, n, table, n, n, table, *[n] * 6, t)
    if code.kind == "banded":
        return t(samples, deep, line, *[table] * 4, samples, *[n] * 4)
    if code.kind == "planes":
        return t(samples, deep, line, *[table] * 4, line, *[n] * 7, t)
    if code.kind == "lines":
        return t(samples, plane, deep, line, *[table] * 4, line, line, *[n] * 7, t)
    if code.kind == "volume":
        return t(samples, line, line, plane, line, *[table] * 4, line, line, line, *[n] * 9, t)
    return t(samples, line if code.kind.endswith("columns") else plane, line, *[n] * 7)
