"""A block of samples made ready for any number of patterns: what is missing set apart, the middle subtracted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..._arrays import Array, all_finite, dtype_name
from ...backends import SESSION, Backend
from ...methods import Weights, valid_key
from ...methods._compiled import flat
from ...methods.fft import inverse, kernel_spectrum
from . import ncc_numba as _loops

#: Blocks are scaled when the root mean square of their samples lies outside, so that no power of them leaves the range.
_SMALL, _LARGE = 1e-9, 1e9
#: How many samples of a block tell its middle.
_SAMPLED = 4096


class Block:
    """Samples, less their middle, in whatever form a step needs.

    Parameters
    ----------
    raw : array
        Of any dtype.
    valid : array of bool or None
        The samples that count; None: all.
    axes : tuple of int
        The acted axes, rising.
    omit : bool
        Whether not-finite samples are left out, instead of making NaN.

    Attributes
    ----------
    there : array of bool or None
        Samples that count; None: all.
    bad : array of bool or None
        Samples that make NaN of their windows; None: none.
    offset, scale : float
        The samples are ``(raw - offset) * scale``.
    rms : float
        Root mean square of the samples.
    """

    def __init__(
        self, raw: Array, valid: Array | None, axes: tuple[int, ...], omit: bool, backend: Backend, workers: int
    ) -> None:
        self.raw, self.axes, self.backend, self.workers = raw, axes, backend, workers
        self.there, self.bad, self.scale = None, None, 1.0
        self.grid = [backend.fast_length(raw.shape[a]) for a in axes]
        self._spectra: dict[tuple[str, str], Array] = {}
        if valid is None and self._reads_at_once():
            return
        xp = backend.xp
        self.plain = False
        clean, self.there, self.bad = split_missing(raw, valid, omit, xp)
        kept = self.there
        if self.bad is not None:
            kept = ~self.bad if kept is None else kept & ~self.bad
        self.samples, self.offset, self.scale, self.rms = centred(clean, kept, backend)

    def _reads_at_once(self) -> bool:
        """The usual block on the CPU: compiled loops read the samples where they are, in their own dtype."""
        raw = self.raw
        self.plain = False
        if self.backend.name != "numpy" or len(self.axes) > 2 or self.axes != last_axes(raw.ndim, len(self.axes)):
            return False
        name = raw.dtype.name
        if name not in _loops.READ or not raw.size or not in_rows(raw):
            return False
        self.offset = middle(raw, None, np)
        if not math.isfinite(self.offset):
            return False
        wanted = "float64" if name == "float64" else "float32"
        centre = _loops.ready("centre", name, wanted)
        if centre is None:
            return False
        padded = self._padded("centred", wanted)
        ny, nx = raw.shape[-2] if len(self.axes) == 2 else 1, raw.shape[-1]
        power = 0.0
        samples, found = planes(raw, len(self.axes))
        for plane, start, row in found:
            power += centre(samples, start, row, ny, nx, self.offset, padded[plane].reshape(-1, padded.shape[-1]))
        self.rms = math.sqrt(power / raw.size) if power >= 0 else math.nan
        if not _SMALL < self.rms < _LARGE:  # also when it is not finite, or all samples are equal
            return False
        self.plain, self._centred = True, padded
        return True

    def _padded(self, slot: str, dtype: str) -> np.ndarray:
        """A buffer on the grid of the transforms, 0 beyond the block."""
        shape = list(self.raw.shape)
        for axis, length in zip(self.axes, self.grid, strict=True):
            shape[axis] = length
        buffer = SESSION.scratch(f"scores.{slot}", tuple(shape), dtype)
        for axis in self.axes:
            buffer[
                tuple(slice(self.raw.shape[axis], None) if a == axis else slice(None) for a in range(buffer.ndim))
            ] = 0
        return buffer

    @cached_property
    def samples(self) -> Array:
        """In float64, 0 where they are missing."""
        return self.backend.astype(self.raw, "float64") - self.offset

    @cached_property
    def squares(self) -> Array:
        return self.samples * self.samples

    @cached_property
    def fourth(self) -> float:
        """Sum of the fourth powers of the samples."""
        return float(self.backend.xp.sum(self.squares * self.squares))

    def form(self, name: str, dtype: str) -> Array:
        """The ``"samples"``, their ``"squares"``, or 1 where samples are ``"there"``, in a dtype."""
        if name == "samples" and self.plain and dtype == dtype_name(self._centred.dtype):
            return self._centred[tuple(slice(0, n) for n in self.raw.shape)]
        source = self.there if name == "there" else self.squares if name == "squares" else self.samples
        return self.backend.astype(source, dtype)

    def spectrum(self, name: str, dtype: str) -> Array:
        """The transform of a form, kept for the next pattern."""
        key = (name, dtype)
        if key not in self._spectra:
            if name == "samples" and self.plain and dtype == dtype_name(self._centred.dtype):
                form = self._centred
            else:
                form = self.form(name, dtype)
            self._spectra[key] = self.backend.fft(form, self.grid, self.axes, self.workers)
        return self._spectra[key]


def last_axes(ndim: int, count: int) -> tuple[int, ...]:
    """The last `count` axes."""
    return tuple(range(ndim - count, ndim))


def in_rows(array: np.ndarray) -> bool:
    """Whether samples of the last axis are neighbours in memory, and all axes go forwards."""
    return array.strides[-1] == array.itemsize and all(s > 0 for s in array.strides)


def planes(array: np.ndarray, acted: int) -> tuple[np.ndarray, list[tuple[tuple[int, ...], int, int]]]:
    """Flat memory, and of each plane (or line) of the last axes the index, where it starts, and the length of a row."""
    item = array.itemsize
    held, begin = memory(array)
    row = array.strides[-2] // item if acted == 2 else 0
    leading = array.shape[: array.ndim - acted]
    if math.prod(leading) == 1:
        return held, [((0,) * len(leading), begin, row)]
    steps = [s // item for s in array.strides]
    starts = [(index, begin + sum(i * s for i, s in zip(index, steps, strict=False))) for index in np.ndindex(leading)]
    return held, [(index, start, row) for index, start in starts]


def memory(array: np.ndarray) -> tuple[np.ndarray, int]:
    """Flat memory that holds an array, and where in it the array starts."""
    base = array.base
    if array.flags.c_contiguous:
        return array.reshape(-1), 0
    if isinstance(base, np.ndarray) and base.dtype == array.dtype and base.flags.c_contiguous:
        start = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
        return base.reshape(-1), start // array.itemsize
    return flat(array), 0


def split_missing(block: Array, valid: Array | None, omit: bool, xp: Any) -> tuple[Array, Array | None, Array | None]:
    """Block with 0 for what is not finite or masked, the samples that are there, and those that make NaN.

    None stands for "all" and for "none".
    """
    finite = None if all_finite(block, xp) else xp.isfinite(block)
    if valid is not None and bool(xp.all(valid)):
        valid = None
    there, bad = valid, None
    if finite is not None:
        if omit:
            there = finite if valid is None else finite & valid
        else:
            bad = ~finite if valid is None else ~finite & valid
    kept = finite if valid is None else (valid if finite is None else finite & valid)
    clean = block if kept is None else xp.where(kept, block, xp.zeros_like(block))
    return clean, there, bad


def centred(clean: Array, kept: Array | None, backend: Backend) -> tuple[Array, float, float, float]:
    """The block in float64 less its middle, 0 where not `kept`; the middle, what was multiplied after it, the RMS."""
    xp = backend.xp
    wide = backend.astype(clean, "float64")
    offset = middle(wide, kept, xp)
    wide = wide - offset
    if kept is not None:
        wide = xp.where(kept, wide, xp.zeros_like(wide))
    scale = 1.0
    rms = _rms(wide, xp)
    if not _SMALL < rms < _LARGE:
        largest = float(xp.max(xp.abs(wide)))
        scale = 1.0 if largest == 0 else 1.0 / largest if largest > 1e-300 else 1e300
        wide = wide * scale
        rms = _rms(wide, xp)
    return wide, offset, scale, rms


def _rms(wide: Array, xp: Any) -> float:
    return math.sqrt(float(xp.sum(wide * wide)) / max(math.prod(wide.shape), 1)) if math.prod(wide.shape) else 0.0


def middle(block: Array, kept: Array | None, xp: Any) -> float:
    """The median of some samples: unlike the mean, it stays where most samples are when one is 1e10."""
    step = max(1, math.ceil((math.prod(block.shape) / _SAMPLED) ** (1 / block.ndim)))
    key: Sequence[slice] = (slice(None, None, step),) * block.ndim
    some = block[tuple(key)] if kept is None else block[tuple(key)][kept[tuple(key)]]
    if some.size == 0:
        some = block if kept is None else block[kept]
    if some.size == 0:
        return 0.0
    return float(xp.sort(xp.reshape(some, (-1,)))[some.size // 2])


def correlate(block: Block, name: str, weights: Weights) -> Array:
    """Sums over all windows inside the block, in the dtype of the weights, as `Method.run` makes them.

    Parameters
    ----------
    name : str
        The form of the block: see `Block.form`.
    weights : Weights
        As a convolution applies them.
    """
    backend, axes, dtype = block.backend, block.axes, str(weights.values.dtype)
    spectrum = block.spectrum(name, dtype)
    kernel = kernel_spectrum(weights, block.grid, block.raw.ndim, backend, block.workers)
    starts = [k - 1 for k in weights.values.shape]
    lengths = [block.raw.shape[a] - s for a, s in zip(axes, starts, strict=True)]
    if backend.name != "numpy":
        result = backend.ifft(spectrum * kernel, block.grid, axes, block.workers, True)
        return result[valid_key(result.ndim, axes, starts, lengths)]
    product = SESSION.scratch("scores.product", spectrum.shape, str(spectrum.dtype))
    np.multiply(spectrum, kernel, out=product)
    return inverse(product, block.grid, axes, starts, lengths, block.workers)
